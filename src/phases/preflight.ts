import { createHash } from 'node:crypto'
import type { Severity } from '../model/finding.ts'
import { displayKey } from '../model/key.ts'
import { literal, type Staging } from '../staging/staging.ts'

export interface CauseExample { doctype: string; id: number; entity: string | null; key: string | null; field: string | null; value: string | null; message: string }

/** Findings with one root cause. `id` is short and stable from run to run: `landfall retry --cause ID`. */
export interface CauseGroup {
  id: string; cause: string; severity: Severity; type: string; doctype: string; field: string | null
  findings: number; documents: number; hint: string | null; message: string; examples: CauseExample[]
}

const EXAMPLES = 3

/** Eight hex digits of a cause's text. */
export function causeId(cause: string): string {
  return createHash('sha256').update(cause).digest('hex').slice(0, 8)
}

/** All findings grouped by root cause, blocking first, then the most frequent; `limit` bounds the groups. Reads only. */
export async function groupFindings(staging: Staging, options: { severity?: Severity; cause?: string; limit?: number } = {}): Promise<CauseGroup[]> {
  if (!await staging.exists('ops.findings')) return []
  const where = options.severity === undefined ? 'true' : `severity = ${literal(options.severity)}`
  const groups = await staging.all<{ cause: string; severity: Severity; type: string; doctype: string; field: string | null; findings: number; documents: number; hint: string | null; message: string }>(
    `SELECT coalesce(cause, type) AS cause, severity, type, doctype, any_value(field) AS field, count(*) AS findings, count(DISTINCT id) AS documents, any_value(hint) AS hint, arg_min(message, seq) AS message `
    + `FROM ops.findings WHERE ${where} GROUP BY coalesce(cause, type), severity, type, doctype ORDER BY (severity = 'blocking') DESC, (severity = 'warning') DESC, findings DESC, cause`)
  const wanted = groups.filter((group) => options.cause === undefined || causeId(causeText(group)) === options.cause).slice(0, options.limit ?? 1000)
  const result: CauseGroup[] = []
  for (const group of wanted) {
    const examples = await staging.all<CauseExample>(`SELECT doctype, id, entity, "key", field, "value", message FROM ops.findings WHERE coalesce(cause, type) = ${literal(group.cause)} `
      + `AND doctype = ${literal(group.doctype)} AND severity = ${literal(group.severity)} AND type = ${literal(group.type)} ORDER BY id LIMIT ${EXAMPLES}`)
    result.push({ ...group, id: causeId(causeText(group)), findings: Number(group.findings), documents: Number(group.documents), examples: examples.map((example) => ({ ...example, key: example.key === null ? null : displayKey(example.key) })) })
  }
  return result
}

/** What the id of a group is made of. */
export function causeText(group: { severity: string; type: string; doctype: string; cause: string }): string {
  return [group.severity, group.type, group.doctype, group.cause].join('\u001f')
}

/** SQL condition on `ops.findings` (under `alias`, with its dot) that selects the findings of a group. */
export function causeCondition(group: CauseGroup, alias = ''): string {
  return `coalesce(${alias}cause, ${alias}type) = ${literal(group.cause)} AND ${alias}doctype = ${literal(group.doctype)} AND ${alias}severity = ${literal(group.severity)} AND ${alias}type = ${literal(group.type)}`
}

export interface FindingCounts { blocking: number; warning: number; info: number; refusedDocuments: number }

/** How many findings there are, and how many documents cannot be loaded. */
export async function countFindings(staging: Staging): Promise<FindingCounts> {
  const counts: FindingCounts = { blocking: 0, warning: 0, info: 0, refusedDocuments: 0 }
  if (!await staging.exists('ops.findings')) return counts
  for (const row of await staging.all<{ severity: Severity; n: number }>('SELECT severity, count(*) AS n FROM ops.findings GROUP BY severity')) counts[row.severity] = Number(row.n)
  const refused = await staging.one<{ n: number }>(`SELECT count(*) AS n FROM (SELECT DISTINCT doctype, id FROM ops.findings WHERE severity = 'blocking')`)
  counts.refusedDocuments = Number(refused?.n ?? 0)
  return counts
}

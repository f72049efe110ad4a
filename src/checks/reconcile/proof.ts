import type { CheckFailure, CheckResult, CheckStatus } from '../check.ts'
import type { Site } from '../../site/site.ts'
import type { LedgerSpec } from '../ledgers/spec.ts'
import type { Staging } from '../../staging/staging.ts'
import { ident, literal } from '../../staging/staging.ts'

/** A total that both sides must agree on, per value of `by` (a currency, a year; null: one total). Columns of `clean."<entity>"` and of the DocType. */
export interface TotalSpec { name: string; entity: string; sum: string; by: string | null; doctype: string; field: string; group: string | null }

/** What the checks of a finished load need to know. */
export interface ProofContext {
  site: Site
  /** DocTypes that received documents (parents only). */
  doctypes: string[]
  totals: TotalSpec[]
  /** The legacy system's own figures of its ledgers. */
  ledgers: LedgerSpec[]
  /** Largest absolute difference of a total that still passes. Decimal text, '0' by default. */
  tolerance: string
  /** Records per entity as counted by the source itself; null where it could not. */
  sourceCounts: Record<string, number | null>
}

/** How many failures a result carries itself; all are in `ops.check_failures`. */
const SHOWN = 100

export const siteTable = (doctype: string): string => `site.main.${ident(`tab${doctype}`)}`
export const rowsTable = (doctype: string): string => `rows.${ident(`tab${doctype}`)}`

/** What stands on the site by the ledger, one row per document. */
export const LOADED = `(SELECT entity, "key", doctype, name FROM site.ledger.documents WHERE outcome = 'loaded')`

export interface Probe {
  id: string
  group: CheckResult['group']
  title: string
  /** SELECT with VARCHAR columns doctype, name, key, detail: one row per failure. */
  select: string
  compared: number
  /** Summary when nothing failed. */
  passed: string
}

/** Runs a probe, stores all its failures in `ops.check_failures` and answers with the first ones. */
export async function probe(staging: Staging, spec: Probe): Promise<CheckResult> {
  await staging.run('CREATE TABLE IF NOT EXISTS ops.check_failures ("check" VARCHAR, doctype VARCHAR, name VARCHAR, key VARCHAR, detail VARCHAR)')
  await staging.run(`DELETE FROM ops.check_failures WHERE "check" = ${literal(spec.id)}`)
  await staging.run(`INSERT INTO ops.check_failures SELECT ${literal(spec.id)}, doctype, name, key, detail FROM (${spec.select})`)
  const counted = await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ops.check_failures WHERE "check" = ${literal(spec.id)}`)
  const failed = Number(counted?.n ?? 0)
  const failures = failed === 0 ? [] : await staging.all<CheckFailure>(`SELECT doctype, name, key, detail FROM ops.check_failures WHERE "check" = ${literal(spec.id)} ORDER BY ALL LIMIT ${SHOWN}`)
  return result(spec, failed === 0 ? 'passed' : 'failed', spec.compared, failed, failures, failed === 0 ? spec.passed : `${failed} of ${spec.compared} differ`)
}

export function result(spec: { id: string; group: CheckResult['group']; title: string }, status: CheckStatus, compared: number, failed: number, failures: CheckFailure[], summary: string): CheckResult {
  return { id: spec.id, group: spec.group, title: spec.title, status, compared, failed, failures: failures.slice(0, SHOWN), summary }
}

export async function countOf(staging: Staging, from: string): Promise<number> {
  return Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${from}`))?.n ?? 0)
}

/** DocTypes of a proof with the child DocTypes of their table fields: every table in which the run wrote rows of documents. */
export function documentTables(context: ProofContext): { doctype: string; parents: string[] }[] {
  const tables = new Map<string, string[]>(context.doctypes.map((doctype) => [doctype, []]))
  for (const doctype of context.doctypes) {
    for (const field of context.site.doctype(doctype)?.fields ?? []) {
      if ((field.fieldtype !== 'Table' && field.fieldtype !== 'Table MultiSelect') || !field.options) continue
      tables.set(field.options, [...(tables.get(field.options) ?? []), doctype])
    }
  }
  return [...tables].map(([doctype, parents]) => ({ doctype, parents }))
}

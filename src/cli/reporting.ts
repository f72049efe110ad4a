import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { displayKey } from '../model/key.ts'
import { accountRecords, type EntityAccount } from '../phases/account.ts'
import { groupFindings, type CauseGroup } from '../phases/preflight.ts'
import { renderPage } from '../report/page.ts'
import { renderJson, renderYaml } from '../report/summary.ts'
import { groupStatus, type CauseView, type GateView, type PhaseView, type RunView } from '../report/run-view.ts'
import type { RunFacts } from '../run/facts.ts'
import { rawRelation, relationSql } from '../staging/load.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import type { Workspace } from './compose.ts'

/** What writing a report gave: the files, and the gates the run had to pass. */
export interface ReportFiles { files: string[]; gates: GateView[]; gatesPassed: boolean }

const CAUSES_SHOWN = 200

/** Writes report.yaml, report.json and report.html of a run into `out`, or beside the run. */
export async function writeReport(workspace: Workspace, facts: RunFacts, out: string | null): Promise<ReportFiles> {
  const view = await assembleView(workspace, facts)
  const folder = out === null ? join(workspace.project.paths.runs, facts.run) : resolve(out)
  mkdirSync(folder, { recursive: true })
  const files = Object.entries({ 'report.yaml': renderYaml(view), 'report.json': renderJson(view), 'report.html': renderPage(view) }).map(([name, text]) => {
    writeFileSync(join(folder, name), text)
    const near = relative('.', join(folder, name))
    return near.startsWith('..') ? resolve(folder, name) : near
  })
  return { files, gates: view.gates, gatesPassed: view.gates.every((gate) => gate.passed) }
}

/** The run as data, gathered from its facts, staging and the ledger. */
export async function assembleView(workspace: Workspace, facts: RunFacts): Promise<RunView> {
  const { staging, target, project } = workspace
  const mappings = workspace.mappings()
  const accounts = facts.extracted === null || facts.mapped === null ? [] : await accountRecords(staging, mappings, facts.extracted, target.documents)
  const sum = (pick: (account: EntityAccount) => number): number => accounts.reduce((total, account) => total + pick(account), 0)
  const total = sum((account) => account.sourceCount), failed = sum((account) => account.errors)
  const groups = await groupFindings(staging, { limit: CAUSES_SHOWN })
  const written = await staging.one<{ documents: number; rows: number }>(`SELECT count(*) AS documents, (SELECT coalesce(sum(rows_written), 0) FROM site.ledger.batches) AS rows FROM ${target.documents} WHERE outcome = 'loaded'`)
  const view: RunView = {
    project: project.config.project, run: facts.run, landfall: manifestVersion(), source: facts.extracted?.sources ?? [], target: await target.describe(),
    startTime: iso(facts.startedAt), endTime: iso(facts.endedAt), seconds: (Date.parse(iso(facts.endedAt)) - Date.parse(iso(facts.startedAt))) / 1000, status: 'failed',
    statistics: {
      totalRecords: total, successful: sum((account) => account.migrated), failed, skipped: sum((account) => account.skipped), errorRate: total === 0 ? 0 : failed / total,
      documents: Number(written?.documents ?? 0), rows: Number(written?.rows ?? 0),
    },
    entities: accounts.map(({ name, source, table, doctypes, ...counts }) => ({ name, source: `${source}.${table}`, sourceCount: counts.sourceCount, migrated: counts.migrated, errors: counts.errors, skipped: counts.skipped, skippedWhy: counts.skippedWhy, doctypes })),
    doctypes: await doctypeViews(staging, facts, target.documents), phases: phaseViews(facts), checks: facts.proof?.results ?? [], totals: facts.proof?.totals ?? [],
    ledgers: facts.proof?.ledgers ?? [], books: facts.proof?.books ?? { trialBalance: [], open: [], stock: [] },
    errors: [...await errorViews(workspace, facts, groups.filter((group) => group.severity === 'blocking')), ...await rejectedViews(staging, accounts)],
    warnings: groups.filter((group) => group.severity === 'warning').map((group) => causeView(group, [])), gates: [], merges: await mergeView(staging), placeholders: await placeholderViews(staging), rollback: null,
  }
  view.gates = gatesOf(view, facts, project.config.requirements.max_error_rate)
  view.status = facts.status === 'interrupted' || facts.status === 'blocked' ? 'stopped' : facts.status === 'done' && view.gates.every((gate) => gate.passed) ? 'succeeded' : 'failed'
  return view
}

/** `2026-11-22 10:00:00.123000` (UTC) as ISO 8601. */
const iso = (timestamp: string): string => (timestamp === '' ? '' : `${timestamp.slice(0, 19).replace(' ', 'T')}Z`)

export function manifestVersion(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version
}

async function doctypeViews(staging: Staging, facts: RunFacts, documents: string): Promise<RunView['doctypes']> {
  const counted = await staging.all<{ doctype: string; loaded: number }>(`SELECT doctype, count(*) AS loaded FROM ${documents} WHERE outcome = 'loaded' GROUP BY doctype`)
  const rows = await staging.all<{ doctype: string; rows: number }>('SELECT doctype, sum(rows_written)::BIGINT AS rows FROM site.ledger.batches GROUP BY doctype')
  const of = <T extends { doctype: string }>(list: T[], doctype: string): T | undefined => list.find((row) => row.doctype === doctype)
  return (facts.mapped?.doctypes ?? []).map((mapped) => {
    const loaded = Number(of(counted, mapped.doctype)?.loaded ?? 0)
    return { doctype: mapped.doctype, drafts: mapped.drafts, loaded, refused: mapped.refused, skipped: Math.max(0, mapped.drafts - loaded - mapped.refused), rows: Number(of(rows, mapped.doctype)?.rows ?? 0) }
  })
}

/** Time by step, phase and wave: from the first of its scopes to the last. */
function phaseViews(facts: RunFacts): PhaseView[] {
  const began = Date.parse(iso(facts.startedAt)), views = new Map<string, PhaseView & { end: number }>()
  for (const scope of facts.scopes) {
    const name = scope.phase === null ? scope.step : `${scope.step} ${scope.phase}`, id = `${name}/${scope.wave ?? ''}`
    const end = (Date.parse(`${scope.at.replace(' ', 'T').slice(0, 23)}Z`) - began) / 1000, start = Math.max(0, end - scope.milliseconds / 1000)
    const view = views.get(id) ?? { name, wave: scope.wave, startSeconds: start, seconds: 0, records: 0, end }
    view.startSeconds = Math.min(view.startSeconds, start)
    view.end = Math.max(view.end, end)
    view.records += scope.done
    views.set(id, view)
  }
  return [...views.values()].map(({ end, ...view }) => ({ ...view, startSeconds: round(view.startSeconds), seconds: round(end - view.startSeconds) }))
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000

function causeView(group: CauseGroup, examples: CauseView['examples']): CauseView {
  return { cause: group.id, type: group.type, doctype: group.doctype, field: group.field, count: group.documents, message: group.message.split('\n')[0] ?? '', resolution: group.hint ?? 'Correct the record in the source, or the mapping, and retry the cause.', examples }
}

/** Refusals with the legacy record beside each example. */
async function errorViews(workspace: Workspace, facts: RunFacts, groups: CauseGroup[]): Promise<CauseView[]> {
  const views: CauseView[] = []
  for (const group of groups) {
    const examples: CauseView['examples'] = []
    for (const example of group.examples) {
      examples.push({ key: example.key ?? String(example.id), value: example.value, record: example.entity === null || example.key === null ? null : await legacyRecord(workspace.staging, facts, group.doctype, example.id, example.entity) })
    }
    views.push(causeView(group, examples))
  }
  return views
}

async function legacyRecord(staging: Staging, facts: RunFacts, doctype: string, id: number, entity: string): Promise<string | null> {
  const read = facts.extracted?.entities.find((item) => item.entity === entity)
  if (!read) return null
  const relation = relationSql(rawRelation(read.source, read.table))
  const row = doctype.startsWith('entity:') ? String(id) : `(SELECT _source_row FROM drafts.${ident(doctype)} WHERE _id = ${id})`
  if (!await staging.exists(relation) || (!doctype.startsWith('entity:') && !await staging.exists(`drafts.${ident(doctype)}`))) return null
  return (await staging.one<{ record: string }>(`SELECT to_json(r)::VARCHAR AS record FROM ${relation} r WHERE _row = ${row}`))?.record ?? null
}

/** Records that were rejected before they became drafts, by reason. */
async function rejectedViews(staging: Staging, accounts: EntityAccount[]): Promise<CauseView[]> {
  if (!await staging.exists('ops.rejected')) return []
  const rows = await staging.all<{ entity: string; reason: string; n: number }>('SELECT entity, reason, count(*) AS n FROM ops.rejected GROUP BY ALL ORDER BY n DESC, entity, reason LIMIT 100')
  const views: CauseView[] = []
  for (const { entity, reason, n } of rows) {
    const examples = await staging.all<{ ordinal: number; source_where: string; line: number | null; raw: string }>(`SELECT ordinal, source_where, line, raw FROM ops.rejected WHERE entity = ${literal(entity)} AND reason = ${literal(reason)} ORDER BY ordinal LIMIT 3`)
    const name = accounts.find((account) => `${account.source}.${account.table}` === entity)?.name ?? entity
    views.push({
      cause: `${entity}/${reason}`, type: 'rejected-record', doctype: `entity:${name}`, field: null, count: Number(n), message: reason, resolution: 'Correct the record in the source, or the policy of the entity.',
      examples: examples.map((example) => ({ key: `${example.source_where}${example.line === null ? '' : `:${example.line}`}`, value: null, record: example.raw.slice(0, 400) })),
    })
  }
  return views
}

async function mergeView(staging: Staging): Promise<RunView['merges']> {
  if (!await staging.exists('ops.merge_log')) return { clusters: 0, absorbed: 0, examples: [] }
  const counted = await staging.one<{ clusters: number; absorbed: number }>('SELECT count(DISTINCT (entity, cluster)) AS clusters, count(*) AS absorbed FROM ops.merge_log WHERE active')
  const examples = await staging.all<{ entity: string; survivor: string; absorbed: string; rule: string; score: number | null }>(
    'SELECT entity, survivor_key AS survivor, absorbed_key AS absorbed, rule, score FROM ops.merge_log WHERE active ORDER BY score NULLS LAST, entity, absorbed_row LIMIT 25')
  return { clusters: Number(counted?.clusters ?? 0), absorbed: Number(counted?.absorbed ?? 0), examples: examples.map((example) => ({ ...example, survivor: displayKey(example.survivor), absorbed: displayKey(example.absorbed) })) }
}

async function placeholderViews(staging: Staging): Promise<RunView['placeholders']> {
  if (!await staging.exists('ops.placeholders')) return []
  const rows = await staging.all<{ doctype: string; key: string; references: number; name: string | null }>(`SELECT p.doctype, p."key" AS key, p."references" AS "references", l.name FROM ops.placeholders p
    LEFT JOIN site.ledger.documents l ON l.doctype = p.doctype AND l.entity = p.entity AND l."key" IN (p."key", '~' || p."key") AND l.outcome = 'loaded' ORDER BY p."references" DESC, p."key" LIMIT 200`)
  return rows.map((row) => ({ ...row, references: Number(row.references), name: row.name ?? 'not loaded' }))
}

/** What must hold before anybody signs. Computed, never ticked. */
function gatesOf(view: RunView, facts: RunFacts, limit: number): GateView[] {
  const percent = (share: number): string => `${(share * 100).toFixed(3)}%`
  const { statistics: s } = view
  const gates: GateView[] = [
    { id: 'error_rate', title: 'Error rate', value: percent(s.errorRate), limit: `below ${percent(limit)}`, passed: s.totalRecords > 0 && s.errorRate < limit },
    { id: 'accounting', title: 'Every record accounted for', value: `${s.totalRecords} = ${s.successful} migrated + ${s.skipped} skipped + ${s.failed} failed`, limit: 'equal', passed: s.totalRecords > 0 && s.totalRecords === s.successful + s.skipped + s.failed },
  ]
  if (facts.proof !== null) {
    for (const [group, title] of [['record_counts', 'Record counts'], ['data_integrity', 'Data integrity'], ['relationships', 'Relationships'], ['sum_totals', 'Sum totals']] as const) {
      const checks = view.checks.filter((check) => check.group === group)
      // A project that names no totals has nothing to miss here; what was named must be proven.
      if (group === 'sum_totals' && checks.length === 0) continue
      const passed = checks.filter((check) => check.status === 'passed').length, status = groupStatus(view, group)
      gates.push({ id: group, title, value: `${passed} of ${checks.length} checks passed`, limit: 'none failed', passed: status === 'passed' })
    }
  }
  return gates
}

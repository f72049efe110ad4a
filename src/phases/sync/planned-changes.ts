import type { SyncRule } from '../../config/sync-schema.ts'
import { draftRelation } from '../../model/draft.ts'
import { planOrder, type Plan } from '../../model/plan.ts'
import type { Value } from '../../model/value.ts'
import { PostingEngine } from '../../posting/engine.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { Target } from '../../targets/target.ts'
import type { PhaseContext } from '../phase.ts'
import { ChangeStore } from './change-store.ts'
import { childTables, forecast, standing, type ChildTable } from './forecast.ts'
import { draftTexts, lastGiven, type DraftText } from './given.ts'
import { reconcile, type Conflict, type DocumentChange, type ValueChange } from './reconciliation.ts'

export interface ChangeOptions { target: Target; site: Site; plan: Plan; clock: PhaseContext['clock']; timeZone?: string; rule(entity: string): SyncRule | null }

/** Documents whose records changed or are gone, and what is to be done; the changes themselves stand in `ops.sync_*` and, as predictions, in `rows` and `ops.updates`. */
export interface ChangePlan { documents: number; changed: number; gone: number; conflicts: Conflict[]; kept: Conflict[] }

/** Documents worked on at a time: their rows are in memory. */
const CHUNK = 1000

interface Candidate { id: number; entity: string; key: string; name: string; draft: string; was: string | null; gone: boolean }

/**
 * Compares what every document on the site was last written from with what its record becomes now, and works out what to change: field by field and child row by child row,
 * against the site as it stands. Called after mapping, when new documents are posted.
 */
export async function planChanges(ctx: PhaseContext, options: ChangeOptions): Promise<ChangePlan> {
  const { staging } = ctx, plan: ChangePlan = { documents: 0, changed: 0, gone: 0, conflicts: [], kept: [] }
  const store = new ChangeStore(staging, options.clock)
  await store.create()
  const engine = await PostingEngine.open(staging, options.site, options.clock, options.timeZone === undefined ? {} : { timeZone: options.timeZone })
  for (const doctype of planOrder(options.plan)) {
    const meta = options.site.doctype(doctype)
    if (meta === undefined || !await staging.exists(draftRelation(doctype))) continue
    const gauge = ctx.gauge({ step: 'map', subject: `changes of ${doctype}` }, null)
    await findCandidates(staging, options.target, meta)
    for (let more = true; more;) {
      const candidates = await takeChunk(staging)
      more = candidates.length === CHUNK
      if (candidates.length > 0) await planChunk({ ctx, options, engine, meta, plan, store, candidates })
      gauge.add(candidates.length)
    }
    await planGone(ctx, options, meta, plan, store)
    gauge.end()
  }
  await noteConflicts(staging, plan.conflicts)
  await noteConflicts(staging, plan.kept, 'info', 'sync-kept')
  plan.documents = store.count
  plan.changed = store.changed
  return plan
}

/** `work.candidates`: documents on the site whose draft is not the one they were written from; where that is not known, those with a value the site does not hold. */
async function findCandidates(staging: Staging, target: Target, meta: DocTypeMeta): Promise<void> {
  const doctype = literal(meta.name), columns = (await staging.columnsOf(draftRelation(meta.name))).filter((column) => meta.column(column.name) !== undefined && !['name', 'docstatus', 'idx'].includes(column.name))
  const types = new Map((await staging.columnsOf(`${target.tables}.${ident(meta.table)}`)).map((column) => [column.name, column.type]))
  const differs = columns.map((column) => `(d.${ident(column.name)} IS NOT NULL AND TRY_CAST(CAST(d.${ident(column.name)} AS VARCHAR) AS ${types.get(column.name) ?? 'VARCHAR'}) IS DISTINCT FROM s.${ident(column.name)} AND CAST(d.${ident(column.name)} AS VARCHAR) <> '')`)
  const unknown = `SELECT d._id FROM ${draftRelation(meta.name)} d JOIN ${target.documents} l ON l.doctype = ${doctype} AND l.outcome = 'loaded' AND l.entity = d._entity AND l."key" = d._key JOIN ${target.tables}.${ident(meta.table)} s ON s.name = l.name WHERE ${differs.length === 0 ? 'false' : differs.join(' OR ')}`
  await staging.run(`CREATE OR REPLACE TABLE work.candidates AS SELECT row_number() OVER (ORDER BY n._id) AS r, n._id AS id, n._entity AS entity, n._key AS "key", l.name, n.draft, g.draft AS was, coalesce(g.gone, false) AS gone `
    + `FROM (${await draftTexts(staging, meta.name)}) n JOIN (SELECT entity, "key", any_value(name) AS name FROM ${target.documents} WHERE doctype = ${doctype} AND outcome = 'loaded' GROUP BY ALL) l ON l.entity = n._entity AND l."key" = n._key `
    + `JOIN ops.known_drafts k ON k.doctype = ${doctype} AND k.id = n._id LEFT JOIN (${lastGiven(target, meta.name)}) g ON g.entity = n._entity AND g."key" = n._key `
    + `WHERE (g.draft IS NOT NULL AND (g.gone OR g.draft <> n.draft)) OR (g.draft IS NULL AND n._id IN (${unknown}))`)
}

async function takeChunk(staging: Staging): Promise<Candidate[]> {
  const rows = await staging.all<Candidate & { r: number }>(`SELECT * FROM work.candidates ORDER BY r LIMIT ${CHUNK}`)
  await staging.run(`DELETE FROM work.candidates WHERE r IN (SELECT r FROM work.candidates ORDER BY r LIMIT ${CHUNK})`)
  return rows.map((row) => ({ ...row, id: Number(row.id) }))
}

interface Chunk { ctx: PhaseContext; options: ChangeOptions; engine: PostingEngine; meta: DocTypeMeta; plan: ChangePlan; store: ChangeStore; candidates: Candidate[] }

async function planChunk(chunk: Chunk): Promise<void> {
  const { ctx, options, engine, meta, candidates } = chunk, { staging } = ctx, { site, target } = options
  const table = async (name: string, draft: (one: Candidate) => string | null): Promise<void> => {
    await staging.run(`CREATE OR REPLACE TEMP TABLE ${name} (_id BIGINT, entity VARCHAR, "key" VARCHAR, name VARCHAR, draft VARCHAR)`)
    await staging.appendColumns({ database: 'temp', schema: 'main', table: name }, [
      { name: '_id', kind: 'BIGINT', values: candidates.map((one) => one.id) }, { name: 'entity', kind: 'VARCHAR', values: candidates.map((one) => one.entity) },
      { name: 'key', kind: 'VARCHAR', values: candidates.map((one) => one.key) }, { name: 'name', kind: 'VARCHAR', values: candidates.map((one) => one.name) },
      { name: 'draft', kind: 'VARCHAR', values: candidates.map(draft) },
    ])
  }
  // What people did on a real site since is looked at first; where that cannot be, nothing is changed.
  if (target.refresh !== undefined && !await target.refresh(meta.name, candidates.map((one) => one.name))) {
    for (const one of candidates) chunk.plan.conflicts.push({ doctype: meta.name, name: one.name, entity: one.entity, key: one.key, field: '', was: null, site: null, source: changedFields(one), why: 'the site does not let its documents be read', kept: 'site' })
    return
  }
  await table('sync_then', (one) => one.draft)
  await table('sync_was', (one) => one.was)
  const children = childTables(site, meta), now = await standing(staging, site, meta, target.tables, 'sync_then')
  const own = await writtenRows(staging, target, children)
  const open = candidates.filter((one) => Number(now.get(one.name)?.row['docstatus'] ?? 0) === 0)
  const then = open.length === 0 ? new Map() : await forecast(staging, site, engine, meta, 'sync_then')
  const was = open.length === 0 ? new Map() : await forecast(staging, site, engine, meta, 'sync_was')
  for (const one of candidates) {
    const rule = options.rule(one.entity), standingNow = now.get(one.name), wanted = then.get(one.name)
    const list = (field: string, why: string, source: string | null = null): void => { chunk.plan.conflicts.push({ doctype: meta.name, name: one.name, entity: one.entity, key: one.key, field, was: null, site: null, source, why, kept: 'site' }) }
    if (standingNow === undefined) { list('name', 'the document is not on the site any more'); continue }
    const docstatus = Number(standingNow.row['docstatus'] ?? 0)
    if (docstatus !== 0) {
      list('docstatus', docstatus === 2 ? 'the document is cancelled' : rule?.submitted === 'amend' ? 'a submitted document is amended by the site itself, which this target cannot' : 'the document is submitted', changedFields(one))
      continue
    }
    if (wanted === undefined || wanted.refused !== null) { list('', `the site would refuse the change: ${wanted?.refused ?? 'it cannot be predicted'}`, changedFields(one)); continue }
    const before = was.get(one.name)
    const change = reconcile({
      meta, was: before === undefined || before.refused !== null ? null : before, then: wanted, now: standingNow, before: one.was === null ? null : JSON.parse(one.was) as DraftText, after: JSON.parse(one.draft) as DraftText,
      own, untouched: String(standingNow.row['modified']) === String(standingNow.row['creation']), policy: rule?.conflicts ?? 'list',
    }, children)
    renamed(meta, change)
    if (one.gone) comeBack(meta, standingNow.row, change)
    for (const field of change.kept) if (given(field, one.draft)) chunk.plan.kept.push({ doctype: meta.name, name: one.name, entity: one.entity, key: one.key, field, was: null, site: null, source: null, why: 'people changed it on the site, the record did not change', kept: 'site' })
    for (const conflict of change.conflicts) chunk.plan.conflicts.push({ doctype: meta.name, name: one.name, entity: one.entity, key: one.key, ...conflict })
    // What is listed is looked at again each time, until the site or the record is such that nobody has to decide.
    const settled = rule?.conflicts !== 'list' || change.conflicts.length === 0
    chunk.store.add({ doctype: meta.name, id: one.id, entity: one.entity, key: one.key, name: one.name, what: 'update', draft: one.draft, note: settled, table: meta.table, change })
  }
  await chunk.store.flush()
}

/** Whether a draft gives a field, or a field of a child row. */
function given(field: string, draft: string): boolean {
  const { doc, rows } = JSON.parse(draft) as DraftText, [, table = '', column = ''] = /^(.*) row \d+: (.*)$/.exec(field) ?? []
  return table === '' ? doc[field] != null : (rows[table] ?? []).some((row) => row[column] != null)
}

/** What the record changed, for people. */
function changedFields(one: Candidate): string | null {
  if (one.was === null) return null
  const was = JSON.parse(one.was) as DraftText, now = JSON.parse(one.draft) as DraftText
  const fields = Object.keys(now.doc).filter((field) => was.doc[field] !== now.doc[field]).map((field) => `${field}: ${was.doc[field] ?? ''} → ${now.doc[field] ?? ''}`)
  return [...fields, ...Object.keys(now.rows).filter((field) => JSON.stringify(was.rows[field]) !== JSON.stringify(now.rows[field])).map((field) => `rows of ${field}`)].join('; ').slice(0, 500)
}

/** A document keeps its name: the field it is named by is changed by renaming only, which is a decision of people. */
function renamed(meta: DocTypeMeta, change: DocumentChange): void {
  const field = /^field:(.+)$/.exec(meta.autoname ?? '')?.[1]
  const found = change.values.filter((value) => value.tbl === meta.table && value.col === field)
  for (const value of found) {
    change.values.splice(change.values.indexOf(value), 1)
    change.conflicts.push({ field: value.col, was: null, site: text(value.before), source: text(value.after), why: 'documents are named by this field: rename it on the site', kept: 'site' })
  }
}

const text = (value: Value): string | null => (value === null ? null : String(value))

/** A record that is there again: what was disabled because it had gone is enabled. */
function comeBack(meta: DocTypeMeta, now: Record<string, Value>, change: DocumentChange): void {
  const flag = disabling(meta)
  if (flag !== null && Number(now[flag.field] ?? 0) === flag.value) change.values.push({ tbl: meta.table, key: String(now['name']), col: flag.field, before: now[flag.field] ?? null, after: 1 - flag.value })
}

/** The field that takes a document out of use. */
function disabling(meta: DocTypeMeta): { field: string; value: number } | null {
  if (meta.column('disabled') !== undefined) return { field: 'disabled', value: 1 }
  if (meta.column('enabled') !== undefined) return { field: 'enabled', value: 0 }
  return null
}

async function writtenRows(staging: Staging, target: Target, children: ChildTable[]): Promise<Set<string>> {
  const own = new Set<string>()
  for (const child of children) {
    for (const { name } of await staging.all<{ name: string }>(`SELECT w.name FROM ${target.ledger}.rows_written w JOIN ${target.tables}.${ident(child.table)} c ON c.name = w.name JOIN temp.main.sync_then t ON t.name = c.parent WHERE w.tbl = ${literal(child.table)}`)) own.add(name)
  }
  return own
}

/** Documents whose record is gone, or does not become this document any more. */
async function planGone(ctx: PhaseContext, options: ChangeOptions, meta: DocTypeMeta, plan: ChangePlan, store: ChangeStore): Promise<void> {
  const { staging } = ctx, { target } = options, doctype = literal(meta.name)
  const gone = await staging.all<{ entity: string; key: string; name: string; docstatus: number | null }>(
    `SELECT l.entity, l."key", l.name, s.docstatus FROM (SELECT entity, "key", any_value(name) AS name FROM ${target.documents} WHERE doctype = ${doctype} AND outcome = 'loaded' GROUP BY ALL) l ANTI JOIN ${draftRelation(meta.name)} d ON d._entity = l.entity AND d._key = l."key" `
    + `LEFT JOIN ${target.tables}.${ident(meta.table)} s ON s.name = l.name LEFT JOIN (${lastGiven(target, meta.name)}) g ON g.entity = l.entity AND g."key" = l."key" `
    + `WHERE NOT coalesce(g.gone, false) AND NOT EXISTS (SELECT 1 FROM ops.key_alias a WHERE a.entity = l.entity AND a.absorbed_key = l."key") ORDER BY l.entity, l."key"`)
  if (gone.length > 0) await target.refresh?.(meta.name, gone.map((one) => one.name))
  for (const one of gone) {
    const rule = options.rule(one.entity)
    if (rule === null) continue
    const flag = disabling(meta), wanted = rule.deletes
    const list = (why: string): void => { plan.conflicts.push({ doctype: meta.name, name: one.name, entity: one.entity, key: one.key, field: '', was: null, site: null, source: 'its record is gone', why, kept: 'site' }) }
    plan.gone++
    const settled = wanted === 'keep' || one.docstatus === null || (one.docstatus === 0 && flag !== null)
    const values: ValueChange[] = []
    if (one.docstatus === null) list('its record is gone, and so is the document')
    else if (wanted === 'keep') list('its record is gone; the document is kept')
    else if (Number(one.docstatus) === 1) list(wanted === 'cancel' ? 'a submitted document is cancelled by the site itself, which this target cannot' : 'a submitted document cannot be disabled')
    else if (flag === null) list(`a ${meta.name} cannot be disabled`)
    else values.push({ tbl: meta.table, key: one.name, col: flag.field, before: null, after: flag.value })
    store.add({ doctype: meta.name, id: 0, entity: one.entity, key: one.key, name: one.name, what: 'gone', draft: null, note: settled, table: meta.table, change: { values, inserts: [], removes: [] } })
  }
  await store.flush()
}

/** What was not done, as findings: proofs then know why a field differs, and reports list it. */
export async function noteConflicts(staging: Staging, conflicts: Conflict[], severity: 'warning' | 'info' = 'warning', type = 'sync-conflict'): Promise<void> {
  for (const { doctype, name, entity, key, field, site, source, why, kept } of conflicts) {
    const id = `(SELECT _id FROM ${draftRelation(doctype)} WHERE _entity = ${literal(entity)} AND _key = ${literal(key)})`
    const column = field.replace(/ row \d+: /, '.')
    const message = `${name}: ${why}${site === null && source === null ? '' : `; site ${site ?? 'nothing'}, legacy ${source ?? 'nothing'}`}; ${kept === 'site' ? 'the site stays as it is' : 'the legacy value was taken'}`
    const finding = [severity, type, doctype].map(literal).join(', ')
    const fields = column === '' || column === 'docstatus' ? `SELECT unnest([${(await draftFields(staging, doctype)).map(literal).join(', ')}])` : `SELECT ${literal(column)}`
    await staging.run(`INSERT INTO ops.findings (severity, type, doctype, id, entity, "key", field, message, "value", cause, hint, stage, seq) SELECT ${finding}, ${id}, ${[entity, key].map(literal).join(', ')}, f, ${literal(message)}, ${literal(source)}, ${literal(`${type}|${doctype}|${column}|${why}`)}, 'Decide on the site or in the legacy system, then: landfall sync --all', 2000, 0 FROM (${fields}) t(f)`)
  }
}

async function draftFields(staging: Staging, doctype: string): Promise<string[]> {
  const own = (await staging.columnsOf(draftRelation(doctype))).map((column) => column.name).filter((name) => !name.startsWith('_'))
  const tables = await staging.all<{ n: string; c: string }>(`SELECT t.table_name AS n, c.column_name AS c FROM duckdb_tables() t JOIN duckdb_columns() c ON c.table_name = t.table_name AND c.schema_name = 'drafts' WHERE t.schema_name = 'drafts' AND starts_with(t.table_name, ${literal(`${doctype}.`)})`)
  return [...own, ...tables.filter(({ c }) => !c.startsWith('_')).map(({ n, c }) => `${n.slice(doctype.length + 1)}.${c}`)]
}

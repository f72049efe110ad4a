import { draftRelation } from '../model/draft.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import type { Compiled, CompiledBlock, CompiledChild } from './block.ts'
import { leaveOut, reportChecks } from './draft-findings.ts'
import type { Check } from './field.ts'
import { fillLookups } from './lookup-tables.ts'
import type { Block, MappingTarget } from './plan.ts'

/** A check whose flag and value stand in columns of a staged table. */
export interface StagedCheck extends Check { flag: string; shown: string; count: number }
/** A reference to a document of the same DocType, or one to be set later: `column` of `table` (with `_row` of the parent) holds the key. */
export interface StagedReference { field: string; table: string; column: string; doctype: string; entity: string; missing: string; deferred: boolean; flag: string | null }
export interface StagedChild { table: string; name: string; position: number; from: string | null; orphans: string | null; fields: string[]; checks: StagedCheck[] }

/** The records of a block, mapped but not yet drafts: `_row`, `_key`, `f0...` for the fields, flags and values of checks. */
export interface StagedBlock { block: Block; index: number; table: string; fields: string[]; checks: StagedCheck[]; children: StagedChild[]; itself: StagedReference[]; deferred: StagedReference[]; match: boolean; deferItself: boolean }

/** Runs a block's relations into `work` tables; records that are drafts already, or were left out, are not among them. */
export async function stageBlock(staging: Staging, block: Block, compiled: CompiledBlock, index: number): Promise<StagedBlock> {
  const { doctype } = block.document, entity = literal(block.entity.name)
  const name = `stage_${index}`, table = `work.${ident(name)}`
  await makeMaps(staging, compiled)
  await fillLookups(staging, compiled.relation)
  const { columns, checks, references } = columnsOf(compiled)
  const fresh = `NOT EXISTS (SELECT 1 FROM ${draftRelation(doctype)} d WHERE d._entity = ${entity} AND d._key = s.${compiled.key}) AND NOT EXISTS (SELECT 1 FROM ops.left_out o WHERE o.entity = ${entity} AND o.doctype = ${literal(doctype)} AND o.child IS NULL AND o.ordinal = s._row)`
  await staging.run(`CREATE OR REPLACE TABLE ${table} AS SELECT _row, ${compiled.key} AS _key, ${compiled.match ?? 'CAST(NULL AS VARCHAR)'} AS _match${columns} FROM (${compiled.relation.sql()}) s WHERE ${compiled.when} AND ${fresh}`)
  const children: StagedChild[] = []
  const itself: StagedReference[] = [], deferred: StagedReference[] = []
  for (const reference of references(table)) {
    if (reference.deferred) deferred.push(reference)
    else if (reference.doctype === doctype) itself.push(reference)
  }
  for (const [i, child] of compiled.children.entries()) {
    const staged = await stageChild(staging, child, `${name}_${i}`)
    children.push(staged.child)
    itself.push(...staged.references.filter((reference) => reference.doctype === doctype))
  }
  return { block, index, table, fields: compiled.fields.map((field) => field.name), checks, children, itself, deferred, match: compiled.match !== null, deferItself: false }
}

async function stageChild(staging: Staging, child: CompiledChild, name: string): Promise<{ child: StagedChild; references: StagedReference[] }> {
  const table = `work.${ident(name)}`
  await makeMaps(staging, child)
  await fillLookups(staging, child.relation)
  const { columns, checks, references } = columnsOf(child)
  await staging.run(`CREATE OR REPLACE TABLE ${table} AS SELECT "_parent_row" AS _prow, _row, row_number() OVER (PARTITION BY "_parent_row" ORDER BY ${child.order}) AS _ord${columns} FROM (${child.relation.sql()}) s WHERE ${child.when}`)
  return {
    child: { table, name: child.table, position: child.position, from: child.from, orphans: child.orphans, fields: child.fields.map((field) => field.name), checks },
    references: references(table).map((reference) => ({ ...reference, table: `(SELECT _prow AS _row, ${reference.column} FROM ${table})` })),
  }
}

async function makeMaps(staging: Staging, compiled: Compiled): Promise<void> {
  for (const { table, entries } of compiled.maps) {
    await staging.run(`CREATE OR REPLACE TABLE ${table} (k VARCHAR, r VARCHAR)`)
    const [, name = ''] = /^work\."(.*)"$/.exec(table) ?? []
    await staging.appendColumns({ schema: 'work', table: name }, [{ name: 'k', kind: 'VARCHAR', values: [...entries.keys()] }, { name: 'r', kind: 'VARCHAR', values: [...entries.values()] }])
  }
}

function columnsOf(compiled: Compiled): { columns: string; checks: StagedCheck[]; references: (table: string) => StagedReference[] } {
  const fields = compiled.fields.map((field, i) => `${field.value.sql} AS f${i}`)
  const checks = compiled.checks.map((check, i): StagedCheck => ({ ...check, flag: `c${i}`, shown: `v${i}`, count: 0 }))
  const flags = checks.flatMap((check) => [`coalesce(${check.when}, false) AS ${check.flag}`, `CAST(${check.value} AS VARCHAR) AS ${check.shown}`])
  const keys = compiled.references.map((reference, i) => `${reference.key} AS k${i}`)
  return {
    columns: [...fields, ...flags, ...keys].map((column) => `, ${column}`).join(''), checks,
    references: (table) => compiled.references.map((reference, i) => ({
      field: reference.field, table, column: `k${i}`, doctype: reference.doctype, entity: reference.entity, missing: reference.missing, deferred: reference.deferred,
      flag: checks.find((check) => check.type === 'missing-reference' && check.field === reference.field)?.flag ?? null,
    })),
  }
}

/** Writes the drafts of a staged block with their child rows, findings and accounts. */
export async function insertDrafts(staging: Staging, target: MappingTarget, staged: StagedBlock, wave: number): Promise<{ drafts: number; children: number; skipped: number; failed: number }> {
  const { doctype } = target, entity = literal(staged.block.entity.name), relation = draftRelation(doctype)
  if (staged.deferItself) await deferItself(staging, staged)
  const records = await count(staging, staged.table)
  const left = await leaveOut(staging, doctype, staged)
  const from = `FROM ${staged.table} s WHERE s._key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM work.out o WHERE o._row = s._row) AND NOT EXISTS (SELECT 1 FROM ${relation} d WHERE d._entity = ${entity} AND d._key = s._key)`
  const matched = staged.match && target.blocks.length > 1 ? await matchExisting(staging, target, staged) : false
  const unmatched = matched ? ' AND NOT EXISTS (SELECT 1 FROM work.matched m WHERE m._row = s._row)' : ''
  await staging.run(`CREATE OR REPLACE TABLE work.ids AS SELECT (SELECT coalesce(max(_id), 0) FROM ${relation}) + row_number() OVER (ORDER BY s._row) AS _id, s._row, s._key ${from}${unmatched}`)
  const fields = staged.fields.map((name, i) => ({ name, column: `f${i}`, type: target.fields.find((field) => field.name === name)?.sqlType ?? 'VARCHAR' }))
  await staging.run(`INSERT INTO ${relation} (_id, _entity, _key, _source_row${fields.map((field) => `, ${ident(field.name)}`).join('')}) SELECT i._id, ${entity}, i._key, i._row${fields.map((field) => `, ${asDraft(`s.${field.column}`, field.type)}`).join('')} FROM work.ids i JOIN ${staged.table} s ON s._row = i._row ORDER BY i._id`)
  const drafts = await count(staging, 'work.ids')
  if (matched) await fillMatched(staging, target, staged, fields)
  if (staged.match) await remember(staging, target, staged)
  const children = await insertChildren(staging, target, staged, matched)
  await reportChecks(staging, doctype, staged)
  await noteDeferred(staging, doctype, staged)
  await staging.run(`INSERT INTO ops.mapped VALUES (${entity}, ${literal(doctype)}, ${staged.index}, ${wave}, ${records}, ${drafts}, ${left.skipped}, ${left.failed})`)
  return { drafts, children, ...left }
}

async function count(staging: Staging, relation: string): Promise<number> {
  return Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${relation}`))?.n ?? 0)
}

/** Text that blocks agree on when they give a field in different types. */
function asDraft(column: string, type: string): string {
  return type === 'VARCHAR' ? `CAST(${column} AS VARCHAR)` : column
}

async function insertChildren(staging: Staging, target: MappingTarget, staged: StagedBlock, appending: boolean): Promise<number> {
  let inserted = 0
  for (const child of target.children) {
    const sources = staged.children.filter((source) => source.name === child.table)
    if (sources.length === 0) continue
    const relation = draftRelation(target.doctype, child.table)
    const unions = sources.map((source) => {
      const skipped = source.checks.filter((check) => check.effect === 'skip' && check.count > 0).map((check) => `c.${check.flag}`)
      const columns = child.fields.map((field) => (source.fields.includes(field.name) ? `${asDraft(`c.f${source.fields.indexOf(field.name)}`, field.sqlType)} AS ${ident(field.name)}` : `CAST(NULL AS ${field.sqlType}) AS ${ident(field.name)}`))
      return `SELECT i._id AS _parent, ${source.position} AS _p, c._ord AS _o${columns.map((column) => `, ${column}`).join('')} FROM ${source.table} c JOIN work.ids i ON i._row = c._prow${skipped.length === 0 ? '' : ` WHERE NOT (${skipped.join(' OR ')})`}`
    })
    const offset = appending ? `coalesce((SELECT max(x._idx) FROM ${relation} x WHERE x._parent = u._parent), 0) + ` : ''
    await noteRows(staging, target.doctype, child, sources, offset)
    inserted += await staging.run(`INSERT INTO ${relation} (_parent, _idx${child.fields.map((field) => `, ${ident(field.name)}`).join('')}) SELECT u._parent, ${offset}row_number() OVER (PARTITION BY u._parent ORDER BY u._p, u._o)${child.fields.map((field) => `, u.${ident(field.name)}`).join('')} FROM (${unions.join(' UNION ALL ')}) u ORDER BY 1, 2`)
  }
  return inserted
}

/** Remembers which record becomes which row, for entities whose rows other documents refer to; before the rows are inserted, since these count the rows there are. */
async function noteRows(staging: Staging, doctype: string, child: MappingTarget['children'][number], sources: StagedChild[], offset: string): Promise<void> {
  if (!sources.some((source) => source.from !== null && child.named.includes(source.from))) return
  const unions = sources.map((source) => {
    const skipped = source.checks.filter((check) => check.effect === 'skip' && check.count > 0).map((check) => `c.${check.flag}`)
    return `SELECT i._id AS _parent, ${source.position} AS _p, c._ord AS _o, ${source.from === null ? 'NULL' : literal(source.from)} AS entity, ${source.from === null ? 'NULL' : 'k._key'} AS key FROM ${source.table} c JOIN work.ids i ON i._row = c._prow
      ${source.from === null ? '' : `JOIN clean.${ident(source.from)} k ON k._row = c._row`}${skipped.length === 0 ? '' : ` WHERE NOT (${skipped.join(' OR ')})`}`
  })
  await staging.run(`INSERT INTO ops.child_rows SELECT ${literal(doctype)}, ${literal(child.table)}, entity, key, _parent, idx FROM (SELECT u.entity, u.key, u._parent, ${offset}row_number() OVER (PARTITION BY u._parent ORDER BY u._p, u._o) AS idx FROM (${unions.join(' UNION ALL ')}) u)
    WHERE entity IN (${child.named.map(literal).join(', ')}) AND key IS NOT NULL`)
}

/** Links in a circle: those to documents not yet named stay empty and are noted for the second pass. */
async function deferItself(staging: Staging, staged: StagedBlock): Promise<void> {
  for (const reference of staged.itself) {
    if (reference.table !== staged.table || reference.flag === null) continue
    await staging.run(`UPDATE ${staged.table} SET ${reference.flag} = false WHERE ${reference.column} IN (SELECT k FROM work.pending WHERE e = ${literal(reference.entity)})`)
  }
}

async function noteDeferred(staging: Staging, doctype: string, staged: StagedBlock): Promise<void> {
  const insert = (reference: StagedReference, where: string) => staging.run(`INSERT INTO ops.deferred SELECT ${literal(doctype)}, i._id, ${literal(reference.field)}, ${literal(reference.doctype)}, ${literal(reference.entity)}, s.${reference.column}, NULL FROM work.ids i JOIN ${staged.table} s ON s._row = i._row WHERE s.${reference.column} IS NOT NULL${where}`)
  for (const reference of staged.deferred) await insert(reference, '')
  if (!staged.deferItself) return
  for (const reference of staged.itself) {
    if (reference.table === staged.table) await insert(reference, ` AND s.${reference.column} IN (SELECT k FROM work.pending WHERE e = ${literal(reference.entity)}) AND s.f${staged.fields.indexOf(reference.field)} IS NULL`)
  }
}

const matchTable = (doctype: string): string => `ops.${ident(`match ${doctype}`)}`

/** Records that are the same document as one of another mapping: `work.matched` (_row, _id of that document). */
async function matchExisting(staging: Staging, target: MappingTarget, staged: StagedBlock): Promise<boolean> {
  if (!await staging.exists(matchTable(target.doctype))) return false
  await staging.run(`CREATE OR REPLACE TABLE work.matched AS SELECT s._row, min(m._id) AS _id FROM ${staged.table} s JOIN ${matchTable(target.doctype)} m ON m.m = s._match AND m.b <> ${staged.index} JOIN ${draftRelation(target.doctype)} d ON d._id = m._id
    WHERE NOT EXISTS (SELECT 1 FROM work.out o WHERE o._row = s._row) GROUP BY s._row`)
  return await count(staging, 'work.matched') > 0
}

/** The first document keeps what it has; what it lacks comes from the later one, whose key stands for it from now on. */
async function fillMatched(staging: Staging, target: MappingTarget, staged: StagedBlock, fields: { name: string; column: string; type: string }[]): Promise<void> {
  const relation = draftRelation(target.doctype), entity = literal(staged.block.entity.name)
  const text = (column: string, type: string) => (type === 'VARCHAR' ? `nullif(${column}, '')` : column)
  const first = `(SELECT m._id, ${fields.map((field) => `first(s.${field.column} ORDER BY s._row) FILTER (s.${field.column} IS NOT NULL) AS ${field.column}`).join(', ')} FROM work.matched m JOIN ${staged.table} s ON s._row = m._row GROUP BY m._id)`
  await staging.run(`UPDATE ${relation} AS d SET ${fields.map((field) => `${ident(field.name)} = coalesce(${text(`d.${ident(field.name)}`, field.type)}, ${asDraft(`s.${field.column}`, field.type)}, d.${ident(field.name)})`).join(', ')} FROM ${first} s WHERE d._id = s._id`)
  await staging.run(`INSERT INTO ops.key_alias SELECT ${entity}, s._key, ${literal(target.doctype)}, d._entity, d._key FROM work.matched m JOIN ${staged.table} s ON s._row = m._row JOIN ${relation} d ON d._id = m._id`)
  await staging.run(`INSERT INTO ops.left_out SELECT ${entity}, ${literal(target.doctype)}, s._row, s._key, 'merged', 'the same as ' || d._entity || ' ' || replace(d._key, chr(31), ' / '), NULL FROM work.matched m JOIN ${staged.table} s ON s._row = m._row JOIN ${relation} d ON d._id = m._id`)
  await staging.run(`INSERT INTO work.ids SELECT m._id, m._row, s._key FROM work.matched m JOIN ${staged.table} s ON s._row = m._row`)
}

async function remember(staging: Staging, target: MappingTarget, staged: StagedBlock): Promise<void> {
  await staging.run(`CREATE TABLE IF NOT EXISTS ${matchTable(target.doctype)} (m VARCHAR, _id BIGINT, b BIGINT)`)
  await staging.run(`INSERT INTO ${matchTable(target.doctype)} SELECT s._match, i._id, ${staged.index} FROM work.ids i JOIN ${staged.table} s ON s._row = i._row WHERE s._match IS NOT NULL`)
}

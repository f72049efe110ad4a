import { ident, literal } from '../staging/staging.ts'
import type { Json, Value } from '../model/value.ts'
import { isWrittenAsFloat, keepFloats } from '../model/written-float.ts'
import type { PostHow, PostingEngine } from './engine.ts'
import type { DraftRelation, DraftSource } from './framework/build.ts'

export type CaseDoc = { doctype: string; [field: string]: Json }
/** A recorded case: one document, or a chain of documents posted one after another (`"$1"` is the name of the first, `"$1.items.0"` of its first item row). */
export interface Case { id: string; doc?: CaseDoc; submit?: boolean; docs?: (CaseDoc | { doc: CaseDoc; submit?: boolean })[] }

export type RowOut = Record<string, Value>
export interface Answer {
  id: string
  name?: string
  names?: string[]
  inserted?: Record<string, RowOut[]>
  updated?: Record<string, { key: string[]; changes: Record<string, [Json, Json]> }[]>
  deleted?: Record<string, string[][]>
  error?: { type: string; message: string; at?: number }
}

/** Answers a case with what the engine predicts, in the form of the ground truth; staging is left as it was. */
export async function replayCase(engine: PostingEngine, input: Case): Promise<Answer> {
  try {
    return await engine.staging.rehearse(() => replay(engine, input))
  } finally {
    await engine.afterRollback()
  }
}

async function replay(engine: PostingEngine, input: Case): Promise<Answer> {
  const chain = input.docs !== undefined
  const made: Made[] = []
  const written = new Written()
  const specs = input.docs ?? [{ doc: input.doc!, submit: input.submit ?? false }]
  for (const [i, spec] of specs.entries()) {
    const wrapped = 'doc' in spec && !('doctype' in spec) ? (spec as { doc: CaseDoc; submit?: boolean }) : null
    const doc = resolve(wrapped?.doc ?? (spec as CaseDoc), made) as CaseDoc
    const meta = engine.site.doctype(doc.doctype)
    // A document of a chain is submitted where its DocType can be; the ground truth was recorded so.
    const submit = wrapped?.submit ?? (chain ? meta?.is_submittable ?? false : false)
    const result = await postOne(engine, doc, submit, i + 1)
    if ('error' in result) return { id: input.id, error: chain ? { ...result.error, at: i + 1 } : result.error }
    made.push(result)
    written.documents.push({ doctype: doc.doctype, id: result.id })
  }
  const rows = await written.collect(engine)
  return { id: input.id, ...(chain ? { names: made.map((m) => m.name) } : { name: made[0]!.name }), ...rows }
}

/** A document posted: its name, and those of its child rows by table field. */
export interface Made { id: number; doctype: string; name: string; children: Record<string, string[]> }

function resolve(value: Json, made: Made[]): Json {
  if (Array.isArray(value)) return value.map((item) => resolve(item, made))
  if (value !== null && typeof value === 'object') return keepFloats(value, Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, made)])))
  if (typeof value !== 'string') return value
  const match = /^\$(\d+)(?:\.(\w+)\.(\d+))?$/.exec(value)
  const target = match ? made[Number(match[1]) - 1] : undefined
  if (match === null || target === undefined) return value
  return match[2] === undefined ? target.name : target.children[match[2]]?.[Number(match[3])] ?? value
}

/** Posts one document as the draft `ordinal`; a refusal is answered, with the exception the site would raise. */
export async function postOne(engine: PostingEngine, doc: CaseDoc, submit: boolean, ordinal: number, how: PostHow = {}): Promise<Made | { error: { type: string; message: string } }> {
  const { staging } = engine, meta = engine.site.doctype(doc.doctype)
  if (meta === undefined) return { error: { type: 'DoesNotExistError', message: `DocType ${doc.doctype} not found` } }
  const tables = new Map(meta.tableFields().map((field) => [field.fieldname, field]))
  const fields = Object.entries(doc).filter(([key]) => key !== 'doctype' && !tables.has(key))
  const children = new Map<string, DraftRelation>()
  const source: DraftSource = { documents: relationOf(`replay.${ordinal}`), children }
  const own = doc['docstatus']
  const given: [string, Json][] = [...fields.filter(([key]) => key !== 'docstatus'), ...(submit ? [['docstatus', 1] as [string, Json]] : []), ...(own === undefined ? [] : [['_docstatus', own] as [string, Json]])]
  await makeTable(engine, source.documents, [keepFloats(doc, { _id: ordinal, ...Object.fromEntries(given) })])
  for (const [key, value] of Object.entries(doc)) {
    if (!tables.has(key) || value === null || value === '' || value === 0 || value === false) continue
    if (!Array.isArray(value)) return { error: { type: 'ValueError', message: `${key} is no list` } }
    const relation = relationOf(`replay.${ordinal}.${key}`)
    const rows = value.map((row, i) => keepFloats((row ?? {}) as Record<string, Json>, { _parent: ordinal, _idx: i + 1, ...Object.fromEntries(Object.entries((row ?? {}) as Record<string, Json>).filter(([field]) => field !== 'doctype')) }))
    if (rows.length === 0) continue
    await makeTable(engine, relation, rows)
    children.set(key, relation)
  }
  const before = await staging.one<{ n: number }>('SELECT COUNT(*) AS n FROM ops.refused')
  await engine.postFrom(doc.doctype, source, {}, how)
  const refused = await staging.all<{ type: string; message: string }>(`SELECT type, message FROM ops.refused WHERE doctype = ${literal(doc.doctype)} AND id = ${ordinal} OFFSET 0`)
  const after = await staging.one<{ n: number }>('SELECT COUNT(*) AS n FROM ops.refused')
  await staging.run([source.documents, ...children.values()].map((relation) => `DROP TABLE ${relation.relation}`).join(';'))
  if (after!.n > before!.n) {
    const { type, message } = refused.at(-1)!
    return { error: { type: type === 'unsupported' ? 'Unsupported' : type, message } }
  }
  for (const [key, value] of fields) {
    // A draft's column holds one value: lists and objects are met here only, by the database at last.
    const field = meta.field(key)
    if (field === undefined || value === null || typeof value !== 'object' || ['JSON', 'Table MultiSelect'].includes(field.fieldtype)) continue
    return { error: Array.isArray(value) ? { type: 'ValidationError', message: `Value for ${field.label ?? key} cannot be a list` } : { type: 'TypeError', message: 'dict can not be used as parameter' } }
  }
  const name = await staging.one<{ name: string }>(`SELECT name FROM rows.${ident(meta.table)} WHERE _draft = ${ordinal} AND _doctype = ${literal(doc.doctype)} LIMIT 1`)
  const made: Made = { id: ordinal, doctype: doc.doctype, name: name?.name ?? '', children: {} }
  for (const key of children.keys()) {
    const rows = await staging.all<{ name: string }>(`SELECT name FROM rows.${ident(`tab${tables.get(key)!.options}`)} WHERE _draft = ${ordinal} AND _doctype = ${literal(doc.doctype)} AND parentfield = ${literal(key)} AND parent = ${literal(made.name)} ORDER BY idx`)
    made.children[key] = rows.map((row) => row.name)
  }
  return made
}

export function relationOf(name: string): DraftRelation {
  return { relation: `temp.${ident(name)}`, columns: new Map() }
}

function typeOf(rows: Record<string, Json>[], key: string): string {
  const kinds = new Set(rows.filter((row) => row[key] !== null && row[key] !== undefined).map((row) => (typeof row[key] === 'number' ? (isWrittenAsFloat(row, key) ? 'DOUBLE' : 'BIGINT') : typeof row[key] === 'boolean' ? 'BOOLEAN' : 'VARCHAR')))
  if (kinds.size === 1) return [...kinds][0]!
  if (kinds.size === 2 && kinds.has('BIGINT') && kinds.has('DOUBLE')) return 'DOUBLE'
  return 'VARCHAR'
}

/** A value as SQL; in a column of mixed types it becomes the text Python would make of it. */
function sqlOf(value: Json | undefined, type: string): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'object') return literal(JSON.stringify(value))
  if (type === 'VARCHAR' && typeof value === 'boolean') return value ? `'1'` : `'0'`
  return type === 'VARCHAR' ? literal(String(value)) : typeof value === 'number' && type === 'DOUBLE' ? `CAST('${value}' AS DOUBLE)` : literal(value)
}

/** Makes a temporary table of rows as JSON gives them: one column per key, typed by what its values are; `_whole` names the fields of a row that are whole numbers in a column of floats. */
export async function makeTable(engine: PostingEngine, relation: DraftRelation, rows: Record<string, Json>[]): Promise<void> {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const columns = keys.map((key) => ({ key, type: key.startsWith('_') && ['_id', '_parent', '_idx'].includes(key) ? 'BIGINT' : typeOf(rows, key) }))
  // DuckDB folds the case of column names, Python does not: a second spelling is another, unknown field.
  const seen = new Set<string>(), kept = columns.filter(({ key }) => !seen.has(key.toLowerCase()) && seen.add(key.toLowerCase()))
  const floats = kept.filter(({ type }) => type === 'DOUBLE').map(({ key }) => key), whole = rows.map((row) => floats.filter((key) => typeof row[key] === 'number' && !isWrittenAsFloat(row, key)))
  if (whole.some((names) => names.length > 0)) {
    kept.push({ key: '_whole', type: 'VARCHAR' })
    rows = rows.map((row, i) => ({ ...row, _whole: whole[i]!.join(',') }))
  }
  relation.columns = new Map(kept.map(({ key, type }) => [key, type]))
  const values = rows.map((row) => `(${kept.map(({ key, type }) => `CAST(${sqlOf(row[key], type)} AS ${type})`).join(', ')})`)
  await engine.staging.run(`CREATE OR REPLACE TEMP TABLE ${relation.relation.slice(5)} AS SELECT * FROM (VALUES ${values.join(', ')}) v(${kept.map(({ key }) => ident(key)).join(', ')})`)
}

/** What documents wrote, gathered from `rows` and `ops.updates`. */
export class Written {
  readonly documents: { doctype: string; id: number }[] = []

  async collect(engine: PostingEngine): Promise<Pick<Answer, 'inserted' | 'updated' | 'deleted'>> {
    const { staging } = engine, inserted: Record<string, RowOut[]> = {}
    for (const table of engine.written()) {
      const rows = await staging.all<RowOut>(`SELECT * FROM rows.${ident(table)} WHERE _draft IS NOT NULL`)
      if (rows.length === 0) continue
      inserted[table] = rows.map(({ _draft, _doctype, ...row }) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, outward(value)])))
    }
    asGiven(engine, inserted)
    return { inserted, updated: await this.#updated(engine), deleted: {} }
  }

  async #updated(engine: PostingEngine): Promise<Answer['updated']> {
    const rows = await engine.staging.all<{ tbl: string; key: string; col: string; first: string; last: string }>(
      `SELECT tbl, "key", col, arg_min(COALESCE(before, 'null'), seq) AS first, arg_max(COALESCE("after", 'null'), seq) AS last FROM ops.updates GROUP BY ALL ORDER BY tbl, "key", col`)
    const updated: NonNullable<Answer['updated']> = {}
    for (const { tbl, key, col, first, last } of rows) {
      const before = JSON.parse(first) as Json, after = JSON.parse(last) as Json
      if (JSON.stringify(before) === JSON.stringify(after)) continue
      const list = (updated[tbl] ??= [])
      let entry = list.find((item) => item.key[0] === key)
      if (entry === undefined) list.push(entry = { key: [key], changes: {} })
      entry.changes[col] = [before, after]
    }
    return updated
  }
}

/** Decimals become numbers and times of day what Python calls them, in place. */
export function asGiven(engine: PostingEngine, inserted: Record<string, RowOut[]>): void {
  for (const [table, rows] of Object.entries(inserted)) {
    const columns = engine.site.doctype(table.slice(3))?.columns ?? []
    const decimals = columns.filter((column) => column.type.startsWith('decimal')), times = columns.filter((column) => column.type.startsWith('time('))
    for (const row of rows) {
      for (const { name } of decimals) if (row[name] !== null && row[name] !== undefined) row[name] = Number(row[name])
      for (const { name } of times) if (typeof row[name] === 'string') row[name] = span(row[name])
    }
  }
}

/** A time of day as Python writes the span since midnight: `9:00:00`, `9:00:00.500000`. */
function span(time: string): string {
  const [whole, fraction] = time.split('.') as [string, string?]
  return whole.replace(/^0(?=\d)/, '') + (fraction === undefined ? '' : `.${fraction.padEnd(6, '0')}`)
}

function outward(value: Value): Value {
  return typeof value === 'bigint' ? Number(value) : value
}

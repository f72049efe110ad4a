import type { Json } from '../../model/value.ts'
import { ident, literal } from '../../staging/staging.ts'
import type { PostingEngine } from '../engine.ts'
import type { DraftRelation } from '../framework/build.ts'
import { asGiven, makeTable, relationOf, type Answer, type CaseDoc, type RowOut } from '../replay.ts'
import { refKey, type DraftRef, type GivenDocument } from './chain.ts'

/** What one document of a set did: rows it wrote, as they are once all are there, and the changes to older rows that it had a part in. */
export type Effect = Omit<Answer, 'id'>

/** A set of documents with what each is predicted to do; `documents` have the names in their links that the site will have given. */
export interface PredictedSet { documents: { ref: DraftRef; doc: CaseDoc; submit: boolean }[]; effects: Map<string, Effect> }

/** Posts documents, which must be in order of load, and takes all back: a DocType at a time, links to documents of the set set to the names they got in it. */
export async function predictSet(engine: PostingEngine, given: GivenDocument[]): Promise<PredictedSet> {
  try {
    return await engine.staging.rehearse(() => post(engine, given))
  } finally {
    await engine.afterRollback()
  }
}

async function post(engine: PostingEngine, given: GivenDocument[]): Promise<PredictedSet> {
  const names = new Map<string, string>(), documents: PredictedSet['documents'] = [], errors = new Map<string, { type: string; message: string }>()
  for (const doctype of new Set(given.map(({ ref }) => ref.doctype))) {
    const own = given.filter(({ ref }) => ref.doctype === doctype).map((item) => ({ ref: item.ref, submit: item.submit, doc: linked(item, names) }))
    documents.push(...own)
    const { staging } = engine, table = `rows.${ident(`tab${doctype}`)}`
    await staging.run(`DELETE FROM ops.refused WHERE doctype = ${literal(doctype)}`)
    await engine.postFrom(doctype, await draftsOf(engine, doctype, own))
    for (const row of await staging.all<{ id: number; type: string; message: string }>(`SELECT id, type, message FROM ops.refused WHERE doctype = ${literal(doctype)}`)) {
      errors.set(refKey({ doctype, id: Number(row.id) }), { type: row.type === 'unsupported' ? 'Unsupported' : row.type, message: row.message })
    }
    if (!await staging.exists(table)) continue
    for (const row of await staging.all<{ id: number; name: string }>(`SELECT _draft AS id, name FROM ${table} WHERE _draft IS NOT NULL AND _doctype = ${literal(doctype)}`)) names.set(refKey({ doctype, id: Number(row.id) }), row.name)
  }
  const effects = await effectsOf(engine)
  for (const [key, error] of errors) effects.set(key, { error })
  for (const [key, name] of names) effects.set(key, { names: [name], inserted: {}, updated: {}, ...effects.get(key) })
  return { documents, effects }
}

/** The document with links as the set has them; one to a document that was refused, or that comes later, keeps the name it was drafted with. */
function linked({ doc, links }: GivenDocument, names: Map<string, string>): CaseDoc {
  const made = structuredClone(doc)
  for (const link of links) {
    const name = names.get(refKey(link.ref))
    if (name !== undefined) (link.rows === null ? made : (made[link.rows] as Record<string, Json>[])[link.row]!)[link.field] = name
  }
  return made
}

async function draftsOf(engine: PostingEngine, doctype: string, own: PredictedSet['documents']): Promise<{ documents: DraftRelation; children: Map<string, DraftRelation> }> {
  const tables = new Set(engine.site.doctype(doctype)!.tableFields().map((field) => field.fieldname)), children = new Map<string, DraftRelation>()
  const rows = own.map(({ ref, doc, submit }) => {
    const { doctype: _doctype, docstatus, ...fields } = doc
    return { _id: ref.id, ...Object.fromEntries(Object.entries(fields).filter(([name]) => !tables.has(name))), ...(submit ? { docstatus: 1 } : {}), ...(docstatus === undefined ? {} : { _docstatus: docstatus }) }
  })
  const documents = relationOf(`canaries.${doctype}`)
  await makeTable(engine, documents, rows)
  for (const table of tables) {
    const items = own.flatMap(({ ref, doc }) => (Array.isArray(doc[table]) ? doc[table] : []).map((row, i) => ({ _parent: ref.id, _idx: i + 1, ...(row as Record<string, Json>) })))
    if (items.length === 0) continue
    const relation = relationOf(`canaries.${doctype}.${table}`)
    await makeTable(engine, relation, items)
    children.set(table, relation)
  }
  return { documents, children }
}

async function effectsOf(engine: PostingEngine): Promise<Map<string, Effect>> {
  const { staging } = engine, effects = new Map<string, Effect>(), mine = new Set<string>()
  const of = (doctype: string, id: number): Effect => {
    const key = refKey({ doctype, id })
    let effect = effects.get(key)
    if (effect === undefined) effects.set(key, effect = { inserted: {}, updated: {} })
    return effect
  }
  for (const table of engine.written()) {
    const rows = await staging.all<RowOut & { _draft: number; _doctype: string }>(`SELECT * FROM rows.${ident(table)} WHERE _draft IS NOT NULL`)
    asGiven(engine, { [table]: rows })
    for (const { _draft, _doctype, ...row } of rows) {
      mine.add(`${table}\u001f${String(row['name'])}`)
      const effect = of(_doctype, Number(_draft))
      ;(effect.inserted![table] ??= []).push(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value])))
    }
  }
  const changes = await staging.all<{ tbl: string; key: string; col: string; first: string; last: string }>(
    `SELECT tbl, "key", col, arg_min(COALESCE(before, 'null'), seq) AS first, arg_max(COALESCE("after", 'null'), seq) AS last FROM ops.updates GROUP BY ALL ORDER BY tbl, "key", col`)
  const touched = new Map<string, { doctype: string; id: number }[]>()
  for (const row of await staging.all<{ doctype: string; id: number; tbl: string; key: string }>(`SELECT DISTINCT doctype, id, tbl, "key" FROM ops.updates`)) {
    const at = `${row.tbl}\u001f${row.key}`
    touched.set(at, [...touched.get(at) ?? [], { doctype: row.doctype, id: Number(row.id) }])
  }
  for (const { tbl, key, col, first, last } of changes) {
    const at = `${tbl}\u001f${key}`, before = JSON.parse(first) as Json, after = JSON.parse(last) as Json
    if (mine.has(at) || JSON.stringify(before) === JSON.stringify(after)) continue
    for (const { doctype, id } of touched.get(at) ?? []) {
      const list = (of(doctype, id).updated![tbl] ??= []), entry = list.find((item) => item.key[0] === key)
      if (entry === undefined) list.push({ key: [key], changes: { [col]: [before, after] } })
      else entry.changes[col] = [before, after]
    }
  }
  return effects
}

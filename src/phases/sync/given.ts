import { draftRelation } from '../../model/draft.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { Target } from '../../targets/target.ts'

/** A draft as text: the fields that were given, and the child rows by table field, every value as text. */
export interface DraftText { doc: Record<string, string | null>; rows: Record<string, Record<string, string | null>[]> }

/** Tables of `drafts` that hold child rows of a DocType, by table field. */
export async function childDrafts(staging: Staging, doctype: string): Promise<string[]> {
  const tables = await staging.all<{ name: string }>('SHOW TABLES FROM drafts')
  return tables.map(({ name }) => name).filter((name) => name.startsWith(`${doctype}.`)).map((name) => name.slice(doctype.length + 1)).sort()
}

/** SQL of `(_id, _entity, _key, draft)`: every draft of a DocType as JSON text that is the same as long as what is given is the same. */
export async function draftTexts(staging: Staging, doctype: string, where = 'true'): Promise<string> {
  const columns = (await staging.columnsOf(draftRelation(doctype))).map((column) => column.name).filter((name) => !['_id', '_entity', '_key', '_source_row'].includes(name))
  const joins: string[] = [], parts: string[] = []
  for (const [i, field] of (await childDrafts(staging, doctype)).entries()) {
    const own = (await staging.columnsOf(draftRelation(doctype, field))).map((column) => column.name).filter((name) => name !== '_parent' && name !== '_idx')
    joins.push(`LEFT JOIN (SELECT _parent, list(${object(own, 'c')} ORDER BY _idx) AS r FROM ${draftRelation(doctype, field)} c GROUP BY _parent) c${i} ON c${i}._parent = d._id`)
    parts.push(`${literal(field)}, coalesce(c${i}.r, [])`)
  }
  return `SELECT d._id, d._entity, d._key, CAST(json_object('doc', ${object(columns, 'd')}, 'rows', ${parts.length === 0 ? 'json_object()' : `json_object(${parts.join(', ')})`}) AS VARCHAR) AS draft FROM ${draftRelation(doctype)} d ${joins.join(' ')} WHERE ${where}`
}

function object(columns: string[], alias: string): string {
  return `json_object(${columns.map((column) => `${literal(column)}, CAST(${alias}.${ident(column)} AS VARCHAR)`).join(', ')})`
}

/** SQL of the last draft each document of a DocType was written from: `(entity, key, name, draft, gone)`; `gone`: its record was gone when it was last looked at. */
export function lastGiven(target: Target, doctype: string): string {
  return `SELECT entity, "key", arg_max(name, batch) AS name, arg_max(draft, batch) FILTER (draft IS NOT NULL) AS draft, arg_max(draft IS NULL, batch) AS gone FROM ${target.ledger}.given WHERE doctype = ${literal(doctype)} GROUP BY entity, "key"`
}

/**
 * Keeps, beside the ledger, what each document was made from, for those the run in staging loaded and that nobody noted yet. It is done before staging is mapped anew, because
 * then its drafts are other ones. Returns how many.
 */
export async function keepGiven(staging: Staging, target: Target, doctypes: string[]): Promise<number> {
  let kept = 0
  const run = await staging.one<{ run: string }>('SELECT run FROM ops.run')
  for (const doctype of doctypes) {
    if (!await staging.exists(draftRelation(doctype))) continue
    const known = await staging.exists('ops.known_drafts') ? `AND n._id NOT IN (SELECT id FROM ops.known_drafts WHERE doctype = ${literal(doctype)})` : ''
    const open = `SELECT l.batch, l.entity, l."key", l.name FROM ${target.documents} l WHERE l.doctype = ${literal(doctype)} AND l.outcome = 'loaded' AND l.run = ${literal(run?.run ?? '')} AND NOT EXISTS (SELECT 1 FROM ${target.ledger}.given g WHERE g.doctype = l.doctype AND g.entity = l.entity AND g."key" = l."key")`
    if (await staging.one(`${open} LIMIT 1`) === undefined) continue
    kept += await staging.transaction(async () => staging.run(`INSERT INTO ${target.ledger}.given SELECT l.batch, ${literal(doctype)}, l.entity, l."key", l.name, n.draft FROM (${await draftTexts(staging, doctype)}) n JOIN (${open}) l ON l.entity = n._entity AND l."key" = n._key WHERE true ${known}`))
  }
  return kept
}

/** Makes relations in the form of drafts from texts kept in `temp.<name>(_id, draft)`: `temp."<name> drafts"` and one for each table field. Documents carry their name. */
export async function draftsFrom(staging: Staging, doctype: string, name: string): Promise<{ documents: Shaped; children: Map<string, Shaped> }> {
  const fields = (await staging.columnsOf(draftRelation(doctype))).filter((column) => !['_id', '_entity', '_key', '_source_row', 'name'].includes(column.name))
  const cast = (from: string, column: { name: string; type: string }): string => `CAST(json_extract_string(${from}, ${literal(`$."${column.name}"`)}) AS ${column.type}) AS ${ident(column.name)}`
  const made = async (table: string, select: string): Promise<Shaped> => {
    await staging.run(`CREATE OR REPLACE TEMP TABLE ${ident(table)} AS ${select}`)
    const relation = `temp.main.${ident(table)}`
    return { relation, columns: new Map((await staging.columnsOf(relation)).map((column) => [column.name, column.type])) }
  }
  const documents = await made(`${name} drafts`, `SELECT t._id, t.entity AS _entity, t."key" AS _key, CAST(NULL AS BIGINT) AS _source_row, t.name AS name${fields.map((field) => `, ${cast(`json_extract(t.draft, '$.doc')`, field)}`).join('')} FROM temp.main.${ident(name)} t WHERE t.draft IS NOT NULL ORDER BY t._id`)
  const children = new Map<string, Shaped>()
  for (const field of await childDrafts(staging, doctype)) {
    const own = (await staging.columnsOf(draftRelation(doctype, field))).filter((column) => column.name !== '_parent' && column.name !== '_idx')
    const rows = `SELECT t._id AS _parent, unnest(json_extract(t.draft, ${literal(`$.rows."${field}"[*]`)})) AS r, generate_subscripts(json_extract(t.draft, ${literal(`$.rows."${field}"[*]`)}), 1) AS _idx FROM temp.main.${ident(name)} t WHERE t.draft IS NOT NULL`
    children.set(field, await made(`${name} rows ${field}`, `SELECT x._parent, x._idx${own.map((column) => `, ${cast('x.r', column)}`).join('')} FROM (${rows}) x ORDER BY 1, 2`))
  }
  return { documents, children }
}

export interface Shaped { relation: string; columns: Map<string, string> }

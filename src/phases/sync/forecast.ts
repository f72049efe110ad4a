import type { Value } from '../../model/value.ts'
import type { PostingEngine } from '../../posting/engine.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { draftsFrom } from './given.ts'

export type Row = Record<string, Value>

/** A document as the site would hold it, made from a draft: its row and its child rows by table field, in order; or why the site would refuse it. */
export interface Forecast { row: Row; children: Map<string, Row[]>; refused: string | null }

/** Columns that are the framework's, or a tree's, and follow from no draft. */
export const SYSTEM = new Set(['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', 'parent', 'parentfield', 'parenttype', '_draft', '_doctype', '_user_tags', '_comments', '_assign', '_liked_by', '_seen', 'lft', 'rgt', 'old_parent'])

/**
 * What posting the drafts of `temp.<relation>(_id, entity, key, name, draft)` in place of the documents of these names gives. Done in a transaction that is taken back:
 * nothing of it stays. What it would write to other documents is not looked at.
 */
export async function forecast(staging: Staging, site: Site, engine: PostingEngine, meta: DocTypeMeta, relation: string): Promise<Map<string, Forecast>> {
  const result = new Map<string, Forecast>()
  await staging.rehearse(async () => {
    const names = `SELECT name FROM temp.main.${ident(relation)}`
    await staging.run(`DELETE FROM rows.${ident(meta.table)} WHERE name IN (${names})`)
    for (const child of childTables(site, meta)) await staging.run(`DELETE FROM rows.${ident(child.table)} WHERE parenttype = ${literal(meta.name)} AND parentfield = ${literal(child.field)} AND parent IN (${names})`)
    const source = await draftsFrom(staging, meta.name, relation)
    await staging.run(`DELETE FROM ops.findings WHERE doctype = ${literal(meta.name)}; DELETE FROM ops.refused WHERE doctype = ${literal(meta.name)}`)
    await engine.postFrom(meta.name, source, {}, { keepNames: true })
    const refused = await staging.all<{ name: string; message: string }>(`SELECT t.name, any_value(r.message) AS message FROM ops.refused r JOIN temp.main.${ident(relation)} t ON t._id = r.id WHERE r.doctype = ${literal(meta.name)} GROUP BY t.name`)
    for (const { name, message } of refused) result.set(name, { row: {}, children: new Map(), refused: message })
    for (const row of await staging.all<Row>(`SELECT * FROM rows.${ident(meta.table)} WHERE name IN (${names})`)) result.set(String(row['name']), { row, children: new Map(), refused: null })
    for (const child of childTables(site, meta)) await collect(staging, result, child, meta.name, `rows.${ident(child.table)}`, names)
  })
  await engine.afterRollback()
  return result
}

/** Documents as they stand, by name, in the form of a forecast. `schema`: where the site's tables are. */
export async function standing(staging: Staging, site: Site, meta: DocTypeMeta, schema: string, relation: string): Promise<Map<string, Forecast>> {
  const result = new Map<string, Forecast>(), names = `SELECT name FROM temp.main.${ident(relation)}`
  for (const row of await staging.all<Row>(`SELECT * FROM ${schema}.${ident(meta.table)} WHERE name IN (${names})`)) result.set(String(row['name']), { row, children: new Map(), refused: null })
  for (const child of childTables(site, meta)) await collect(staging, result, child, meta.name, `${schema}.${ident(child.table)}`, names)
  return result
}

async function collect(staging: Staging, result: Map<string, Forecast>, child: ChildTable, parenttype: string, table: string, names: string): Promise<void> {
  for (const row of await staging.all<Row>(`SELECT * FROM ${table} WHERE parenttype = ${literal(parenttype)} AND parentfield = ${literal(child.field)} AND parent IN (${names}) ORDER BY parent, idx, name`)) {
    const of = result.get(String(row['parent']))
    if (of === undefined || of.refused !== null) continue
    const rows = of.children.get(child.field)
    if (rows === undefined) of.children.set(child.field, [row])
    else rows.push(row)
  }
}

export interface ChildTable { field: string; table: string; meta: DocTypeMeta }

/** Child tables of a DocType that hold rows of their own. */
export function childTables(site: Site, meta: DocTypeMeta): ChildTable[] {
  return meta.tableFields().flatMap((field) => {
    const child = site.doctype(field.options ?? '')
    return child === undefined || child.columns.length === 0 ? [] : [{ field: field.fieldname, table: child.table, meta: child }]
  })
}

import { ident, literal } from '../staging/staging.ts'
import type { Json, Value } from '../model/value.ts'
import type { DocTypeMeta } from '../site/doctype.ts'
import type { CaseDoc, Made } from '../posting/replay.ts'
import { postOne } from '../posting/replay.ts'
import { removeRows } from './deletions.ts'
import type { GivenDocument } from './documents.ts'
import type { DocumentJson } from './document-json.ts'
import { SiteException, unsupported } from './exception.ts'
import { refusal } from './refusal.ts'
import type { ServedSite } from './served-site.ts'

type Row = Record<string, Value>

/** What posting a document in place of the stored one would give: its row, its child rows by table field, and what it writes elsewhere, as text to compare; or the refusal. */
export interface Predicted { row: Row; children: Map<string, Row[]>; elsewhere: string[]; refused: SiteException | null }

const SYSTEM = new Set(['name', 'owner', 'creation', 'modified', 'modified_by', 'docstatus', 'idx', 'parent', 'parentfield', 'parenttype', '_draft', '_doctype', '_user_tags', '_comments', '_assign', '_liked_by', '_seen', 'lft', 'rgt', 'old_parent'])

/** A document as a draft that keeps its name; rows of child tables that have a name count as old, so no defaults are given to them. */
function draftOf(meta: DocTypeMeta, document: DocumentJson): CaseDoc {
  const draft: CaseDoc = { doctype: meta.name, name: document.name }
  for (const field of meta.valueFields()) {
    const value = document[field.fieldname] as Json | undefined
    if (value !== null && value !== undefined) draft[field.fieldname] = value
  }
  for (const field of meta.tableFields()) {
    draft[field.fieldname] = (document[field.fieldname] as GivenDocument[] | undefined ?? []).map((row) => Object.fromEntries(Object.entries(row).filter(([key, value]) => value !== null && (key === 'name' || !SYSTEM.has(key)) && !key.startsWith('__'))))
  }
  return draft
}

async function post(served: ServedSite, meta: DocTypeMeta, stored: DocumentJson, document: DocumentJson, submit: boolean): Promise<{ made: Made; ordinal: number } | { refused: SiteException }> {
  await removeRows(served, stored)
  const ordinal = served.nextOrdinal(), names = new Map<number, string>()
  const made = await postOne(served.engine, draftOf(meta, document), submit, ordinal, { keepNames: true, refusedNames: names })
  return 'error' in made ? { refused: await refusal(served, meta.name, ordinal, made.error, stored.name) } : { made, ordinal }
}

/** Posts `document` in place of `stored`, looks at what came of it, and takes it all back. */
export async function predict(served: ServedSite, meta: DocTypeMeta, stored: DocumentJson, document: DocumentJson): Promise<Predicted> {
  return served.rehearse(async () => {
    const result = await post(served, meta, stored, document, false)
    if ('refused' in result) return { row: {}, children: new Map<string, Row[]>(), elsewhere: [], refused: result.refused }
    const row = (await served.staging.one<Row>(`SELECT * FROM rows.${ident(meta.table)} WHERE name = ${literal(stored.name)}`))!
    const children = new Map<string, Row[]>(), own = new Set([meta.table])
    for (const field of meta.tableFields()) {
      const child = served.site.doctype(field.options ?? '')
      if (child === undefined || child.columns.length === 0) continue
      own.add(child.table)
      children.set(field.fieldname, await served.staging.all<Row>(`SELECT * FROM rows.${ident(child.table)} WHERE parent = ${literal(stored.name)} AND parenttype = ${literal(meta.name)} AND parentfield = ${literal(field.fieldname)} ORDER BY idx, name`))
    }
    return { row, children, elsewhere: await elsewhere(served, own), refused: null }
  })
}

/** Rows written to other tables, and changes of rows that were there, in a form in which random names and times do not show. */
async function elsewhere(served: ServedSite, own: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = []
  for (const table of served.engine.written()) {
    if (own.has(table)) continue
    for (const row of await served.staging.all<Row>(`SELECT * FROM rows.${ident(table)} WHERE _draft IS NOT NULL`)) {
      found.push(JSON.stringify([table, Object.entries(row).filter(([key, value]) => !SYSTEM.has(key) && !/^z[0-9a-z]{9}$/.test(String(value))).map(([key, value]) => [key, String(value)])]))
    }
  }
  for (const row of await served.staging.all<Row>('SELECT tbl, "key", col, before, after FROM ops.updates')) {
    if (!own.has(String(row['tbl'])) || !['lft', 'rgt'].includes(String(row['col']))) found.push(JSON.stringify([row['tbl'], row['key'], row['col'], row['after']]))
  }
  return found.sort()
}

const equal = (a: Value | undefined, b: Value | undefined): boolean => String(a ?? '\u0000') === String(b ?? '\u0000')

/** Makes the stored document what the difference of the two predictions says. `given`: what the request changes. */
export async function applyChange(served: ServedSite, meta: DocTypeMeta, stored: DocumentJson, given: GivenDocument, now: Predicted, then: Predicted): Promise<void> {
  if (now.refused !== null) throw unsupported(`${meta.name} ${stored.name} as it stands cannot be posted again (${now.refused.line}), so what a change does cannot be predicted`)
  if (then.refused !== null) throw then.refused.type === 'UniqueValidationError' ? new SiteException(then.refused.type, then.refused.message, { ...then.refused.options, during: 'update' }) : then.refused
  if (JSON.stringify(now.elsewhere) !== JSON.stringify(then.elsewhere)) throw unsupported(`The change of ${meta.name} ${stored.name} has effects on other documents, which cannot be predicted`)
  const changes: Record<string, Value> = {}
  for (const column of meta.columns) {
    if (SYSTEM.has(column.name)) continue
    const emptied = column.name in given && (given[column.name] === null)
    if (emptied) changes[column.name] = column.nullable ? null : 0
    else if (!equal(now.row[column.name], then.row[column.name])) changes[column.name] = then.row[column.name] ?? null
  }
  await served.transaction(async () => {
    await served.setColumns(meta, stored.name, changes, null)
    for (const field of meta.tableFields()) await changeRows(served, meta, stored, field.fieldname, field.options ?? '', given, now, then)
  })
}

async function changeRows(served: ServedSite, meta: DocTypeMeta, stored: DocumentJson, field: string, child: string, given: GivenDocument, now: Predicted, then: Predicted): Promise<void> {
  const childMeta = served.site.doctype(child), before = now.children.get(field) ?? [], after = then.children.get(field) ?? []
  const old = (stored[field] as DocumentJson[] | undefined) ?? []
  if (childMeta === undefined || childMeta.columns.length === 0) return
  const asked = Array.isArray(given[field])
  if (!asked && before.length === after.length) {
    if (before.length !== old.length) return
    for (const [i, row] of after.entries()) {
      const changes = Object.fromEntries(childMeta.columns.filter((column) => !SYSTEM.has(column.name) && !equal(before[i]![column.name], row[column.name])).map((column) => [column.name, row[column.name] ?? null]))
      if (Object.keys(changes).length > 0) await served.setColumns(childMeta, String(old[i]!.name), changes, null)
    }
    return
  }
  const rows = asked ? given[field] as GivenDocument[] : []
  const kept = new Map(old.map((row) => [row.name, row]))
  await served.staging.run(`DELETE FROM rows.${ident(childMeta.table)} WHERE parent = ${literal(stored.name)} AND parenttype = ${literal(meta.name)} AND parentfield = ${literal(field)}`)
  for (const [i, row] of after.entries()) {
    const name = rows[i]?.['name'], known = typeof name === 'string' ? kept.get(name) : asked ? undefined : old[i]
    await served.insertRow(childMeta, { ...row, ...(known === undefined ? {} : { name: known.name, creation: String(known['creation']), owner: String(known['owner']) }) })
  }
}

/** Submits a draft: it is posted anew as submitted, in place of its draft, and keeps what says who made it and when. */
export async function submitDraft(served: ServedSite, meta: DocTypeMeta, stored: DocumentJson, wanted: DocumentJson): Promise<void> {
  await served.transaction(async () => {
    const result = await post(served, meta, stored, wanted, true)
    if ('refused' in result) throw result.refused
    await served.setColumns(meta, stored.name, { creation: String(stored['creation']), owner: String(stored['owner']) }, null)
    for (const field of meta.tableFields()) {
      const child = served.site.doctype(field.options ?? ''), old = (wanted[field.fieldname] as DocumentJson[] | undefined) ?? [], made = result.made.children[field.fieldname] ?? []
      if (child === undefined) continue
      for (const [i, name] of made.entries()) if (typeof old[i]?.name === 'string') await renameRow(served, child, name, old[i].name)
    }
  })
}

/** Gives a child row its old name back, in the ledgers too, where they point to it. */
async function renameRow(served: ServedSite, child: DocTypeMeta, from: string, to: string): Promise<void> {
  await served.staging.run(`UPDATE rows.${ident(child.table)} SET name = ${literal(to)} WHERE name = ${literal(from)}`)
  for (const table of served.engine.written()) {
    if (served.site.doctype(table.slice(3))?.column('voucher_detail_no') !== undefined) await served.staging.run(`UPDATE rows.${ident(table)} SET voucher_detail_no = ${literal(to)} WHERE voucher_detail_no = ${literal(from)}`)
  }
}

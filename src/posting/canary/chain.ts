import { draftRelation, isNumericColumn } from '../../model/draft.ts'
import type { Json, Value } from '../../model/value.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { Case, CaseDoc } from '../replay.ts'

/** A draft by DocType and `_id`. */
export interface DraftRef { doctype: string; id: number }

/** A canary as it is tried: itself last, before it all drafts it refers to that the site does not hold yet, links among them as `$1`, `$2`... */
export interface Chain { ref: DraftRef; case: Case; before: DraftRef[] }

const INNER = new Set(['_id', '_entity', '_key', '_source_row', '_parent', '_idx'])

/**
 * Documents of drafts as ERPNext would be given them, with all they need. `order` are the DocTypes in order of load; drafts the ledger calls loaded count as being on
 * the site.
 */
export class Chains {
  readonly #staging: Staging
  readonly #site: Site
  readonly #order: Map<string, number>
  readonly #known: Set<string>
  readonly #made = new Map<string, Promise<Given | null>>()
  readonly #columns = new Map<string, Promise<Map<string, string>>>()

  private constructor(staging: Staging, site: Site, order: string[], known: Set<string>) {
    this.#staging = staging
    this.#site = site
    this.#order = new Map(order.map((doctype, i) => [doctype, i]))
    this.#known = known
  }

  static async open(staging: Staging, site: Site, order: string[]): Promise<Chains> {
    const known = await staging.exists('ops.known_drafts') ? await staging.all<{ doctype: string; id: number }>('SELECT doctype, id FROM ops.known_drafts') : []
    return new Chains(staging, site, order, new Set(known.map(refKey)))
  }

  /** The chain of one draft; null when there is no such draft. */
  async of(ref: DraftRef): Promise<Chain | null> {
    const all = await this.together([ref]), own = all.findIndex((item) => refKey(item.ref) === refKey(ref))
    if (own < 0) return null
    all.push(...all.splice(own, 1))
    const position = new Map(all.map((item, i) => [refKey(item.ref), i + 1]))
    const docs = all.map((given, i) => {
      const doc = structuredClone(given.doc)
      for (const link of given.links) {
        const at = position.get(refKey(link.ref))
        if (at !== undefined && at <= i) (link.rows === null ? doc : (doc[link.rows] as Record<string, Json>[])[link.row]!)[link.field] = `$${at}`
      }
      return { doc, submit: given.submit }
    })
    return { ref, before: all.slice(0, -1).map((item) => item.ref), case: { id: `${ref.doctype} ${ref.id}`, docs } }
  }

  /** Drafts with all they refer to, each once, in order of load. */
  async together(refs: DraftRef[]): Promise<GivenDocument[]> {
    const found = new Map<string, GivenDocument>()
    const collect = async (item: DraftRef): Promise<void> => {
      if (found.has(refKey(item)) || this.#known.has(refKey(item))) return
      const given = await this.#given(item)
      if (given === null) return
      found.set(refKey(item), { ref: item, ...given })
      for (const link of given.links) await collect(link.ref)
    }
    for (const ref of refs) await collect(ref)
    return [...found.values()].sort((a, b) => this.#place(a.ref) - this.#place(b.ref) || a.ref.id - b.ref.id)
  }

  #place(ref: DraftRef): number {
    return this.#order.get(ref.doctype) ?? this.#order.size
  }

  #given(ref: DraftRef): Promise<Given | null> {
    let given = this.#made.get(refKey(ref))
    if (given === undefined) this.#made.set(refKey(ref), given = this.#read(ref))
    return given
  }

  async #read({ doctype, id }: DraftRef): Promise<Given | null> {
    const meta = this.#site.doctype(doctype)
    const row = await this.#staging.one<Record<string, Value>>(`SELECT * FROM ${draftRelation(doctype)} WHERE _id = ${id}`)
    if (meta === undefined || row === undefined) return null
    const doc: CaseDoc = { doctype, ...fieldsOf(row, await this.#columnsOf(draftRelation(doctype))) }, wanted: Wanted[] = linksOf(meta, doc, null, 0)
    const submit = Number(doc['docstatus'] ?? 0) === 1
    delete doc['docstatus']
    if (doc['_docstatus'] !== undefined) { doc['docstatus'] = doc['_docstatus']; delete doc['_docstatus'] }
    for (const field of meta.tableFields()) {
      const relation = draftRelation(doctype, field.fieldname), child = this.#site.doctype(field.options ?? '')
      if (child === undefined) continue
      const columns = await this.#columnsOf(relation)
      if (columns.size === 0) continue
      const rows = (await this.#staging.all<Record<string, Value>>(`SELECT * FROM ${relation} WHERE _parent = ${id} ORDER BY _idx`)).map((item) => fieldsOf(item, columns))
      if (rows.length === 0) continue
      doc[field.fieldname] = rows
      rows.forEach((item, i) => wanted.push(...linksOf(child, item, field.fieldname, i)))
    }
    return { doc, submit, links: await this.#drafts(wanted) }
  }

  /** Which of the documents linked to are drafts. */
  async #drafts(wanted: Wanted[]): Promise<Link[]> {
    const found: Link[] = []
    for (const doctype of new Set(wanted.map((item) => item.doctype))) {
      if (!this.#order.has(doctype)) continue
      const links = wanted.filter((item) => item.doctype === doctype), names = [...new Set(links.map((item) => item.name))]
      const rows = await this.#staging.all<{ name: string; id: number }>(
        `SELECT name, _draft AS id FROM rows.${ident(`tab${doctype}`)} WHERE _draft IS NOT NULL AND _doctype = ${literal(doctype)} AND name IN (${names.map((name) => literal(name)).join(', ')})`)
      const ids = new Map(rows.map((row) => [row.name, Number(row.id)]))
      for (const link of links) if (ids.has(link.name)) found.push({ ...link, ref: { doctype, id: ids.get(link.name)! } })
    }
    return found
  }

  /** Columns of a relation with their types; none when it is not there. */
  #columnsOf(relation: string): Promise<Map<string, string>> {
    let columns = this.#columns.get(relation)
    if (columns === undefined) {
      columns = this.#staging.exists(relation).then(async (there) => new Map(there ? (await this.#staging.columnsOf(relation)).map((column) => [column.name, column.type]) : []))
      this.#columns.set(relation, columns)
    }
    return columns
  }
}

/** A link given in a document: `rows` and `row` say which child row, null for the document itself. */
interface Wanted { doctype: string; name: string; field: string; rows: string | null; row: number }
interface Link extends Wanted { ref: DraftRef }
interface Given { doc: CaseDoc; submit: boolean; links: Link[] }

/** A draft as ERPNext would be given it, with its links to other drafts. */
export interface GivenDocument extends Given { ref: DraftRef }

/** A draft's identity as one text. */
export const refKey = (ref: DraftRef): string => `${ref.doctype}\u001f${ref.id}`

/** What a draft gives: NULL means it gives nothing for the field. */
function fieldsOf(row: Record<string, Value>, columns: Map<string, string>): Record<string, Json> {
  return Object.fromEntries(Object.entries(row).filter(([name, value]) => !INNER.has(name) && value !== null && value !== undefined).map(([name, value]) => [name, plain(value, columns.get(name) ?? '')]))
}

function plain(value: Value, type: string): Json {
  return typeof value === 'bigint' || isNumericColumn(type) ? Number(value) : value
}

function linksOf(meta: DocTypeMeta, doc: Record<string, Json>, rows: string | null, row: number): Wanted[] {
  const text = (value: Json | undefined) => (typeof value === 'string' && value !== '' ? value : null)
  const links = meta.linkFields().map((field) => ({ doctype: field.options, name: text(doc[field.fieldname]), field: field.fieldname }))
  const dynamic = meta.dynamicLinkFields().map((field) => ({ doctype: text(doc[field.options ?? '']), name: text(doc[field.fieldname]), field: field.fieldname }))
  return [...links, ...dynamic].flatMap(({ doctype, name, field }) => (doctype === null || name === null ? [] : [{ doctype, name, field, rows, row }]))
}

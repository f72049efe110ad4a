import { ident, literal } from '../../staging/staging.ts'
import type { Field } from '../../site/doctype.ts'
import type { Batch } from './batch.ts'
import { fold } from './collation.ts'
import { storedUnder } from './names.ts'
import { DUCK_TYPES, type DocTypePlan } from './plan.ts'

/** One table of a batch (the documents or a child table) as link resolution sees it. */
interface LinkTable { batch: Batch; plan: DocTypePlan; relation: string; id: string; child: string | null; order: number }

/**
 * Resolves every Link and Dynamic Link of the batch: values become the stored spelling, fetch_from fields are filled, missing targets are found.
 * A missing target is accepted, as the site does, where the link also fetches fields: said as a warning.
 */
export async function resolveLinks(batch: Batch): Promise<void> {
  const tables: LinkTable[] = [{ batch, plan: batch.plan, relation: batch.doc, id: '_id', child: null, order: 0 }]
  batch.plan.children.forEach(({ field, plan }, i) => {
    if (batch.childCount(field.fieldname) > 0) tables.push({ batch, plan, relation: batch.child(field.fieldname), id: '_parent', child: field.fieldname, order: i + 1 })
  })
  for (const table of tables) await resolveTable(table)
}

function fetched(plan: DocTypePlan, link: Field): Field[] {
  return plan.meta.valueFields().filter((field) => field.fetch_from?.startsWith(`${link.fieldname}.`) && plan.byName.has(field.fieldname))
}

async function resolveTable(table: LinkTable): Promise<void> {
  const { plan } = table, links = plan.links()
  const used = await usedLinks(table, links)
  const simple = links.filter((link) => used.has(link.fieldname) && link.fieldtype === 'Link')
  const targets = new Set<string>()
  const missing = await unmatched(table, simple)
  for (const [index, link] of links.entries()) {
    const isTarget = targets.has(link.fieldname)
    if (link.fieldtype === 'Link') {
      if (used.has(link.fieldname) || isTarget) await resolveLink(table, link, index, isTarget ? undefined : missing.get(link.fieldname) ?? [], targets)
    } else if (used.has(link.fieldname)) await resolveDynamic(table, link, index)
  }
}

async function usedLinks(table: LinkTable, links: Field[]): Promise<Set<string>> {
  if (table.child === null) return new Set(links.map((link) => link.fieldname).filter((name) => table.batch.has(name)))
  if (links.length === 0) return new Set()
  const row = (await table.batch.staging.one<Record<string, number>>(`SELECT ${links.map((link, i) => `COUNT(${ident(link.fieldname)}) AS c${i}`).join(', ')} FROM ${table.relation}`))!
  return new Set(links.filter((_, i) => row[`c${i}`]! > 0).map((link) => link.fieldname))
}

/** Values, by link field, that are not exactly the name of a row: one statement for all fields. */
async function unmatched(table: LinkTable, links: Field[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>(), parts: string[] = []
  links.forEach((link, i) => {
    const target = targetTable(table.batch, link.options)
    if (target === null) return
    const col = ident(link.fieldname)
    parts.push(`SELECT ${i} AS i, d.v FROM (SELECT DISTINCT ${col} AS v FROM ${table.relation} WHERE ${col} <> '') d ANTI JOIN ${target} t ON t.name = d.v`)
  })
  if (parts.length === 0) return found
  for (const row of await table.batch.staging.all<{ i: number; v: string }>(parts.join(' UNION ALL '))) {
    const field = links[row.i]!.fieldname
    const values = found.get(field)
    if (values === undefined) found.set(field, [row.v])
    else values.push(row.v)
  }
  return found
}

function targetTable(batch: Batch, doctype: string | null): string | null {
  const meta = doctype === null ? undefined : batch.site.doctype(doctype)
  return meta === undefined || meta.columns.length === 0 ? null : `rows.${ident(meta.table)}`
}

const label = (field: Field) => field.label || field.fieldname

async function resolveLink(table: LinkTable, link: Field, index: number, known: string[] | undefined, targets: Set<string>): Promise<void> {
  const { batch, relation } = table, col = ident(link.fieldname), seq = table.order * 1000 + index
  const name = table.child === null ? link.fieldname : `${table.child}.${link.fieldname}`
  const meta = link.options === null ? undefined : batch.site.doctype(link.options)
  if (meta === undefined || meta.columns.length === 0) {
    if (meta?.issingle) return
    const message = link.options === null ? `Options not set for link field ${link.fieldname}` : `Links to ${link.options} cannot be checked: ${meta === undefined ? 'the site has no such DocType' : 'it has no table'}`
    await batch.find({ type: link.options === null ? 'ValidationError' : 'unsupported', field: name, seq, message, select: `SELECT ${table.id} AS id FROM ${relation} WHERE ${col} <> ''` })
    return
  }
  const target = `rows.${ident(meta.table)}`
  const values = known ?? (await unmatched(table, [link])).get(link.fieldname) ?? []
  const missing = await respell(table, target, col, values, `TRUE`, name)
  const fetch = fetched(table.plan, link).filter((field) => meta.column(sourceOf(field)) !== undefined)
  if (fetch.length > 0) await fetchFields(table, link, fetch, target, targets)
  if (missing.length > 0) await reportMissing(table, link, name, seq, missing, fetch, `${label(link)}`)
  await reportCancelled(table, link, name, seq, meta.is_submittable, target)
}

const sourceOf = (field: Field) => field.fetch_from!.split('.').at(-1)!

/** Rewrites values to their stored spelling; answers those no row has. */
async function respell(table: LinkTable, target: string, col: string, values: string[], where: string, field: string): Promise<string[]> {
  if (values.length === 0) return []
  const { batch, relation } = table
  const stored = await storedUnder(batch.staging, target, 'name', values)
  const changes = values.flatMap((value) => { const name = stored.get(fold(value)); return name === undefined ? [] : [[value, name] as const] })
  for (let i = 0; i < changes.length; i += 500) {
    const list = changes.slice(i, i + 500).map(([from, to]) => `(${literal(from)}, ${literal(to)})`).join(', ')
    await batch.find({
      severity: 'warning', type: 'link-respelled', field, causeByValue: true, hint: 'Nothing to do: the site stores the name as the linked record spells it.',
      select: `SELECT r.${table.id} AS id, r.${col} AS "value", 'The link is stored as ' || m.b AS message FROM ${relation} r JOIN (VALUES ${list}) m(a, b) ON r.${col} = m.a WHERE ${where}`,
    })
    await batch.staging.run(`UPDATE ${relation} AS r SET ${col} = m.b FROM (VALUES ${list}) m(a, b) WHERE r.${col} = m.a AND ${where}`)
  }
  return values.filter((value) => !stored.has(fold(value)))
}

/** Missing targets are thrown together once all links were looked at; what is thrown on the way comes first. */
const LATER = 1_000_000

const list = (values: string[]) => values.map(literal).join(', ')

async function reportMissing(table: LinkTable, link: Field, name: string, seq: number, missing: string[], fetch: Field[], what: string): Promise<void> {
  const { batch, relation, child } = table, col = ident(link.fieldname)
  // A link that fetches is looked up as a whole row; when there is none, Frappe goes on as if nothing were linked.
  const fetches = fetch.map((field) => (field.fetch_if_empty ? falsy(table.plan, field.fieldname) : 'TRUE')).join(' OR ') || 'FALSE'
  const row = child === null ? '' : `'Row #' || CAST(idx AS VARCHAR) || ': ' || `
  const idx = child === null ? '' : ', idx AS idx'
  const where = `${col} IN (${list(missing)})`
  await batch.find({
    type: 'LinkValidationError', field: name, seq: seq + LATER, causeByValue: true, hint: `Create ${link.options ?? 'it'} first, map the value to one that exists, or leave the field out.`,
    select: `SELECT ${table.id} AS id, ${col} AS "value", 'Could not find ' || ${row}${literal(`${what}: `)} || ${col} AS message${idx} FROM ${relation} WHERE ${where} AND NOT (${fetches})`,
  })
  // The site sets a link it cannot find to None, which a Dynamic Link looked at afterwards notices.
  await batch.staging.run(`UPDATE ${relation} SET ${col} = NULL WHERE ${where} AND NOT (${fetches})`)
  if (fetch.length > 0) {
    await batch.find({
      severity: 'warning', type: 'broken-link', field: name, causeByValue: true, hint: 'The site accepts this link to nothing because fields are fetched through it; correct it.',
      select: `SELECT ${table.id} AS id, ${col} AS "value", ${literal(`${what}: `)} || ${col} || ' does not exist; the site keeps the broken link' AS message${idx} FROM ${relation} WHERE ${where} AND (${fetches})`,
    })
  }
}

/** SQL: the field's value is falsy to Python. */
function falsy(plan: DocTypePlan, fieldname: string): string {
  const column = plan.column(fieldname), col = ident(fieldname)
  return column.kind === 'text' ? `COALESCE(${col}, '') = ''` : column.kind === 'int' || column.kind === 'check' || column.kind === 'float' ? `COALESCE(${col}, 0) = 0` : `${col} IS NULL`
}

async function fetchFields(table: LinkTable, link: Field, fields: Field[], target: string, targets: Set<string>): Promise<void> {
  const { batch, relation, plan } = table, source = plan.links().findIndex((field) => field.fieldname === link.fieldname)
  const sets = fields.map((field) => {
    const column = plan.column(field.fieldname), value = `CAST(s.${ident(sourceOf(field))} AS ${DUCK_TYPES[column.kind]})`
    if (plan.links().findIndex((other) => other.fieldname === field.fieldname) > source) targets.add(field.fieldname)
    return `${ident(field.fieldname)} = ${field.fetch_if_empty ? `CASE WHEN ${falsy(plan, field.fieldname).replaceAll(ident(field.fieldname), `r.${ident(field.fieldname)}`)} THEN ${value} ELSE r.${ident(field.fieldname)} END` : value}`
  })
  await batch.staging.run(`UPDATE ${relation} AS r SET ${sets.join(', ')} FROM ${target} s WHERE s.name = r.${ident(link.fieldname)}`)
}

async function reportCancelled(table: LinkTable, link: Field, name: string, seq: number, submittable: boolean, target: string): Promise<void> {
  if (!submittable || link.fieldname === 'amended_from' || !(table.plan.meta.is_submittable || table.batch.plan.meta.is_submittable)) return
  const row = table.child === null ? '' : `'Row #' || CAST(r.idx AS VARCHAR) || ': ' || `
  await table.batch.find({
    type: 'CancelledLinkError', field: name, seq: seq + 2 * LATER, causeByValue: true, hint: 'Link the amended document instead.',
    select: `SELECT r.${table.id} AS id, r.${ident(link.fieldname)} AS "value", 'Cannot link cancelled document: ' || ${row}${literal(`${label(link)}: `)} || r.${ident(link.fieldname)} AS message ` +
      `FROM ${table.relation} r JOIN ${target} t ON t.name = r.${ident(link.fieldname)} WHERE t.docstatus = 2`,
  })
}

async function resolveDynamic(table: LinkTable, link: Field, index: number): Promise<void> {
  const { batch, relation, plan, child } = table, col = ident(link.fieldname), seq = table.order * 1000 + index
  const by = link.options ?? '', name = child === null ? link.fieldname : `${child}.${link.fieldname}`
  if (!plan.byName.has(by)) return
  const byCol = ident(by), given = `${col} IS NOT NULL AND ${col} <> ''`
  const byField = plan.meta.field(by)
  await batch.find({ type: 'ValidationError', field: name, seq, message: `${byField ? label(byField) : by} must be set first`, select: `SELECT ${table.id} AS id FROM ${relation} WHERE ${given} AND COALESCE(${byCol}, '') = ''` })
  const doctypes = await batch.staging.all<{ d: string }>(`SELECT DISTINCT ${byCol} AS d FROM ${relation} WHERE ${given} AND ${byCol} <> ''`)
  for (const { d } of doctypes) {
    const meta = batch.site.doctype(d), where = `${given} AND ${byCol} = ${literal(d)}`
    if (meta === undefined) {
      await batch.find({ type: 'DoesNotExistError', field: name, seq, message: `DocType ${d} not found`, select: `SELECT ${table.id} AS id FROM ${relation} WHERE ${where}` })
      continue
    }
    if (meta.issingle || meta.columns.length === 0) {
      if (meta.issingle) await batch.staging.run(`UPDATE ${relation} SET ${col} = ${literal(d)} WHERE ${where}`)
      else await batch.find({ type: 'unsupported', field: name, seq, message: `Links to ${d} cannot be checked: it has no table`, select: `SELECT ${table.id} AS id FROM ${relation} WHERE ${where}` })
      continue
    }
    const target = `rows.${ident(meta.table)}`
    const values = (await batch.staging.all<{ v: string }>(`SELECT d.v FROM (SELECT DISTINCT ${col} AS v FROM ${relation} WHERE ${where}) d ANTI JOIN ${target} t ON t.name = d.v`)).map((row) => row.v)
    const missing = await respell(table, target, col, values, `r.${byCol} = ${literal(d)}`, name)
    if (missing.length === 0) continue
    // A link that fetches is looked up as a whole row, as above.
    if (fetched(plan, link).some((field) => !field.fetch_if_empty && meta.column(sourceOf(field)) !== undefined)) {
      await batch.find({
        severity: 'warning', type: 'broken-link', field: name, causeByValue: true, hint: 'The site accepts this link to nothing because fields are fetched through it; correct it.',
        select: `SELECT ${table.id} AS id, ${col} AS "value", ${literal(`${label(link)}: `)} || ${col} || ' does not exist; the site keeps the broken link' AS message FROM ${relation} WHERE ${where} AND ${col} IN (${list(missing)})`,
      })
      continue
    }
    const row = child === null ? '' : `'Row #' || CAST(idx AS VARCHAR) || ': ' || `
    await batch.find({
      type: 'LinkValidationError', field: name, seq: seq + LATER, causeByValue: true, hint: `Create the ${d} first, map the value to one that exists, or leave the link out.`,
      select: `SELECT ${table.id} AS id, ${col} AS "value", 'Could not find ' || ${row}${literal(`${label(link)}: `)} || ${col} AS message${child === null ? '' : ', idx AS idx'} FROM ${relation} WHERE ${where} AND ${col} IN (${list(missing)})`,
    })
  }
}


import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { Site } from '../../site/site.ts'
import { constant } from './coerce.ts'
import { OPTIONAL, STANDARD, type DocTypePlan, type PlannedColumn } from './plan.ts'

/** The clock and user of a run, as Frappe's defaults see them. */
export interface Moment { today: string; now: string; user: string }

const scrub = (doctype: string) => doctype.toLowerCase().replaceAll(' ', '_')

/**
 * SQL by column of the value a new document starts with (`frappe.new_doc`): user defaults for Links that exist, static defaults, `Today`, `__user`, `now`,
 * the first choice of a Select, `:Company` looked up on another record. `parent`, for child tables: alias of the parent's working table.
 * Columns without a default are absent.
 */
export async function defaultsOf(plan: DocTypePlan, site: Site, staging: Staging, moment: Moment, parent: { alias: string; plan: DocTypePlan } | null): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const column of plan.columns) {
    const field = column.field
    if (field === undefined || STANDARD.has(column.name) || OPTIONAL.has(column.name)) continue
    const value = await staticDefault(plan, column, site, staging, moment)
    if (value !== null) found.set(column.name, value)
    const dynamic = dynamicDefault(column, site, moment, parent)
    if (dynamic !== null) found.set(column.name, value === null ? dynamic : column.field!.default?.startsWith(':') ? `COALESCE(${value}, ${dynamic})` : dynamic)
    if (column.kind === 'check' && !found.has(column.name)) found.set(column.name, '0')
  }
  return found
}

async function staticDefault(plan: DocTypePlan, column: PlannedColumn, site: Site, staging: Staging, moment: Moment): Promise<string | null> {
  const field = column.field!
  if (field.fieldtype === 'Link' && field.options !== 'User') {
    const user = site.default(field.fieldname)
    if (user !== undefined && user !== null && user !== '') {
      const target = field.options === null ? undefined : site.doctype(field.options)
      if (target === undefined) return null
      const there = await staging.one(`SELECT 1 FROM rows.${ident(target.table)} WHERE name = ${literal(user)} LIMIT 1`)
      return there === undefined ? null : literal(user)
    }
  }
  if (field.fieldname === plan.meta.title_field) return null
  const text = field.default
  if (text !== null && text !== '') {
    if (text === '__user') return literal(moment.user)
    if (text === 'Today') return column.kind === 'text' ? literal(moment.today) : `DATE ${literal(moment.today)}`
    if (text.startsWith(':')) return null
    if (column.kind === 'datetime' && text.toLowerCase() === 'now') return null
    return constant(text, column.kind)
  }
  if (field.fieldtype === 'Select' && field.options && field.options !== '[Select]' && field.options !== 'Loading...') return literal(field.options.split('\n', 1)[0]!)
  return null
}

function dynamicDefault(column: PlannedColumn, site: Site, moment: Moment, parent: { alias: string; plan: DocTypePlan } | null): string | null {
  const field = column.field!
  if (field.fieldtype === 'Time') return `CAST(TIMESTAMP ${literal(moment.now)} AS TIME)`
  if (field.default === null || field.default === '') return null
  if (field.fieldtype === 'Datetime' && field.default.toLowerCase() === 'now') return `TIMESTAMP ${literal(moment.now)}`
  if (!field.default.startsWith(':')) return null
  const target = site.doctype(field.default.slice(1))
  if (target === undefined || target.column(field.fieldname) === undefined) return null
  const reference = scrub(target.name)
  const name = parent === null ? literal(site.default(reference) ?? null) : parent.plan.byName.has(reference) ? `${parent.alias}.${ident(reference)}` : 'NULL'
  return `(SELECT ANY_VALUE(CAST(s.${ident(field.fieldname)} AS VARCHAR)) FROM rows.${ident(target.table)} s WHERE s.name = ${name})`
}

import { FIELD_FLAGS, DOCTYPE_FLAGS, DOCTYPE_TEXTS, type DocTypeMeta, type Field } from './doctype.ts'
import type { Site, SiteRecord } from './site.ts'

/** Where two sites differ. `what` is the thing (`Customer.tax_id`), `property` what of it; a side that has it not is null. */
export interface SiteDifference {
  area: 'version' | 'DocType' | 'field' | 'column' | 'controller' | 'record' | 'setting' | 'default' | 'series'
  doctype: string | null
  what: string
  property: string | null
  left: string | null
  right: string | null
}

const FIELD_TEXTS = ['label', 'fieldtype', 'options', 'default', 'mandatory_depends_on', 'fetch_from', 'length', 'precision'] as const

/** When it was written, and by whom, says nothing about what a site does; nor does the bookkeeping of a single. */
const TIMES = new Set(['creation', 'modified', 'owner', 'modified_by']), OF_SINGLES = new Set([...TIMES, 'name', 'docstatus', 'idx'])
/** Times of day are written with one digit or two for the hour. */
const HOUR = /^(\d):(\d\d:\d\d(?:\.\d+)?)$/

const text = (value: unknown): string | null => (value === undefined || value === null ? null : String(value).replace(HOUR, '0$1:$2'))

function compare(found: SiteDifference[], area: SiteDifference['area'], doctype: string | null, what: string, property: string | null, left: unknown, right: unknown): void {
  if (text(left) !== text(right)) found.push({ area, doctype, what, property, left: text(left), right: text(right) })
}

function keysOf(left: Iterable<string>, right: Iterable<string>): string[] {
  return [...new Set([...left, ...right])].sort()
}

/** Every difference of two sites, in a stable order. Equal sites give none. */
export function diffSites(left: Site, right: Site): SiteDifference[] {
  const found: SiteDifference[] = []
  for (const app of keysOf(Object.keys(left.apps), Object.keys(right.apps))) compare(found, 'version', null, app, null, left.apps[app], right.apps[app])
  for (const name of keysOf(left.doctypeNames(), right.doctypeNames())) diffDocTypes(found, name, left.doctype(name), right.doctype(name))
  for (const name of keysOf(left.recordDoctypes(), right.recordDoctypes())) diffRecords(found, name, left.records(name), right.records(name))
  for (const name of keysOf(left.singles(), right.singles())) {
    const a = left.single(name), b = right.single(name)
    for (const field of keysOf(Object.keys(a), Object.keys(b))) if (!OF_SINGLES.has(field)) compare(found, 'setting', name, name, field, a[field], b[field])
  }
  for (const key of keysOf(Object.keys(left.defaults), Object.keys(right.defaults))) compare(found, 'default', null, key, null, left.defaults[key], right.defaults[key])
  for (const prefix of keysOf(Object.keys(left.series), Object.keys(right.series))) compare(found, 'series', null, prefix, null, left.series[prefix], right.series[prefix])
  return found
}

function diffDocTypes(found: SiteDifference[], name: string, left: DocTypeMeta | undefined, right: DocTypeMeta | undefined): void {
  if (left === undefined || right === undefined) return compare(found, 'DocType', name, name, null, left === undefined ? null : left.module, right === undefined ? null : right.module)
  compare(found, 'DocType', name, name, 'module', left.module, right.module)
  for (const key of DOCTYPE_TEXTS) compare(found, 'DocType', name, name, key, left[key], right[key])
  for (const key of DOCTYPE_FLAGS) compare(found, 'DocType', name, name, key, Number(left[key]), Number(right[key]))
  for (const fieldname of keysOf(left.fields.map((field) => field.fieldname), right.fields.map((field) => field.fieldname))) diffFields(found, name, fieldname, left.field(fieldname), right.field(fieldname))
  const order = (meta: DocTypeMeta, other: DocTypeMeta) => meta.fields.filter((field) => other.field(field.fieldname) !== undefined).map((field) => field.fieldname).join(', ')
  compare(found, 'DocType', name, name, 'order of fields', order(left, right), order(right, left))
  const columnText = (meta: DocTypeMeta, column: string) => {
    const of = meta.column(column)
    return of === undefined ? null : [of.type, of.nullable ? '' : 'not null', of.key, of.default === null ? '' : `default ${of.default}`].filter(Boolean).join(' ')
  }
  for (const column of keysOf(left.columns.map((one) => one.name), right.columns.map((one) => one.name))) compare(found, 'column', name, `${name}.${column}`, null, columnText(left, column), columnText(right, column))
  const methods = (meta: DocTypeMeta) => (meta.controller === null ? 'unknown' : [...meta.controller].sort().join(', '))
  compare(found, 'controller', name, name, null, methods(left), methods(right))
}

function diffFields(found: SiteDifference[], doctype: string, fieldname: string, left: Field | undefined, right: Field | undefined): void {
  const what = `${doctype}.${fieldname}`
  if (left === undefined || right === undefined) return compare(found, 'field', doctype, what, null, left?.fieldtype, right?.fieldtype)
  for (const key of FIELD_TEXTS) compare(found, 'field', doctype, what, key, left[key], right[key])
  for (const key of FIELD_FLAGS) compare(found, 'field', doctype, what, key, Number(left[key]), Number(right[key]))
}

/** Child rows and others with random names are the same when all else is: names of ten characters that nobody chose are not compared. */
const RANDOM_NAME = /^[0-9a-z]{10}$/

function diffRecords(found: SiteDifference[], doctype: string, left: readonly SiteRecord[], right: readonly SiteRecord[]): void {
  const named = (records: readonly SiteRecord[]) => new Map(records.map((record) => [String(record['name']), record]))
  const a = named(left), b = named(right)
  const contentOf = (record: SiteRecord) => JSON.stringify(Object.entries(record).filter(([key]) => key !== 'name' && !TIMES.has(key)).sort(([x], [y]) => (x < y ? -1 : 1)))
  const anonymous = new Map<string, string[]>()
  for (const [name, record] of b) if (!a.has(name) && RANDOM_NAME.test(name)) anonymous.set(contentOf(record), [...anonymous.get(contentOf(record)) ?? [], name])
  const matched = new Set<string>()
  for (const [name, record] of a) {
    if (b.has(name) || !RANDOM_NAME.test(name)) continue
    const twin = anonymous.get(contentOf(record))?.pop()
    if (twin !== undefined) { matched.add(name); matched.add(twin) }
  }
  for (const name of keysOf(a.keys(), b.keys())) {
    if (matched.has(name)) continue
    const x = a.get(name), y = b.get(name), what = `${doctype} ${name}`
    if (x === undefined || y === undefined) { compare(found, 'record', doctype, what, null, x === undefined ? null : 'there', y === undefined ? null : 'there'); continue }
    for (const column of keysOf(Object.keys(x), Object.keys(y))) if (!TIMES.has(column)) compare(found, 'record', doctype, what, column, x[column], y[column])
  }
}

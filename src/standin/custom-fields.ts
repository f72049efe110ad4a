import { ident, literal } from '../staging/staging.ts'
import { timestamp } from '../model/clock.ts'
import type { Json, Value } from '../model/value.ts'
import { columnOf } from '../site/custom-field-columns.ts'
import type { GivenDocument, Inserted } from './documents.ts'
import { SiteException, thrown, unsupported } from './exception.ts'
import { cint } from './python-text.ts'
import type { ServedSite } from './served-site.ts'

const TITLE = 'Message'

/** Characters that may be part of a fieldname made from a label. */
function fieldnameOf(label: string): string {
  return label.replaceAll(' ', '_').replaceAll('-', '_').toLowerCase().split('').filter((char) => /[a-z0-9_]/.test(char)).join('')
}

/**
 * Inserts a Custom Field: its row, its column in the DocType's table, and the field on the DocType from this request on. Only fields of plain types; what a form builder does
 * beyond that (tables, moving other fields) answers Unsupported.
 */
export async function insertCustomField(served: ServedSite, given: GivenDocument): Promise<Inserted> {
  const meta = served.site.doctype('Custom Field')!
  const text = (key: string): string => (typeof given[key] === 'string' ? (given[key] as string).trim() : '')
  const dt = text('dt'), label = text('label'), fieldtype = text('fieldtype') || 'Data', fieldname = text('fieldname') || (fieldnameOf(label) === '' ? '' : `custom_${fieldnameOf(label)}`)
  if (text('dt') !== '' && served.site.doctype(dt) === undefined) throw thrown('LinkValidationError', `Could not find DocType: ${dt}`)
  if (fieldname === '') throw thrown('ValidationError', 'Label is mandatory')
  const special = [...new Set(fieldname.match(/[^\w]/g) ?? [])]
  if (special.length > 0) throw thrown('InvalidColumnName', `Fieldname <strong>${fieldname}</strong> cannot have special characters like ${special.map((char) => `"${char}"`).join(', ')}`)
  const name = `${dt}-${fieldname}`
  const target = served.site.doctype(dt)
  if (dt === '') throw new SiteException('MandatoryError', `[Custom Field, ${name}]: dt`, { messages: [{ message: 'Error: Value missing for Custom Field: DocType', title: TITLE }] })
  if (target?.field(fieldname) !== undefined) throw thrown('ValidationError', `A field with the name <strong>${fieldname}</strong> already exists in ${dt}`)
  const allowed = (meta.field('fieldtype')?.options ?? '').split('\n').filter((option) => option !== '')
  if (!allowed.includes(fieldtype)) throw thrown('ValidationError', ` Field Type cannot be "${fieldtype}". It should be one of ${allowed.map((option) => `"${option}"`).join(', ')}`)
  const unique = cint(given['unique'])
  if (columnOf({ fieldname, fieldtype, unique }) === null) throw unsupported(`The stand-in makes no Custom Field of type ${fieldtype}`)
  const at = timestamp(served.clock)
  const fixed: Record<string, Value> = {
    name, owner: 'Administrator', modified_by: 'Administrator', creation: at, modified: at, docstatus: 0, dt, label: label || null, fieldname, fieldtype, insert_after: text('insert_after') || null, unique,
    idx: cint(given['idx']),
  }
  await insertRow(served, given, fixed)
  await served.reloadSchema()
  return { doctype: 'Custom Field', name, rows: {} }
}

async function insertRow(served: ServedSite, given: GivenDocument, fixed: Record<string, Value>): Promise<void> {
  const meta = served.site.doctype('Custom Field')!
  const values = meta.columns.map((column) => {
    const field = meta.field(column.name), number = /^(int|decimal|tinyint|bigint)/.test(column.type)
    const value: Json | undefined = fixed[column.name] !== undefined ? (fixed[column.name] as Json) : given[column.name] ?? field?.default ?? (field?.fieldtype === 'Select' ? (field.options ?? '').split('\n')[0] : undefined) ?? column.default
    if (value === undefined || value === null || typeof value === 'object') return [column.name, number ? '0' : 'NULL'] as const
    return [column.name, number ? String(cint(value)) : literal(String(value))] as const
  })
  await served.staging.run(`INSERT INTO rows."tabCustom Field" (${values.map(([key]) => ident(key)).join(', ')}) VALUES (${values.map(([, value]) => value).join(', ')})`)
}

import type { CustomDocument, CustomState } from '../model/customisation.ts'
import { closest } from '../model/closest.ts'
import type { Loose } from './compact.ts'
import { columnOf, FIELD_TYPES } from './custom-field-columns.ts'
import type { Column, DocTypeMeta } from './doctype.ts'
import { doctypeLine, effectiveDocType } from './effective-fields.ts'
import type { Site } from './site.ts'

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value))

/** DocTypes of the site and those that are to come, by name; null where there is neither. */
type Known = (name: string) => { fields: Set<string>; istable: boolean; standard: DocTypeMeta | null } | null

/**
 * Holds customisations against a site as it is: what is missing, there, otherwise, or cannot be. `own`: names of Custom Fields, Property Setters and DocTypes that Landfall made there
 * before, which are no conflict with what is asked for.
 */
export function compareCustomisations(site: Site, documents: CustomDocument[]): CustomState[] {
  const added = new Map<string, Set<string>>()
  for (const document of documents) {
    if (document.doctype === 'Custom Field') added.set(text(document.values['dt']), new Set([...added.get(text(document.values['dt'])) ?? [], text(document.values['fieldname'])]))
  }
  const coming = new Map(documents.filter((document) => document.doctype === 'DocType').map((document) => [document.name, document]))
  const known: Known = (name) => {
    const standard = site.doctype(name) ?? null, own = coming.get(name)
    if (standard === null && own === undefined) return null
    const fields = new Set([...standard?.fields.map((field) => field.fieldname) ?? [], ...(own?.values['fields'] as Loose[] | undefined ?? []).map((field) => text(field['fieldname'])), ...added.get(name) ?? []])
    return { fields, istable: standard?.istable ?? own?.values['istable'] === 1, standard }
  }
  return documents.map((document) => ({ document, ...stateOf(site, document, known) }))
}

function stateOf(site: Site, document: CustomDocument, known: Known): Pick<CustomState, 'state' | 'detail'> {
  const problem = problemOf(site, document, known)
  if (problem !== null) return { state: 'conflict', detail: problem }
  const record = site.doctype(document.doctype) === undefined ? undefined : site.records(document.doctype).find((one) => one['name'] === document.name)
  if (document.doctype === 'DocType') {
    const there = site.doctype(document.name)
    if (there === undefined) return { state: 'missing', detail: `${(document.values['fields'] as unknown[]).length} fields` }
    const lacking = (document.values['fields'] as Loose[]).filter((field) => there.field(text(field['fieldname']))?.fieldtype !== field['fieldtype']).map((field) => text(field['fieldname']))
    return lacking.length === 0 ? { state: 'there', detail: '' } : { state: 'differs', detail: `the site's has not the fields ${lacking.join(', ')} of these types` }
  }
  if (document.doctype === 'Custom Field') {
    const field = site.doctype(text(document.values['dt']))?.field(text(document.values['fieldname']))
    if (field === undefined) return { state: 'missing', detail: text(document.values['fieldtype']) }
    const differing = differences({ fieldtype: field.fieldtype, options: field.options ?? '', reqd: field.reqd ? 1 : 0, unique: field.unique ? 1 : 0 }, document.values, ['fieldtype', 'options', 'reqd', 'unique'])
    return differing === '' ? { state: 'there', detail: '' } : { state: 'differs', detail: differing }
  }
  if (record === undefined) return { state: 'missing', detail: `${text(document.values['property'])} becomes ${text(document.values['value'])}` }
  const differing = differences(record, document.values, ['value', 'property_type'])
  return differing === '' ? { state: 'there', detail: '' } : { state: 'differs', detail: differing }
}

function differences(there: Loose, wanted: Loose, properties: string[]): string {
  return properties.filter((name) => text(there[name] ?? (name === 'reqd' || name === 'unique' ? 0 : '')) !== text(wanted[name] ?? (name === 'reqd' || name === 'unique' ? 0 : ''))).map((name) => `${name}: ${text(there[name])} instead of ${text(wanted[name])}`).join(', ')
}

/** Why a customisation cannot be, or null. */
function problemOf(site: Site, { doctype, name, values }: CustomDocument, known: Known): string | null {
  const near = (wanted: string, names: Iterable<string>): string => { const found = closest(wanted, [...names]); return found === null ? '' : ` (did you mean ${found}?)` }
  const fieldProblem = (field: Loose, siblings: Set<string>): string | null => {
    const type = text(field['fieldtype']), options = text(field['options']), shown = text(field['fieldname'])
    if (!FIELD_TYPES.has(type)) return `${shown}: there is no field type ${type}${near(type, FIELD_TYPES)}`
    if (type === 'Link' || type === 'Table' || type === 'Table MultiSelect') {
      const target = known(options)
      if (target === null) return `${shown}: it refers to DocType "${options}", which there is none of${near(options, site.doctypeNames())}`
      if (type !== 'Link' && !target.istable) return `${shown}: ${options} is no child table (istable)`
    }
    if (type === 'Dynamic Link' && !siblings.has(options)) return `${shown}: options name the field ${options}, which there is none of`
    if (type === 'Select' && options === '') return `${shown}: a Select needs options`
    return null
  }
  if (doctype === 'DocType') {
    const standard = site.doctype(name), fields = values['fields'] as Loose[], names = fields.map((field) => text(field['fieldname']))
    if (standard !== undefined && standard.module !== text(values['module'])) return `${name} is a DocType of the site already (module ${standard.module})`
    const twice = names.find((one, i) => names.indexOf(one) !== i)
    if (twice !== undefined) return `the field ${twice} is given twice`
    const named = /^field:(.+)$/.exec(text(values['autoname']))?.[1]
    if (named !== undefined && !names.includes(named)) return `autoname names the field ${named}, which there is none of`
    return fields.map((field) => fieldProblem(field, new Set(names))).find((problem) => problem !== null) ?? null
  }
  const target = text(values[doctype === 'Custom Field' ? 'dt' : 'doc_type']), meta = known(target)
  if (meta === null) return `there is no DocType "${target}"${near(target, site.doctypeNames())}`
  if (doctype === 'Property Setter') {
    const field = text(values['field_name'])
    return field === '' || meta.fields.has(field) ? null : `${target} has no field ${field}${near(field, meta.fields)}`
  }
  if (meta.standard?.issingle === true || meta.standard?.is_virtual === true) return `${target} has no table of its own, so that a field there takes no data of a migration`
  const after = text(values['insert_after'])
  if (after !== '' && !meta.fields.has(after)) return `${target} has no field ${after} for it to stand after${near(after, meta.fields)}`
  const there = meta.standard?.field(text(values['fieldname'])), own = site.doctype('Custom Field') !== undefined && site.records('Custom Field').some((record) => record['name'] === name)
  if (there !== undefined && !own) return `${target}.${text(values['fieldname'])} is a standard field`
  return fieldProblem(values, meta.fields)
}

/** The site as it is once customisations were applied to it: DocTypes with their fields and columns, and the records that say so. `site` stays as it is. */
export function customisedSite(site: Site, documents: CustomDocument[]): Site {
  let result = site
  const of = (doctype: CustomDocument['doctype']): CustomDocument[] => documents.filter((document) => document.doctype === doctype)
  for (const document of of('DocType')) {
    if (result.doctype(document.name) !== undefined) continue
    const fields = document.values['fields'] as Loose[], standard = standardColumns(site, document.values['istable'] === 1)
    result = result.withDocType(doctypeLine(effectiveDocType({ row: document.values, fields, customFields: [], setters: [] }), [...standard, ...columnsOf(fields)].map(asTuple), []))
  }
  const touched = new Set([...of('Custom Field').map((document) => text(document.values['dt'])), ...of('Property Setter').map((document) => text(document.values['doc_type']))])
  for (const name of touched) {
    const meta = result.doctype(name)
    if (meta === undefined) continue
    const custom = of('Custom Field').filter(({ values }) => values['dt'] === name && meta.field(text(values['fieldname'])) === undefined).map(({ values }): Loose => ({ insert_after: meta.fields.at(-1)?.fieldname, ...values }))
    const setters = of('Property Setter').filter(({ values }) => values['doc_type'] === name).map(({ values }): Loose => values)
    const effective = effectiveDocType({ row: { ...meta } as Loose, fields: meta.fields.map((field) => ({ ...field }) as Loose), customFields: custom, setters })
    result = result.withDocType(doctypeLine(effective, [...meta.columns, ...meta.columns.length === 0 ? [] : columnsOf(custom)].map(asTuple), meta.controller))
  }
  for (const doctype of ['Custom Field', 'Property Setter'] as const) {
    const meta = result.doctype(doctype)
    if (meta !== undefined) result = result.withRecords(doctype, of(doctype).map(({ name, values }) => ({ name, ...Object.fromEntries(Object.entries(values).filter(([key, value]) => meta.column(key) !== undefined && typeof value !== 'object')) as Record<string, string | number> })))
  }
  return result
}

/** Columns every table has: taken from a DocType of the site, so that they are of its version. */
function standardColumns(site: Site, child: boolean): Column[] {
  const model = site.doctypes().find((meta) => meta.istable === child && meta.columns.length > 5 && meta.module === (child ? 'Selling' : 'Setup')) ?? site.doctypes().find((meta) => meta.istable === child && meta.columns.length > 5)!
  return model.columns.filter((column) => model.field(column.name) === undefined)
}

const columnsOf = (fields: Loose[]): Column[] => fields.flatMap((field) => columnOf({ fieldname: text(field['fieldname']), fieldtype: text(field['fieldtype']), unique: Number(field['unique'] ?? 0), length: Number(field['length'] ?? 0) }) ?? [])
const asTuple = (column: Column): unknown[] => [column.name, column.type, column.nullable, column.key, column.default]

import type { CustomDocument } from '../model/customisation.ts'
import type { Json } from '../model/value.ts'
import type { CustomFieldConfig, Customizations, OwnDoctypeConfig } from './customizations.ts'

const titled = (fieldname: string): string => fieldname.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')

/** Frappe keeps true as 1, and what is not said not at all. */
function plain(value: Record<string, unknown>): Record<string, Json> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== false && one !== '').map(([key, one]) => [key, one === true ? 1 : one as Json]))
}

/** Customisations as the documents Frappe keeps them in: DocTypes first (children before those that use them), then fields, then properties. */
export function fixturesOf({ fields, setters, doctypes }: Customizations): CustomDocument[] {
  return [
    ...[...doctypes].sort((a, b) => Number(b.value.istable) - Number(a.value.istable)).map(({ name, value, place }): CustomDocument => ({ doctype: 'DocType', name, place, values: doctypeDocument(name, value) })),
    ...fields.map(({ doctype, fieldname, value, place }): CustomDocument => ({ doctype: 'Custom Field', name: `${doctype}-${fieldname}`, place, values: { dt: doctype, ...fieldDocument(fieldname, value) } })),
    ...setters.map(({ value: { doctype, field, property, property_type: given, value }, place }): CustomDocument => ({
      doctype: 'Property Setter', name: [doctype, field ?? 'main', property].join('-'), place,
      values: {
        doctype_or_field: field === undefined ? 'DocType' : 'DocField', doc_type: doctype, ...field === undefined ? {} : { field_name: field }, property,
        property_type: given ?? (typeof value === 'boolean' ? 'Check' : Number.isInteger(value) ? 'Int' : 'Data'), value: typeof value === 'boolean' ? (value ? '1' : '0') : String(value),
      },
    })),
  ]
}

function fieldDocument(fieldname: string, { label, ...rest }: Omit<CustomFieldConfig, 'insert_after'> & { insert_after?: string | undefined }): Record<string, Json> {
  return { fieldname, label: label ?? titled(fieldname), ...plain(rest) }
}

function doctypeDocument(name: string, { fields, roles, ...rest }: OwnDoctypeConfig): Record<string, Json> {
  const rights = { read: 1, write: 1, create: 1, delete: 1, report: 1, export: 1, print: 1, email: 1, share: 1, ...rest.is_submittable ? { submit: 1, cancel: 1, amend: 1 } : {} }
  return {
    name, custom: 1, ...plain(rest), fields: fields.map(({ fieldname, ...field }, i) => ({ idx: i + 1, ...fieldDocument(fieldname, field) })),
    permissions: rest.istable ? [] : roles.map((role, i) => ({ idx: i + 1, role, permlevel: 0, ...rights })),
  }
}

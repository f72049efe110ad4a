import { isChild, type LoadedMapping, type TargetSpec } from '../../config/mapping-schema.ts'

/** Where the value of a field comes from, for people; `columns` are the legacy columns it is read from, as far as the mapping names them. */
export interface FieldOrigin { field: string; from: string; columns: string[] }

/** Origins of the fields of the documents of a DocType that an entity becomes; child tables are named `items[].qty`. */
export function originsOf(mappings: readonly LoadedMapping[], entity: string, doctype: string): FieldOrigin[] {
  return mappings.filter(({ mapping }) => mapping.entity === entity).flatMap(({ mapping }) => mapping.documents.filter((document) => document.doctype === doctype)
    .flatMap((document) => Object.entries(document.fields).flatMap(([field, spec]) => originOf(field, spec))))
}

function originOf(field: string, spec: TargetSpec): FieldOrigin[] {
  if (isChild(spec)) {
    const children = Array.isArray(spec) ? spec : [spec]
    return children.flatMap((child) => Object.entries(child.fields).flatMap(([name, leaf]) => originOf(`${field}[].${name}`, leaf)).map((origin) => (child.from === undefined ? origin : { ...origin, from: `${child.from}: ${origin.from}` })))
  }
  if (typeof spec === 'string') return [{ field, from: `column ${spec}`, columns: [spec] }]
  if ('field' in spec) return [{ field, from: `column ${spec.field}${changes(spec)}`, columns: [spec.field] }]
  if ('expr' in spec) return [{ field, from: `${spec.expr}${changes(spec)}`, columns: [...spec.expr.replace(/'[^']*'/g, '').matchAll(/\b[a-z_][a-z0-9_]*\b(?!\s*\()/gi)].map((match) => match[0]) }]
  if ('value' in spec) return [{ field, from: `always ${JSON.stringify(spec.value)}`, columns: [] }]
  return [{ field, from: `${spec.ref} with the key ${spec.key.join(', ')}`, columns: [...spec.key] }]
}

function changes(spec: { transform?: unknown; map?: unknown; default?: unknown }): string {
  const parts = [spec.transform === undefined ? '' : 'cleaned', spec.map === undefined ? '' : 'by a value map', spec.default === undefined ? '' : `else ${JSON.stringify(spec.default)}`].filter((part) => part !== '')
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

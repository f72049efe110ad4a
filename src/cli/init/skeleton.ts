import { stringify } from 'yaml'
import type { Entity } from '../../model/entity.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'

export interface Skeleton { text: string; doctype: string | null; matched: number }

/** What people call things, against what ERPNext does. */
const SYNONYMS: Record<string, string> = {
  client: 'Customer', debtor: 'Customer', kunde: 'Customer', kunden: 'Customer', vendor: 'Supplier', creditor: 'Supplier', lieferant: 'Supplier', lieferanten: 'Supplier', product: 'Item', article: 'Item',
  artikel: 'Item', material: 'Item', order: 'Sales Order', category: 'Item Group', staff: 'Employee', person: 'Contact', ticket: 'Issue', todo: 'ToDo', price: 'Item Price', unit: 'UOM', account: 'Account', region: 'Territory',
}

/**
 * A mapping file for an entity, as far as names tell: the DocType it is like, fields whose names fit, and every other column as a comment with its
 * type. What is unsure is left to the person: nothing is mapped by a guess over values.
 */
export function mappingSkeleton(source: string, entity: Entity, doctype: (name: string) => DocTypeMeta | undefined, names: string[]): Skeleton {
  const like = likeness(entity.name, names)
  const meta = like === null ? undefined : doctype(like)
  const alias = entity.name.replaceAll(/[^\p{L}\p{N}_]+/gu, '_').toLowerCase()
  const head: Record<string, unknown> = { entity: alias, source, ...(alias === entity.name ? {} : { table: entity.name }), ...(entity.primaryKey.length > 0 ? { key: entity.primaryKey } : {}) }
  const fields: Record<string, string> = {}
  const rest: string[] = []
  for (const column of entity.columns) {
    const field = meta?.valueFields().find((candidate) => plain(candidate.fieldname) === plain(column.name) || plain(candidate.label ?? '') === plain(column.name))
      ?? (meta && /^(name|bezeichnung|titel|title)$/.test(plain(column.name)) ? meta.field(meta.title_field ?? '') ?? meta.field(`${plain(meta.name)}_name`) : undefined)
    if (field && fields[field.fieldname] === undefined) fields[field.fieldname] = column.name
    else rest.push(`#   ${column.name}  (${column.declared || column.type}${column.nullable ? '' : ', required'})`)
  }
  const keyNote = entity.primaryKey.length === 0 ? '# No primary key is declared: name the columns that identify a record as `key: [...]`; without, the record\'s number counts.\n' : ''
  if (!meta) {
    return { text: `${stringify({ ...head, documents: [], ignore: 'Nothing is mapped yet.' })}${keyNote}# To map it, replace \`documents\` and \`ignore\` by:\n# doctype: Customer\n# fields:\n#   customer_name: COLUMN\n# Columns:\n${rest.join('\n')}\n`, doctype: null, matched: 0 }
  }
  const needed = meta.valueFields().filter((field) => field.reqd && fields[field.fieldname] === undefined).map((field) => `#   ${field.fieldname}: ...  (${field.fieldtype}, required by ${meta.name})`)
  const text = stringify({ ...head, doctype: meta.name, fields }) + keyNote + (needed.length > 0 ? `# Still needed under \`fields\`:\n${needed.join('\n')}\n` : '') + (rest.length > 0 ? `# Columns not mapped yet:\n${rest.join('\n')}\n` : '')
  return { text, doctype: meta.name, matched: Object.keys(fields).length }
}

function likeness(entity: string, names: string[]): string | null {
  const words = plain(entity.split('.').at(-1) ?? entity)
  const single = words.replace(/ies$/, 'y').replace(/(ch|sh|x|ss)es$/, '$1').replace(/([^s])s$/, '$1')
  return SYNONYMS[words] ?? SYNONYMS[single] ?? names.find((name) => plain(name) === words || plain(name) === single) ?? null
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '_').replaceAll(/^_|_$/g, '')
}

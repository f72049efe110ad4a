import type { Column } from './doctype.ts'

/** MariaDB column of a field type that a Custom Field may have; absent: it has no column, or none we make. */
const COLUMN_TYPES: Record<string, string> = {
  Data: 'varchar(140)', Link: 'varchar(140)', 'Dynamic Link': 'varchar(140)', Select: 'varchar(140)', 'Read Only': 'varchar(140)', Phone: 'varchar(140)', Barcode: 'longtext', Color: 'varchar(140)', Icon: 'varchar(140)',
  Autocomplete: 'varchar(140)', Password: 'text', Attach: 'text', 'Attach Image': 'text', 'Small Text': 'text', Text: 'text', 'Long Text': 'longtext', 'Text Editor': 'longtext', 'Markdown Editor': 'longtext', Code: 'longtext',
  'HTML Editor': 'longtext', Geolocation: 'longtext', JSON: 'longtext', Signature: 'longtext', Int: 'int(11)', Check: 'int(1)', Float: 'decimal(21,9)', Currency: 'decimal(21,9)', Percent: 'decimal(21,9)', Duration: 'decimal(21,9)',
  Rating: 'decimal(3,2)', Date: 'date', Datetime: 'datetime(6)', Time: 'time(6)',
}

/** Column a field of the site's own adds to its DocType's table, or null for one that has none (layout, child tables). */
export function columnOf(field: { fieldname: string; fieldtype: string; unique: number; length?: number }): Column | null {
  const type = COLUMN_TYPES[field.fieldtype]
  if (type === undefined) return null
  const numeric = type.startsWith('int') || type.startsWith('decimal')
  return { name: field.fieldname, type: type === 'varchar(140)' && field.length !== undefined && field.length > 0 ? `varchar(${field.length})` : type, nullable: !numeric, key: field.unique ? 'UNI' : '', default: numeric ? '0' : null }
}

/** Whether a field type may be used at all: one with a column, a layout, or a child table. */
export const FIELD_TYPES: ReadonlySet<string> = new Set([...Object.keys(COLUMN_TYPES), 'Table', 'Table MultiSelect', 'Section Break', 'Column Break', 'Tab Break', 'Heading', 'HTML', 'Button', 'Image', 'Fold'])

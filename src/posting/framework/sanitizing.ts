import { ident, type ColumnData } from '../../staging/staging.ts'
import { sanitizeHtml } from './sanitize.ts'
import type { CheckTable } from './checks.ts'
import { STANDARD, type PlannedColumn } from './plan.ts'

/** Field types whose text is stored as it is. */
const RAW = new Set(['Attach', 'Attach Image', 'Barcode', 'Code'])
const EMAIL_TYPES = new Set(['Data', 'Small Text', 'Text'])

/** Fields with `ignore_xss_filter` in Frappe and ERPNext 15; the catalog does not carry the flag. */
const EXEMPT = new Set([
  'Blog Post.content', 'Blog Post.content_html', 'Blog Post.content_md', 'Comment.content', 'Communication.message_id', 'Email Queue.sender', 'Form Tour Step.description', 'Form Tour Step.ondemand_description',
  'Newsletter.send_from', 'Notification.condition', 'Notification.message', 'Notification.subject', 'Supplier Scorecard Criteria.formula', 'Supplier Scorecard Scoring Criteria.formula',
  'Supplier Scorecard.weighting_function', 'Web Form.introduction_text', 'Web Page.main_section', 'Web Page.main_section_html', 'Web Page.main_section_md', 'Web Page.route', 'Workspace Link.description',
])

function cleaned(doctype: string, column: PlannedColumn): boolean {
  const field = column.field
  if (column.kind !== 'text' || field === undefined || STANDARD.has(column.name)) return false
  return !RAW.has(field.fieldtype) && !(EMAIL_TYPES.has(field.fieldtype) && field.options === 'Email') && !EXEMPT.has(`${doctype}.${column.name}`)
}

/** Cleans text that looks like HTML as Frappe's `_sanitize_content` does; says what was changed, and what cannot be predicted. */
export async function sanitizeTable(table: CheckTable, band: number): Promise<void> {
  const { batch, relation, plan } = table
  const child = table.child !== null
  for (const [i, column] of plan.columns.entries()) {
    if (!cleaned(plan.meta.name, column)) continue
    const col = ident(column.name), ids: number[] = [], idxs: number[] = [], values: string[] = []
    const found = { changed: [] as { id: number; value: string; idx: number | null; message: string }[], odd: [] as { id: number; value: string; idx: number | null; message: string }[] }
    for await (const chunk of batch.staging.scan(`SELECT ${table.id}, ${child ? '_idx' : '0'}, ${col} FROM ${relation} WHERE contains(${col}, '<') OR contains(${col}, '>')`)) {
      for (let r = 0; r < chunk.count; r++) {
        const id = chunk.columns[0]![r] as number, idx = chunk.columns[1]![r] as number, before = chunk.columns[2]![r] as string
        const result = sanitizeHtml(before)
        if (result.html === null) found.odd.push({ id, value: before, idx: child ? idx : null, message: `The cleaned form of this markup cannot be predicted: ${result.reason}` })
        else if (result.html !== before) {
          ids.push(id); idxs.push(idx); values.push(result.html)
          found.changed.push({ id, value: before, idx: child ? idx : null, message: 'The site cleans this text of markup it does not allow' })
        }
      }
    }
    const field = child ? `${table.child}.${column.name}` : column.name
    await batch.findAll({ type: 'unsupported', field, seq: band + table.base + i, hint: 'Cleanse the markup with a transform first.' }, found.odd)
    await batch.findAll({ severity: 'warning', type: 'html-cleaned', field, seq: band + table.base + i }, found.changed)
    const keys: ColumnData[] = child ? [{ name: '_parent', kind: 'BIGINT', values: ids }, { name: '_idx', kind: 'BIGINT', values: idxs }] : [{ name: '_id', kind: 'BIGINT', values: ids }]
    // The site names a document before it cleans it.
    if (values.length > 0) batch.afterNaming.push(() => batch.push(relation, keys, [{ name: column.name, kind: 'VARCHAR', values }]))
  }
}

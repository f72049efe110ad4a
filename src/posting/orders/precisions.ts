import type { DocTypeMeta } from '../../site/doctype.ts'
import type { PostingContext } from '../framework/rule.ts'
import { numberFormat } from './money-in-words.ts'
import { DOCUMENT_FIELDS, ITEM_FIELDS, TAX_FIELDS, type Precisions } from './totals-batch.ts'

/** Decimals of a field: its own, else the site's for its type. */
export function fieldPrecision(ctx: PostingContext, meta: DocTypeMeta | undefined, fieldname: string): number {
  const field = meta?.field(fieldname)
  if (field?.precision) return field.precision
  if (field?.fieldtype === 'Currency') return Number(ctx.site.default('currency_precision') ?? 0) || numberFormat(ctx.site.default('number_format'))[2]
  return Number(ctx.site.default('float_precision') ?? 0) || 3
}

/** Decimals of every field the kernel rounds, of an order and its child tables. Fields a DocType lacks count as its currency fields. */
export function precisionsOf(ctx: PostingContext): Precisions {
  const child = (field: string) => ctx.site.doctype(ctx.meta.field(field)?.options ?? '')
  const all = <F extends string>(meta: DocTypeMeta | undefined, fields: readonly F[]) =>
    Object.fromEntries(fields.map((field) => [field, fieldPrecision(ctx, meta, field)])) as Record<F, number>
  return { document: all(ctx.meta, DOCUMENT_FIELDS), item: all(child('items'), ITEM_FIELDS), tax: all(child('taxes'), TAX_FIELDS) }
}

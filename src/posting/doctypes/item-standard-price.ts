import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { given } from './conditions.ts'

const STANDARD = 'Standard Selling'

/** A standard rate becomes an Item Price: one per row of defaults, in its price list or the site's own. Two in one list refuse the item, as on the site. */
export async function insertPrices(ctx: PostingContext): Promise<void> {
  if (!ctx.has('standard_rate') && !ctx.isGivenAsText('standard_rate')) return
  const configured = ctx.site.single('Selling Settings')['selling_price_list']
  const list = configured ? literal(configured) : `(SELECT first(name) FROM rows."tabPrice List" WHERE name = ${literal(STANDARD)})`
  const source = `SELECT d._id, row_number() OVER (ORDER BY d._id, c._idx) AS nth, COALESCE(CASE
    WHEN ${given('c.default_price_list')} THEN c.default_price_list END, ${list}) AS price_list,
    d.name AS item_code, d.stock_uom AS uom, d.brand, d.standard_rate FROM ${ctx.live} d LEFT JOIN ${ctx.child('item_defaults')} c ON c._parent = d._id
      WHERE ${ctx.truth('standard_rate', 'd')}`
  await ctx.post({
    doctype: 'Item Price',
    documents: `SELECT nth AS _id, _id AS _root, price_list, item_code, uom, brand, ${literal(ctx.site.default('currency'))} AS currency,
      standard_rate AS price_list_rate FROM (${source}) WHERE price_list IS NOT NULL`,
  })
}

import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from './kind.ts'

/** SQL: the latest purchase of each item among the rows the site holds: `item_code`, `v` (`day`, `net` rate per stock unit), `ordered`. Receipts win over older orders, invoices count where there is neither (`ordered` is false). */
function siteLast(ctx: PostingContext): string {
  const voucher = (doctype: string, day: string) => `SELECT i.item_code, max_by(struct_pack(day := d.${day}, net := CAST(i.base_net_rate AS DOUBLE) / NULLIF(CAST(i.conversion_factor AS DOUBLE), 0)), (d.${day}, ${day === 'posting_date' ? `COALESCE(d.posting_time, TIME '00:00:00')` : '0'}, d.name)) AS v
    FROM rows."tab${doctype} Item" i JOIN rows."tab${doctype}" d ON d.name = i.parent WHERE d.docstatus = 1 AND COALESCE(d._draft, -1) NOT IN (SELECT _id FROM ${ctx.doc} WHERE d._doctype = '${ctx.meta.name}') GROUP BY i.item_code`
  return `SELECT m.item_code, CASE WHEN o.v IS NOT NULL AND (r.v IS NULL OR o.v.day >= r.v.day) THEN o.v WHEN r.v IS NOT NULL THEN r.v ELSE n.v END AS v, o.v IS NOT NULL OR r.v IS NOT NULL AS ordered
    FROM (SELECT DISTINCT item_code FROM ${ctx.child('items')} WHERE ${filled('item_code')}) m LEFT JOIN (${voucher('Purchase Order', 'transaction_date')}) o ON o.item_code = m.item_code
    LEFT JOIN (${voucher('Purchase Receipt', 'posting_date')}) r ON r.item_code = m.item_code LEFT JOIN (${voucher('Purchase Invoice', 'posting_date')}) n ON n.item_code = m.item_code`
}

/**
 * Makes a relation of the lines of purchase orders that go on with the latest purchase known before each: `_parent`, `_idx`, `day`, `net`
 * (company currency per stock unit; NULL for none). Orders submitted earlier in the batch count.
 */
async function makeHistory(ctx: PostingContext): Promise<string> {
  const history = ctx.scratch('purchases')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${history.slice(5)} AS WITH site AS (${siteLast(ctx)})
    SELECT l._parent, l._idx, l.item_code, CASE WHEN l.earlier IS NOT NULL${ctx.meta.name === 'Purchase Invoice' ? ' AND NOT COALESCE(s.ordered, FALSE)' : ''} AND (s.v IS NULL OR l.earlier.day >= s.v.day) THEN l.earlier ELSE s.v END AS v
    FROM (SELECT i._parent, i._idx, i.item_code, max_by(CASE WHEN d._submit THEN struct_pack(day := d.transaction_date, net := i.base_net_rate / NULLIF(i.conversion_factor, 0)) END,
        CASE WHEN d._submit THEN (d.transaction_date, d._id, -i._idx) END) OVER (PARTITION BY i.item_code ORDER BY i._parent RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
      FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent) l LEFT JOIN site s ON s.item_code = l.item_code`)
  return history
}

/** `last_purchase_rate` of purchase lines that give none, in the order's currency and unit. For the `named` stage. */
export async function takeLastPurchaseRates(ctx: PostingContext): Promise<void> {
  if (Number(ctx.site.single('Buying Settings')['disable_last_purchase_rate'] ?? 0) !== 0) return
  const history = await makeHistory(ctx), items = ctx.child('items')
  await ctx.staging.run(`UPDATE ${items} AS t SET last_purchase_rate = s.rate FROM (SELECT i._parent, i._idx, CASE WHEN h.v IS NOT NULL THEN flt(h.v.net * COALESCE(NULLIF(i.conversion_factor, 0), 1) / COALESCE(NULLIF(d.conversion_rate, 0), 1), 2)
      ELSE flt(CAST(m.last_purchase_rate AS DOUBLE), 2) END AS rate FROM ${history} h JOIN ${items} i ON i._parent = h._parent AND i._idx = h._idx JOIN ${ctx.doc} d ON d._id = i._parent LEFT JOIN rows."tabItem" m ON m.name = i.item_code
    WHERE COALESCE(i.last_purchase_rate, 0) = 0) s WHERE s._parent = t._parent AND s._idx = t._idx AND s.rate <> 0`)
}

/** Items remember the rate they were last bought at: that of this order, unless a later purchase is known. */
export async function updateLastPurchaseRates(ctx: PostingContext): Promise<void> {
  if (Number(ctx.site.single('Buying Settings')['disable_last_purchase_rate'] ?? 0) !== 0) return
  const history = await makeHistory(ctx)
  await ctx.updateRows('tabItem', 'last_purchase_rate', `SELECT i._parent AS id, i.item_code AS "key", CAST(CASE WHEN h.v.day > d.transaction_date THEN h.v.net ELSE i.base_net_rate / NULLIF(i.conversion_factor, 0) END AS DECIMAL(21,9)) AS "after"
    FROM ${history} h JOIN ${ctx.child('items')} i ON i._parent = h._parent AND i._idx = h._idx JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit AND NOT ${truthy('i.is_free_item')}${ctx.meta.column('is_return') === undefined ? '' : ` AND NOT ${truthy('d.is_return')}`}
    QUALIFY row_number() OVER (PARTITION BY i.item_code ORDER BY i._parent DESC, i._idx DESC) = 1`)
}

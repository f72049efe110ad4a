import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { PERPETUAL, remarks, sides, WAREHOUSE_ACCOUNTS } from './general-ledger.ts'

/**
 * The ledger of received goods: what the stock gained, against what is received but not billed; what differs of the two, to the company's expenses; taxes
 * that count for valuation, from their accounts.
 */
export function receiptLines(ctx: PostingContext, entries: string | null): string[] {
  const places = fieldPrecision(ctx, ctx.site.doctype('Purchase Receipt Item'), 'base_net_amount'), rate = 'COALESCE(NULLIF(d.conversion_rate, 0), 1)', items = ctx.child('items')
  const gained = entries === null ? '(SELECT NULL::BIGINT AS _id, NULL AS detail, NULL AS warehouse, 0.0 AS difference WHERE FALSE)' : entries
  const rows = `(SELECT i.*, w.account AS stock_account, c.stock_received_but_not_billed AS unbilled, COALESCE(NULLIF(c.default_expense_account, ''), c.stock_received_but_not_billed) AS loss_account, COALESCE(e.difference, 0) AS gained,
      flt(round(flt(i.base_net_amount, ${places}) + COALESCE(i.landed_cost_voucher_amount, 0) + COALESCE(i.item_tax_amount, 0) - COALESCE(e.difference, 0), 6), ${places}) AS loss
    FROM ${items} i JOIN ${ctx.live} d ON d._id = i._parent JOIN rows."tabItem" m ON m.name = i.item_code AND m.is_stock_item = 1 JOIN rows."tabCompany" c ON c.name = d.company JOIN ${WAREHOUSE_ACCOUNTS} w ON w.name = i.warehouse
    LEFT JOIN ${gained} e ON e._id = i._parent AND e.detail = i.name AND e.warehouse = i.warehouse WHERE d._submit AND ${PERPETUAL} AND COALESCE(i.qty, 0) <> 0 AND (COALESCE(i.valuation_rate, 0) <> 0 OR COALESCE(d.is_return, 0) <> 0))`
  const common = `d._id, 'No' AS is_opening, CASE WHEN COALESCE(d.is_return, 0) <> 0 THEN 'Purchase Return' ELSE 'Purchase Receipt' END AS voucher_subtype, ${remarks('d.remarks')} AS remarks, d.currency AS transaction_currency, ${rate} AS transaction_exchange_rate`
  const currency = (account: string) => `(SELECT k.account_currency FROM rows."tabAccount" k WHERE k.name = ${account}) AS account_currency`
  const line = (nth: number, account: string, against: string, debit: string, project: string, where: string) => `SELECT ${common}, i._idx * 8 + ${nth} AS _seq, ${account} AS account, ${currency(account)}, ${against} AS against, i.cost_center, ${project} AS project,
    ${sides(debit, '0', rate)} FROM ${rows} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE ${where}`
  const project = `NULLIF(d.project, '')`
  const lines = [
    line(0, 'i.stock_account', 'i.unbilled', 'i.gained', project, 'TRUE'),
    line(1, 'i.unbilled', 'i.stock_account', `-1 * flt(i.base_net_amount, ${places})`, project, 'COALESCE(i.base_net_amount, 0) <> 0'),
    line(2, 'i.loss_account', 'i.stock_account', 'i.loss', `COALESCE(NULLIF(i.project, ''), ${project})`, 'i.loss <> 0'),
  ]
  if (ctx.childCount('taxes') > 0) lines.push(taxLines(ctx, rows, common, currency, rate))
  return lines
}

/** Taxes for valuation are taken from their accounts by their share of what the lines took on; the last takes the rest. */
function taxLines(ctx: PostingContext, rows: string, common: string, currency: (account: string) => string, rate: string): string {
  const taxes = `(SELECT t.*, CASE WHEN t.add_deduct_tax = 'Add' THEN 1 ELSE -1 END * t.base_tax_amount_after_discount_amount AS amount FROM ${ctx.child('taxes')} t WHERE t.category IN ('Valuation', 'Valuation and Total') AND COALESCE(t.base_tax_amount_after_discount_amount, 0) <> 0)`
  const booked = `(SELECT _parent, SUM(COALESCE(item_tax_amount, 0)) AS amount FROM ${ctx.child('items')} GROUP BY _parent HAVING SUM(COALESCE(item_tax_amount, 0)) <> 0)`
  const gainers = `(SELECT _parent, string_agg(account, ', ' ORDER BY place) AS accounts FROM (SELECT _parent, _idx * 8 AS place, stock_account AS account, gained AS debit FROM ${rows} UNION ALL SELECT _parent, _idx * 8 + 2, loss_account, loss FROM ${rows}
    UNION ALL SELECT _parent, _idx * 8 + 1, unbilled, -1 * base_net_amount FROM ${rows}) WHERE debit > 0 GROUP BY _parent)`
  const shares = `(SELECT t.*, b.amount AS booked, b.amount * (t.amount / SUM(t.amount) OVER (PARTITION BY t._parent)) AS share, row_number() OVER (PARTITION BY t._parent ORDER BY t._idx DESC) AS back FROM ${taxes} t JOIN ${booked} b ON b._parent = t._parent)`
  const amount = `CASE WHEN t.back = 1 THEN t.booked - COALESCE(SUM(t.share) OVER (PARTITION BY t._parent ORDER BY t._idx ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) ELSE t.share END`
  return `SELECT ${common}, 1000000 + t._idx AS _seq, t.account_head AS account, ${currency('t.account_head')}, g.accounts AS against, t.cost_center, NULLIF(d.project, '') AS project, ${sides('0', 't.taken', rate)}
    FROM (SELECT t.*, ${amount} AS taken FROM ${shares} t) t JOIN ${ctx.live} d ON d._id = t._parent LEFT JOIN ${gainers} g ON g._parent = t._parent WHERE d._submit AND ${PERPETUAL}`
}

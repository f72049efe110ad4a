import type { PostingContext } from '../framework/rule.ts'
import { truthy } from '../orders/kind.ts'
import { PERPETUAL, remarks } from '../stock/general-ledger.ts'
import type { LineSource } from './purchase-ledger.ts'

/** The ledger lines of what was bought. `entries`: the stock ledger entries of the batch, null without any. */
export async function billedItemLines(ctx: PostingContext, entries: string | null): Promise<LineSource[]> {
  const from = `${ctx.live} d JOIN ${ctx.child('items')} i ON i._parent = d._id LEFT JOIN rows."tabItem" m ON m.name = i.item_code`, stock = `(m.is_stock_item = 1 AND ${truthy('d.update_stock')} AND ${PERPETUAL})`
  const project = `COALESCE(NULLIF(i.project, ''), NULLIF(d.project, ''))`, billed = 'COALESCE(i.base_net_amount, 0) <> 0', seq = (nth: number) => `1000 + i._idx * 16 + ${nth}`
  const lines: LineSource[] = [{
    seq: seq(4), from, where: `${billed} AND NOT COALESCE(${stock}, FALSE)`,
    line: { account: 'i.expense_account', against: 'd.supplier', debit: 'i.base_net_amount', debit_in_transaction_currency: 'i.net_amount', cost_center: 'i.cost_center', project },
  }]
  lines.push(...exchangeLines(from, `${billed} AND m.is_stock_item = 1 AND NOT ${truthy('d.update_stock')} AND ${PERPETUAL}`, project, seq))
  if (ctx.childCount('taxes') > 0) lines.push(...valuationLines(ctx, from, project, seq))
  if (entries !== null) lines.push(...stockLines(entries, from, `${billed} AND ${stock}`, project, seq))
  return lines
}

/** Goods received at another rate of exchange: what they cost more or less than the receipt said is a gain or a loss. */
function exchangeLines(from: string, where: string, project: string, seq: (nth: number) => string): LineSource[] {
  const difference = 'i.qty * i.net_rate * (CAST(r.conversion_rate AS DOUBLE) - d.conversion_rate)', common = { against: 'd.supplier', cost_center: 'i.cost_center', project }
  const changed = { from: `${from} JOIN rows."tabPurchase Receipt" r ON r.name = i.purchase_receipt JOIN rows."tabPurchase Receipt Item" ri ON ri.name = i.pr_detail JOIN rows."tabCompany" co ON co.name = d.company`, where: `${where} AND ${truthy('r.conversion_rate')} AND CAST(r.conversion_rate AS DOUBLE) <> d.conversion_rate AND CAST(ri.net_rate AS DOUBLE) = i.net_rate` }
  return [
    { seq: seq(5), ...changed, line: { ...common, account: 'i.expense_account', debit: difference } },
    { seq: seq(6), ...changed, line: { ...common, account: 'co.exchange_gain_loss_account', credit: difference } },
  ]
}

/** Charges that count for valuation and that the receipt has not taken from their accounts: they are now, by their share; the last takes the rest. */
function valuationLines(ctx: PostingContext, from: string, project: string, seq: (nth: number) => string): LineSource[] {
  const taxes = `(SELECT t.*, CASE WHEN t.add_deduct_tax = 'Add' THEN 1 ELSE -1 END * t.base_tax_amount_after_discount_amount AS amount FROM ${ctx.child('taxes')} t WHERE t.category IN ('Valuation', 'Valuation and Total') AND COALESCE(t.base_tax_amount_after_discount_amount, 0) <> 0)`
  const booked = `EXISTS (SELECT 1 FROM rows."tabGL Entry" g JOIN ${taxes} t ON t._parent = d._id AND t.account_head = g.account WHERE g.voucher_type = 'Purchase Receipt' AND g.voucher_no = i.purchase_receipt)`
  const open = `${PERPETUAL} AND COALESCE(d.is_opening, 'No') = 'No' AND m.is_stock_item = 1 AND ${truthy('i.item_tax_amount')} AND COALESCE(i.purchase_receipt, '') <> '' AND d._id IN (SELECT _parent FROM ${taxes}) AND NOT ${booked}`
  const amount = 'flt(i.item_tax_amount, 2)', remark = remarks('d.remarks')
  const sums = `(SELECT d._id, SUM(${amount}) AS booked FROM ${from} WHERE d._submit AND ${open} GROUP BY d._id)`
  const shares = `(SELECT t.*, b.booked, b.booked * (t.amount / SUM(t.amount) OVER (PARTITION BY t._parent)) AS share, row_number() OVER (PARTITION BY t._parent ORDER BY t._idx DESC) AS back FROM ${taxes} t JOIN ${sums} b ON b._id = t._parent)`
  const taken = `(SELECT t.*, CASE WHEN t.back = 1 THEN t.booked - COALESCE(SUM(t.share) OVER (PARTITION BY t._parent ORDER BY t._idx ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) ELSE t.share END AS taken FROM ${shares} t)`
  return [
    { seq: seq(8), from: `${from} JOIN rows."tabCompany" co ON co.name = d.company`, where: open, line: { account: 'co.stock_received_but_not_billed', against: 'd.supplier', debit: amount, debit_in_transaction_currency: 'flt(i.item_tax_amount / d.conversion_rate, 2)', cost_center: 'd.cost_center', project, remarks: remark } },
    { seq: '210000000 + t._idx', from: `${ctx.live} d JOIN ${taken} t ON t._parent = d._id`, where: 't.booked <> 0', line: { account: 't.account_head', against: 'd.supplier', credit: 't.taken', credit_in_transaction_currency: 'flt(t.taken / d.conversion_rate, 2)', cost_center: 't.cost_center', remarks: remark } },
  ]
}

/** What stock is worth goes to the warehouse's account; what the stock ledger made of it otherwise, to the company's expenses. */
function stockLines(entries: string, from: string, where: string, project: string, seq: (nth: number) => string): LineSource[] {
  const alone = `${truthy('d.is_return')} AND COALESCE(d.return_against, '') = ''`, booked = 'flt(COALESCE(e.difference, 0), 2)', valued = 'flt(flt(i.valuation_rate, 6) * i.qty * i.conversion_factor, 2)'
  const worth = `i.base_net_amount + COALESCE(i.item_tax_amount, 0) + COALESCE(i.landed_cost_voucher_amount, 0)`
  const adjusted = `CASE WHEN ${alone} THEN CASE WHEN flt(${worth}, 2) <> ${booked} THEN ${worth} - ${booked} ELSE 0 END WHEN COALESCE(e.difference, 0) <> 0 AND ${valued} <> ${booked} THEN ${valued} - ${booked} ELSE 0 END`
  const debit = `CASE WHEN ${alone} OR (COALESCE(e.difference, 0) <> 0 AND ${valued} <> ${booked}) THEN ${booked} ELSE ${valued} END`
  const joined = `${from} LEFT JOIN ${entries} e ON e._id = d._id AND e.detail = i.name AND e.warehouse = i.warehouse`, remark = remarks('d.remarks'), common = { cost_center: 'i.cost_center', project, remarks: remark }
  return [
    {
      seq: seq(0), from: `${joined} JOIN rows."tabCompany" co ON co.name = d.company`, where: `${where} AND ${adjusted} <> 0`,
      line: { ...common, account: 'co.default_expense_account', against: 'i.expense_account', debit: adjusted, debit_in_transaction_currency: `(${adjusted}) / d.conversion_rate`, remarks: `COALESCE(NULLIF(d.remarks, ''), 'Stock Adjustment')` },
    },
    { seq: seq(4), from: joined, where, line: { ...common, account: 'i.expense_account', against: 'd.supplier', debit, debit_in_transaction_currency: `flt((${debit}) / d.conversion_rate, 2)` } },
  ]
}

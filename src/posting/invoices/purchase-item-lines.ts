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
  if (entries !== null) lines.push(...stockLines(entries, from, `${billed} AND ${stock}`, project, seq))
  return lines
}

/** What stock is worth goes to the warehouse's account; what the stock ledger made of it otherwise, to the company's expenses. */
function stockLines(entries: string, from: string, where: string, project: string, seq: (nth: number) => string): LineSource[] {
  const alone = `${truthy('d.is_return')} AND COALESCE(d.return_against, '') = ''`, booked = 'round_even(COALESCE(e.difference, 0), 2)', valued = 'round_even(round_even(i.valuation_rate, 6) * i.qty * i.conversion_factor, 2)'
  const worth = `i.base_net_amount + COALESCE(i.item_tax_amount, 0) + COALESCE(i.landed_cost_voucher_amount, 0)`
  const adjusted = `CASE WHEN ${alone} THEN CASE WHEN round_even(${worth}, 2) <> ${booked} THEN ${worth} - ${booked} ELSE 0 END WHEN COALESCE(e.difference, 0) <> 0 AND ${valued} <> ${booked} THEN ${valued} - ${booked} ELSE 0 END`
  const debit = `CASE WHEN ${alone} OR (COALESCE(e.difference, 0) <> 0 AND ${valued} <> ${booked}) THEN ${booked} ELSE ${valued} END`
  const joined = `${from} LEFT JOIN ${entries} e ON e._id = d._id AND e.detail = i.name AND e.warehouse = i.warehouse`, remark = remarks('d.remarks'), common = { cost_center: 'i.cost_center', project, remarks: remark }
  return [
    {
      seq: seq(0), from: `${joined} JOIN rows."tabCompany" co ON co.name = d.company`, where: `${where} AND ${adjusted} <> 0`,
      line: { ...common, account: 'co.default_expense_account', against: 'i.expense_account', debit: adjusted, debit_in_transaction_currency: `(${adjusted}) / d.conversion_rate`, remarks: `COALESCE(NULLIF(d.remarks, ''), 'Stock Adjustment')` },
    },
    { seq: seq(4), from: joined, where, line: { ...common, account: 'i.expense_account', against: 'd.supplier', debit, debit_in_transaction_currency: `round_even((${debit}) / d.conversion_rate, 2)` } },
  ]
}

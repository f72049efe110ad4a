import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'
import { PERPETUAL, remarks, sides } from './general-ledger.ts'

/** Additional costs of entries are taken from their accounts and put to the lines' difference account, by the lines' share in what comes in. */
export function additionalCostLines(ctx: PostingContext): string | null {
  if (ctx.childCount('additional_costs') === 0) return null
  const incoming = `SUM(CASE WHEN ${filled('i.t_warehouse')} THEN i.basic_amount ELSE 0 END) OVER (PARTITION BY i._parent)`
  const rows = `SELECT i.*, ${incoming} AS incoming, SUM(i.qty) OVER (PARTITION BY i._parent) AS all_qty FROM ${ctx.child('items')} i`
  const share = `SUM(t.base_amount * CASE WHEN i.incoming <> 0 THEN i.basic_amount ELSE i.qty END / CASE WHEN i.incoming <> 0 THEN i.incoming ELSE i.all_qty END)`
  const shares = `(SELECT i._parent, i._idx, t.expense_account AS account, min(t._idx) AS nth, ${share} AS shared FROM (${rows}) i JOIN ${ctx.child('additional_costs')} t ON t._parent = i._parent WHERE ${filled('i.t_warehouse')} GROUP BY ALL HAVING shared <> 0)`
  const common = `d._id, i.cost_center, COALESCE(NULLIF(d.is_opening, ''), 'No') AS is_opening, d.stock_entry_type AS voucher_subtype, ${remarks('d.remarks')} AS remarks, c.default_currency AS transaction_currency, 1 AS transaction_exchange_rate, NULLIF(d.project, '') AS project`
  const from = `FROM ${shares} s JOIN ${ctx.live} d ON d._id = s._parent JOIN ${ctx.child('items')} i ON i._parent = s._parent AND i._idx = s._idx JOIN rows."tabCompany" c ON c.name = d.company WHERE d._submit AND ${PERPETUAL}`
  const line = (nth: number, account: string, against: string, credit: string) => `SELECT ${common}, 1000000 + s._idx * 200 + s.nth * 2 + ${nth} AS _seq, ${account} AS account, (SELECT k.account_currency FROM rows."tabAccount" k WHERE k.name = ${account}) AS account_currency,
    ${against} AS against, ${sides('0', credit, '1')} ${from}`
  return `${line(0, 's.account', 'i.expense_account', 's.shared')} UNION ALL BY NAME ${line(1, 'i.expense_account', 's.account', '-1 * s.shared')}`
}

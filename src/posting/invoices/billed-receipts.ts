import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { commentStatuses } from '../orders/submit-effects.ts'

interface Received { order: string; line: string; amount: number; before: number; direct: number }

/** SQL: what invoices that name a receipt's line bill of it: `pr_detail`, `amount`. */
const DIRECT = `(SELECT pr_detail, CAST(SUM(amount) AS DOUBLE) AS amount FROM rows."tabPurchase Invoice Item" WHERE docstatus = 1 AND ${filled('pr_detail')} GROUP BY pr_detail)`

/**
 * What of receipts is billed: by the invoices that name their lines, and, first received first, by those that name only the order's line. `touched` is a SELECT of `id` (the document that changes something),
 * `order_line`, `line` (the receipt's, where the document names it). Sets the lines, the percentages, the statuses of the receipts (a comment names a new one). For the stage on_submit.
 */
export async function billReceipts(ctx: PostingContext, touched: string): Promise<void> {
  const lines = ctx.scratch('billed_lines'), amounts = ctx.scratch('billed_amounts')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${lines.slice(5)} AS SELECT * FROM (${touched}) t WHERE ${filled('t.order_line')} OR ${filled('t.line')}`)
  if (await ctx.staging.one(`SELECT 1 FROM ${lines} LIMIT 1`) === undefined) return
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${amounts.slice(5)} AS SELECT t.line, max(t.id) AS id, any_value(COALESCE(b.amount, 0)) AS amount FROM ${lines} t LEFT JOIN ${DIRECT} b ON b.pr_detail = t.line WHERE ${filled('t.line')} GROUP BY t.line`)
  await shareOrderBills(ctx, lines, amounts)
  await ctx.updateRows('tabPurchase Receipt Item', 'billed_amt', `SELECT id, line AS "key", to_stored(amount) AS "after" FROM ${amounts}`)
  await settleReceipts(ctx, `SELECT i.parent AS name, max(t.id) AS id FROM ${amounts} t JOIN rows."tabPurchase Receipt Item" i ON i.name = t.line GROUP BY i.parent`)
}

/** What invoices bill of an order's line without naming a receipt goes to its receipts in their order. Appends those that change to `amounts`. */
async function shareOrderBills(ctx: PostingContext, lines: string, amounts: string): Promise<void> {
  const orders = `(SELECT order_line, max(id) AS id FROM ${lines} WHERE ${filled('order_line')} AND NOT ${filled('line')} GROUP BY order_line)`
  const billed = await ctx.staging.all<{ line: string; id: number; amount: number }>(`SELECT o.order_line AS line, o.id, COALESCE(CAST(SUM(i.amount) AS DOUBLE), 0) AS amount FROM ${orders} o LEFT JOIN (SELECT i.po_detail, i.amount FROM rows."tabPurchase Invoice Item" i
    JOIN rows."tabPurchase Invoice" s ON s.name = i.parent WHERE s.docstatus = 1 AND i.pr_detail IS NULL AND COALESCE(s.update_stock, 0) = 0) i ON i.po_detail = o.order_line GROUP BY ALL`)
  if (billed.length === 0) return
  const receipts = await ctx.staging.all<Received>(`SELECT i.purchase_order_item AS "order", i.name AS line, CAST(i.amount AS DOUBLE) AS amount, CAST(COALESCE(i.billed_amt, 0) AS DOUBLE) AS before, COALESCE(b.amount, 0) AS direct FROM ${orders} o JOIN rows."tabPurchase Receipt Item" i ON i.purchase_order_item = o.order_line
    JOIN rows."tabPurchase Receipt" n ON n.name = i.parent AND n.docstatus = 1 AND COALESCE(n.is_return, 0) = 0 LEFT JOIN ${DIRECT} b ON b.pr_detail = i.name ORDER BY n.posting_date, n.posting_time, n.name, i.idx`)
  const left = new Map(billed.map((row) => [row.line, row.amount])), ids = new Map(billed.map((row) => [row.line, row.id]))
  const found = receipts.flatMap(({ order, line, amount, before, direct }) => {
    let open = left.get(order) ?? 0, total = direct
    if (open !== 0 && direct < amount) {
      const share = Math.min(amount - direct, open)
      total += share
      open -= share
    }
    left.set(order, open)
    return total === before ? [] : [{ line, id: ids.get(order)!, amount: total }]
  })
  if (found.length === 0) return
  await ctx.staging.run(`DELETE FROM ${amounts} WHERE line IN (${found.map(({ line }) => literal(line)).join(', ')})`)
  await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: amounts.slice(6, -1).replaceAll('""', '"') }, [
    { name: 'line', kind: 'VARCHAR', values: found.map((row) => row.line) }, { name: 'id', kind: 'BIGINT', values: found.map((row) => row.id) }, { name: 'amount', kind: 'DOUBLE', values: found.map((row) => row.amount) },
  ])
}

const number = (column: string) => `CAST(COALESCE(i.${column}, 0) AS DOUBLE)`

/** Percentage and status of receipts (`receipts`: SELECT of `name` and the `id` of the document that changes them) from what is billed of their lines; what went back need not be billed. */
async function settleReceipts(ctx: PostingContext, receipts: string): Promise<void> {
  const table = ctx.scratch('billed_receipts'), rejected = Number(ctx.site.single('Buying Settings')['bill_for_rejected_quantity_in_purchase_invoice'] ?? 0) !== 0
  const back = `(SELECT r.purchase_receipt_item AS line, CAST(SUM(abs(r.qty)) AS DOUBLE) AS qty FROM rows."tabPurchase Receipt Item" r JOIN rows."tabPurchase Receipt" p ON p.name = r.parent AND p.docstatus = 1 AND p.is_return = 1 WHERE ${filled('r.purchase_receipt_item')} GROUP BY r.purchase_receipt_item)`
  const pending = rejected ? number('amount') : `${number('amount')} - COALESCE(b.qty, 0) * ${number('rate')}`, billed = number('billed_amt')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} AS SELECT p.*, o.status AS before, CASE WHEN o.status = 'Closed' THEN o.status WHEN p.percent = 100 OR (o.grand_total = 0 AND COALESCE(o.per_returned, 0) <> 100 AND COALESCE(o.is_return, 0) = 0) THEN 'Completed'
      WHEN o.per_returned = 100 THEN 'Return Issued' WHEN p.percent > 0 AND p.percent < 100 THEN 'Partly Billed' WHEN p.percent = 0 THEN 'To Bill' ELSE 'Draft' END AS status
    FROM (SELECT name, any_value(id) AS id, flt(100 * (SUM(abs(billed)) / COALESCE(NULLIF(CASE WHEN SUM(billable) = 0 AND any_value(back) <> 0 THEN SUM(abs(billed)) ELSE SUM(billable) END, 0), 1)), 6) AS percent
      FROM (SELECT t.name, t.id, COALESCE(n.is_return, 0) AS back, ${billed} AS billed, CASE WHEN ${pending} > 0 THEN greatest(${pending}, ${billed}) ELSE abs(${number('amount')}) END AS billable
        FROM (${receipts}) t JOIN rows."tabPurchase Receipt" n ON n.name = t.name JOIN rows."tabPurchase Receipt Item" i ON i.parent = t.name AND i.parenttype = 'Purchase Receipt' LEFT JOIN ${back} b ON b.line = i.name) GROUP BY name) p
    JOIN rows."tabPurchase Receipt" o ON o.name = p.name`)
  await ctx.updateRows('tabPurchase Receipt', 'per_billed', `SELECT id, name AS "key", CAST(percent AS DECIMAL(21,9)) AS "after" FROM ${table}`)
  await ctx.updateRows('tabPurchase Receipt', 'status', `SELECT id, name AS "key", status AS "after" FROM ${table}`)
  await commentStatuses(ctx, 'Purchase Receipt', 'Billing Comment', `SELECT id, name, status FROM ${table} WHERE status <> before AND name NOT IN (SELECT name FROM ${ctx.live} WHERE name IS NOT NULL)`)
  // A receipt that is submitted says itself what it became.
  if (ctx.meta.name === 'Purchase Receipt') await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET status = t.status FROM ${table} t WHERE t.name = d.name`)
}

interface Billed { id: number; line: string; amount: number; reference: number; rejected: number; before: number; allowance: number; item: string; submit: boolean; counts: boolean }

/**
 * No more is billed of a receipt than it is worth, beyond the allowance; invoices before this one in the batch count. Where rejected goods are billed as well (Buying Settings) the site looks only at the submit.
 * For the `named` stage.
 */
export async function findOverbilledReceipts(ctx: PostingContext): Promise<void> {
  const accounts = ctx.site.single('Accounts Settings'), general = Number(accounts['over_billing_allowance'] ?? 0), late = Number(ctx.site.single('Buying Settings')['bill_for_rejected_quantity_in_purchase_invoice'] ?? 0) !== 0
  const rows = await ctx.staging.all<Billed>(`SELECT i._parent AS id, i.pr_detail AS line, flt(COALESCE(i.amount, 0), 2) AS amount, CAST(o.amount AS DOUBLE) AS reference, CAST(COALESCE(o.rejected_qty, 0) * o.rate AS DOUBLE) AS rejected, COALESCE(b.amount, 0) AS before, i.item_code AS item, d._submit AS submit,
      NOT ${truthy('d.is_return')} OR ${truthy('d.update_billed_amount_in_purchase_receipt')} AS counts, CAST(COALESCE(NULLIF(m.over_billing_allowance, 0), ${general}) AS DOUBLE) AS allowance
    FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent JOIN rows."tabPurchase Receipt Item" o ON o.name = i.pr_detail LEFT JOIN rows."tabItem" m ON m.name = i.item_code LEFT JOIN ${DIRECT} b ON b.pr_detail = i.pr_detail ORDER BY i._parent, i._idx`)
  const done = new Map<string, number>(), found: { id: number; value: string; message: string }[] = []
  for (let from = 0; from < rows.length;) {
    let to = from
    while (to < rows.length && rows[to]!.id === rows[from]!.id) to++
    const own = rows.slice(from, to), sum = (row: Billed) => (done.get(row.line) ?? row.before) + row.amount
    const over = own.find((row) => {
      if (row.reference === 0) return false
      if (!late) {
        const billed = sum(row), allowed = row.reference * (100 + row.allowance) / 100
        return (billed < 0 && allowed < 0 ? Math.abs(billed) - Math.abs(allowed) : billed - allowed) > 0.01
      }
      const worth = row.reference + row.rejected
      return row.submit && row.counts && sum(row) > worth && Number((sum(row) / worth).toFixed(2)) * 100 - 100 > general
    })
    if (over !== undefined) found.push({ id: over.id, value: over.item, message: late ? `Over Billing Allowance exceeded for Purchase Receipt Item ${over.line} (${over.item})` : `Cannot overbill for Item ${over.item} more than ${over.reference * (100 + over.allowance) / 100}` })
    else if (own[0]!.submit) for (const row of own) done.set(row.line, sum(row))
    from = to
  }
  await ctx.findAll({ type: !late && accounts['role_allowed_to_over_bill'] ? 'unsupported' : 'ValidationError', stage: late ? 'on_submit' : 'validate', field: 'items.amount', hint: 'Raise the allowance, or leave the reference out.' }, found)
}

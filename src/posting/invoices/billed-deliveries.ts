import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled } from '../orders/kind.ts'
import { commentStatuses } from '../orders/submit-effects.ts'

/** Status of a delivery `o` that is billed by so many per cent. */
export const deliveryStatus = (percent: string) => `CASE WHEN o.status = 'Closed' THEN o.status WHEN o.per_returned = 100 THEN 'Return Issued' WHEN ${percent} = 100 THEN 'Completed' WHEN ${percent} < 100 THEN 'To Bill' ELSE o.status END`

interface Delivered { order: string; line: string; amount: number; invoiced: boolean; direct: number }

/**
 * What of deliveries is billed: by the invoices that name their lines, and, first delivered first, by those that name only the order's line. `touched` is a SELECT of `id` (the document that changes something),
 * `order_line` (so_detail), `line` (the delivery's, where the invoice names it). Sets the lines, the percentages, the statuses of the deliveries (a comment names a new one). For the stage on_submit.
 */
export async function billDeliveries(ctx: PostingContext, touched: string): Promise<void> {
  const lines = ctx.scratch('billed_lines'), amounts = ctx.scratch('billed_amounts')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${lines.slice(5)} AS SELECT * FROM (${touched}) t WHERE ${filled('t.order_line')} OR ${filled('t.line')}`)
  if (await ctx.staging.one(`SELECT 1 FROM ${lines} LIMIT 1`) === undefined) return
  const direct = `(SELECT dn_detail, CAST(SUM(amount) AS DOUBLE) AS amount FROM rows."tabSales Invoice Item" WHERE docstatus = 1 AND ${filled('dn_detail')} GROUP BY dn_detail)`
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${amounts.slice(5)} AS SELECT t.line, max(t.id) AS id, any_value(COALESCE(b.amount, 0)) AS amount FROM ${lines} t LEFT JOIN ${direct} b ON b.dn_detail = t.line WHERE ${filled('t.line')} GROUP BY t.line`)
  await shareOrderBills(ctx, lines, amounts, direct)
  await ctx.updateRows('tabDelivery Note Item', 'billed_amt', `SELECT id, line AS "key", to_stored(amount) AS "after" FROM ${amounts}`)
  await ctx.staging.run(`INSERT INTO ${lines} SELECT id, NULL, line FROM ${amounts}`)
  await settleDeliveries(ctx, `SELECT i.parent AS name, max(t.id) AS id FROM ${lines} t JOIN rows."tabDelivery Note Item" i ON i.name = t.line GROUP BY i.parent`)
}

/** What invoices bill of an order's line without naming a delivery goes to its deliveries in their order. Appends to `amounts`. */
async function shareOrderBills(ctx: PostingContext, lines: string, amounts: string, direct: string): Promise<void> {
  const orders = `(SELECT order_line, max(id) AS id FROM ${lines} WHERE ${filled('order_line')} AND NOT ${filled('line')} GROUP BY order_line)`
  const billed = await ctx.staging.all<{ line: string; id: number; amount: number }>(`SELECT o.order_line AS line, o.id, COALESCE(CAST(SUM(i.amount) AS DOUBLE), 0) AS amount FROM ${orders} o LEFT JOIN (SELECT i.so_detail, i.amount FROM rows."tabSales Invoice Item" i
    JOIN rows."tabSales Invoice" s ON s.name = i.parent WHERE i.docstatus = 1 AND NOT ${filled('i.dn_detail')} AND COALESCE(s.update_stock, 0) = 0) i ON i.so_detail = o.order_line GROUP BY ALL`)
  if (billed.length === 0) return
  const deliveries = await ctx.staging.all<Delivered>(`SELECT i.so_detail AS "order", i.name AS line, CAST(i.amount AS DOUBLE) AS amount, ${filled('i.si_detail')} AS invoiced, COALESCE(b.amount, 0) AS direct FROM ${orders} o JOIN rows."tabDelivery Note Item" i ON i.so_detail = o.order_line
    JOIN rows."tabDelivery Note" n ON n.name = i.parent AND n.docstatus = 1 AND COALESCE(n.is_return, 0) = 0 LEFT JOIN ${direct} b ON b.dn_detail = i.name ORDER BY n.posting_date, n.posting_time, n.name`)
  const left = new Map(billed.map((row) => [row.line, row.amount])), ids = new Map(billed.map((row) => [row.line, row.id]))
  const found = deliveries.map((delivery) => {
    let open = left.get(delivery.order) ?? 0, amount = delivery.direct
    if (delivery.invoiced) {
      amount = delivery.amount
      open -= amount
    }
    if (open !== 0 && amount < delivery.amount) {
      const pending = delivery.amount - amount, share = pending <= open ? pending : open
      amount += share
      open -= share
    }
    left.set(delivery.order, open)
    return { line: delivery.line, id: ids.get(delivery.order)!, amount }
  })
  if (found.length === 0) return
  await ctx.staging.run(`DELETE FROM ${amounts} WHERE line IN (${found.map(({ line }) => literal(line)).join(', ')})`)
  await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: amounts.slice(6, -1).replaceAll('""', '"') }, [
    { name: 'line', kind: 'VARCHAR', values: found.map((row) => row.line) }, { name: 'id', kind: 'BIGINT', values: found.map((row) => row.id) }, { name: 'amount', kind: 'DOUBLE', values: found.map((row) => row.amount) },
  ])
}

/** Percentage and status of deliveries (`notes`: SELECT of `name` and the `id` of the document that changes them) from what is billed of their lines; what came back need not be billed. */
async function settleDeliveries(ctx: PostingContext, notes: string): Promise<void> {
  const table = ctx.scratch('billed_notes'), number = (column: string) => `CAST(COALESCE(i.${column}, 0) AS DOUBLE)`
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} AS SELECT p.*, o.status AS before, ${deliveryStatus('p.percent')} AS status
    FROM (SELECT name, any_value(id) AS id, COALESCE(round(SUM(LEAST(abs(reference), abs(billed))) / NULLIF(SUM(abs(reference)), 0) * 100, 6), 0) AS percent
      FROM (SELECT t.name, t.id, ${number('billed_amt')} AS billed, ${number('amount')} - CASE WHEN SUM(${number('returned_qty')} * ${number('rate')}) OVER (PARTITION BY t.name) < SUM(${number('amount')}) OVER (PARTITION BY t.name)
          THEN ${number('returned_qty')} * ${number('rate')} ELSE 0 END AS reference FROM (${notes}) t JOIN rows."tabDelivery Note Item" i ON i.parent = t.name AND i.parenttype = 'Delivery Note') GROUP BY name) p
    JOIN rows."tabDelivery Note" o ON o.name = p.name`)
  await ctx.updateRows('tabDelivery Note', 'per_billed', `SELECT id, name AS "key", CAST(percent AS DECIMAL(21,9)) AS "after" FROM ${table}`)
  await ctx.updateRows('tabDelivery Note', 'status', `SELECT id, name AS "key", status AS "after" FROM ${table}`)
  await commentStatuses(ctx, 'Delivery Note', 'Billing Comment', `SELECT id, name, status FROM ${table} WHERE status <> before`)
}

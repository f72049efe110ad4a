import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { checkReferences, DELIVERY_BY_INVOICE, orderStatus, SALES_BILLING, updateOrders } from '../stock/fulfilment.ts'
import { billDeliveries, deliveryStatus } from './billed-deliveries.ts'
import { billWorthless } from './worthless.ts'

const DELIVERED = { kind: { doctype: 'Delivery Note', selling: false }, line: 'dn_detail', order: 'delivery_note' }

/** Lines of an invoice agree with the orders and deliveries they bill, and where Selling Settings ask for one they have one. For the stage validate. */
export async function checkSalesReferences(ctx: PostingContext): Promise<void> {
  const selling = ctx.site.single('Selling Settings'), items = ctx.child('items'), line = `SELECT i._parent AS id, i._idx AS idx`, from = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent`
  for (const [setting, column, without, doctype] of [['so_required', 'sales_order', 'is_pos', 'Sales Order'], ['dn_required', 'delivery_note', 'update_stock', 'Delivery Note']] as const) {
    if (selling[setting] === 'Yes') await ctx.find({
      type: 'ValidationError', field: `items.${column}`, hint: `Switch ${doctype} Required off in Selling Settings, or on for the customer, for the migration.`, select: `${line}, '${doctype} is mandatory for Item ' || i.item_code AS message ${from} JOIN rows."tabCustomer" c ON c.name = d.customer
        WHERE COALESCE(c.${setting}, 0) = 0 AND NOT ${truthy('d.is_return')} AND NOT ${truthy('d.is_pos')} AND NOT ${truthy('d.is_debit_note')} AND ${filled('i.item_code')} AND NOT ${filled(`i.${column}`)} AND NOT ${truthy(`d.${without}`)}`,
    })
  }
  await checkReferences(ctx, SALES_BILLING, { order: ['customer', 'company', 'project', 'currency'], line: ['item_code', 'uom', 'conversion_factor'], paired: false })
  await checkReferences(ctx, DELIVERED, { order: ['customer', 'company', 'project', 'currency'], line: ['item_code', 'uom', 'conversion_factor'], open: false })
  if (Number(selling['maintain_same_sales_rate'] ?? 0) !== 0 && (selling['maintain_same_rate_action'] ?? 'Stop') === 'Stop') for (const [doctype, column, detail] of [['Sales Order', 'sales_order', 'so_detail'], ['Delivery Note', 'delivery_note', 'dn_detail']] as const) await ctx.find({
    type: selling['role_to_override_stop_action'] ? 'unsupported' : 'ValidationError', field: 'items.rate', hint: 'Switch Maintain Same Rate Throughout Sales Cycle off in Selling Settings for the migration.',
    select: `${line}, 'Row #' || i._idx || ': Rate must be same as ${doctype}: ' || COALESCE(i.${column}, 'None') || ' (' || i.rate || ' / ' || o.rate || ')' AS message ${from} JOIN rows."tab${doctype} Item" o ON o.name = i.${detail} WHERE NOT ${truthy('d.is_return')} AND abs(round(i.rate - CAST(o.rate AS DOUBLE), 2)) >= 0.01`,
  })
  for (const [doctype, column] of [['Sales Order', 'sales_order'], ['Delivery Note', 'delivery_note']] as const) await ctx.find({
    type: 'ValidationError', stage: 'on_submit', field: `items.${column}`, causeByValue: true, hint: 'Submit it first.', select: `${line}, o.name AS "value", '${doctype} ' || o.name || ' is not submitted' AS message ${from} JOIN rows."tab${doctype}" o ON o.name = i.${column} WHERE d._submit AND o.docstatus <> 1`,
  })
}

interface Billed { id: number; line: string; amount: number; reference: number; before: number; allowance: number; item: string; submit: boolean }

/** No more is billed of a delivery than it is worth, beyond the allowance; invoices before this one in the batch count. For the `named` stage. */
export async function findOverbilledDeliveries(ctx: PostingContext): Promise<void> {
  const accounts = ctx.site.single('Accounts Settings'), general = Number(accounts['over_billing_allowance'] ?? 0)
  const rows = await ctx.staging.all<Billed>(`SELECT i._parent AS id, i.dn_detail AS line, flt(COALESCE(i.amount, 0), 2) AS amount, CAST(o.amount AS DOUBLE) AS reference, COALESCE(CAST(b.amount AS DOUBLE), 0) AS before, i.item_code AS item, d._submit AS submit,
      CAST(COALESCE(NULLIF(m.over_billing_allowance, 0), ${general}) AS DOUBLE) AS allowance FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent JOIN rows."tabDelivery Note Item" o ON o.name = i.dn_detail LEFT JOIN rows."tabItem" m ON m.name = i.item_code
    LEFT JOIN (SELECT dn_detail, SUM(amount) AS amount FROM rows."tabSales Invoice Item" WHERE docstatus = 1 GROUP BY dn_detail) b ON b.dn_detail = i.dn_detail ORDER BY i._parent, i._idx`)
  const done = new Map<string, number>(), found: { id: number; value: string; message: string }[] = []
  for (let from = 0; from < rows.length;) {
    let to = from
    while (to < rows.length && rows[to]!.id === rows[from]!.id) to++
    const own = rows.slice(from, to), sums = new Map<string, number>()
    for (const row of own) sums.set(row.line, (sums.get(row.line) ?? done.get(row.line) ?? row.before) + row.amount)
    const over = own.find((row) => {
      const billed = sums.get(row.line)!, allowed = row.reference * (100 + row.allowance) / 100
      return row.reference !== 0 && (billed < 0 && allowed < 0 ? Math.abs(billed) - Math.abs(allowed) : billed - allowed) > 0.01
    })
    if (over !== undefined) found.push({ id: over.id, value: over.item, message: `Cannot overbill for Item ${over.item} more than ${over.reference * (100 + over.allowance) / 100}` })
    else if (own[0]!.submit) for (const [line, sum] of sums) done.set(line, sum)
    from = to
  }
  await ctx.findAll({ type: accounts['role_allowed_to_over_bill'] ? 'unsupported' : 'ValidationError', stage: 'validate', field: 'items.amount', hint: 'Raise the allowance, or leave the reference out.' }, found)
}

/** Orders and deliveries know what of them is billed, orders what an invoice that moves stock delivered. For the stage on_submit. */
export async function updateReferences(ctx: PostingContext): Promise<void> {
  await updateOrders(ctx, SALES_BILLING)
  await updateOrders(ctx, DELIVERY_BY_INVOICE)
  await updateReturnedQuantities(ctx)
  await billDeliveries(ctx, `SELECT d._id AS id, i.so_detail AS order_line, i.dn_detail AS line FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent WHERE d._submit AND (NOT ${truthy('d.is_return')} OR ${truthy('d.update_billed_amount_in_delivery_note')})`)
  await billWorthless(ctx, { doctype: 'Delivery Note', reference: 'delivery_note', status: deliveryStatus('b.percent'), words: null })
  await billWorthless(ctx, { doctype: 'Sales Order', reference: 'sales_order', status: orderStatus(SALES_BILLING, 'b.percent'), words: 'billing_status' })
}

/** An order's lines know what came back by invoices that move stock, and by deliveries. */
async function updateReturnedQuantities(ctx: PostingContext): Promise<void> {
  if (!ctx.has('is_return') || !ctx.has('update_stock')) return
  const back = `SELECT so_detail AS line, SUM(-1 * qty) AS qty FROM (SELECT i.so_detail, i.qty FROM rows."tabSales Invoice Item" i JOIN rows."tabSales Invoice" s ON s.name = i.parent AND s.update_stock = 1 AND s.is_return = 1 WHERE i.docstatus = 1
    UNION ALL SELECT so_detail, qty FROM rows."tabDelivery Note Item" WHERE docstatus = 1) WHERE ${filled('so_detail')} GROUP BY so_detail`
  await ctx.updateRows('tabSales Order Item', 'returned_qty', `SELECT max(d._id) AS id, i.so_detail AS "key", CAST(any_value(r.qty) AS DECIMAL(21,9)) AS "after" FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent JOIN (${back}) r ON r.line = i.so_detail
    WHERE d._submit AND ${truthy('d.is_return')} AND ${truthy('d.update_stock')} GROUP BY i.so_detail`)
}

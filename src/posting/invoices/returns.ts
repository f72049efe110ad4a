import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy, type OrderKind } from '../orders/kind.ts'

/** Columns in which the two kinds of invoices differ where they give back. */
const columnsOf = (kind: OrderKind) => (kind.selling ? { line: 'sales_invoice_item', account: 'debit_to' } : { line: 'purchase_invoice_item', account: 'credit_to' })

/** SQL over `d`: an invoice that takes back another one. */
const AGAINST = `${truthy('d.is_return')} AND ${filled('d.return_against')}`

/** A return fits the invoice it takes back: party, moment, rate of exchange, account, items, rates. For the stage validate, after the totals. */
export async function findBadReturns(ctx: PostingContext, kind: OrderKind): Promise<void> {
  if (!ctx.has('is_return')) return
  const own = kind.doctype, { line, account } = columnsOf(kind), items = ctx.child('items')
  const find = (field: string, message: string, where: string) => ctx.find({
    type: 'ValidationError', field, message, hint: 'Make the return agree with the invoice it takes back.', select: `SELECT d._id AS id FROM ${ctx.doc} d JOIN rows."tab${own}" o ON o.name = d.return_against WHERE ${AGAINST} AND (${where})`,
  })
  await find(kind.party, `The ${kind.party} does not match with that of the invoice`, `o.${kind.party} IS DISTINCT FROM d.${kind.party}`)
  const same = `o.docstatus = 1 AND o.company = d.company`
  await find('posting_date', 'Posting timestamp must be after that of the invoice', `${same} AND (d.posting_date + COALESCE(d.posting_time, TIME '00:00:00')) < (o.posting_date + COALESCE(o.posting_time, TIME '00:00:00'))`)
  await find('conversion_rate', 'Exchange Rate must be same as that of the invoice', `${same} AND d.conversion_rate IS DISTINCT FROM CAST(o.conversion_rate AS DOUBLE)`)
  if (kind.selling) await find('update_stock', `'Update Stock' can not be checked because items are not delivered via the invoice`, `${same} AND ${truthy('d.update_stock')} AND COALESCE(o.update_stock, 0) = 0`)
  const from = `FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent LEFT JOIN rows."tab${own} Item" o ON o.name = i.${line} AND o.parent = d.return_against AND o.item_code = i.item_code WHERE ${AGAINST}`, at = `SELECT i._parent AS id, i._idx AS idx`
  await ctx.find({
    type: 'ValidationError', field: `items.${line}`, hint: 'Name the line that is taken back, or none.', select: `${at}, 'Row # ' || i._idx || ': Returned Item ' || i.item_code || ' does not exist in ${own} ' || d.return_against AS message ${from} AND ${filled('i.item_code')} AND ${filled(`i.${line}`)} AND o.name IS NULL`,
  })
  const given = `${from} AND o.name IS NOT NULL AND ${filled('i.item_code')}`
  await ctx.find({ type: 'ValidationError', field: 'items.qty', message: 'Qty must be negative in return document', hint: 'Turn the sign of returned quantities.', select: `${at} ${given} AND i.qty > 0 AND o.qty <> 0` })
  // The site asks for the valuation method of no item at all, which is that of Stock Settings.
  if (kind.selling && ctx.site.single('Stock Settings')['valuation_method'] !== 'Moving Average') await ctx.find({
    type: 'ValidationError', field: 'items.rate', hint: 'Return at the rate of the invoice.', select: `${at}, 'Row # ' || i._idx || ': Rate cannot be greater than the rate used in ${own} ' || d.return_against AS message ${given} AND o.rate <> 0 AND i.rate > o.rate`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.warehouse', message: 'Warehouse is mandatory', hint: 'Map the warehouse goods come back to.', select: `${at} ${given} AND ${truthy('d.update_stock')} AND NOT ${filled('i.warehouse')} AND i.item_code IN (SELECT name FROM rows."tabItem" WHERE is_stock_item = 1)`,
  })
  await ctx.find({
    type: 'ValidationError', field: account, causeByValue: true, hint: 'Use the account of the invoice.', select: `SELECT d._id AS id, d.${account} AS "value", 'Please set ${account} to ' || o.${account} || ', the same account that was used in the original invoice ' || o.name AS message FROM ${ctx.doc} d JOIN rows."tab${own}" o ON o.name = d.return_against
      WHERE ${AGAINST} AND o.${account} IS DISTINCT FROM d.${account}`,
  })
}

/** Lines of every return may be positive in none, and those that move stock move some. For the stage validate. */
export async function findBadQuantities(ctx: PostingContext): Promise<void> {
  if (!ctx.has('is_return')) return
  const line = `SELECT i._parent AS id, i._idx AS idx`, from = `FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent WHERE ${truthy('d.is_return')}`
  await ctx.find({
    type: 'ValidationError', field: 'items.qty', hint: 'A return that moves stock says how much.', select: `${line}, 'For Return Invoices with Stock effect, ''0'' qty Items are not allowed. Following rows are affected: #' || i._idx AS message ${from} AND ${truthy('d.update_stock')} AND COALESCE(i.qty, 0) = 0`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'items.qty', hint: 'A return has negative quantities.', select: `${line}, 'For an item ' || COALESCE(i.item_code, '') || ', quantity must be negative number' AS message ${from} AND i.qty > 0`,
  })
}

interface Returned { id: number; idx: number; item: string; line: string; quantity: number; zero: boolean; sold: number; before: number; submit: boolean }

/** No more may come back than went out; returns before this one in the batch count. For the `named` stage. */
export async function findOverreturned(ctx: PostingContext, kind: OrderKind): Promise<void> {
  if (!ctx.has('is_return')) return
  const own = kind.doctype, { line } = columnsOf(kind), stock = truthy('d.update_stock'), places = Number(ctx.site.default('float_precision') ?? 0) || 3
  const rows = await ctx.staging.all<Returned>(`SELECT i._parent AS id, i._idx AS idx, i.item_code AS item, i.${line} AS line, flt(abs(CASE WHEN ${stock} THEN i.stock_qty ELSE i.qty * COALESCE(i.conversion_factor, 1) END), ${places}) AS quantity, COALESCE(i.qty, 0) = 0 AS zero,
      flt(CAST(CASE WHEN ${stock} THEN o.stock_qty ELSE o.qty * CAST(o.conversion_factor AS DOUBLE) END AS DOUBLE), ${places}) AS sold, COALESCE(flt(CAST(CASE WHEN ${stock} THEN b.stock_qty ELSE b.qty END AS DOUBLE), ${places}), 0) AS before, d._submit AS submit
    FROM ${ctx.child('items')} i JOIN ${ctx.live} d ON d._id = i._parent JOIN rows."tab${own} Item" o ON o.name = i.${line} AND o.parent = d.return_against AND o.item_code = i.item_code
    LEFT JOIN (SELECT r.${line} AS line, r.item_code, SUM(abs(r.qty)) AS qty, SUM(abs(r.stock_qty)) AS stock_qty FROM rows."tab${own} Item" r JOIN rows."tab${own}" p ON p.name = r.parent AND p.docstatus = 1 AND p.is_return = 1 GROUP BY ALL) b ON b.line = i.${line} AND b.item_code = i.item_code
    WHERE ${AGAINST} ORDER BY i._parent, i._idx`)
  const done = new Map<string, number>(), found: { id: number; idx: number; value: string; message: string }[] = []
  for (let from = 0; from < rows.length;) {
    let to = from
    while (to < rows.length && rows[to]!.id === rows[from]!.id) to++
    const lines = rows.slice(from, to), back = (row: Returned) => done.get(row.line) ?? row.before
    const over = lines.find((row) => row.sold !== 0 && (row.zero ? back(row) >= row.sold : row.quantity > Number((row.sold - back(row)).toFixed(places))))
    if (over !== undefined) found.push({ id: over.id, idx: over.idx, value: over.item, message: over.zero ? `Item ${over.item} has already been returned` : `Row # ${over.idx}: Cannot return more than ${over.sold - back(over)} for Item ${over.item}` })
    else if (lines[0]!.submit) for (const row of lines) done.set(row.line, back(row) + row.quantity)
    from = to
  }
  await ctx.findAll({ type: 'StockOverReturnError', stage: 'validate', field: 'items.qty', hint: 'Return no more than was invoiced.' }, found)
}

/**
 * A return that is to lower what is left of its invoice, but is worth more, stands for itself: the site sees it at the submit, when it knows the totals. For the `named` stage, before the ledger;
 * `_due` of the working table is what an invoice would leave to pay.
 */
export async function settleReturns(ctx: PostingContext, kind: OrderKind): Promise<void> {
  if (!ctx.has('is_return')) return
  const total = 'COALESCE(NULLIF(d.rounded_total, 0), d.grand_total, 0)', pos = kind.selling ? truthy('d.is_pos') : 'FALSE'
  const rows = await ctx.staging.all<{ id: number; invoice: string; total: number; due: number; left_over: number; submit: boolean; open: boolean }>(`SELECT d._id AS id, o.name AS invoice, abs(${total}) AS total, COALESCE(d._due, 0) AS due, CAST(o.outstanding_amount AS DOUBLE) AS left_over,
    d._submit AS submit, COALESCE(d.update_outstanding_for_self, 0) = 0 AND NOT (${pos}) AS open FROM ${ctx.live} d JOIN rows."tab${kind.doctype}" o ON o.name = d.return_against WHERE ${AGAINST} ORDER BY d._id`)
  const left = new Map<string, number>(), own: number[] = []
  for (const row of rows) {
    const open = left.get(row.invoice) ?? row.left_over
    if (!row.open) continue
    if (open < 0 || (row.submit && row.total > open)) own.push(row.id)
    else if (row.submit) left.set(row.invoice, Number((open + row.due).toFixed(9)))
  }
  if (own.length > 0) await ctx.staging.run(`UPDATE ${ctx.doc} SET update_outstanding_for_self = 1, outstanding_amount = _due WHERE _id IN (${own.join(', ')})`)
}

/** SQL over `d`: the invoice whose account with the party a ledger line settles: NULL for its own. */
export const settledInvoice = `CASE WHEN ${AGAINST} AND COALESCE(d.update_outstanding_for_self, 0) = 0 THEN d.return_against END`

import { ledgerOf, hasLedger } from '../accounts/gl-map.ts'
import type { PostingContext } from '../framework/rule.ts'
import { filled, truthy } from './kind.ts'

/**
 * A kind of document that makes customers owe, as a SELECT of its submitted documents: `id`, `customer`, `company`, `checked` and `bypassed` (it is checked: usually, and where the limit is bypassed for orders), and what it
 * adds: `gl` (ledger), `so` (orders), `dn` (deliveries without an order), `extra` (counted on top where orders are not). `linked`: it bills orders or deliveries, by amounts that are not known here.
 */
interface Charges { select: string; /** Its own amounts count when it is checked. */ own: boolean; field: string }

interface Charge { id: number; customer: string; company: string; checked: boolean; bypassed: boolean; linked: boolean; gl: number; so: number; dn: number; extra: number; lim: number; bypass: number; gl0: number; so0: number; dn0: number }
interface Owed { gl: number; so: number; dn: number; loose: boolean }

const SUBMITTED = (ctx: PostingContext) => `${ctx.live} d WHERE d._submit`
const items = (ctx: PostingContext, where: string) => `EXISTS (SELECT 1 FROM ${ctx.child('items')} i WHERE i._parent = d._id AND ${where})`

/** An order counts with what of it is not billed; nothing is checked where the customer's limit is bypassed for orders. */
export const checkOrderLimits = (ctx: PostingContext): Promise<void> => findCrossed(ctx, {
  field: 'customer', own: true, select: `SELECT d._id AS id, d.customer, d.company, TRUE AS checked, FALSE AS bypassed, FALSE AS linked, 0 AS gl, d.base_grand_total * (100 - COALESCE(d.per_billed, 0)) / 100 AS so, 0 AS dn, 0 AS extra FROM ${SUBMITTED(ctx)}`,
})

/** A delivery counts where no order does; where orders are not counted, every delivery is, and once more as a whole. */
export const checkDeliveryLimits = (ctx: PostingContext): Promise<void> => findCrossed(ctx, {
  field: 'customer', own: true, select: `SELECT d._id AS id, d.customer, d.company, NOT ${truthy('d.is_return')} AND ${items(ctx, `NOT ${filled('i.against_sales_order')} AND NOT ${filled('i.against_sales_invoice')}`)} AS checked,
    NOT ${truthy('d.is_return')} AND ${items(ctx, `NOT ${filled('i.against_sales_invoice')}`)} AS bypassed, FALSE AS linked, 0 AS gl, 0 AS so, COALESCE((SELECT SUM(i.amount / d.base_net_total * d.base_grand_total) FROM ${ctx.child('items')} i WHERE i._parent = d._id AND i.amount > 0
      AND d.base_net_total <> 0 AND NOT ${filled('i.against_sales_order')} AND NOT ${filled('i.against_sales_invoice')}), 0) AS dn, d.base_grand_total AS extra FROM ${SUBMITTED(ctx)}`,
})

/** An invoice counts with what its ledger says; it is looked at where a line bills neither order nor delivery. For the `named` stage, after the ledger was made. */
export async function checkInvoiceLimits(ctx: PostingContext): Promise<void> {
  if (!hasLedger(ctx)) return
  await findCrossed(ctx, {
    field: 'customer', own: true, select: `SELECT d._id AS id, d.customer, d.company, NOT ${truthy('d.is_return')} AND ${items(ctx, `NOT ${filled('i.sales_order')} AND NOT ${filled('i.delivery_note')}`)} AS checked, NOT ${truthy('d.is_return')} AS bypassed,
      ${items(ctx, `(${filled('i.so_detail')} OR ${filled('i.dn_detail')})`)} AS linked, COALESCE((SELECT SUM(l.debit - l.credit) FROM ${ledgerOf(ctx)} l WHERE l._id = d._id AND l.party_type = 'Customer'), 0) AS gl, 0 AS so, 0 AS dn, 0 AS extra FROM ${SUBMITTED(ctx)}`,
  })
}

/** A journal that debits customers is looked at before it has a ledger. */
export const checkJournalLimits = (ctx: PostingContext): Promise<void> => findCrossed(ctx, {
  field: 'accounts.party', own: false, select: `SELECT d._id AS id, a.party AS customer, d.company, bool_or(a.debit > 0) AS checked, bool_or(a.debit > 0) AS bypassed, FALSE AS linked, SUM(COALESCE(a.debit, 0) - COALESCE(a.credit, 0)) AS gl, 0 AS so, 0 AS dn, 0 AS extra
    FROM ${ctx.live} d JOIN ${ctx.child('accounts')} a ON a._parent = d._id WHERE d._submit AND a.party_type = 'Customer' AND ${filled('a.party')} GROUP BY d._id, a.party, d.company`,
})

/** What of a delivery that is for no order the customer still owes: as much as invoices do not bill. */
const DELIVERED = `SELECT n.customer, n.company, SUM(CASE WHEN i.amount > COALESCE(b.billed, 0) AND n.base_net_total <> 0 THEN (CAST(i.amount AS DOUBLE) - COALESCE(b.billed, 0)) / n.base_net_total * n.base_grand_total ELSE 0 END) AS amount
  FROM rows."tabDelivery Note" n JOIN rows."tabDelivery Note Item" i ON i.parent = n.name LEFT JOIN (SELECT x.dn_detail, CAST(SUM(x.amount) AS DOUBLE) AS billed FROM rows."tabSales Invoice Item" x WHERE x.docstatus = 1 AND x.dn_detail <> '' GROUP BY x.dn_detail) b ON b.dn_detail = i.name
  WHERE n.docstatus = 1 AND n.status NOT IN ('Closed', 'Stopped') AND NOT ${filled('i.against_sales_order')} AND NOT ${filled('i.against_sales_invoice')} GROUP BY n.customer, n.company`

async function readCharges(ctx: PostingContext, charges: Charges): Promise<Charge[]> {
  const limit = `rows."tabCustomer Credit Limit"`, company = ctx.site.doctype('Company')?.column('credit_limit') === undefined ? '0' : 'co.credit_limit'
  if (await ctx.staging.one(`SELECT 1 FROM ${limit} UNION ALL SELECT 1 FROM rows."tabCompany" co WHERE ${company} > 0 LIMIT 1`) === undefined) return []
  const own = (type: string, name: string, column: string) => `(SELECT any_value(x.${column}) FROM ${limit} x WHERE x.parenttype = '${type}' AND x.parent = ${name} AND x.company = d.company)`
  const docs = ctx.scratch('charges'), limits = ctx.scratch('limits')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${docs.slice(5)} AS ${charges.select}`)
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${limits.slice(5)} AS SELECT * FROM (SELECT d.customer, d.company, CAST(COALESCE(NULLIF(${own('Customer', 'd.customer', 'credit_limit')}, 0),
      CASE WHEN COALESCE(${own('Customer Group', 'c.customer_group', 'bypass_credit_limit_check')}, 0) = 0 THEN NULLIF(${own('Customer Group', 'c.customer_group', 'credit_limit')}, 0) END, ${company}, 0) AS DOUBLE) AS lim,
      COALESCE(${own('Customer', 'd.customer', 'bypass_credit_limit_check')}, 0) AS bypass
    FROM (SELECT DISTINCT customer, company FROM ${docs}) d JOIN rows."tabCustomer" c ON c.name = d.customer LEFT JOIN rows."tabCompany" co ON co.name = d.company) WHERE lim > 0`)
  const sum = (from: string, what: string, where: string) => `COALESCE((SELECT CAST(SUM(${what}) AS DOUBLE) FROM ${from} t WHERE t.company = l.company AND ${where}), 0)`
  const owed = `SELECT l.*, ${sum('rows."tabGL Entry"', 't.debit - t.credit', `t.party_type = 'Customer' AND t.party = l.customer AND t.is_cancelled = 0`)} AS gl0,
    ${sum('rows."tabSales Order"', 't.base_grand_total * (100 - t.per_billed) / 100', `t.customer = l.customer AND t.docstatus = 1 AND t.per_billed < 100 AND t.status <> 'Closed'`)} AS so0, ${sum(`(${DELIVERED})`, 't.amount', 't.customer = l.customer')} AS dn0 FROM ${limits} l`
  return ctx.staging.all<Charge & Record<string, number>>(`SELECT c.id, c.customer, c.company, c.checked, c.bypassed, c.linked, CAST(c.gl AS DOUBLE) AS gl, CAST(c.so AS DOUBLE) AS so, CAST(c.dn AS DOUBLE) AS dn, CAST(c.extra AS DOUBLE) AS extra, l.lim, l.bypass, l.gl0, l.so0, l.dn0
    FROM ${docs} c JOIN (${owed}) l ON l.customer = c.customer AND l.company = c.company ORDER BY c.id`)
}

const exact = (value: number): number => Number(value.toFixed(9))

/** Documents after which a customer owes more than the limit, one after another: a refused one owes nothing. */
async function findCrossed(ctx: PostingContext, charges: Charges): Promise<void> {
  const running = new Map<string, Owed>(), crossed: { id: number; message: string }[] = [], unknown: { id: number }[] = []
  for (const charge of await readCharges(ctx, charges)) {
    const key = `${charge.customer}\u0000${charge.company}`, before = running.get(key) ?? { gl: charge.gl0, so: charge.so0, dn: charge.dn0, loose: false }
    const after: Owed = { gl: before.gl + charge.gl, so: before.so + charge.so, dn: before.dn + charge.dn, loose: before.loose || charge.linked }
    const counted = charges.own ? after : before, bypass = charge.bypass !== 0, orders = bypass ? 0 : counted.so
    const most = exact(counted.gl + orders + counted.dn + (bypass ? Math.max(0, charge.extra) : 0)), least = after.loose ? exact(most - orders - counted.dn) : most
    if ((bypass ? charge.bypassed : charge.checked) && most > charge.lim) {
      if (least > charge.lim) crossed.push({ id: charge.id, message: `Credit limit has been crossed for customer ${charge.customer} (${most}/${charge.lim})` })
      else unknown.push({ id: charge.id })
      continue
    }
    running.set(key, after)
  }
  const spec = { field: charges.field, stage: 'on_submit' as const, hint: 'Raise the limit, or let it be bypassed, for the migration.' }
  await ctx.findAll({ ...spec, type: 'ValidationError' }, crossed)
  await ctx.findAll({ ...spec, type: 'unsupported', message: 'Whether the customer\'s credit limit is crossed depends on what invoices before it bill of orders and deliveries, which is not predicted' }, unknown)
}

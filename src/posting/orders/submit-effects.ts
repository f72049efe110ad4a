import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { checkOrderLimits } from './credit-limits.ts'
import { filled, truthy, type OrderKind } from './kind.ts'

/** By batch, the relation of what status its orders had before: `_id`, `status`. */
const before = new WeakMap<PostingContext, string>()

/** Keeps the status documents have before their submit changes it, for `leaveTraces`. */
export async function keepStatus(ctx: PostingContext): Promise<void> {
  const given = ctx.scratch('status')
  before.set(ctx, given)
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${given.slice(5)} AS SELECT _id, status FROM ${ctx.doc} WHERE _submit`)
}

/** Status of a submitted order from what was delivered and billed before; the site's rules tried from the last. An order inserted as submitted counts as new and stays a draft by its status. */
export async function setSubmittedStatus(ctx: PostingContext, kind: OrderKind): Promise<void> {
  const done = kind.selling ? 'per_delivered' : 'per_received', verb = kind.selling ? 'Deliver' : 'Receive'
  const skip = kind.selling && !ctx.isGivenAsText('skip_delivery_note') ? ` OR ${truthy('skip_delivery_note')}` : '', n = (column: string) => `COALESCE(${column}, 0)`
  await keepStatus(ctx)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET status = CASE WHEN status IN ('On Hold', 'Closed') THEN status
    WHEN (${n(done)} >= 100${skip}) AND ${n('per_billed')} >= 100 THEN 'Completed'
    WHEN ${n(done)} < 100 AND ${n('per_billed')} >= 100 THEN 'To ${verb}'
    WHEN (${n(done)} >= 100${skip}) AND ${n('per_billed')} < 100 THEN 'To Bill' ELSE 'To ${verb} and Bill' END WHERE _submit AND NOT _once`)
}

const standard = (ctx: PostingContext) => `TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified, ${literal(ctx.user)} AS owner, ${literal(ctx.user)} AS modified_by, 0 AS docstatus, 0 AS idx`

/** Comments that name the new status of other documents of `doctype`. `changes`: SELECT of `id` (the document that changes them), `name` and `status` of those whose status is new; `salt` tells the hash names of several such calls apart. */
export async function commentStatuses(ctx: PostingContext, doctype: string, salt: string, changes: string): Promise<void> {
  await ctx.insertRows('tabComment', `SELECT id AS _id, ${ctx.hash(salt, 'id', 'row_number() OVER (PARTITION BY id ORDER BY reference)')} AS name, ${standard(ctx)}, 'Label' AS comment_type, ${literal(ctx.user)} AS comment_email, 0 AS published, 0 AS seen,
    ${literal(doctype)} AS reference_doctype, reference AS reference_name, status AS content FROM (SELECT id, name AS reference, status FROM (${changes}))`)
}

/** A submit leaves a comment naming the new status, where it is new, and a version of the document; an order inserted as submitted neither, a save after that the version. */
export async function leaveTraces(ctx: PostingContext, kind: OrderKind): Promise<void> {
  await ctx.insertRows('tabComment', `SELECT d._id AS _id, ${ctx.hash('Comment', 'd._id', '0')} AS name, ${standard(ctx)}, 'Label' AS comment_type, ${literal(ctx.user)} AS comment_email, 0 AS published, 0 AS seen,
    ${literal(kind.doctype)} AS reference_doctype, d.name AS reference_name, d.status AS content FROM ${ctx.live} d JOIN ${before.get(ctx)!} b ON b._id = d._id WHERE d._submit AND NOT d._once AND b.status IS DISTINCT FROM d.status`)
  if (ctx.meta.track_changes) await ctx.insertRows('tabVersion', `SELECT d._id AS _id, ${ctx.hash('Version', 'd._id', '0')} AS name, ${standard(ctx)}, ${literal(kind.doctype)} AS ref_doctype, d.name AS docname,
    '{"changed": [["docstatus", 0, 1], ["status", "' || COALESCE(b.status, '') || '", "' || d.status || '"]]}' AS data FROM ${ctx.live} d JOIN ${before.get(ctx)!} b ON b._id = d._id WHERE d._saved`)
}

/** Projects of submitted sales orders know what was sold for them. */
export async function updateProjectSales(ctx: PostingContext): Promise<void> {
  if (!ctx.has('project') || ctx.site.single('Selling Settings')['sales_update_frequency'] !== 'Each Transaction') return
  await ctx.updateRows('tabProject', 'total_sales_amount', `SELECT t.id, t.project AS "key", CAST(s.amount AS DECIMAL(21,9)) AS "after" FROM (SELECT max(_id) AS id, project FROM ${ctx.live} WHERE _submit AND ${filled('project')} GROUP BY project) t
    JOIN (SELECT project, SUM(base_net_total) AS amount FROM rows."tabSales Order" WHERE docstatus = 1 GROUP BY project) s ON s.project = t.project`)
}

/** Refusals of the submit itself: stock that cannot be reserved, a customer's credit limit crossed by this order and those before it. */
export async function findSubmitRefusals(ctx: PostingContext): Promise<void> {
  if (ctx.has('reserve_stock')) {
    const enabled = Number(ctx.site.single('Stock Settings')['enable_stock_reservation'] ?? 0) !== 0
    await ctx.find({
      type: enabled ? 'unsupported' : 'ValidationError', field: 'reserve_stock', message: enabled ? 'Stock reservations are not predicted' : 'Please enable Stock Reservation in the Stock Settings.', stage: 'on_submit',
      hint: 'Leave reserve_stock out.', select: `SELECT d._id AS id FROM ${ctx.live} d WHERE d._submit AND ${truthy('d.reserve_stock')}`,
    })
  }
  await checkOrderLimits(ctx)
}

/** Letter head of the company where the order has none. */
export async function takeLetterHead(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET letter_head = c.default_letter_head FROM rows."tabCompany" c WHERE c.name = t.company AND NOT ${filled('t.letter_head')}`)
}

/** A default of the header that lines contradict is taken away: `set_warehouse` when the lines name several. */
export async function resetWarehouse(ctx: PostingContext): Promise<void> {
  if (ctx.has('set_warehouse')) await ctx.staging.run(`UPDATE ${ctx.doc} SET set_warehouse = NULL WHERE _id IN (SELECT _parent FROM ${ctx.child('items')} WHERE NOT ${truthy('delivered_by_supplier')}
    GROUP BY _parent HAVING COUNT(DISTINCT COALESCE(warehouse, chr(0))) > 1)`)
}


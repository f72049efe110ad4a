import { LandfallError } from '../errors/error.ts'
import { draftRelation } from '../model/draft.ts'
import { literal } from '../staging/staging.ts'
import type { Target } from '../targets/target.ts'
import type { OutcomeCounts, PhaseContext, Scope } from './phase.ts'
import { planOrder, type Plan } from '../model/plan.ts'

export interface LoadOptions {
  target: Target
  plan: Plan
  /** Documents per batch to begin with; a DocType whose policy fixes a size has it in `fixed`. */
  batchDocuments: number
  fixed: Record<string, number>
  /** Called once per run, before its first document: chooses the ways documents take. */
  begin?: (ctx: PhaseContext) => Promise<void>
}

/**
 * Writes every draft that has rows to the target, by phase and wave of the plan, in batches; marks the end of each phase so that undo can go
 * back to it. Each batch is recorded as intent before it is written, and the target looks at its ledger first: called again after a
 * crash it goes on where it was. Throws target errors and `interrupted`.
 */
export async function load(ctx: PhaseContext, options: LoadOptions): Promise<OutcomeCounts> {
  const { target } = options
  const marks = new Set((await target.marks(ctx.run)).map((mark) => mark.mark))
  if (!marks.has('start')) {
    await options.begin?.(ctx)
    await target.mark(ctx.run, 'start')
  }
  for (const phase of options.plan.phases) {
    for (const wave of phase.waves) {
      for (const doctype of wave.doctypes) {
        await loadDoctype(ctx, options, { step: 'load', phase: phase.name, wave: wave.number, subject: doctype })
      }
    }
    if (!marks.has(phase.name)) await target.mark(ctx.run, phase.name)
    ctx.reached(`mark ${phase.name}`)
  }
  return noteOutcomes(ctx, options)
}

async function loadDoctype(ctx: PhaseContext, options: LoadOptions, scope: Required<Scope>): Promise<void> {
  const doctype = scope.subject, drafts = draftRelation(doctype)
  if (!await ctx.staging.exists(drafts)) return
  // What this run settled before it was interrupted is passed over; the ledger says what that is. What an earlier run saw refused is tried again.
  const open = `FROM ${drafts} d WHERE NOT EXISTS (SELECT 1 FROM ${options.target.documents} l WHERE l.doctype = ${literal(doctype)} AND l.entity = d._entity AND l."key" = d._key AND (l.outcome = 'loaded' OR l.run = ${literal(ctx.run)}))`
  const range = await ctx.staging.one<{ first: number | null; last: number | null; n: number }>(`SELECT min(d._id) AS first, max(d._id) AS last, count(*) AS n ${open}`)
  const meter = ctx.gauge(scope, Number(range?.n ?? 0))
  const fixed = options.fixed[doctype]
  const size = ctx.pace(fixed ?? options.batchDocuments, fixed !== undefined)
  const last = Number(range?.last ?? 0), most = Math.min(options.target.can.mostPerBatch ?? Infinity, fixed ?? await heaviestBatch(ctx, doctype))
  for (let from = Number(range?.first ?? 1); from <= last;) {
    const to = await endOfBatch(ctx, drafts, from, Math.min(size.rows, most), last)
    const batch = { run: ctx.run, phase: scope.phase, wave: scope.wave, doctype, batch: `${ctx.run}:${doctype}:${from}-${to}`, from, to }
    ctx.record('batch', { doctype, from, to })
    ctx.reached(`intent ${doctype}`)
    const began = ctx.clock.elapsed()
    const outcomes = await ctx.attempt(scope, () => options.target.write(batch))
    size.took(ctx.clock.elapsed() - began)
    meter.add(outcomes.length, outcomes.filter((outcome) => outcome.status === 'refused').length)
    ctx.reached(`loaded ${doctype}`)
    if (ctx.signal.aborted) throw new LandfallError('interrupted', 'The run was stopped while loading; every batch that was begun is complete.', { hint: 'landfall run --resume goes on after the last batch.' })
    from = to + 1
  }
  meter.end()
}

/** What a batch writes is in memory until it commits: rows of documents and their child rows it may come to. */
const BATCH_ROWS = 100_000

/** Documents of a DocType that, with their child rows, come to `BATCH_ROWS` rows. */
async function heaviestBatch(ctx: PhaseContext, doctype: string): Promise<number> {
  const sizes = await ctx.staging.one<{ documents: number; rows: number }>(`SELECT sum(estimated_size) FILTER (table_name = ${literal(doctype)}) AS documents, sum(estimated_size) AS rows FROM duckdb_tables() `
    + `WHERE database_name = current_database() AND schema_name = 'drafts' AND (table_name = ${literal(doctype)} OR starts_with(table_name, ${literal(`${doctype}.`)}))`)
  return Math.max(1, Math.floor(BATCH_ROWS * Number(sizes?.documents ?? 1) / Math.max(1, Number(sizes?.rows ?? 1))))
}

/** The `_id` that ends a batch of `size` documents; ids may have gaps. */
async function endOfBatch(ctx: PhaseContext, drafts: string, from: number, size: number, last: number): Promise<number> {
  const row = await ctx.staging.one<{ id: number | null }>(`SELECT max(_id) AS id FROM (SELECT _id FROM ${drafts} WHERE _id >= ${from} ORDER BY _id LIMIT ${size})`)
  return Math.min(Number(row?.id ?? last), last)
}

/**
 * `ops.outcomes(doctype, id, status, name, type, message)`: what became of every draft, from the ledger and from what was refused before. Made
 * from what is true in the end, so that it is the same with and without interruptions.
 */
async function noteOutcomes(ctx: PhaseContext, options: LoadOptions): Promise<OutcomeCounts> {
  await ctx.staging.transaction(async () => {
    await ctx.staging.run('DELETE FROM ops.outcomes')
    for (const doctype of planOrder(options.plan)) {
      if (!await ctx.staging.exists(draftRelation(doctype))) continue
      const name = literal(doctype)
      await ctx.staging.run(`INSERT INTO ops.outcomes SELECT ${name}, d._id, CASE WHEN l.outcome = 'loaded' AND l.run = ${literal(ctx.run)} THEN 'loaded' WHEN l.outcome = 'loaded' THEN 'unchanged' `
        + `WHEN l.outcome = 'refused' OR r.id IS NOT NULL THEN 'refused' ELSE 'skipped' END, l.name, coalesce(r.type, split_part(l.reason, ': ', 1)), coalesce(r.message, l.reason) FROM ${draftRelation(doctype)} d `
        + `LEFT JOIN (SELECT * FROM ${options.target.documents} WHERE doctype = ${name} QUALIFY row_number() OVER (PARTITION BY entity, "key" ORDER BY (outcome = 'loaded') DESC, batch DESC) = 1) l ON l.entity = d._entity AND l."key" = d._key `
        + `LEFT JOIN (SELECT id, any_value(type) AS type, any_value(message) AS message FROM ops.refused WHERE doctype = ${name} GROUP BY id) r ON r.id = d._id`)
    }
  })
  const counts: OutcomeCounts = { loaded: 0, unchanged: 0, refused: 0, skipped: 0 }
  for (const row of await ctx.staging.all<{ status: keyof OutcomeCounts; n: number }>('SELECT status, count(*) AS n FROM ops.outcomes GROUP BY status')) counts[row.status] = Number(row.n)
  return counts
}

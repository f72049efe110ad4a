import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { LandfallError } from '../errors/error.ts'
import { timestamp, type Clock } from '../model/clock.ts'
import { Chains, refKey, type GivenDocument } from '../posting/canary/chain.ts'
import { bindingOf, compareEffects, judge, proofsOf, saveProof, type CanaryRunner, type ProofBinding, type ShapeProof } from '../posting/canary/proof.ts'
import { chooseCanaries, findShapes, type CanaryOptions, type Shape } from '../posting/canary/shapes.ts'
import { predictSet, type Effect } from '../posting/canary/set.ts'
import { PostingEngine } from '../posting/engine.ts'
import type { Difference } from '../posting/compare.ts'
import type { Site } from '../site/site.ts'
import { ident, literal, Staging } from '../staging/staging.ts'
import type { Target } from '../targets/target.ts'

export interface ProveOptions {
  site: Site
  target: Pick<Target, 'tables'>
  /** DocTypes in order of load. */
  order: string[]
  /** DocTypes to prove; absent: all. */
  only?: string[] | undefined
  runner: CanaryRunner
  clock: Clock
  /** Where rows of the site travel through on their way into the engine's own database. */
  spoolFolder: string
  /** Which rules predict documents of a DocType; see `rulesVersion`. */
  rules: ProofBinding['rules']
  /** What the site says it is by now (versions, customisations): another answer voids proofs, as another description does. */
  siteState?: string
  /** The site's own time zone, which its today and now are of. */
  timeZone?: string
  canaries: CanaryOptions
  /** Tries shapes again whose proof still holds. */
  again?: boolean
  /** Told after each DocType. */
  onDoctype?: (doctype: string, proofs: ShapeProof[]) => void
}

/** Canaries tried together, in one transaction of the site: with what they refer to, some hundred documents. */
const AT_ONCE = 40

/**
 * Proves shapes: tries canaries of each on the site and in the engine, beginning from the same rows, and compares every row. Reads what map and pre-flight left; the
 * site's rows are those the target knows. Throws `usage` when nothing has been mapped.
 */
export async function proveShapes(staging: Staging, options: ProveOptions): Promise<ShapeProof[]> {
  const { site, order, clock } = options, binding = bindingOf(site, options)
  if (!await staging.exists('rows."tabSeries"')) throw new LandfallError('usage', 'There are no drafts to prove yet.', { hint: 'landfall preflight maps and predicts; then prove.' })
  const chains = await Chains.open(staging, site, order), proofs: ShapeProof[] = []
  const own = await Staging.open(':memory:', { allowedFolders: [options.spoolFolder] })
  try {
    const engine = await engineAsSite(own, staging, options)
    for (const doctype of order.filter((name) => options.only?.includes(name) ?? true)) {
      const shapes = await findShapes(staging, site, doctype), held = options.again === true ? new Map<string, ShapeProof>() : await proofsOf(staging, binding, doctype)
      if (shapes.length === 0) continue
      const open = shapes.filter((shape) => !held.has(shape.shape)), made: ShapeProof[] = shapes.flatMap((shape) => { const proof = held.get(shape.shape); return proof === undefined ? [] : [{ ...proof, documents: shape.documents }] })
      if (open.length > 0) {
        const chosen = await chooseCanaries(staging, site, doctype, options.canaries)
        for (const proof of await tryShapes(options, engine, chains, open, chosen)) {
          await saveProof(staging, binding, proof, timestamp(clock))
          made.push(proof)
        }
      }
      options.onDoctype?.(doctype, made)
      proofs.push(...made)
    }
    return proofs
  } finally {
    await own.close()
  }
}

async function tryShapes(options: ProveOptions, engine: PostingEngine, chains: Chains, shapes: Shape[], chosen: Map<string, number[]>): Promise<ShapeProof[]> {
  const canaries = shapes.flatMap((shape) => (chosen.get(shape.shape) ?? []).map((id) => ({ shape: shape.shape, ref: { doctype: shape.doctype, id } })))
  const results = new Map<string, Parameters<typeof judge>[1]>()
  for (let start = 0; start < canaries.length; start += AT_ONCE) {
    const part = canaries.slice(start, start + AT_ONCE), tried = await trySet(options, engine, await chains.together(part.map(({ ref }) => ref)))
    for (const { shape, ref } of part) {
      let result = tried.get(refKey(ref))
      // Another document of the set may be what made the difference: a refused one shifts the numbers of all that follow.
      if (result !== undefined && result.differences.length > 0 && part.length > 1) result = (await trySet(options, engine, await chains.together([ref]))).get(refKey(ref))
      if (result !== undefined) results.set(shape, [...results.get(shape) ?? [], result])
    }
  }
  return shapes.map((shape) => judge(shape, results.get(shape.shape) ?? []))
}

async function trySet(options: ProveOptions, engine: PostingEngine, given: GivenDocument[]): Promise<Map<string, { differences: Difference[]; predicted: Effect }>> {
  const { documents, effects } = await predictSet(engine, given)
  const recorded = await options.runner.run(documents)
  return new Map(documents.map(({ ref }, i) => {
    const predicted = effects.get(refKey(ref)) ?? { inserted: {}, updated: {} }
    return [refKey(ref), { differences: compareEffects(recorded[i]!, predicted), predicted }]
  }))
}

/** An engine over the rows the target knows, apart from the drafts' predictions. */
async function engineAsSite(own: Staging, staging: Staging, { site, target, clock, spoolFolder, timeZone }: ProveOptions): Promise<PostingEngine> {
  const engine = await PostingEngine.open(own, site, clock, timeZone === undefined ? {} : { timeZone }), [database = '', schema = ''] = target.tables.split('.')
  const filled = await staging.all<{ name: string }>(`SELECT table_name AS name FROM duckdb_tables() WHERE database_name = ${literal(database)} AND schema_name = ${literal(schema)} AND estimated_size > 0 ORDER BY name`)
  for (const [i, { name }] of filled.entries()) {
    const path = join(spoolFolder, `site-rows-${i}.parquet`), table = `rows.${ident(name)}`
    await staging.run(`COPY ${target.tables}.${ident(name)} TO ${literal(path)} (FORMAT parquet)`)
    try {
      if (!await own.exists(table)) await site.createTables(own, 'rows', 'all')
      const columns = (await own.columnsOf(table)).map((column) => column.name).filter((column) => column !== '_draft' && column !== '_doctype').map(ident).join(', ')
      await own.run(`DELETE FROM ${table}; INSERT INTO ${table} (${columns}) SELECT ${columns} FROM read_parquet(${literal(path)})`)
    } finally {
      rmSync(path, { force: true })
    }
  }
  return engine
}

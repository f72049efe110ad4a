import { LandfallError } from '../errors/error.ts'
import { draftRelation } from '../model/draft.ts'
import type { Clock } from '../model/clock.ts'
import type { Plan } from '../model/plan.ts'
import { PostingEngine } from '../posting/engine.ts'
import type { Site } from '../site/site.ts'
import { ident, literal } from '../staging/staging.ts'
import type { Target } from '../targets/target.ts'
import type { DescribedEntity } from './extract.ts'
import type { PhaseContext, Scope } from './phase.ts'

/** What cleansing made of an entity: `rejected` by type policies or as blocking duplicates, `merged` into others. */
export interface CleansedEntity { entity: string; rows: number; rejected: number; merged: number }

/** The mapping room as this phase uses it: from `raw` to `clean` for all entities, then drafts DocType by DocType. */
export interface Mapper {
  cleanse(onEntity: (done: CleansedEntity) => void): Promise<CleansedEntity[]>
  /**
   * Makes `drafts."<DocType>"` and its child tables from all entities that map to it. Called once per DocType, in the order of the plan, after all
   * DocTypes it refers to were posted; answers how many documents there are.
   */
  draft(doctype: string): Promise<number>
}

export interface MapOptions {
  makeMapper(described: DescribedEntity[]): Promise<Mapper>
  described: DescribedEntity[]
  site: Site
  target: Target
  plan: Plan
  /** The day documents are posted on. */
  clock: Clock
  /** Only documents of this DocType whose `(entity, key)` are in the relation are posted: for a retry. All others stay as they are. */
  only?: { doctype: string; relation: string }
}

export interface MappedDoctype { doctype: string; phase: string; wave: number; drafts: number; known: number; posted: number; refused: number; findings: number }
export interface MapResult { entities: CleansedEntity[]; doctypes: MappedDoctype[]; documents: { drafts: number; known: number; posted: number; refused: number } }

/** Tables of `ops` that mapping and posting fill; cleared when they begin again. */
const MADE_HERE = ['findings', 'refused', 'updates', 'hash_units', 'left_out', 'mapped', 'merge_log', 'key_alias', 'placeholders', 'deferred', 'unmapped_values', 'check_failures']

/**
 * Cleanses all entities and turns them, wave by wave, into drafts and into the rows the site will hold. `rows` begins as a copy of the site as it
 * is; documents that stand there already (by the ledger) are not posted again. Begins from nothing but `raw`, so it may be called again
 * after an interruption.
 */
export async function mapAll(ctx: PhaseContext, options: MapOptions): Promise<MapResult> {
  await clear(ctx)
  await seedRows(ctx, options)
  const engine = await PostingEngine.open(ctx.staging, options.site, options.clock)
  const mapper = await options.makeMapper(options.described)
  const result: MapResult = { entities: await cleanse(ctx, mapper), doctypes: [], documents: { drafts: 0, known: 0, posted: 0, refused: 0 } }
  for (const phase of options.plan.phases) {
    for (const wave of phase.waves) {
      for (const doctype of wave.doctypes) {
        const mapped = await mapDoctype(ctx, options, engine, mapper, { step: 'map', phase: phase.name, wave: wave.number, subject: doctype })
        result.doctypes.push(mapped)
        for (const key of ['drafts', 'known', 'posted', 'refused'] as const) result.documents[key] += mapped[key]
        ctx.reached(`mapped ${doctype}`)
        if (ctx.signal.aborted) throw new LandfallError('interrupted', 'The run was stopped while mapping.', { hint: 'landfall run --resume maps again from what was read.' })
      }
    }
  }
  return result
}

async function clear(ctx: PhaseContext): Promise<void> {
  const { staging } = ctx
  await staging.transaction(async () => {
    for (const schema of ['clean', 'drafts', 'rows', 'work']) await staging.run(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`)
    for (const table of MADE_HERE) await staging.run(`DROP TABLE IF EXISTS ops.${table}`)
    // What reading rejected stays; what an earlier attempt at cleansing added goes.
    await staging.run('CREATE TABLE IF NOT EXISTS ops.rejected_while_read AS SELECT * FROM ops.rejected')
    await staging.run('DELETE FROM ops.rejected; INSERT INTO ops.rejected SELECT * FROM ops.rejected_while_read')
  })
}

/** Copies what the site holds now, table by table; empty tables are only made. */
async function seedRows(ctx: PhaseContext, { site, target }: MapOptions): Promise<void> {
  const { staging } = ctx
  const [database = '', schema = ''] = target.tables.split('.')
  await site.createTables(staging, 'rows', 'all')
  const filled = await staging.all<{ name: string }>(`SELECT table_name AS name FROM duckdb_tables() WHERE database_name = ${literal(database)} AND schema_name = ${literal(schema)} AND estimated_size > 0 ORDER BY name`)
  await staging.transaction(async () => {
    for (const { name } of filled) {
      const columns = (await staging.columnsOf(`rows.${ident(name)}`)).map((column) => column.name).filter((column) => column !== '_draft' && column !== '_doctype').map(ident).join(', ')
      await staging.run(`INSERT INTO rows.${ident(name)} (${columns}) SELECT ${columns} FROM ${target.tables}.${ident(name)}`)
    }
  })
}

async function cleanse(ctx: PhaseContext, mapper: Mapper): Promise<CleansedEntity[]> {
  const gauge = ctx.gauge({ step: 'map', subject: 'cleansing' }, null)
  const entities = await mapper.cleanse((done) => {
    gauge.add(done.rows + done.rejected, done.rejected)
    ctx.reached(`cleansed ${done.entity}`)
  })
  gauge.end()
  return entities
}

async function mapDoctype(ctx: PhaseContext, options: MapOptions, engine: PostingEngine, mapper: Mapper, scope: Required<Scope>): Promise<MappedDoctype> {
  const doctype = scope.subject
  const gauge = ctx.gauge(scope, null)
  const drafts = await mapper.draft(doctype)
  const open = await setAside(ctx, options, doctype)
  const counts = drafts === 0 || open.count === 0 ? { posted: 0, refused: 0, findings: 0 }
    : open.count === drafts ? await engine.post(doctype) : await engine.postFrom(doctype, await openDrafts(ctx, doctype, open.condition))
  gauge.add(drafts, counts.refused)
  gauge.end()
  return { doctype, phase: scope.phase, wave: scope.wave, drafts, known: open.known, posted: counts.posted, refused: counts.refused, findings: counts.findings }
}

/** Which drafts are to be posted: those the ledger does not call loaded, and in a retry only those of the cluster. */
async function setAside(ctx: PhaseContext, options: MapOptions, doctype: string): Promise<{ count: number; known: number; condition: string }> {
  const drafts = draftRelation(doctype)
  if (!await ctx.staging.exists(drafts)) return { count: 0, known: 0, condition: 'false' }
  const loaded = `EXISTS (SELECT 1 FROM ${options.target.documents} l WHERE l.doctype = ${literal(doctype)} AND l.outcome = 'loaded' AND l.entity = d._entity AND l."key" = d._key)`
  const wanted = options.only === undefined ? 'true' : options.only.doctype !== doctype ? 'false' : `EXISTS (SELECT 1 FROM ${options.only.relation} o WHERE o.entity = d._entity AND o."key" = d._key)`
  const condition = `NOT ${loaded} AND ${wanted}`
  const row = await ctx.staging.one<{ n: number; known: number }>(`SELECT count(*) FILTER (WHERE ${condition}) AS n, count(*) FILTER (WHERE ${loaded}) AS known FROM ${drafts} d`)
  return { count: Number(row?.n ?? 0), known: Number(row?.known ?? 0), condition }
}

/** The drafts to be posted as relations of their own, with their child rows. */
async function openDrafts(ctx: PhaseContext, doctype: string, condition: string): Promise<Parameters<PostingEngine['postFrom']>[1]> {
  const { staging } = ctx
  const name = `temp.main.${ident(`open ${doctype}`)}`
  await staging.run(`CREATE OR REPLACE TEMP TABLE ${ident(`open ${doctype}`)} AS SELECT * FROM ${draftRelation(doctype)} d WHERE ${condition} ORDER BY _id`)
  const describe = async (relation: string): Promise<{ relation: string; columns: Map<string, string> }> => ({ relation, columns: new Map((await staging.columnsOf(relation)).map((column) => [column.name, column.type])) })
  const tables = await staging.all<{ n: string }>(`SELECT table_name AS n FROM duckdb_tables() WHERE schema_name = 'drafts' AND database_name = current_database() AND starts_with(table_name, ${literal(`${doctype}.`)}) ORDER BY n`)
  const children = new Map<string, { relation: string; columns: Map<string, string> }>()
  for (const { n } of tables) {
    const field = n.slice(doctype.length + 1)
    await staging.run(`CREATE OR REPLACE TEMP TABLE ${ident(`open ${n}`)} AS SELECT * FROM ${draftRelation(doctype, field)} WHERE _parent IN (SELECT _id FROM ${name})`)
    children.set(field, await describe(`temp.main.${ident(`open ${n}`)}`))
  }
  return { documents: await describe(name), children }
}

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

/** What became of an entity's staged records: `staged = clean + rejected + merged + skipped + filtered + failed`. */
export interface CleansedEntity { entity: string; staged: number; clean: number; rejected: number; merged: number; skipped: number; filtered: number; failed: number }

/** Drafts just made: `_id` from..to (to < from: none). `more`: post these, then ask again, because others refer to them. */
export interface Drafted { from: number; to: number; more: boolean }

/** The mapping room as this phase uses it: from `raw` to `clean` for all entities, then drafts DocType by DocType. */
export interface Mapper {
  cleanse(onEntity: (done: CleansedEntity) => void): Promise<CleansedEntity[]>
  /** Makes the empty draft tables. */
  prepare(): Promise<void>
  /** Adds drafts to `drafts."<DocType>"` and its child tables. Called in the order of the plan, after all DocTypes it refers to were posted. */
  draft(doctype: string): Promise<Drafted>
  /** Links that had to wait, in `ops.deferred` with the name each should have; called once, after everything was posted. */
  resolveDeferred(): Promise<void>
}

export interface MapOptions {
  makeMapper(described: DescribedEntity[]): Promise<Mapper>
  described: DescribedEntity[]
  site: Site
  target: Target
  plan: Plan
  /** The day documents are posted on. */
  clock: Clock
  /** Time zone of the site, where its today is that of the clock. Default: the clock's own day. */
  timeZone?: string
  /** Only documents whose `(doctype, entity, key)` are in the relation (doctype NULL: of any) are posted: for a retry. All others stay as they are. */
  only?: { relation: string }
}

export interface MappedDoctype { doctype: string; phase: string; wave: number; drafts: number; known: number; posted: number; refused: number; findings: number }
export interface MapResult { entities: CleansedEntity[]; doctypes: MappedDoctype[]; documents: { drafts: number; known: number; posted: number; refused: number } }

/** Tables of `ops` that mapping and posting fill; cleared when they begin again. */
const MADE_HERE = ['findings', 'refused', 'updates', 'hash_units', 'left_out', 'mapped', 'merge_log', 'key_alias', 'placeholders', 'deferred', 'unmapped_values', 'unmerged', 'known_drafts', 'check_failures', 'absent', 'renames']

/**
 * Cleanses all entities and turns them, wave by wave, into drafts and into the rows the site will hold. `rows` begins as a copy of the site as it
 * is; documents that stand there already (by the ledger) are not posted again. Begins from nothing but `raw`, so it may be called again
 * after an interruption.
 */
export async function mapAll(ctx: PhaseContext, options: MapOptions): Promise<MapResult> {
  await clear(ctx)
  await seedRows(ctx, options)
  const engine = await PostingEngine.open(ctx.staging, options.site, options.clock, options.timeZone === undefined ? {} : { timeZone: options.timeZone })
  const mapper = await options.makeMapper(options.described)
  const entities = await cleanse(ctx, mapper)
  await mapper.prepare()
  const result: MapResult = { entities, doctypes: [], documents: { drafts: 0, known: 0, posted: 0, refused: 0 } }
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
  await setDeferred(ctx, mapper)
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
    await staging.run('CREATE TABLE ops.known_drafts (doctype VARCHAR, id BIGINT)')
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
    gauge.add(done.staged, done.rejected + done.failed)
    ctx.reached(`cleansed ${done.entity}`)
  })
  gauge.end()
  return entities
}

async function mapDoctype(ctx: PhaseContext, options: MapOptions, engine: PostingEngine, mapper: Mapper, scope: Required<Scope>): Promise<MappedDoctype> {
  const mapped: MappedDoctype = { doctype: scope.subject, phase: scope.phase, wave: scope.wave, drafts: 0, known: 0, posted: 0, refused: 0, findings: 0 }
  const gauge = ctx.gauge(scope, null)
  for (let more = true; more;) {
    const drafted = await mapper.draft(scope.subject)
    more = drafted.more
    if (drafted.to < drafted.from) continue
    const open = await setAside(ctx, options, scope.subject, drafted)
    const counts = open.count === 0 ? { posted: 0, refused: 0, findings: 0 }
      : open.count === open.drafts ? await engine.post(scope.subject, drafted) : await engine.postFrom(scope.subject, await openDrafts(ctx, scope.subject, open.condition))
    if (open.known > 0) await nameKnown(ctx, options, scope.subject, drafted)
    gauge.add(open.drafts, counts.refused)
    mapped.drafts += open.drafts
    mapped.known += open.known
    mapped.posted += counts.posted
    mapped.refused += counts.refused
    mapped.findings += counts.findings
  }
  gauge.end()
  return mapped
}

interface Aside { drafts: number; count: number; known: number; condition: string }

/** Which of the new drafts are to be posted: those the ledger does not call loaded, and in a retry only those of the cluster. */
async function setAside(ctx: PhaseContext, options: MapOptions, doctype: string, { from, to }: Drafted): Promise<Aside> {
  const loaded = `EXISTS (SELECT 1 FROM ${options.target.documents} l WHERE l.doctype = ${literal(doctype)} AND l.outcome = 'loaded' AND l.entity = d._entity AND l."key" = d._key)`
  const wanted = options.only === undefined ? 'true' : `EXISTS (SELECT 1 FROM ${options.only.relation} o WHERE o.entity = d._entity AND o."key" = d._key AND (o.doctype IS NULL OR o.doctype = ${literal(doctype)}))`
  const range = `d._id BETWEEN ${from} AND ${to}`
  const condition = `${range} AND NOT ${loaded} AND ${wanted}`
  const row = await ctx.staging.one<{ drafts: number; n: number; known: number }>(`SELECT count(*) AS drafts, count(*) FILTER (WHERE ${condition}) AS n, count(*) FILTER (WHERE ${loaded}) AS known FROM ${draftRelation(doctype)} d WHERE ${range}`)
  return { drafts: Number(row?.drafts ?? 0), count: Number(row?.n ?? 0), known: Number(row?.known ?? 0), condition }
}

/**
 * Tells later mappings the names of documents that are on the site already: their rows get the number of the draft that stands for them. `ops.known_drafts`
 * says that those rows were there before, so that changes to them are kept as changes.
 */
async function nameKnown(ctx: PhaseContext, options: MapOptions, doctype: string, { from, to }: Drafted): Promise<void> {
  const name = literal(doctype), table = `rows.${ident(`tab${doctype}`)}`
  const known = `SELECT d._id AS id, any_value(l.name) AS name FROM ${draftRelation(doctype)} d JOIN ${options.target.documents} l ON l.doctype = ${name} AND l.outcome = 'loaded' AND l.entity = d._entity AND l."key" = d._key `
    + `WHERE d._id BETWEEN ${from} AND ${to} GROUP BY d._id`
  await ctx.staging.transaction(async () => {
    await ctx.staging.run(`UPDATE ${table} AS r SET _draft = k.id, _doctype = ${name} FROM (${known}) k WHERE r.name = k.name AND r._draft IS NULL`)
    await ctx.staging.run(`INSERT INTO ops.known_drafts SELECT ${name}, id FROM (${known})`)
  })
}

/**
 * Sets the links that had to wait for DocTypes of a later wave, in the rows that will be loaded; on documents that are on the site already it is a change
 * like any other. A link whose document was refused is said as a warning.
 */
async function setDeferred(ctx: PhaseContext, mapper: Mapper): Promise<void> {
  const { staging } = ctx
  await mapper.resolveDeferred()
  if (!await staging.exists('ops.deferred')) return
  for (const { doctype, field } of await staging.all<{ doctype: string; field: string }>('SELECT DISTINCT doctype, field FROM ops.deferred ORDER BY ALL')) {
    const table = `rows.${ident(`tab${doctype}`)}`, column = ident(field)
    const wanted = `(SELECT id, any_value(name) AS name FROM ops.deferred WHERE doctype = ${literal(doctype)} AND field = ${literal(field)} AND name IS NOT NULL GROUP BY id)`
    await staging.transaction(async () => {
      await staging.run(`INSERT INTO ops.updates SELECT (SELECT coalesce(max(seq), 0) FROM ops.updates) + row_number() OVER (ORDER BY r._draft), ${literal(doctype)}, r._draft, ${literal(`tab${doctype}`)}, r.name, ${literal(field)}, CAST(to_json(r.${column}) AS VARCHAR), CAST(to_json(w.name) AS VARCHAR) `
        + `FROM ${table} r JOIN ${wanted} w ON r._draft = w.id AND r._doctype = ${literal(doctype)} JOIN ops.known_drafts k ON k.doctype = r._doctype AND k.id = r._draft WHERE r.${column} IS DISTINCT FROM w.name`)
      await staging.run(`UPDATE ${table} AS r SET ${column} = w.name FROM ${wanted} w WHERE r._draft = w.id AND r._doctype = ${literal(doctype)}`)
      await staging.run(`INSERT INTO ops.findings SELECT 'warning', 'deferred-link', f.doctype, f.id, d._entity, d._key, f.field, NULL, f.field || ' stays empty: ' || f.ref_doctype || ' of ' || f.ref_entity || ' ' || f.ref_key || ' was not loaded', f.ref_key, `
        + `'deferred-link ' || f.doctype || '.' || f.field, 'Correct the document it refers to, then: landfall retry', 0, f.id FROM ops.deferred f JOIN ${draftRelation(doctype)} d ON d._id = f.id WHERE f.doctype = ${literal(doctype)} AND f.field = ${literal(field)} AND f.name IS NULL`)
    })
  }
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

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LandfallError, messageOf } from '../errors/error.ts'
import type { Batch, Cursor } from '../model/batch.ts'
import type { Entity } from '../model/entity.ts'
import type { Source } from '../sources/source.ts'
import { loadBatch, prepareRaw, rawRelation, relationSql } from '../staging/load.ts'
import { readAhead } from '../staging/read-ahead.ts'
import { literal } from '../staging/staging.ts'
import type { PhaseContext, Scope } from './phase.ts'

/** An entity to be read: `name` as the project calls it, `table` as the source does. */
export interface ExtractEntity { name: string; source: string; table: string }

/** An entity as its source describes it. */
export interface DescribedEntity { source: string; entity: Entity }

export interface ExtractOptions {
  /** Names of the sources in use. */
  sources: string[]
  /** Opens a source; called once per source. The phase closes it. */
  open(source: string): Promise<Source>
  /** Which entities to read, now that the sources have described themselves. Throws `mapping-invalid` when the mappings ask for what is not there. */
  choose(described: DescribedEntity[]): ExtractEntity[]
  batchRows: number
  spoolFolder: string
  onError: 'stop' | 'skip'
  /** Reading of an entity ends at this many records, for a first look; absent: all of them. */
  limit?: number
  /** False: staging is not compared with the source's own count and sums, which costs some sources a second reading. */
  verify?: boolean
}

/**
 * What was read of an entity: `read = staged + rejected` always. `counted`: as the source counts itself, null where it cannot. `error`: it
 * could not be read and the policy went on without it.
 */
export interface ExtractResult { entity: string; source: string; table: string; read: number; staged: number; rejected: number; counted: number | null; error: string | null }

/** What was read, and from what. */
export interface Extracted { sources: { name: string; kind: string; version: string }[]; described: DescribedEntity[]; entities: ExtractResult[] }

/**
 * Reads every entity into `raw.*`, batch by batch; each batch, its rejected records and its cursor commit together, so an interrupted run
 * goes on after the last one. In the end the staged count (and exact sums of numeric columns) are compared with what the source
 * measures itself. Throws source errors, `source-short`, `mapping-invalid`, `interrupted`.
 */
export async function extract(ctx: PhaseContext, options: ExtractOptions): Promise<Extracted> {
  const result: Extracted = { sources: [], described: [], entities: [] }
  const opened = new Map<string, Source>()
  try {
    for (const name of options.sources) {
      const source = await ctx.attempt({ step: 'extract', subject: name }, () => options.open(name))
      opened.set(name, source)
      const catalog = await ctx.attempt({ step: 'extract', subject: name }, () => source.describe())
      result.sources.push({ name, kind: catalog.kind, version: catalog.version })
      result.described.push(...catalog.entities.map((entity) => ({ source: name, entity })))
    }
    for (const entity of distinct(options.choose(result.described))) {
      const source = opened.get(entity.source)
      const described = result.described.find((item) => item.source === entity.source && item.entity.name === entity.table)?.entity
      if (source) result.entities.push(await extractEntity(ctx, options, source, entity, described))
    }
  } finally {
    for (const source of opened.values()) await source.close()
  }
  return result
}

/** A table that several entities are made of is read once. */
function distinct(entities: ExtractEntity[]): ExtractEntity[] {
  return [...new Map(entities.map((entity) => [`${entity.source}.${entity.table}`, entity])).values()]
}

async function extractEntity(ctx: PhaseContext, options: ExtractOptions, source: Source, entity: ExtractEntity, described: Entity | undefined): Promise<ExtractResult> {
  const scope: Scope = { step: 'extract', subject: entity.name }
  try {
    await ctx.attempt(scope, () => readEntity(ctx, options, source, entity, described))
    const counted = options.verify === false ? null : await verifyEntity(ctx, source, entity, described, scope)
    return { entity: entity.name, source: entity.source, table: entity.table, ...await counts(ctx, entity), counted, error: null }
  } catch (error) {
    const skippable = error instanceof LandfallError && (error.kind === 'source' || error.kind === 'data')
    if (options.onError !== 'skip' || !skippable) throw error
    ctx.emit({ type: 'note', scope, level: 'warning', message: `${entity.name} was left out: ${error.message}` })
    const left = await counts(ctx, entity).catch(() => ({ read: 0, staged: 0, rejected: 0 }))
    return { entity: entity.name, source: entity.source, table: entity.table, ...left, counted: null, error: error.message }
  }
}

async function readEntity(ctx: PhaseContext, options: ExtractOptions, source: Source, entity: ExtractEntity, described: Entity | undefined): Promise<void> {
  const { staging } = ctx
  const id = `${entity.source}.${entity.table}`
  const state = await staging.one<{ cursor: string | null; done: boolean }>('SELECT cursor, done FROM ops.cursors WHERE entity = $1', [id])
  if (state?.done) return
  const resumable = state?.cursor != null && source.can.resume
  if (!resumable) await startAfresh(ctx, entity, id, described)
  const meter = ctx.gauge({ step: 'extract', subject: entity.name }, described?.rowCount.value ?? null)
  const spoolFolder = join(options.spoolFolder, id.replaceAll(/[^A-Za-z0-9._-]/g, '_'))
  rmSync(spoolFolder, { recursive: true, force: true })
  mkdirSync(spoolFolder, { recursive: true })
  const size = ctx.pace(options.batchRows)
  let after = resumable ? JSON.parse(state.cursor ?? 'null') as Cursor : undefined
  // The size of a batch is set when reading begins, so after each change of size reading goes on behind the last cursor.
  let left = options.limit ?? Infinity
  for (let more = true; more;) {
    more = false
    const rows = Math.min(size.rows, left)
    let began = ctx.clock.elapsed()
    for await (const batch of readAhead(source.read({ entity: entity.table, after, batchRows: rows, spoolFolder, signal: ctx.signal }))) {
      await stageBatch(ctx, entity, id, batch)
      after = batch.cursor
      meter.add(batch.read, batch.rejected.length)
      ctx.reached(`extract ${id}`)
      if (ctx.signal.aborted) throw new LandfallError('interrupted', 'The run was stopped while reading.', { hint: 'landfall run --resume goes on after the last batch.' })
      left -= batch.read
      if (left <= 0) break
      const now = ctx.clock.elapsed()
      if (batch.read >= rows) size.took(now - began)
      began = now
      if (source.can.resume && size.rows !== rows) { more = true; break }
    }
  }
  await staging.run('UPDATE ops.cursors SET done = true WHERE entity = $1', [id])
  meter.end()
  rmSync(spoolFolder, { recursive: true, force: true })
}

/** Forgets what was read before (a source that cannot resume begins again) and makes the table, so that an empty entity has one too. */
async function startAfresh(ctx: PhaseContext, entity: ExtractEntity, id: string, described: Entity | undefined): Promise<void> {
  const relation = rawRelation(entity.source, entity.table)
  await ctx.staging.transaction(async () => {
    await ctx.staging.run(`DROP TABLE IF EXISTS ${relationSql(relation)}`)
    await prepareRaw(ctx.staging, relation, described?.columns.map((column) => column.name) ?? [])
    await ctx.staging.run('DELETE FROM ops.rejected WHERE entity = $1', [id])
    await ctx.staging.run('DELETE FROM ops.cursors WHERE entity = $1', [id])
    await ctx.staging.run('INSERT INTO ops.cursors VALUES ($1, NULL, 0, 0, 0, 0, false)', [id])
  })
}

async function stageBatch(ctx: PhaseContext, entity: ExtractEntity, id: string, batch: Batch): Promise<void> {
  const { staging } = ctx
  if (batch.read !== batch.count + batch.rejected.length) {
    throw new LandfallError('source-short', `A batch of ${id} read ${batch.read} records but accounts for ${batch.count} and ${batch.rejected.length} rejected.`, { hint: 'This is a defect of the source\'s connector.', where: { entity: entity.name } })
  }
  await staging.transaction(async () => {
    await loadBatch(staging, rawRelation(entity.source, entity.table), batch)
    if (batch.rejected.length > 0) {
      const rejected = batch.rejected
      await staging.appendColumns({ schema: 'ops', table: 'rejected' }, [
        { name: 'entity', kind: 'VARCHAR', values: rejected.map(() => id) },
        { name: 'ordinal', kind: 'BIGINT', values: rejected.map((item) => item.ordinal) },
        { name: 'source_where', kind: 'VARCHAR', values: rejected.map((item) => item.where) },
        { name: 'line', kind: 'BIGINT', values: rejected.map((item) => item.line) },
        { name: 'reason', kind: 'VARCHAR', values: rejected.map((item) => item.reason) },
        { name: 'raw', kind: 'VARCHAR', values: rejected.map((item) => item.raw.slice(0, 10_000)) },
      ])
    }
    await staging.run(`UPDATE ops.cursors SET cursor = $1, batches = batches + 1, read = read + ${batch.read}, staged = staged + ${batch.count}, rejected = rejected + ${batch.rejected.length} WHERE entity = $2`,
      [JSON.stringify(batch.cursor), id])
  })
}

const SUMMED = new Set(['integer', 'decimal'])
const MAX_SUMS = 8

/** Compares staging with the source's own count and sums. Answers that count; null: the source cannot measure, which the report says. */
async function verifyEntity(ctx: PhaseContext, source: Source, entity: ExtractEntity, described: Entity | undefined, scope: Scope): Promise<number | null> {
  const staged = await counts(ctx, entity)
  const sums = (described?.columns ?? []).filter((column) => SUMMED.has(column.type) && column.inferred !== true).slice(0, MAX_SUMS).map((column) => column.name)
  const origin = await ctx.attempt(scope, () => source.measure(entity.table, staged.rejected === 0 ? sums : []))
  if (origin === null) {
    ctx.emit({ type: 'note', scope, level: 'info', message: `${entity.name}: the source cannot count for itself; only batches were checked.` })
    return null
  }
  if (origin.count !== staged.read) {
    throw new LandfallError('source-short', `${entity.name}: the source holds ${origin.count} records, ${staged.read} were read.`, { where: { entity: entity.name }, hint: 'The source changed while it was read, or ended early. Run again; for a live system read from a snapshot.' })
  }
  if (staged.rejected === 0 && sums.length > 0) {
    const here = await ctx.staging.measure(relationSql(rawRelation(entity.source, entity.table)), sums)
    const differing = sums.filter((column) => origin.sums[column] != null && here.sums[column] != null && Number(origin.sums[column]) !== Number(here.sums[column]))
    if (differing.length > 0) {
      throw new LandfallError('source-changed', `${entity.name}: sums differ between source and staging in ${differing.map((column) => `${column} (${origin.sums[column]} against ${here.sums[column]})`).join(', ')}.`, { where: { entity: entity.name }, hint: 'The source changed while it was read. Run again; for a live system read from a snapshot.' })
    }
  }
  return origin.count
}

async function counts(ctx: PhaseContext, entity: ExtractEntity): Promise<{ read: number; staged: number; rejected: number }> {
  const id = `${entity.source}.${entity.table}`
  const row = await ctx.staging.one<{ read: number; staged: number; rejected: number }>(`SELECT read, staged, rejected FROM ops.cursors WHERE entity = ${literal(id)}`)
    .catch((error: unknown) => { throw new LandfallError('staging-failed', messageOf(error), { cause: error }) })
  const { read = 0, staged = 0, rejected = 0 } = row ?? {}
  const held = await ctx.staging.exists(relationSql(rawRelation(entity.source, entity.table))) ? (await ctx.staging.measure(relationSql(rawRelation(entity.source, entity.table)), [])).count : 0
  if (Number(read) !== Number(staged) + Number(rejected) || held !== Number(staged)) {
    throw new LandfallError('ledger-broken', `Accounting of ${id} does not add up: read ${read}, staged ${staged} (found ${held}), rejected ${rejected}.`, { hint: 'Remove .landfall/staging.duckdb and run again: staging is rebuilt from the source.' })
  }
  return { read: Number(read), staged: Number(staged), rejected: Number(rejected) }
}

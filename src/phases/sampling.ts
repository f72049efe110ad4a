import { rawRelation, relationSql } from '../staging/load.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import type { Extracted } from './extract.ts'

const whole = (source: string, table: string): string => `whole.${ident(`${source}.${table}`)}`

/** Remembers what reading rejected, before cleansing adds to it: records of a sample are judged anew. */
export async function keepWhole(staging: Staging): Promise<void> {
  await staging.run('CREATE SCHEMA IF NOT EXISTS whole; CREATE TABLE IF NOT EXISTS ops.rejected_while_read AS SELECT * FROM ops.rejected')
}

/**
 * Leaves of `raw` only the records of `sample` (relation of `entity`, `row`); all of them are kept in schema `whole`, so that another sample may follow. Accounts (`ops.cursors`, the answer) are
 * those of the sample, so that every proof holds what was loaded against it. What could not be read stays rejected.
 */
export async function restrictTo(staging: Staging, sample: string, entities: { name: string; source: string; table: string }[], extracted: Extracted): Promise<Extracted> {
  const reduced: Extracted = { ...extracted, entities: [] }
  for (const read of extracted.entities) {
    const raw = relationSql(rawRelation(read.source, read.table)), all = whole(read.source, read.table)
    if (read.error !== null || (!await staging.exists(raw) && !await staging.exists(all))) { reduced.entities.push(read); continue }
    if (!await staging.exists(all)) await staging.run(`CREATE TABLE ${all} AS SELECT * FROM ${raw}`)
    const names = entities.filter((entity) => entity.source === read.source && entity.table === read.table).map((entity) => literal(entity.name))
    await staging.run(`CREATE OR REPLACE TABLE ${raw} AS SELECT * FROM ${all} w WHERE ${names.length === 0 ? 'false' : `w._row IN (SELECT row FROM ${sample} WHERE entity IN (${names.join(', ')}))`} ORDER BY _row`)
    const staged = Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${raw}`))?.n ?? 0), total = staged + read.rejected
    await staging.run(`UPDATE ops.cursors SET read = ${total}, staged = ${staged} WHERE entity = ${literal(`${read.source}.${read.table}`)}`)
    reduced.entities.push({ ...read, staged, read: total, counted: total })
  }
  return reduced
}

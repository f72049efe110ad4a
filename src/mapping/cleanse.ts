import { ident, literal, type Staging } from '../staging/staging.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import { settleDuplicates } from './duplicates.ts'
import { cleanColumns, type MappedEntity } from './entity.ts'
import { compileCondition } from './expression.ts'
import { fillLookups } from './lookup-tables.ts'
import { createMappingTables } from './ops-tables.ts'
import { Relation } from './relation.ts'
import { Scope } from './scope.ts'
import { typeRecords } from './typed-records.ts'

/** What became of an entity's staged records: `staged = clean + rejected + merged + skipped + filtered + failed`. */
export interface CleansingCounts { entity: string; staged: number; clean: number; rejected: number; merged: number; skipped: number; filtered: number; failed: number }

/**
 * Makes `clean."<entity>"` of its raw table: typed, filtered, duplicates settled by policy. Says what it changed or left out in `ops.findings`,
 * `ops.rejected`, `ops.left_out` and `ops.merge_log`. Repeating it gives the same. Runs in a transaction.
 */
export async function cleanseEntity(staging: Staging, entity: MappedEntity, registry: TransformRegistry): Promise<CleansingCounts> {
  await createMappingTables(staging)
  return staging.transaction(async () => {
    await forget(staging, entity)
    await typeRecords(staging, entity, registry)
    await reportTypes(staging, entity)
    await reject(staging, entity)
    await filter(staging, entity, registry)
    const columns = entity.columns.map((column) => ident(column.name))
    await staging.run(`CREATE OR REPLACE TABLE ${entity.clean} AS SELECT _row, _key${columns.map((column) => `, ${column}`).join('')} FROM work.typed t WHERE _reject IS NULL AND _keep ORDER BY _row`)
    await staging.run('DROP TABLE work.typed')
    await settleDuplicates(staging, entity, registry)
    return countEntity(staging, entity)
  })
}

async function forget(staging: Staging, entity: MappedEntity): Promise<void> {
  const name = literal(entity.name)
  await staging.run(`DELETE FROM ops.findings WHERE doctype = ${literal(`entity:${entity.name}`)}`)
  await staging.run(`DELETE FROM ops.rejected WHERE entity = ${name}`)
  for (const table of ['left_out', 'merge_log', 'key_alias']) await staging.run(`DELETE FROM ops.${table} WHERE entity = ${name}${table === 'merge_log' ? '' : ' AND doctype IS NULL'}`)
}

async function reportTypes(staging: Staging, entity: MappedEntity): Promise<void> {
  const wrong = await staging.one<{ bad: number; lost: number }>('SELECT count(*) FILTER (len(_bad) > 0) AS bad, count(*) FILTER (len(_lost) > 0) AS lost FROM work.typed WHERE _reject IS NULL')
  const raw = `CASE f.c ${entity.columns.map((column) => `WHEN ${literal(column.name)} THEN r.${ident(column.name)}`).join(' ')} END`
  const types = `CASE f.c ${entity.columns.map((column) => `WHEN ${literal(column.name)} THEN ${literal(column.type)}`).join(' ')} END`
  const insert = (list: string, type: string, message: string, hint: string) => staging.run(`INSERT INTO ops.findings SELECT 'warning', '${type}', ${literal(`entity:${entity.name}`)}, f._row, ${literal(entity.name)}, f._key, f.c, NULL, ${message}, left(${raw}, 200), `
    + `${literal(`${type} ${entity.name}.`)} || f.c, ${literal(hint)}, 0, f._row FROM (SELECT _row, _key, unnest(${list}) AS c FROM work.typed WHERE _reject IS NULL) f JOIN ${entity.raw} r ON r._row = f._row`)
  if (Number(wrong?.bad ?? 0) > 0) await insert('_bad', 'type-mismatch', `f.c || ': ' || chr(34) || left(${raw}, 60) || chr(34) || ' cannot be read as ' || ${types} || ' and was left empty'`, 'Give the column a transform or formats in `columns`, or correct the record.')
  if (Number(wrong?.lost ?? 0) > 0) await insert('_lost', 'value-truncated', `f.c || ' was too long and was cut'`, 'Give the transform a greater length, or shorten the value.')
}

async function reject(staging: Staging, entity: MappedEntity): Promise<void> {
  const name = literal(entity.name)
  await staging.run(`INSERT INTO ops.rejected SELECT ${name}, t._row, ${literal(`${entity.source}.${entity.table}`)}, NULL, t._reject, left(CAST(to_json(r) AS VARCHAR), 10000) FROM work.typed t JOIN ${entity.raw} r ON r._row = t._row WHERE t._reject IS NOT NULL`)
  await staging.run(`INSERT INTO ops.left_out SELECT ${name}, NULL, _row, _key, 'rejected', _reject, NULL FROM work.typed WHERE _reject IS NOT NULL`)
  await staging.run(`INSERT INTO ops.findings SELECT 'warning', 'record-rejected', ${literal(`entity:${entity.name}`)}, _row, ${name}, _key, NULL, NULL, 'The record was set aside: ' || _reject, NULL, ${literal(`record-rejected ${entity.name} `)} || _reject, 'Correct the record in the source, or change the policy type_mismatch.', 0, _row FROM work.typed WHERE _reject IS NOT NULL`)
}

async function filter(staging: Staging, entity: MappedEntity, registry: TransformRegistry): Promise<void> {
  const { where } = entity.mapping
  if (where === undefined) {
    await staging.run('ALTER TABLE work.typed ADD COLUMN _keep BOOLEAN DEFAULT true')
    return
  }
  const relation = new Relation('SELECT * FROM work.typed', 'where')
  const condition = relation.compute(compileCondition(where, new Scope(relation, registry, cleanColumns(entity))))
  await fillLookups(staging, relation)
  await staging.run(`CREATE OR REPLACE TABLE work.kept AS SELECT _row, ${condition} AS k FROM (${relation.sql()})`)
  await staging.run('CREATE OR REPLACE TABLE work.typed AS SELECT t.*, k.k AS _keep FROM work.typed t JOIN work.kept k ON k._row = t._row')
  await staging.run('DROP TABLE work.kept')
  await staging.run(`INSERT INTO ops.left_out SELECT ${literal(entity.name)}, NULL, _row, _key, 'filtered', ${literal(`where: ${where}`)}, NULL FROM work.typed WHERE _reject IS NULL AND NOT _keep`)
}

/** Counts, from the tables themselves, what became of the staged records of an entity. */
export async function countEntity(staging: Staging, entity: Pick<MappedEntity, 'name' | 'raw' | 'clean'>): Promise<CleansingCounts> {
  const count = async (relation: string) => (await staging.exists(relation) ? Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${relation}`))?.n ?? 0) : 0)
  const out = await staging.all<{ outcome: string; n: number }>(`SELECT outcome, count(*) AS n FROM ops.left_out WHERE entity = ${literal(entity.name)} AND doctype IS NULL GROUP BY outcome`)
  const of = (outcome: string) => Number(out.find((row) => row.outcome === outcome)?.n ?? 0)
  return { entity: entity.name, staged: await count(entity.raw), clean: await count(entity.clean), rejected: of('rejected'), merged: of('merged'), skipped: of('skipped'), filtered: of('filtered'), failed: of('failed') }
}

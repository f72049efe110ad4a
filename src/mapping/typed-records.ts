import { ident, literal, type Staging } from '../staging/staging.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import type { MappedColumn, MappedEntity } from './entity.ts'
import { keySql } from './key-sql.ts'
import { fillLookups } from './lookup-tables.ts'
import { Relation } from './relation.ts'
import { lenientFor, meansNothing, strictSql } from './strict-type.ts'
import { applyChain } from './transform-chain.ts'
import { castTo, sqlType, typeOfColumn, type Typed } from './value-type.ts'

interface TypedColumn { name: string; sql: string; bad: string | null; rejects: boolean; lost: string | null; required: boolean }

/**
 * Reads an entity's raw text into `work.typed`: `_row`, `_key`, its columns typed, and `_bad`/`_lost` (names of columns whose value was of
 * the wrong type or was cut), `_reject` (why the record cannot stay). Raises nothing about data.
 */
export async function typeRecords(staging: Staging, entity: MappedEntity, registry: TransformRegistry): Promise<void> {
  const relation = new Relation(`SELECT _row, ${entity.columns.map((column) => ident(column.name)).join(', ') || 'NULL AS "-"'} FROM ${entity.raw}`, 'typed')
  const columns = entity.columns.map((column) => typeColumn(entity, column, registry, relation))
  const byName = new Map(columns.map((column, i) => [column.name.toLowerCase(), { sql: column.sql, type: entity.columns[i]!.type } as Typed]))
  const key = entity.key.length === 0 ? 'CAST(_row AS VARCHAR)' : keySql(entity.key.map((name) => byName.get(name.toLowerCase())!))
  const named = (list: [string, string | null][]) => {
    const given = list.filter((item): item is [string, string] => item[1] !== null)
    return given.length === 0 ? 'CAST([] AS VARCHAR[])' : `list_filter([${given.map(([name, sql]) => `CASE WHEN ${sql} THEN ${literal(name)} END`).join(', ')}], lambda c: c IS NOT NULL)`
  }
  const bad = relation.compute(named(columns.filter((column) => !column.rejects).map((column) => [column.name, column.bad])))
  const fatal = relation.compute(named(columns.filter((column) => column.rejects).map((column) => [column.name, column.bad])))
  const lost = relation.compute(named(columns.map((column) => [column.name, column.lost])))
  const empty = relation.compute(named(columns.filter((column) => column.required).map((column) => [column.name, `${column.sql} IS NULL OR CAST(${column.sql} AS VARCHAR) = ''`])))
  const keyColumn = relation.compute(key)
  await fillLookups(staging, relation)
  await staging.run(`CREATE OR REPLACE TABLE work.typed AS SELECT _row, ${keyColumn} AS _key, ${columns.map((column) => `${column.sql} AS ${ident(column.name)}, `).join('')}${bad} AS _bad, ${lost} AS _lost, `
    + `CASE WHEN len(${fatal}) > 0 THEN 'not of the type of its column: ' || array_to_string(${fatal}, ', ') WHEN len(${empty}) > 0 THEN 'required, but empty: ' || array_to_string(${empty}, ', ') `
    + `WHEN ${keyColumn} IS NULL THEN ${literal(`the key is empty: ${entity.key.join(', ')}`)} END AS _reject FROM (${relation.sql()})`)
}

function typeColumn(entity: MappedEntity, column: MappedColumn, registry: TransformRegistry, relation: Relation): TypedColumn {
  const { mapping } = entity
  const spec = Object.entries(mapping.columns ?? {}).find(([name]) => name.toLowerCase() === column.name.toLowerCase())?.[1]
  const plain = typeOfColumn(column.declared) === 'text'
  const chain = [...(plain && column.declared !== 'binary' ? mapping.text_columns ?? [] : []), ...(spec?.transform ?? [])]
  const { value, applied } = applyChain({ sql: ident(column.name), type: 'text' }, chain, registry, relation)
  const policy = spec?.type_mismatch ?? mapping.policies.type_mismatch
  const failed = applied.flatMap((step) => (step.failed === null ? [] : [step.failed]))
  const lost = applied.flatMap((step) => (step.lossy === null ? [] : [step.lossy]))
  let result = value
  if (value.type !== column.type) {
    if (column.type === 'text') result = { sql: relation.compute(castTo(value, 'text')), type: 'text' }
    else {
      const text = relation.compute(castTo(value, 'text'))
      let sql = relation.compute(strictSql(text, column.declared))
      if (policy === 'transform') {
        const lenient = applyChain({ sql: relation.compute(`CASE WHEN ${sql} IS NULL THEN ${text} END`), type: 'text' }, spec?.lenient ?? lenientFor(column.declared), registry, relation)
        if (lenient.applied.length > 0) sql = relation.compute(`coalesce(${sql}, TRY_CAST(${lenient.value.sql} AS ${sqlType(column.type)}))`)
      }
      failed.push(`(${text} IS NOT NULL AND ${sql} IS NULL AND NOT coalesce(${meansNothing(text, column.declared)}, false))`)
      result = { sql, type: column.type }
    }
  }
  return {
    name: column.name, sql: relation.compute(result.sql), rejects: policy === 'reject', required: spec?.required === true,
    bad: failed.length === 0 ? null : relation.compute(`coalesce(${failed.join(' OR ')}, false)`), lost: lost.length === 0 ? null : relation.compute(`coalesce(${lost.join(' OR ')}, false)`),
  }
}

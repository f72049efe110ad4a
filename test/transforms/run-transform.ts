import { Staging, literal } from '../../src/staging/staging.ts'
import { TransformRegistry } from '../../src/transforms/registry.ts'
import { Relation } from '../../src/mapping/relation.ts'
import { fillLookups } from '../../src/mapping/lookup-tables.ts'
import { applyChain } from '../../src/mapping/transform-chain.ts'
import type { TransformStep } from '../../src/config/mapping-schema.ts'
import { asText } from '../../src/mapping/value-type.ts'

/** What a chain makes of values, as text; and which of them it reports as failed. */
export async function runChain(staging: Staging, steps: TransformStep[], values: (string | null)[], registry = new TransformRegistry()): Promise<{ values: (string | null)[]; failed: (string | null)[] }> {
  const base = `SELECT * FROM (VALUES ${values.map((value, i) => `(${i}, CAST(${literal(value)} AS VARCHAR))`).join(', ')}) t(n, v)`
  const relation = new Relation(base, 'test')
  const { value, applied } = applyChain({ sql: '"v"', type: 'text' }, steps, registry, relation)
  const result = relation.compute(asText(value))
  const failed = applied.map((step) => step.failed ?? 'false').join(' OR ')
  await fillLookups(staging, relation)
  const rows = await staging.all<{ v: string | null; r: string | null; f: boolean | null }>(`SELECT v, ${result} AS r, (${failed || 'false'}) AS f FROM (${relation.sql()}) ORDER BY n`)
  return { values: rows.map((row) => row.r), failed: rows.filter((row) => row.f === true).map((row) => row.v) }
}

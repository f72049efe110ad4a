import { mappingSchema } from '../config/mapping-schema.ts'
import type { Entity } from '../model/entity.ts'
import type { Staging } from '../staging/staging.ts'
import { TransformRegistry } from '../transforms/registry.ts'
import { findPairs, type Pair } from './duplicate-pairs.ts'
import { createMappingTables } from './ops-tables.ts'

/** A way to find duplicates in records that no mapping speaks of yet: columns that agree exactly, or one that is nearly the same among records that agree in others. */
export type SuspectRule = { name: string; exact: string[] } | { name: string; near: { compare: string; block: string[]; threshold: number } }

/**
 * Pairs of records of a relation (`_row`, text columns) that the rules of a mapping's `duplicates` would call the same. Names are compared in lower case,
 * without accents and repeated spaces.
 */
export async function suspectedDuplicates(staging: Staging, described: Entity, relation: string, rules: SuspectRule[]): Promise<Pair[]> {
  if (rules.length === 0) return []
  await createMappingTables(staging)
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
  const duplicates = rules.map((rule) => ('exact' in rule
    ? { name: rule.name, exact: rule.exact.map((column) => `strip_accents(lower(collapse_spaces(${quoted(column)})))`) }
    : { name: rule.name, fuzzy: { compare: quoted(rule.near.compare), block: rule.near.block.map(quoted), threshold: rule.near.threshold, max_block: 500 } }))
  const mapping = mappingSchema.parse({ entity: described.name, duplicates })
  const columns = described.columns.map((column) => ({ name: column.name, declared: 'text' as const, type: 'text' as const }))
  await staging.run(`CREATE OR REPLACE VIEW work.suspects AS SELECT *, CAST(_row AS VARCHAR) AS _key FROM ${relation}`)
  try {
    return await findPairs(staging, { name: described.name, source: '', table: described.name, mapping, loaded: null, columns, key: [], raw: relation, clean: 'work.suspects', described }, new TransformRegistry())
  } finally {
    await staging.run('DROP VIEW work.suspects')
  }
}

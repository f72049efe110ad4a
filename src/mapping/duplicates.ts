import { ident, literal, type Staging } from '../staging/staging.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import { clustersOf, columnOf, findPairs, type Pair } from './duplicate-pairs.ts'
import type { MappedEntity } from './entity.ts'
import { mergedSql } from './survivorship.ts'

/**
 * Settles duplicates in `clean."<entity>"` by the policy of the entity: merged or skipped records leave clean, their keys stand for the
 * survivor's in `ops.key_alias`, and `ops.merge_log` holds what is needed to take each merge back (see merge-log.ts).
 */
export async function settleDuplicates(staging: Staging, entity: MappedEntity, registry: TransformRegistry): Promise<void> {
  const pairs = await findPairs(staging, entity, registry)
  if (pairs.length === 0) return
  await stageMembers(staging, entity, pairs)
  const policy = entity.mapping.policies.duplicate
  await report(staging, entity, policy)
  if (policy === 'keep_both') await keepBoth(staging, entity)
  else if (policy === 'fail') await leaveOut(staging, entity, 'failed')
  else await absorb(staging, entity, policy === 'merge' ? 'merge' : 'skip_duplicates')
  await staging.run('DROP TABLE work.members')
}

/** `work.members`: cluster, `ord` (0 the survivor), `_row`, the rule and score that brought the record in. */
async function stageMembers(staging: Staging, entity: MappedEntity, pairs: Pair[]): Promise<void> {
  const clusters = clustersOf(pairs)
  const best = new Map<number, Pair>()
  for (const pair of pairs) for (const row of [pair.a, pair.b]) if ((best.get(row)?.score ?? -1) < pair.score) best.set(row, pair)
  const rows = [...clusters.keys()]
  await staging.run('CREATE OR REPLACE TABLE work.clusters (cluster BIGINT, _row BIGINT, rule VARCHAR, score DOUBLE)')
  await staging.appendColumns({ schema: 'work', table: 'clusters' }, [
    { name: 'cluster', kind: 'BIGINT', values: rows.map((row) => clusters.get(row) ?? row) }, { name: '_row', kind: 'BIGINT', values: rows },
    { name: 'rule', kind: 'VARCHAR', values: rows.map((row) => best.get(row)?.rule ?? '') }, { name: 'score', kind: 'DOUBLE', values: rows.map((row) => best.get(row)?.score ?? 1) },
  ])
  const { survivor } = entity.mapping
  const filled = entity.columns.map((column) => `CASE WHEN ${column.type === 'text' ? `nullif(trim(r.${ident(column.name)}), '')` : `r.${ident(column.name)}`} IS NULL THEN 0 ELSE 1 END`).join(' + ') || '0'
  const order = survivor === 'first' ? 'c._row' : survivor === 'last' ? 'c._row DESC' : survivor === 'most_complete' ? `${filled} DESC, c._row` : `r.${columnOf(entity, survivor.most_recent)} DESC NULLS LAST, c._row`
  await staging.run(`CREATE OR REPLACE TABLE work.members AS SELECT c.cluster, row_number() OVER (PARTITION BY c.cluster ORDER BY ${order}) - 1 AS ord, c.rule, c.score, r.* FROM work.clusters c JOIN ${entity.clean} r ON r._row = c._row`)
  await staging.run('DROP TABLE work.clusters')
}

async function report(staging: Staging, entity: MappedEntity, policy: string): Promise<void> {
  const severity = policy === 'fail' ? 'blocking' : policy === 'keep_both' ? 'warning' : 'info'
  const what = { fail: 'is the same as record', keep_both: 'looks the same as record', merge: 'was merged into record', skip_duplicates: 'was left out, being the same as record' }[policy]
  await staging.run(`INSERT INTO ops.findings SELECT ${literal(severity)}, 'duplicate-record', ${literal(`entity:${entity.name}`)}, m._row, ${literal(entity.name)}, m._key, NULL, NULL, `
    + `'The record ' || ${literal(what ?? '')} || ' ' || s._row || ' (key ' || replace(s._key, chr(31), ' / ') || ', ' || m.rule || ', score ' || m.score || ')', left(replace(m._key, chr(31), ' / '), 200), ${literal(`duplicate-record ${entity.name} `)} || m.rule, `
    + `'Decide with the policy duplicate; unmerge takes a merge back.', 0, m._row FROM work.members m JOIN work.members s ON s.cluster = m.cluster AND s.ord = 0 WHERE m.ord > 0`)
}

/** Both stay; records that share a key get one each: the later ones `key#row`. */
async function keepBoth(staging: Staging, entity: MappedEntity): Promise<void> {
  await staging.run(`UPDATE ${entity.clean} SET _key = _key || '#' || _row WHERE _row IN (SELECT _row FROM (SELECT _row, row_number() OVER (PARTITION BY _key ORDER BY ord) AS n FROM work.members) WHERE n > 1)`)
}

async function leaveOut(staging: Staging, entity: MappedEntity, outcome: string): Promise<void> {
  await staging.run(`INSERT INTO ops.left_out SELECT ${literal(entity.name)}, NULL, m._row, m._key, ${literal(outcome)}, 'duplicate of record ' || s._row || ' by ' || m.rule, NULL FROM work.members m JOIN work.members s ON s.cluster = m.cluster AND s.ord = 0 WHERE m.ord > 0`)
  await staging.run(`DELETE FROM ${entity.clean} WHERE _row IN (SELECT _row FROM work.members WHERE ord > 0)`)
}

async function absorb(staging: Staging, entity: MappedEntity, policy: 'merge' | 'skip_duplicates'): Promise<void> {
  const name = literal(entity.name)
  const record = (alias: string) => `CAST(to_json(struct_pack(_row := ${alias}._row, _key := ${alias}._key${entity.columns.map((column) => `, ${ident(column.name)} := ${alias}.${ident(column.name)}`).join('')})) AS VARCHAR)`
  const merged = policy === 'merge' ? mergedSql(entity, 'SELECT * FROM work.members') : `SELECT cluster, '[]' AS choices FROM work.members WHERE ord = 0`
  await staging.run(`CREATE OR REPLACE TABLE work.merged AS ${merged}`)
  await staging.run(`INSERT INTO ops.merge_log SELECT ${name}, m.cluster, s._row, s._key, m._row, m._key, m.rule, m.score, ${literal(policy)}, g.choices, ${record('s')}, ${record('m')}, true `
    + 'FROM work.members m JOIN work.members s ON s.cluster = m.cluster AND s.ord = 0 JOIN work.merged g ON g.cluster = m.cluster WHERE m.ord > 0 ORDER BY m.cluster, m.ord')
  await staging.run(`INSERT INTO ops.key_alias SELECT DISTINCT ${name}, m._key, NULL, ${name}, s._key FROM work.members m JOIN work.members s ON s.cluster = m.cluster AND s.ord = 0 WHERE m.ord > 0 AND m._key <> s._key`)
  if (policy === 'merge' && entity.columns.length > 0) {
    await staging.run(`UPDATE ${entity.clean} AS t SET ${entity.columns.map((column) => `${ident(column.name)} = g.${ident(column.name)}`).join(', ')} FROM work.merged g JOIN work.members s ON s.cluster = g.cluster AND s.ord = 0 WHERE t._row = s._row`)
  }
  await leaveOut(staging, entity, policy === 'merge' ? 'merged' : 'skipped')
  await staging.run('DROP TABLE work.merged')
}

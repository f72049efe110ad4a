import { LandfallError } from '../errors/error.ts'
import { displayKey } from '../model/key.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import type { MappedEntity } from './entity.ts'
import { mergedSql } from './survivorship.ts'
import { sqlType } from './value-type.ts'

/** One record that became part of another. */
export interface MergeEntry { entity: string; cluster: number; survivorRow: number; survivorKey: string; absorbedRow: number; absorbedKey: string; rule: string; score: number; policy: string; choices: [column: string, fromRow: string][]; active: boolean }

/** The merges of an entity (or of all), the undone ones too, in order. */
export async function mergeLog(staging: Staging, entity?: string): Promise<MergeEntry[]> {
  const rows = await staging.all<Record<string, never>>(`SELECT * FROM ops.merge_log${entity === undefined ? '' : ` WHERE entity = ${literal(entity)}`} ORDER BY entity, cluster, absorbed_row`)
  return rows.map((row) => ({
    entity: row['entity'] ?? '', cluster: Number(row['cluster']), survivorRow: Number(row['survivor_row']), survivorKey: row['survivor_key'] ?? '', absorbedRow: Number(row['absorbed_row']), absorbedKey: row['absorbed_key'] ?? '',
    rule: row['rule'] ?? '', score: Number(row['score']), policy: row['policy'] ?? '', choices: JSON.parse(row['choices'] ?? '[]') as [string, string][], active: Boolean(row['active']),
  }))
}

/**
 * Takes one merge back: the absorbed record stands in clean again, the survivor is as if it had never been absorbed, references to its key are its
 * own again, and the two are not merged anew by a later cleansing. `row` is the absorbed record's ordinal. Throws `usage` when there is no such merge.
 */
export async function unmerge(staging: Staging, entity: MappedEntity, row: number): Promise<void> {
  const where = `entity = ${literal(entity.name)} AND absorbed_row = ${Math.trunc(row)} AND active`
  const entry = await staging.one<{ survivor_row: number; survivor_key: string; absorbed_key: string; policy: string; cluster: number }>(`SELECT survivor_row, survivor_key, absorbed_key, policy, cluster FROM ops.merge_log WHERE ${where}`)
  if (!entry) throw new LandfallError('usage', `Record ${row} of \`${entity.name}\` was not merged into another.`, { hint: 'The merge log lists what was.', where: { entity: entity.name, record: String(row) } })
  const columns = entity.columns.map((column) => ident(column.name))
  const from = (json: string) => `CAST(json_extract_string(${json}, '$._row') AS BIGINT) AS _row, json_extract_string(${json}, '$._key') AS _key${entity.columns.map((column) => `, CAST(json_extract_string(${json}, ${literal(`$."${column.name.replaceAll('"', '\\"')}"`)}) AS ${sqlType(column.type)}) AS ${ident(column.name)}`).join('')}`
  await staging.transaction(async () => {
    await staging.run(`UPDATE ops.merge_log SET active = false WHERE ${where}`)
    await staging.run(`INSERT INTO ops.unmerged VALUES (${literal(entity.name)}, ${entry.survivor_row}, ${Math.trunc(row)})`)
    await staging.run(`INSERT INTO ${entity.clean} SELECT ${from('absorbed_record')} FROM ops.merge_log WHERE entity = ${literal(entity.name)} AND absorbed_row = ${Math.trunc(row)} LIMIT 1`)
    if (entry.absorbed_key === entry.survivor_key) await staging.run(`UPDATE ${entity.clean} SET _key = _key || '#' || _row WHERE _row = ${Math.trunc(row)}`)
    const rest = `SELECT DISTINCT cluster, 0 AS ord, survivor_before AS j FROM ops.merge_log WHERE entity = ${literal(entity.name)} AND survivor_row = ${entry.survivor_row} UNION ALL SELECT cluster, row_number() OVER (ORDER BY absorbed_row), absorbed_record FROM ops.merge_log WHERE entity = ${literal(entity.name)} AND survivor_row = ${entry.survivor_row} AND active`
    const members = `SELECT cluster, ord, ${from('j')} FROM (${rest}) ${entry.policy === 'merge' ? '' : 'WHERE ord = 0'}`
    if (columns.length > 0) {
      await staging.run(`CREATE OR REPLACE TABLE work.restored AS ${mergedSql(entity, members)}`)
      await staging.run(`UPDATE ${entity.clean} AS t SET ${columns.map((column) => `${column} = g.${column}`).join(', ')} FROM work.restored g WHERE t._row = ${entry.survivor_row}`)
      await staging.run('DROP TABLE work.restored')
    }
    await staging.run(`DELETE FROM ops.left_out WHERE entity = ${literal(entity.name)} AND doctype IS NULL AND ordinal = ${Math.trunc(row)}`)
    await staging.run(`DELETE FROM ops.findings WHERE doctype = ${literal(`entity:${entity.name}`)} AND type = 'duplicate-record' AND id = ${Math.trunc(row)}`)
    const others = await staging.one(`SELECT 1 AS x FROM ops.merge_log WHERE entity = ${literal(entity.name)} AND absorbed_key = ${literal(entry.absorbed_key)} AND active`)
    if (!others) await staging.run(`DELETE FROM ops.key_alias WHERE entity = ${literal(entity.name)} AND doctype IS NULL AND absorbed_key = ${literal(entry.absorbed_key)}`)
  })
}

/** For people: `merged 4711 into 12 (similar name, 0.95)`. */
export function describeMerge(entry: MergeEntry): string {
  return `${entry.policy === 'merge' ? 'merged' : 'skipped'} ${displayKey(entry.absorbedKey)} into ${displayKey(entry.survivorKey)} (${entry.rule}, ${entry.score})`
}

import { ident, literal, type Staging } from '../staging/staging.ts'
import type { StagedBlock, StagedCheck, StagedChild } from './draft-rows.ts'

/** A finding's text and place, for the rows `from` gives: `id`, `ord` (order), `k` (key), `idx`, `v` (value). */
function finding(check: StagedCheck, doctype: string, entity: string, from: string): string {
  const cause = check.type === 'missing-reference' || check.type === 'transform-failed' || check.type === 'value-truncated' ? literal(`${check.type} ${doctype} ${check.field}`) : `${literal(`${check.type} ${doctype} ${check.field} `)} || left(coalesce(v, ''), 80)`
  return `INSERT INTO ops.findings SELECT ${literal(check.severity)}, ${literal(check.type)}, ${literal(doctype)}, id, ${literal(entity)}, k, ${literal(check.field)}, idx, `
    + `${literal(check.message)} || ': ' || chr(34) || left(replace(coalesce(v, ''), chr(31), ' / '), 80) || chr(34), left(replace(v, chr(31), ' / '), 200), ${cause}, ${literal(check.hint)}, 0, ord FROM (${from})`
}

async function countChecks(staging: Staging, table: string, checks: StagedCheck[]): Promise<void> {
  if (checks.length === 0) return
  const row = await staging.one<Record<string, number>>(`SELECT ${checks.map((check) => `count(*) FILTER (${check.flag}) AS ${check.flag}`).join(', ')} FROM ${table}`)
  for (const check of checks) check.count = Number(row?.[check.flag] ?? 0)
}

/** Decides which staged records become no document (`work.out`: _row, outcome, reason) and says so; child rows left out are noted too. Child records without a parent are found. */
export async function leaveOut(staging: Staging, doctype: string, staged: StagedBlock): Promise<{ skipped: number; failed: number }> {
  const entity = staged.block.entity.name
  await countChecks(staging, staged.table, staged.checks)
  for (const child of staged.children) await countChecks(staging, child.table, child.checks)
  await staging.run('CREATE OR REPLACE TABLE work.out (_row BIGINT, outcome VARCHAR, reason VARCHAR)')
  const add = (flag: string, outcome: string, reason: string, table: string, row: string) => staging.run(`INSERT INTO work.out SELECT DISTINCT ${row}, ${literal(outcome)}, ${literal(reason)} FROM ${table} WHERE ${flag}`)
  for (const check of staged.checks.filter((item) => item.effect !== 'keep' && item.count > 0)) await add(check.flag, check.effect === 'fail' ? 'failed' : 'skipped', check.message, staged.table, '_row')
  for (const child of staged.children) for (const check of child.checks.filter((item) => item.effect === 'fail' && item.count > 0)) await add(check.flag, 'failed', check.message, child.table, '_prow')
  await staging.run(`INSERT INTO work.out SELECT _row, 'skipped', 'the key of the document is empty' FROM ${staged.table} WHERE _key IS NULL`)
  await staging.run(`CREATE OR REPLACE TABLE work.out AS SELECT o._row, min(o.outcome) AS outcome, any_value(o.reason) AS reason FROM work.out o WHERE o._row IN (SELECT _row FROM ${staged.table}) GROUP BY o._row`)
  await staging.run(`INSERT INTO ops.left_out SELECT ${literal(entity)}, ${literal(doctype)}, o._row, s._key, o.outcome, o.reason, NULL FROM work.out o JOIN ${staged.table} s ON s._row = o._row`)
  for (const child of staged.children) await leaveOutRows(staging, doctype, staged, child)
  const counts = await staging.one<{ skipped: number; failed: number }>(`SELECT count(*) FILTER (outcome = 'skipped') AS skipped, count(*) FILTER (outcome = 'failed') AS failed FROM work.out`)
  return { skipped: Number(counts?.skipped ?? 0), failed: Number(counts?.failed ?? 0) }
}

async function leaveOutRows(staging: Staging, doctype: string, staged: StagedBlock, child: StagedChild): Promise<void> {
  const entity = child.from ?? staged.block.entity.name
  for (const check of child.checks.filter((item) => item.effect === 'skip' && item.count > 0)) {
    await staging.run(`INSERT INTO ops.left_out SELECT ${literal(entity)}, ${literal(doctype)}, c._row, NULL, 'skipped', ${literal(check.message)}, ${literal(child.name)} FROM ${child.table} c WHERE c.${check.flag} AND c._prow IN (SELECT _row FROM ${staged.table})`)
  }
  if (child.orphans === null || child.from === null) return
  const known = await staging.one(`SELECT 1 AS x FROM ops.left_out WHERE entity = ${literal(child.from)} AND doctype = ${literal(doctype)} AND child = ${literal(child.name)} AND reason = 'orphan' LIMIT 1`)
  if (known) return
  const skip = staged.block.entity.mapping.policies.missing_reference !== 'fail'
  await staging.run(`CREATE OR REPLACE TABLE work.orphans AS ${child.orphans}`)
  await staging.run(`INSERT INTO ops.left_out SELECT ${literal(child.from)}, ${literal(doctype)}, _row, _key, ${literal(skip ? 'skipped' : 'failed')}, 'orphan', ${literal(child.name)} FROM work.orphans`)
  await staging.run(`DELETE FROM ops.findings WHERE doctype = ${literal(`entity:${child.from}`)} AND type = 'orphan-record' AND field = ${literal(child.name)}`)
  await staging.run(`INSERT INTO ops.findings SELECT ${literal(skip ? 'warning' : 'blocking')}, 'orphan-record', ${literal(`entity:${child.from}`)}, _row, ${literal(child.from)}, _key, ${literal(child.name)}, NULL, `
    + `${literal(`the record of ${child.from} belongs to a ${staged.block.entity.name} that is not there; it became no row of ${doctype}`)}, NULL, ${literal(`orphan-record ${child.from} ${staged.block.entity.name}`)}, 'Restore the parent record, delete the orphan, or set the policy missing_reference to skip.', 0, _row FROM work.orphans`)
  await staging.run('DROP TABLE work.orphans')
}

/** Findings of the checks: about the draft where there is one, else about the record. Unmapped values are also listed by value. */
export async function reportChecks(staging: Staging, doctype: string, staged: StagedBlock): Promise<void> {
  const entity = staged.block.entity.name
  for (const check of staged.checks.filter((item) => item.count > 0)) {
    const rows = (id: string, join: string) => `SELECT ${id} AS id, s._row AS ord, s._key AS k, CAST(NULL AS BIGINT) AS idx, s.${check.shown} AS v FROM ${staged.table} s ${join} WHERE s.${check.flag}`
    await staging.run(finding(check, doctype, entity, rows('i._id', 'JOIN work.ids i ON i._row = s._row')))
    await staging.run(finding(check, `entity:${entity}`, entity, rows('s._row', 'JOIN work.out o ON o._row = s._row')))
    if (check.type === 'unmapped-value') await listUnmapped(staging, check, entity, doctype, staged.table)
  }
  for (const child of staged.children) {
    for (const check of child.checks.filter((item) => item.count > 0)) {
      const own = child.from ?? entity
      const rows = (id: string, join: string) => `SELECT ${id} AS id, c._row AS ord, s._key AS k, c._ord AS idx, c.${check.shown} AS v FROM ${child.table} c JOIN ${staged.table} s ON s._row = c._prow ${join} WHERE c.${check.flag}`
      await staging.run(finding(check, doctype, entity, rows('i._id', 'JOIN work.ids i ON i._row = c._prow')))
      await staging.run(finding(check, `entity:${own}`, own, rows('c._row', 'JOIN work.out o ON o._row = c._prow')))
      if (check.type === 'unmapped-value') await listUnmapped(staging, check, own, doctype, child.table)
    }
  }
}

async function listUnmapped(staging: Staging, check: StagedCheck, entity: string, doctype: string, table: string): Promise<void> {
  await staging.run(`INSERT INTO ops.unmapped_values SELECT ${literal(entity)}, ${literal(doctype)}, ${literal(check.field)}, ${ident(check.shown)}, count(*), ${literal(check.became ?? '')} FROM ${table} WHERE ${check.flag} GROUP BY ${ident(check.shown)}`)
}

import { userInfo } from 'node:os'
import { LandfallError } from '../../errors/error.ts'
import type { Correction } from '../../ledger/corrections.ts'
import { checkEdits, recordsOf } from '../../mapping/corrected.ts'
import type { MappingPlan } from '../../mapping/plan.ts'
import type { MappedEntity } from '../../mapping/entity.ts'
import { timestamp } from '../../model/clock.ts'
import { currentRecords, unreadRecord } from '../../phases/dead-letters.ts'
import { rawRelation, relationSql } from '../../staging/load.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { Workspace } from '../compose.ts'
import { asCell, isCut, type BookRow, type BookSheet } from './book.ts'

/** What a book asks for: corrections to be kept, and the causes whose documents they are about. */
export interface Intake { corrections: Omit<Correction, 'id'>[]; causes: string[]; unchanged: number }

/** Who works here: the login, for the history of an edit. */
export function whoAmI(): string {
  return userInfo().username
}

/**
 * Holds a book against the records as they are now, and makes corrections of the cells that were edited. All or nothing: throws `usage` with every row whose record changed since the
 * export, every column there is none of, and every value its column cannot take.
 */
export async function takeBack(workspace: Workspace, compiled: MappingPlan, sheets: BookSheet[], why: string): Promise<Intake> {
  const { staging, clock } = workspace
  const problems: string[] = [], intake: Intake = { corrections: [], causes: [], unchanged: 0 }
  for (const sheet of sheets) {
    const entity = compiled.entities.get(sheet.entity)
    if (!entity) { problems.push(`${sheet.sheet}: the project has no entity ${sheet.entity} any more`); continue }
    const records = await recordsOf(staging, entity.source, entity.table), columns = (await staging.columnsOf(records)).map((column) => column.name).filter((name) => name !== '_row')
    const unknown = [...new Set(sheet.rows.flatMap((row) => [...row.values.keys()]))].filter((name) => !columns.includes(name))
    if (unknown.length > 0) problems.push(`${sheet.sheet}: ${entity.name} has no column ${unknown.join(', ')}`)
    const now = new Map((await currentRecords(staging, records, columns, sheet.rows.filter((row) => !row.unread).map((row) => row.row))).map((record) => [record.row, record]))
    const asRead = new Map((await currentRecords(staging, relationSql(rawRelation(entity.source, entity.table)), columns, [...now.keys()])).map((record) => [record.row, record.state]))
    const edited: { row: BookRow; changes: Correction['changes']; values: (string | null)[]; hash: string }[] = []
    for (const row of sheet.rows) {
      const current = row.unread ? undefined : now.get(row.row), lost = row.unread ? await unreadRecord(staging, entity, row.row) : undefined
      const state = current?.state ?? lost?.state, held = current?.values ?? columns.map(() => null)
      const changes = changesOf(row, columns, held)
      if (Object.keys(changes).length === 0) { intake.unchanged++; continue }
      if (state !== row.state) { problems.push(`${sheet.sheet} row ${row.line}: record ${row.row} of ${entity.name} has changed since the export`); continue }
      edited.push({ row, changes, values: columns.map((column, i) => (column in changes ? changes[column]!.new : held[i] ?? null)), hash: row.unread ? row.state : asRead.get(row.row) ?? row.state })
    }
    problems.push(...await unfit(staging, entity, compiled, columns, sheet, edited))
    for (const { row, changes, hash } of edited) {
      intake.corrections.push({ at: timestamp(clock), by: whoAmI(), entity: entity.name, source: entity.source, table: entity.table, row: row.row, key: null, hash, unread: row.unread, changes, why })
      intake.causes.push(...row.causes.filter((cause) => !intake.causes.includes(cause)))
    }
  }
  if (problems.length > 0) {
    throw new LandfallError('usage', `Nothing was taken back, because of ${problems.length} ${problems.length === 1 ? 'row' : 'rows'}:\n${problems.slice(0, 30).map((problem) => `  ${problem}`).join('\n')}${problems.length > 30 ? `\n  and ${problems.length - 30} more` : ''}`, { hint: 'Correct these cells and take the file back again; for records that changed, export anew: landfall deadletters export' })
  }
  return intake
}

/** Cells that say something else than the record does. What a cell cannot hold (cut or cleaned text) counts as unedited as long as it is what was exported. */
function changesOf(row: BookRow, columns: string[], held: (string | null)[]): Correction['changes'] {
  const changes: Correction['changes'] = {}
  columns.forEach((column, i) => {
    if (!row.values.has(column)) return
    const given = row.values.get(column) ?? null, before = held[i] ?? null
    if (asCell(given) === asCell(before) || isCut(before)) return
    changes[column] = { old: before, new: given }
  })
  return changes
}

async function unfit(staging: Staging, entity: MappedEntity, compiled: MappingPlan, columns: string[], sheet: BookSheet, edited: { row: BookRow; changes: Correction['changes']; values: (string | null)[] }[]): Promise<string[]> {
  if (edited.length === 0) return []
  const changed = new Map(edited.map(({ changes }, i) => [i + 1, Object.keys(changes)]))
  return (await unfitValues(staging, entity, compiled, columns, edited.map(({ values }) => values), changed)).map(({ row, column, reason }) => {
    const one = edited[row - 1]!
    return `${sheet.sheet} row ${one.row.line}${column === null ? '' : `, ${column}`}: ${column === null ? reason : `"${(one.changes[column]?.new ?? '').slice(0, 60)}" ${reason}`}`
  })
}

/** Tries records (values in the order of `columns`) against the entity's types and transforms; `row` of the answers counts from 1. */
export async function unfitValues(staging: Staging, entity: MappedEntity, compiled: MappingPlan, columns: string[], records: (string | null)[][], changed: Map<number, string[]>): Promise<{ row: number; column: string | null; reason: string }[]> {
  await staging.run(`CREATE OR REPLACE TABLE work.edited (_row BIGINT${columns.map((column) => `, ${ident(column)} VARCHAR`).join('')})`)
  for (let from = 0; from < records.length; from += 200) {
    await staging.run(`INSERT INTO work.edited VALUES ${records.slice(from, from + 200).map((values, i) => `(${from + i + 1}${values.map((value) => `, ${literal(value)}`).join('')})`).join(', ')}`)
  }
  try {
    return await checkEdits(staging, entity, compiled.registry, 'work.edited', changed)
  } finally {
    await staging.run('DROP TABLE work.edited')
  }
}

import { isChild, type LoadedMapping } from '../config/mapping-schema.ts'
import { hashSql, recordsOf, unreadHashSql } from '../mapping/corrected.ts'
import { draftRelation } from '../model/draft.ts'
import { displayKey } from '../model/key.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'

/**
 * A record that did not become what it should. `unread`: it could not be read; its values are null and `raw` is what was found. `state` tells later whether the
 * record is still what it was. `causes`: ids to be made of the findings' groups.
 */
export interface DeadLetter { row: number; unread: boolean; key: string | null; reasons: string[]; fixes: string[]; causes: CauseOf[]; state: string; values: (string | null)[]; raw: string | null }
/** What groups a finding; `causeId` of pre-flight makes an id of it. */
export interface CauseOf { severity: string; type: string; doctype: string; cause: string }
export interface DeadLetterSheet { entity: string; source: string; table: string; columns: string[]; letters: DeadLetter[] }
/** An entity of the project and where it was read from. */
export interface LetterEntity { name: string; source: string; table: string }

interface Found { row: number; unread: boolean; key: string | null; severity: string; type: string; doctype: string; cause: string; message: string; hint: string | null }

/**
 * The legacy records behind findings, entity by entity: those of blocking findings and of records that were set aside, or those that `condition` (on
 * `ops.findings`) selects; at most `limit` of an entity. With a refused document come the records of its child rows where a finding is about one. Reads only.
 */
export async function deadLetters(staging: Staging, entities: LetterEntity[], mappings: LoadedMapping[], options: { condition: string | null; limit: number }): Promise<DeadLetterSheet[]> {
  const sheets: DeadLetterSheet[] = []
  const doctypes = (await staging.all<{ doctype: string }>('SELECT DISTINCT doctype FROM ops.findings ORDER BY doctype')).map((row) => row.doctype)
  for (const entity of entities) {
    const found = await findingsOf(staging, entity, doctypes, mappings, options.condition)
    const sheet = await sheetOf(staging, entity, found, options.limit)
    if (sheet.letters.length > 0) sheets.push(sheet)
  }
  return sheets
}

const SHOWN = `f.severity, f.type, f.doctype, coalesce(f.cause, f.type) AS cause, split_part(f.message, chr(10), 1) AS message, f.hint`

async function findingsOf(staging: Staging, entity: LetterEntity, doctypes: string[], mappings: LoadedMapping[], condition: string | null): Promise<Found[]> {
  const name = literal(entity.name), own = `entity:${entity.name}`, parts: string[] = []
  const wanted = condition ?? `(f.severity = 'blocking' OR f.type IN ('record-rejected', 'record-unread') OR (starts_with(f.doctype, 'entity:') AND f.type <> 'duplicate-record' `
    + `AND EXISTS (SELECT 1 FROM ops.left_out o WHERE o.entity = ${name} AND o.ordinal = f.id AND o.outcome IN ('rejected', 'failed', 'skipped'))))`
  if (doctypes.includes(own)) parts.push(`SELECT f.id AS row, f.type = 'record-unread' AS unread, f."key" AS "key", ${SHOWN} FROM ops.findings f WHERE f.doctype = ${literal(own)} AND ${wanted}`)
  for (const doctype of doctypes.filter((one) => !one.startsWith('entity:'))) {
    if (!await staging.exists(draftRelation(doctype))) continue
    const about = `ops.findings f JOIN ${draftRelation(doctype)} d ON d._id = f.id WHERE f.doctype = ${literal(doctype)} AND ${wanted}`
    parts.push(`SELECT d._source_row AS row, false AS unread, f."key", ${SHOWN} FROM ${about} AND f.entity = ${name} AND d._source_row IS NOT NULL`)
    for (const { parent, on } of childrenOf(mappings, entity.name, doctype)) {
      const [child, holder] = [`clean.${ident(entity.name)}`, `clean.${ident(parent)}`]
      if (!await staging.exists(child) || !await staging.exists(holder)) continue
      const same = Object.entries(on).map(([left, right]) => `CAST(p.${ident(left)} AS VARCHAR) = CAST(c.${ident(right)} AS VARCHAR)`).join(' AND ')
      parts.push(`SELECT c._row AS row, false AS unread, c._key AS "key", f.* FROM (SELECT d._source_row AS parent, ${SHOWN} FROM ${about} AND f.entity = ${literal(parent)} AND f.idx IS NOT NULL) f JOIN ${holder} p ON p._row = f.parent JOIN ${child} c ON ${same}`)
    }
  }
  if (parts.length === 0) return []
  return staging.all<Found>(`SELECT DISTINCT row, unread, "key", severity, type, doctype, cause, message, hint FROM (${parts.map((part) => `SELECT row, unread, "key", severity, type, doctype, cause, message, hint FROM (${part})`).join(' UNION ALL ')}) ORDER BY unread, row, doctype, cause`)
}

/** Mappings that make child rows of a DocType of an entity's records. */
function childrenOf(mappings: LoadedMapping[], entity: string, doctype: string): { parent: string; on: Record<string, string> }[] {
  return mappings.flatMap(({ mapping }) => mapping.documents.filter((document) => document.doctype === doctype).flatMap((document) => Object.values(document.fields).flatMap((spec) => {
    if (!isChild(spec)) return []
    return (Array.isArray(spec) ? spec : [spec]).filter((child) => child.from === entity).map((child) => ({ parent: mapping.entity, on: child.on ?? {} }))
  })))
}

async function sheetOf(staging: Staging, entity: LetterEntity, found: Found[], limit: number): Promise<DeadLetterSheet> {
  const records = await recordsOf(staging, entity.source, entity.table)
  const sheet: DeadLetterSheet = { entity: entity.name, source: entity.source, table: entity.table, columns: [], letters: [] }
  if (found.length === 0 || !await staging.exists(records)) return sheet
  sheet.columns = (await staging.columnsOf(records)).map((column) => column.name).filter((column) => column !== '_row')
  const letters = new Map<string, DeadLetter>()
  for (const one of found) {
    const id = `${one.unread} ${one.row}`
    const letter = letters.get(id) ?? { row: Number(one.row), unread: one.unread, key: one.key === null ? null : displayKey(one.key), reasons: [], fixes: [], causes: [], state: '', values: [], raw: null }
    if (!letters.has(id)) {
      if (letters.size >= limit) continue
      letters.set(id, letter)
    }
    if (!letter.reasons.includes(one.message)) letter.reasons.push(one.message)
    if (one.hint !== null && !letter.fixes.includes(one.hint)) letter.fixes.push(one.hint)
    letter.causes.push({ severity: one.severity, type: one.type, doctype: one.doctype, cause: one.cause })
  }
  await fill(staging, sheet, records, [...letters.values()])
  return sheet
}

const SLICE = 5000

/** Adds what the records hold and their state; a record that is not there any more is left out. */
async function fill(staging: Staging, sheet: DeadLetterSheet, records: string, letters: DeadLetter[]): Promise<void> {
  const read = letters.filter((letter) => !letter.unread)
  for (let from = 0; from < read.length; from += SLICE) {
    const part = read.slice(from, from + SLICE)
    for (const row of await currentRecords(staging, records, sheet.columns, part.map((letter) => letter.row))) {
      const letter = part.find((one) => one.row === row.row)!
      sheet.letters.push({ ...letter, state: row.state, values: row.values })
    }
  }
  for (const letter of letters.filter((one) => one.unread)) {
    const found = await unreadRecord(staging, sheet, letter.row)
    if (found) sheet.letters.push({ ...letter, ...found, values: sheet.columns.map(() => null) })
  }
}

export interface CurrentRecord { row: number; state: string; values: (string | null)[] }

/** Records of a relation by ordinal, as they are now, with the state that tells whether they changed. */
export async function currentRecords(staging: Staging, records: string, columns: string[], rows: number[]): Promise<CurrentRecord[]> {
  if (rows.length === 0 || columns.length === 0) return []
  const found = await staging.all<Record<string, string | number | null>>(`SELECT r._row, ${hashSql(columns, 'r')} AS _state, ${columns.map((column, i) => `r.${ident(column)} AS "c${i}"`).join(', ')} FROM ${records} r WHERE r._row IN (${rows.join(', ')}) ORDER BY r._row`)
  return found.map((row) => ({ row: Number(row['_row']), state: String(row['_state']), values: columns.map((_, i) => row[`c${i}`] as string | null) }))
}

/** A record that could not be read, by ordinal; undefined when it is not among those any more. */
export async function unreadRecord(staging: Staging, entity: Pick<DeadLetterSheet, 'source' | 'table'>, ordinal: number): Promise<{ state: string; raw: string } | undefined> {
  return staging.one<{ state: string; raw: string }>(`SELECT ${unreadHashSql('x')} AS state, x.raw FROM ops.rejected x WHERE x.entity = ${literal(`${entity.source}.${entity.table}`)} AND x.ordinal = ${ordinal}`)
}

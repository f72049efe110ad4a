import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { Prepared } from '../embedded/settling.ts'
import type { Lane, SiteRow } from '../lane.ts'
import type { LoadBatch } from '../target.ts'
import { stageActual } from './actual-rows.ts'
import { alignByContent, alignByPlace, alignStamps } from './alignment.ts'
import { isRandom, pointToActual } from './renames.ts'

/** Ledgers that a submitted document may write into although nobody predicted it. */
const LEDGERS = ['tabGL Entry', 'tabPayment Ledger Entry', 'tabStock Ledger Entry']

/** Documents of a batch that are on the site, as temp table `lane_outcomes(id, name, docstatus, lane)`. */
export const ON_SITE = 'temp.main.lane_outcomes'
/** Those whose rows the site made. What the express lane wrote are the predicted rows themselves; a sample of them is read when the load is over. */
const TO_READ = `(SELECT * FROM ${ON_SITE} WHERE lane <> 'express')`
/** Those whose rows we made. */
export const AS_PREDICTED = `(SELECT * FROM ${ON_SITE} WHERE lane = 'express')`

/** A table that was read back. `unseen`: columns that the site did not show. */
export interface ReadTable { table: string; unseen: string[] }

/**
 * Reads what the documents of a batch wrote back from the site, into temporary tables, and gives the prediction what nobody can foresee: random names and the moment and
 * author of each row. Everything else stays as predicted, so that a difference shows. Answers the tables read; what cannot be read (`unread`) is taken as predicted.
 */
export async function readBack(staging: Staging, site: Site, lane: Lane, batch: LoadBatch, prepared: Prepared): Promise<{ read: ReadTable[]; unread: string[] }> {
  const meta = site.doctype(batch.doctype)!, main = meta.table
  const within = `r._doctype = ${literal(batch.doctype)} AND r._draft IN (SELECT id FROM ${TO_READ})`
  const names = (await staging.all<{ name: string }>(`SELECT name FROM ${TO_READ} ORDER BY id`)).map((row) => row.name)
  const read: ReadTable[] = [], unread: string[] = []
  const take = async (table: string, rows: SiteRow[] | null): Promise<boolean> => {
    if (rows === null) unread.push(table)
    else read.push({ table, unseen: await stageActual(staging, table, rows) })
    return rows !== null
  }
  const documents = await lane.read(main, 'name', names), created = new Map(documents?.map((row) => [String(row['name']), String(row['creation'])]))
  if (await take(main, documents)) await alignStamps(staging, main, within)
  const own = [...new Set(meta.tableFields().map((field) => `tab${field.options}`))].filter((table) => site.doctype(table.slice('tab'.length))?.columns.length)
  for (const table of own) {
    const rows = await lane.read(table, 'parent', names, batch.doctype)
    if (!await take(table, rows?.filter((row) => row['parenttype'] === batch.doctype) ?? null)) continue
    await alignByPlace(staging, table, `${within} AND r.parenttype = ${literal(batch.doctype)}`)
  }
  const ledgers = (await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${TO_READ} WHERE docstatus = 1`))?.n ? LEDGERS.filter((table) => site.doctype(table.slice('tab'.length))) : []
  const effects = [...new Set([...prepared.tables, ...ledgers])].filter((table) => table !== main && !own.includes(table) && table !== 'tabSeries' && table !== 'tabSingles')
  const isChild = (table: string): boolean => site.doctype(table.slice('tab'.length))?.istable ?? false
  for (const table of effects.filter((name) => !isChild(name))) {
    await pointToActual(staging, table, within)
    const { rows, link } = await readEffects(staging, lane, table, within, names)
    // An earlier document of the same name, since deleted, may have left notes behind.
    const own = link === null ? rows : rows?.filter((row) => String(row['creation']) >= (created.get(String(row[link])) ?? '')) ?? null
    if (await take(table, own)) await alignByContent(staging, table, within, link)
  }
  for (const table of [main, ...own]) await pointToActual(staging, table, within)
  for (const table of effects.filter(isChild)) await readNested(staging, lane, table, within, take)
  return { read, unread }
}

/** Rows of another DocType that the documents wrote: by name where it was foreseen, else by the column that says whose they are. */
async function readEffects(staging: Staging, lane: Lane, table: string, within: string, documents: string[]): Promise<{ rows: SiteRow[] | null; link: string | null }> {
  const relation = `rows.${ident(table)}`
  if (LEDGERS.includes(table)) return { rows: await lane.read(table, 'voucher_no', documents), link: 'voucher_no' }
  const named = (await staging.all<{ name: string }>(`SELECT DISTINCT name FROM ${relation} r WHERE ${within} AND NOT ${isRandom('r.name')}`)).map((row) => row.name)
  const rows = named.length === 0 ? [] : await lane.read(table, 'name', named)
  const random = Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${relation} r WHERE ${within} AND ${isRandom('r.name')}`))?.n ?? 0)
  if (random === 0 || rows === null) return { rows, link: null }
  const link = await linkColumn(staging, relation, within)
  if (link === null) return { rows: null, link }
  const values = (await staging.all<{ v: string }>(`SELECT DISTINCT r.${ident(link)} AS v FROM ${relation} r WHERE ${within} AND ${isRandom('r.name')}`)).map((row) => row.v)
  const more = await lane.read(table, link, values)
  return { rows: more === null ? null : [...rows, ...more.filter((row) => !named.includes(String(row['name'])))], link }
}

/** The column of randomly named rows that holds the name of their document; else one that is always filled. */
async function linkColumn(staging: Staging, relation: string, within: string): Promise<string | null> {
  const columns = (await staging.columnsOf(relation)).filter((column) => column.type === 'VARCHAR' && !['name', 'owner', 'modified_by'].includes(column.name) && !column.name.startsWith('_')).map((column) => column.name)
  const tests = columns.map((column, i) => `coalesce(bool_and(r.${ident(column)} = o.name), false) AS o${i}, coalesce(bool_and(r.${ident(column)} <> ''), false) AND count(DISTINCT r.${ident(column)}) > 1 AS f${i}, coalesce(bool_and(r.${ident(column)} <> ''), false) AS g${i}`)
  const found = await staging.one<Record<string, boolean>>(`SELECT ${tests.join(', ')} FROM ${relation} r JOIN ${TO_READ} o ON o.id = r._draft WHERE ${within} AND ${isRandom('r.name')}`)
  const pick = (letter: string): string | undefined => columns.find((_, i) => found?.[`${letter}${i}`])
  return pick('o') ?? pick('f') ?? pick('g') ?? null
}

/** Child rows of documents that the batch's documents brought into being. */
async function readNested(staging: Staging, lane: Lane, table: string, within: string, take: (table: string, rows: SiteRow[] | null) => Promise<boolean>): Promise<void> {
  await pointToActual(staging, table, within)
  const parents = await staging.all<{ parent: string; parenttype: string }>(`SELECT DISTINCT r.parent, r.parenttype FROM rows.${ident(table)} r WHERE ${within} AND r.parent <> ''`)
  const rows: SiteRow[] = []
  for (const [parenttype, list] of Map.groupBy(parents, (row) => row.parenttype)) {
    const some = await lane.read(table, 'parent', list.map((row) => row.parent), parenttype)
    if (some === null) { await take(table, null); return }
    rows.push(...some.filter((row) => row['parenttype'] === parenttype))
  }
  if (await take(table, rows)) await alignByPlace(staging, table, within)
}

import { ident, literal, type Staging } from '../../staging/staging.ts'
import { actualTable } from './actual-rows.ts'
import { createRenames, isRandom } from './renames.ts'

/** Columns that say when and by whom a row was written. */
const STAMPS = ['creation', 'modified', 'owner', 'modified_by']
/** What the site notes for people to read, in its own words: whose it is counts, what it says does not. */
const WORDS: Record<string, string[]> = { tabVersion: ['data'], tabComment: ['content', 'comment_by', 'comment_email'] }

/** Gives predicted rows the moment and author of the rows of the same name on the site. `within` selects them (alias r). */
export async function alignStamps(staging: Staging, table: string, within: string): Promise<void> {
  const has = new Set((await staging.columnsOf(actualTable(table))).map((column) => column.name))
  const stamps = [...STAMPS, ...WORDS[table] ?? []].filter((column) => has.has(column))
  if (stamps.length > 0) await staging.run(`UPDATE rows.${ident(table)} r SET ${stamps.map((column) => `${ident(column)} = a.${ident(column)}`).join(', ')} FROM ${actualTable(table)} a WHERE a.name = r.name AND ${within}`)
}

/** Child rows: the random name of the row at the same place under the same parent. */
export async function alignByPlace(staging: Staging, table: string, within: string): Promise<void> {
  await rename(staging, table, within, `SELECT r.name AS predicted, a.name AS actual FROM rows.${ident(table)} r JOIN ${actualTable(table)} a ON a.parent = r.parent AND a.parenttype = r.parenttype AND a.parentfield = r.parentfield AND a.idx = r.idx `
    + `WHERE ${within} AND ${isRandom('r.name')} AND a.name <> r.name QUALIFY row_number() OVER (PARTITION BY r.name ORDER BY a.name) = 1`)
}

/**
 * Rows of a ledger and the like: those with equal content are the same row; what is left over of one document is paired in order, so that it shows as rows that differ.
 * `link`: the column that says whose they are.
 */
export async function alignByContent(staging: Staging, table: string, within: string, link: string | null): Promise<void> {
  if (link !== null) {
    const relation = `rows.${ident(table)}`, actual = actualTable(table)
    const columns = (await staging.columnsOf(actual)).map((column) => column.name).filter((name) => name !== 'name' && !STAMPS.includes(name) && !WORDS[table]?.includes(name))
    // Made-up and drawn names never agree: they do not tell two rows apart.
    const content = (alias: string): string => `hash(${columns.map((column) => `${alias}.${ident(column)}`).join(', ')})`
    const predicted = `(SELECT r.name, r.${ident(link)} AS g, ${content('r')} AS h FROM ${relation} r WHERE ${within} AND ${isRandom('r.name')})`
    const there = `(SELECT a.name, a.${ident(link)} AS g, ${content('a')} AS h FROM ${actual} a WHERE a.name NOT IN (SELECT name FROM ${relation} WHERE name IS NOT NULL))`
    const numbered = (source: string, by: string): string => `SELECT *, row_number() OVER (PARTITION BY ${by} ORDER BY name) AS n FROM ${source}`
    await rename(staging, table, within, `SELECT p.name AS predicted, t.name AS actual FROM (${numbered(predicted, 'g, h')}) p JOIN (${numbered(there, 'g, h')}) t ON t.g = p.g AND t.h = p.h AND t.n = p.n`)
    await rename(staging, table, within, `SELECT p.name AS predicted, t.name AS actual FROM (${numbered(predicted, 'g')}) p JOIN (${numbered(there, 'g')}) t ON t.g = p.g AND t.n = p.n`)
  }
  await alignStamps(staging, table, within)
}

async function rename(staging: Staging, table: string, within: string, pairs: string): Promise<void> {
  await createRenames(staging)
  await staging.run(`CREATE OR REPLACE TEMP TABLE row_pairs AS ${pairs}`)
  await staging.run('INSERT INTO ops.renames SELECT predicted, actual FROM temp.main.row_pairs')
  await staging.run(`UPDATE rows.${ident(table)} r SET name = p.actual FROM temp.main.row_pairs p WHERE p.predicted = r.name AND ${within}`)
  await staging.run(`UPDATE ops.updates u SET "key" = p.actual FROM temp.main.row_pairs p WHERE u.tbl = ${literal(table)} AND u."key" = p.predicted`)
  await alignStamps(staging, table, within)
}

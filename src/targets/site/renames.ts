import { ident, literal, type Staging } from '../../staging/staging.ts'

/** A name that the posting engine made up where the site draws one at random; see posting/framework/hash.ts. */
export const RANDOM_NAME = /^z\d[0-9a-z]{8}$/
/** The same, for SQL. */
export const isRandom = (sql: string): string => `regexp_matches(${sql}, '^z[0-9][0-9a-z]{8}$')`

/** Creates `ops.renames(predicted, actual)`: random names as predicted and as the site drew them. */
export async function createRenames(staging: Staging): Promise<void> {
  await staging.run('CREATE TABLE IF NOT EXISTS ops.renames (predicted VARCHAR, actual VARCHAR)')
}

/** The names the site drew for predicted ones; those it has not drawn yet are left out. */
export async function actualNames(staging: Staging, predicted: string[]): Promise<Map<string, string>> {
  if (predicted.length === 0) return new Map()
  await createRenames(staging)
  const rows = await staging.all<{ predicted: string; actual: string }>(`SELECT predicted, actual FROM ops.renames WHERE predicted IN (${predicted.map(literal).join(', ')})`)
  return new Map(rows.map((row) => [row.predicted, row.actual]))
}

/** In the rows of `table` that `within` selects (alias r), columns that point to a renamed row point to its name on the site. */
export async function pointToActual(staging: Staging, table: string, within: string): Promise<void> {
  const relation = `rows.${ident(table)}`
  const columns = (await staging.columnsOf(relation)).filter((column) => column.type === 'VARCHAR' && column.name !== 'name' && !column.name.startsWith('_')).map((column) => column.name)
  if (columns.length === 0) return
  const found = await staging.one<Record<string, boolean | null>>(`SELECT ${columns.map((column, i) => `bool_or(${isRandom(`r.${ident(column)}`)}) AS c${i}`).join(', ')} FROM ${relation} r WHERE ${within}`)
  for (const [i, column] of columns.entries()) {
    if (found?.[`c${i}`] !== true) continue
    await staging.run(`UPDATE ${relation} r SET ${ident(column)} = n.actual FROM ops.renames n WHERE n.predicted = r.${ident(column)} AND ${within}`)
  }
}

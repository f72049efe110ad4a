import { ident, literal, type Staging } from '../../staging/staging.ts'
import { SITE_DATABASE } from '../embedded/site-file.ts'
import type { SiteRow } from '../lane.ts'

/** Temporary table of the rows of a table as the site gave them: all columns of the mirror's table. */
export function actualTable(table: string): string {
  return `temp.main.${ident(`actual ${table}`)}`
}

/** Rows that the site gave, typed like the mirror's table. Answers the columns that the site did not show. */
export async function stageActual(staging: Staging, table: string, rows: SiteRow[]): Promise<string[]> {
  const columns = await staging.columnsOf(`${SITE_DATABASE}.main.${ident(table)}`)
  const seen = new Set(rows.flatMap((row, i) => (i < 50 ? Object.keys(row) : [])))
  const data = rows.map((row) => columns.map((column) => textOf(row[column.name], column.type)))
  const casts = columns.map((column, i) => `CAST(v[${i + 1}] AS ${column.type}) AS ${ident(column.name)}`)
  await staging.run(`CREATE OR REPLACE TEMP TABLE ${ident(`actual ${table}`)} AS SELECT ${casts.join(', ')} FROM (SELECT unnest(from_json(${literal(JSON.stringify(data))}, '[["VARCHAR"]]')) AS v)`)
  return rows.length === 0 ? [] : columns.map((column) => column.name).filter((name) => !seen.has(name))
}

/** A value as text that DuckDB reads: a duration's hour may lack its zero, JSON columns come as objects. */
export function textOf(value: unknown, type: string): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return String(Number(value))
  if (typeof value === 'object') return JSON.stringify(value)
  const text = String(value)
  if (type === 'TIME') return /^\d:/.test(text) ? `0${text}` : text
  return text
}

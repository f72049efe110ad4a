import { ident } from '../../staging/staging.ts'

/** A column of a predicted table with DuckDB's type. */
export interface RowColumn { name: string; type: string }

/** SQL (DuckDB): a value as MariaDB itself would write it, so that texts of both sides can be compared. */
export function storedText(value: string, type: string): string {
  if (type === 'TIMESTAMP') return `strftime(${value}, '%Y-%m-%d %H:%M:%S.%f')`
  if (type === 'TIME') return `strftime(DATE '2000-01-01' + ${value}, '%H:%M:%S.%f')`
  return type === 'VARCHAR' ? value : `CAST(${value} AS VARCHAR)`
}

/** Columns of a set of rows: those that hold one value in all of them, which is said once, and those that vary. */
export interface ColumnSplit {
  constant: { name: string; value: string | null }[]
  /** `escape`: some text holds what the file's form gives a meaning. */
  varying: { name: string; type: string; escape: boolean }[]
  rows: number
}

/** One SELECT that tells what `readSplit` needs of the columns of `from`: values are not sent twice, and most of a document's columns say the same in all. */
export function splitSql(columns: readonly RowColumn[], from: string): string {
  const parts = columns.flatMap(({ name, type }, i) => {
    const column = `r.${ident(name)}`
    return [`count(${column}) AS n${i}`, `${storedText(`min(${column})`, type)} AS lo${i}`, `min(${column}) IS NOT DISTINCT FROM max(${column}) AS one${i}`,
      ...(type === 'VARCHAR' ? [`coalesce(bool_or(regexp_matches(${column}, '[\\\\\\t\\n\\x00]')), false) AS odd${i}`] : [])]
  })
  return `SELECT count(*) AS total, ${parts.join(', ')} FROM ${from}`
}

export function readSplit(columns: readonly RowColumn[], row: Record<string, unknown>): ColumnSplit {
  const rows = Number(row['total'])
  const split: ColumnSplit = { constant: [], varying: [], rows }
  columns.forEach(({ name, type }, i) => {
    const filled = Number(row[`n${i}`])
    if (filled === 0) split.constant.push({ name, value: null })
    else if (filled === rows && row[`one${i}`] === true && rows > 1) split.constant.push({ name, value: String(row[`lo${i}`]) })
    else split.varying.push({ name, type, escape: row[`odd${i}`] === true })
  })
  return split
}

/** SQL: the line of a row in LOAD DATA's own form (tabs between, `\N` for NULL, backslash escapes). */
export function lineSql(varying: ColumnSplit['varying']): string {
  const values = varying.map(({ name, type, escape }) => {
    const text = storedText(`r.${ident(name)}`, type)
    return `coalesce(${escape ? `replace(replace(replace(replace(${text}, '\\', '\\\\'), chr(9), '\\t'), chr(10), '\\n'), chr(0), '\\0')` : text}, '\\N')`
  })
  return values.length === 1 ? values[0]! : `concat_ws(chr(9), ${values.join(', ')})`
}

/** SQL: a row as a tuple of an INSERT. */
export function tupleSql(varying: ColumnSplit['varying']): string {
  const values = varying.map(({ name, type, escape }) => {
    const text = storedText(`r.${ident(name)}`, type)
    if (/^(BIGINT|DECIMAL|DOUBLE)/.test(type)) return `coalesce(${text}, 'NULL')`
    const clean = escape ? `replace(replace(${text}, '\\', '\\\\'), chr(0), '\\0')` : text
    return `coalesce('''' || replace(${clean}, '''', '''''') || '''', 'NULL')`
  })
  return `'(' || concat_ws(',', ${values.join(', ')}) || ')'`
}

/** A line of LOAD DATA from texts. */
export function line(values: readonly (string | number | null)[]): string {
  return values.map((value) => value === null ? '\\N' : typeof value === 'number' ? String(value) : escapeText(value)).join('\t')
}

const ODD = /[\\\t\n\0]/g
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\0': '\\0' }
const escapeText = (value: string): string => value.replace(ODD, (found) => ESCAPES[found]!)

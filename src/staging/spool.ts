import { statSync } from 'node:fs'
import { LandfallError, messageOf } from '../errors/error.ts'
import { ident, literal } from './staging.ts'

/** DuckDB's own limits for a line and its buffer; raised for larger files, whose longest line may be the whole file. */
const LINE_BYTES = 2 << 20

/**
 * SQL that reads a spool file (dialect: sources/spool-writer.ts) as VARCHAR columns `columns`, in file order. The dialect is given, never sniffed:
 * sniffing may drop records silently. `width` is the number of columns in the file when there are more than named at its end.
 */
export function spoolQuery(path: string, columns: string[], width = columns.length): string {
  let size: number
  try {
    size = statSync(path).size
  } catch (error) {
    throw new LandfallError('staging-failed', `The spool file is gone: ${messageOf(error)}`, { where: { file: path }, cause: error })
  }
  const names = [...columns.map((_, i) => `c${i}`), ...Array.from({ length: width - columns.length }, (_, i) => `x${i}`)]
  const line = Math.max(LINE_BYTES, size + 1)
  const limits = size > LINE_BYTES ? `, max_line_size = ${line}, buffer_size = ${line * 2}` : ''
  const selected = columns.map((column, i) => `c${i} AS ${ident(column)}`).join(', ')
  return `SELECT ${selected} FROM read_csv(${literal(path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '\\N', `
    + `allow_quoted_nulls = false, new_line = '\\n', strict_mode = true, parallel = false${limits}, `
    + `columns = {${names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')}})`
}

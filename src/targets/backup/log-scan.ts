import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** A row that was written, by the table and the number of its columns: `values` are the first columns as the log writes them, `@1` first. */
export interface LoggedRow { table: string; kind: 'insert' | 'update' | 'delete'; values: Map<number, string | null> }

/** One transaction of the log: its rows, and the statements in it that are no rows. */
export interface LoggedTransaction { at: string; rows: LoggedRow[]; statements: string[] }

const EVENT = /^#(\d{6})\s+(\d{1,2}:\d{2}:\d{2}) server id/
const ROW = /^### (INSERT INTO|UPDATE|DELETE FROM) `((?:[^`]|``)*)`\.`((?:[^`]|``)*)`/
const VALUE = /^### {3}@(\d+)=(.*)$/
/** What mariadb-binlog writes around the statements that were logged. */
const NOISE = /^(\/\*|SET (@@|TIMESTAMP|INSERT_ID|LAST_INSERT_ID|@`)|DELIMITER|BEGIN\b|START TRANSACTION|COMMIT|ROLLBACK|use `|SAVEPOINT|BINLOG '|#|$)/i
const MOST_COLUMN = 400

/** Reads decoded text of the binary log (`mariadb-binlog -v --base64-output=DECODE-ROWS`) transaction by transaction, in bounded memory. */
export async function scanLog(text: Readable, each: (transaction: LoggedTransaction) => void): Promise<void> {
  let at = '', rows: LoggedRow[] = [], statements: string[] = [], row: LoggedRow | null = null, statement: string[] = [], inWhere = false
  const end = (): void => {
    if (rows.length > 0 || statements.length > 0) each({ at, rows, statements })
    rows = []; statements = []; row = null
  }
  const lines = createInterface({ input: text, crlfDelay: Infinity })
  for await (const line of lines) {
    const event = EVENT.exec(line)
    if (event) at = `20${event[1]!.slice(0, 2)}-${event[1]!.slice(2, 4)}-${event[1]!.slice(4)} ${event[2]!.padStart(8, '0')}`
    if (line.startsWith('###')) {
      const started = ROW.exec(line)
      if (started) {
        row = { table: started[3]!.replaceAll('``', '`'), kind: started[1] === 'UPDATE' ? 'update' : started[1] === 'INSERT INTO' ? 'insert' : 'delete', values: new Map() }
        rows.push(row)
      } else if (line.startsWith('### WHERE')) inWhere = true
      else if (line.startsWith('### SET')) inWhere = false
      else if (row !== null && (row.kind !== 'update' || inWhere)) {
        const value = VALUE.exec(line)
        if (value && Number(value[1]) <= MOST_COLUMN) row.values.set(Number(value[1]), textOf(value[2]!))
      }
      continue
    }
    if (/^(COMMIT|ROLLBACK)/.test(line)) { end(); statement = []; continue }
    // Schema changes commit by themselves, and each event of the log begins with its number.
    if (/GTID [\d-]+ ?/.test(line) && line.startsWith('#')) end()
    if (statement.length === 0 && NOISE.test(line)) continue
    if (line === '/*!*/;') { statements.push(statement.join('\n')); statement = [] } else if (line.endsWith('/*!*/;')) { statements.push([...statement, line.slice(0, -6)].join('\n')); statement = [] } else statement.push(line)
  }
  end()
}

/** A value of the log: a text in quotes, with control characters as \x0A and nothing else escaped, NULL, or a number. */
function textOf(value: string): string | null {
  if (value === 'NULL') return null
  if (!value.startsWith("'") || !value.endsWith("'") || value.length < 2) return value
  return value.slice(1, -1).replace(/\\x([01][0-9A-Fa-f]|7[Ff])/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
}

/** Why a logged statement must not be played into another database: it names one, or is not about tables; null: it may. */
export function unsafe(statement: string): string | null {
  const bare = statement.replace(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|\/\*[\s\S]*?\*\//g, "''").trim()
  if (/^(INSERT|UPDATE|DELETE|REPLACE|LOAD)\b/i.test(bare)) return 'it was logged as a statement, not as rows (binlog_format must be ROW)'
  if (!/^(CREATE|ALTER|DROP|TRUNCATE|RENAME|OPTIMIZE|ANALYZE|REPAIR)\b/i.test(bare)) return 'it is not about tables'
  if (/^(CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+)?(DATABASE|SCHEMA|USER|ROLE|SERVER)\b/i.test(bare)) return 'it is not about tables'
  if (/(`[^`]+`|\b[A-Za-z_][\w$]*)\s*\.\s*(`|\*|[A-Za-z_])/.test(bare)) return 'it names a database'
  return null
}

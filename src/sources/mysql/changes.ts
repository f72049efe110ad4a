import { SqlChanges, stampKind, usualOverlapMs, type Bounds, type BoundsRequest, type ChangeColumn, type ChangeDialect, type ChangeLog, type ChangeReader, type ChangeTable } from '../changes.ts'
import { chooseEntity } from '../choice.ts'
import type { MysqlEntity } from './describe.ts'

type Rows = (sql: string) => Promise<(string | null)[][]>
const SEPARATOR = `CONVERT(X'1F' USING utf8mb4)`, NULL_MARK = `CONVERT(X'1E' USING utf8mb4)`

/** Reader of changes over a MySQL or MariaDB source. `rows` runs on the source's own read-only connection. */
export function mysqlChanges(source: string, items: () => Promise<MysqlEntity[]>, rows: Rows, log?: ChangeLog): ChangeReader {
  const table = async (entity: string): Promise<ChangeTable> => {
    const item = chooseEntity(source, await items(), entity)
    const columns = item.columns.map((column): ChangeColumn => ({
      name: column.name, type: column.type, text: `CONVERT(CONCAT(${column.rendered}) USING utf8mb4)`, compare: column.orderBy ?? `CONCAT(${column.rendered})`, literal: (text) => column.keyLiteral(text),
    }))
    return { name: item.name, from: item.from, columns, key: item.key.map((key) => columns.find((column) => column.name === key.name)!) }
  }
  const dialect: ChangeDialect = {
    table, rows,
    bounds: (request, column) => bounds(rows, request, column),
    digest: (text) => `CAST(CONV(SUBSTR(MD5(${text}), 1, 11), 16, 10) AS UNSIGNED)`,
    joined: (texts) => `CONCAT_WS(${SEPARATOR}, ${texts.map((text) => `COALESCE(${text}, ${NULL_MARK})`).join(', ')})`,
    prefix: (text, digits) => `SUBSTR(MD5(${text}), 1, ${digits})`,
    divide: (value, by) => `${value} DIV ${by}`,
    keysPerStatement: 1000,
  }
  return new SqlChanges(dialect, log)
}

/**
 * The end of a window: the server's clock less the lag, and not behind the beginning of the oldest open transaction, where the user may see them (PROCESS).
 */
async function bounds(rows: Rows, request: BoundsRequest, column: ChangeColumn): Promise<Bounds> {
  const kind = stampKind(column.type)
  if (kind === 'number' || kind === 'other') {
    const from = request.low === null || kind === 'other' ? request.low : (await rows(`SELECT CONCAT(${column.literal(request.low)} - ${request.overlapMs ?? 0})`))[0]?.[0] ?? null
    return { from, high: null, now: null, heldBy: null, note: null }
  }
  const overlap = request.overlapMs ?? usualOverlapMs(kind)
  // trx_started is told in the session's time zone, which is UTC.
  const open = await rows('SELECT MIN(trx_started), SUBSTRING_INDEX(GROUP_CONCAT(trx_mysql_thread_id ORDER BY trx_started), \',\', 1) FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id <> CONNECTION_ID() AND trx_mysql_thread_id <> 0').catch(() => null)
  const oldest = open?.[0]?.[0] ?? null
  const local = (moment: string) => (kind === 'zoned' ? moment : `CONVERT_TZ(${moment}, '+00:00', @@global.time_zone)`)
  const shown = (moment: string) => (kind === 'date' ? `DATE(${local(moment)})` : local(moment))
  const plus = kind === 'zoned' ? `, '+00'` : '', micro = (ms: number) => `INTERVAL ${Math.round(ms * 1000)} MICROSECOND`
  // The server shows transactions as they were up to a tenth of a second ago.
  const lagged = `UTC_TIMESTAMP(6) - ${micro(Math.max(request.lagMs, 200))}`, settled = oldest === null ? lagged : `LEAST(${lagged}, CAST('${oldest}' AS DATETIME(6)))`
  const low = request.low === null ? 'NULL' : `CAST(${column.literal(request.low)} AS DATETIME(6))`
  const from = `LEAST(${low}, ${local(`UTC_TIMESTAMP(6) - ${micro(request.elapsedMs)}`)}) - ${micro(overlap)}`
  const [row] = await rows(`SELECT CONCAT(${shown('UTC_TIMESTAMP(6)')}${plus}), CONCAT(${shown(settled)}${plus}), ${request.low === null ? 'NULL' : `CONCAT(${kind === 'date' ? `DATE(${from})` : from}${plus})`},
    ${oldest === null ? 'NULL' : `IF(CAST('${oldest}' AS DATETIME(6)) < UTC_TIMESTAMP(6) - ${micro(request.lagMs)}, CONCAT('connection ', '${open?.[0]?.[1] ?? ''}', ' has a transaction open since ', '${oldest}', ' UTC'), NULL)`}`)
  return {
    now: row?.[0] ?? null, high: row?.[1] ?? null, from: row?.[2] ?? null, heldBy: row?.[3] ?? null,
    note: open === null ? 'Open transactions cannot be seen, so they are not waited for: GRANT PROCESS to the user, or compare each time.' : null,
  }
}

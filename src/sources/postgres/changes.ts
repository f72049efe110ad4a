import { SqlChanges, stampKind, usualOverlapMs, type Bounds, type BoundsRequest, type ChangeColumn, type ChangeDialect, type ChangeLog, type ChangeReader, type ChangeTable } from '../changes.ts'
import { chooseEntity } from '../choice.ts'
import type { PostgresEntity } from './describe.ts'

const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`

/** Reader of changes over a PostgreSQL source. `rows` runs on the source's own read-only connection. */
export function postgresChanges(source: string, items: () => Promise<PostgresEntity[]>, rows: (sql: string) => Promise<(string | null)[][]>, log?: ChangeLog): ChangeReader {
  const table = async (entity: string): Promise<ChangeTable> => {
    const item = chooseEntity(source, await items(), entity)
    const columns = item.columns.map((column): ChangeColumn => ({
      name: column.name, type: column.type, text: `(${column.rendered})::text`, compare: `r.${column.sql}`, literal: (text) => `${quoted(text)}::${column.literalType}`,
    }))
    return { name: item.name, from: item.from, columns, key: item.key.map((key) => columns.find((column) => column.name === key.name)!) }
  }
  const dialect: ChangeDialect = {
    table, rows,
    bounds: (request, column) => bounds(rows, request, column),
    digest: (text) => `('x' || substr(md5(convert_to(${text}, 'UTF8')), 1, 11))::bit(44)::int8`,
    joined: (texts) => `concat_ws(chr(31), ${texts.map((text) => `coalesce(${text}, chr(30))`).join(', ')})`,
    prefix: (text, digits) => `substr(md5(convert_to(${text}, 'UTF8')), 1, ${digits})`,
    divide: (value, by) => `${value} / ${by}`,
    keysPerStatement: 1000,
  }
  return new SqlChanges(dialect, log)
}

/**
 * The end of a window: the server's clock less the lag, and not behind the beginning of the oldest transaction that is still open, because what it stamps with now() carries
 * that moment and is committed later. Who may not see other sessions (pg_monitor) is told so.
 */
async function bounds(rows: (sql: string) => Promise<(string | null)[][]>, request: BoundsRequest, column: ChangeColumn): Promise<Bounds> {
  const kind = stampKind(column.type)
  if (kind === 'number' || kind === 'other') {
    const from = request.low === null || kind === 'other' ? request.low : (await rows(`SELECT (${column.literal(request.low)} - ${request.overlapMs ?? 0})::text`))[0]?.[0] ?? null
    return { from, high: null, now: null, heldBy: null, note: null }
  }
  const overlap = request.overlapMs ?? usualOverlapMs(kind)
  const [zone] = (await rows(`SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone'`))[0] ?? []
  const shown = (moment: string) => (kind === 'zoned' ? moment : kind === 'local' ? `((${moment}) AT TIME ZONE ${quoted(zone ?? 'UTC')})` : `((${moment}) AT TIME ZONE ${quoted(zone ?? 'UTC')})::date`)
  const low = request.low === null ? 'NULL' : column.literal(request.low)
  const [row] = await rows(`SELECT ${shown('m.now')}::text, ${shown('m.settled')}::text,
    CASE WHEN m.oldest < m.now - interval '${request.lagMs} ms' THEN 'process ' || m.pid || ' has a transaction open since ' || m.oldest END, m.hidden::text,
    (least(${low}, ${shown(`m.now - interval '${Math.round(request.elapsedMs)} ms'`)}) - interval '${overlap} ms')::${kind === 'zoned' ? 'timestamptz' : kind === 'local' ? 'timestamp' : 'date'}::text
    FROM (SELECT now, oldest, pid, hidden, least(now - interval '${request.lagMs} ms', oldest) AS settled FROM (SELECT clock_timestamp() AS now,
      min(xact_start) FILTER (WHERE pid <> pg_backend_pid()) AS oldest, (array_agg(pid ORDER BY xact_start) FILTER (WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()))[1] AS pid,
      count(*) FILTER (WHERE query = '<insufficient privilege>') AS hidden FROM pg_catalog.pg_stat_activity WHERE datname = current_database()) s) m`)
  return {
    now: row?.[0] ?? null, high: row?.[1] ?? null, heldBy: row?.[2] ?? null, from: request.low === null ? null : row?.[4] ?? null,
    note: Number(row?.[3] ?? 0) > 0 ? `${row?.[3]} sessions cannot be looked into, so their open transactions are not waited for: GRANT pg_monitor to the user, or compare each time.` : null,
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pipeline } from 'node:stream/promises'
import { Writable } from 'node:stream'
import mysql from 'mysql2'
import pg from 'pg'
import copyStreams from 'pg-copy-streams'
import { request } from 'undici'
import { systemClock } from '../src/model/clock.ts'
import { openSource } from '../src/sources/registry.ts'
import { loadBatch, rawRelation } from '../src/staging/load.ts'
import { readAhead } from '../src/staging/read-ahead.ts'
import { Staging } from '../src/staging/staging.ts'
import { startMariadb } from '../src/testing/servers/mariadb.ts'
import { startPostgres } from '../src/testing/servers/postgres.ts'

/**
 * Extraction into staging against the raw driver's fastest read of the same table, in the same run: both in turn, the best of ROUNDS each. Processor time is
 * that of this process, servers beside. `node bench/extract.ts [ROWS] [SOURCE...]`.
 */
const ROUNDS = 4
const rows = Number(process.argv[2] ?? 200_000), only = process.argv.slice(3)
const COLUMNS = 'id, customer, name, city, amount, quantity, created, note'
const folder = mkdtempSync(join(tmpdir(), 'landfall-bench-'))
interface Taken { seconds: number; cpu: number }

const timed = async (body: () => Promise<number>): Promise<Taken> => {
  const busy = process.cpuUsage(), start = systemClock.elapsed(), count = await body(), seconds = (systemClock.elapsed() - start) / 1000
  if (count !== rows) throw new Error(`${count} records instead of ${rows}`)
  const { user, system } = process.cpuUsage(busy)
  return { seconds, cpu: (user + system) / 1e6 }
}

async function inTurn(raw: () => Promise<number>, ours: () => Promise<Taken>): Promise<[Taken, Taken]> {
  const taken: [Taken, Taken][] = []
  for (let round = 0; round < ROUNDS; round++) taken.push([await timed(raw), await ours()])
  const best = (of: 0 | 1): Taken => ({ seconds: Math.min(...taken.map((one) => one[of].seconds)), cpu: Math.min(...taken.map((one) => one[of].cpu)) })
  return [best(0), best(1)]
}

let serial = 0

async function extract(kind: string, options: object): Promise<Taken> {
  const source = await openSource('bench', kind, options, { clock: systemClock, baseFolder: '.' })
  const staging = await Staging.open(join(folder, `${kind}-${++serial}.duckdb`), { allowedFolders: [folder] })
  await source.describe()
  const seconds = await timed(async () => {
    let count = 0
    for await (const batch of readAhead(source.read({ entity: 'orders', batchRows: 50_000, spoolFolder: folder }))) {
      await staging.transaction(async () => { count += await loadBatch(staging, rawRelation('bench', 'orders'), batch) })
    }
    return count
  })
  await staging.close()
  await source.close()
  return seconds
}

const VALUES = (i: string, concat: (...parts: string[]) => string) => [i, concat("'C-'", `${i} % 5000`), concat("'Customer '", i), "'Bielefeld'", `${i} * 1.25`, `${i} % 100`, "'2024-03-01 12:00:00'", concat("'note \"'", i, "'\", delivered'")].join(', ')
const TABLE = 'CREATE TABLE orders (id bigint PRIMARY KEY, customer varchar(20), name varchar(140), city varchar(140), amount decimal(21,9), quantity integer, created timestamp NULL, note text)'

const benches: Record<string, () => Promise<[Taken, Taken]>> = {
  async postgres() {
    const server = await startPostgres()
    try {
      const access = { host: server.host, port: server.port, user: server.user, password: server.password, database: 'postgres' }
      const client = new pg.Client(access)
      await client.connect()
      await client.query(TABLE)
      await client.query(`INSERT INTO orders SELECT ${VALUES('i', (...parts) => parts.join(' || ')).replace("'2024-03-01 12:00:00'", "timestamp '2024-03-01 12:00:00'")} FROM generate_series(1, ${rows}) i`)
      await client.query('VACUUM ANALYZE orders')
      return await inTurn(async () => {
        const copy = client.query(copyStreams.to(`COPY (SELECT ${COLUMNS} FROM orders ORDER BY id) TO STDOUT (FORMAT csv)`))
        await pipeline(copy, new Writable({ write: (_part, _encoding, done) => done() }))
        return copy.rowCount
      }, () => extract('postgres', access)).finally(() => client.end())
    } finally {
      await server.stop()
    }
  },
  async mysql() {
    const server = await startMariadb()
    try {
      const access = { host: server.host, port: server.port, user: server.user, password: server.password }
      const connection = mysql.createConnection({ ...access, multipleStatements: true })
      const run = (sql: string) => new Promise<void>((resolve, reject) => { connection.query(sql, (error) => error ? reject(error) : resolve()) })
      await run(`CREATE DATABASE legacy CHARACTER SET utf8mb4; USE legacy; ${TABLE}; INSERT INTO orders SELECT ${VALUES('seq', (...parts) => `CONCAT(${parts.join(', ')})`)} FROM seq_1_to_${rows}`)
      return await inTurn(() => new Promise<number>((resolve, reject) => {
        let count = 0
        const query = connection.query({ sql: `SELECT ${COLUMNS} FROM orders ORDER BY id`, rowsAsArray: true }) as unknown as NodeJS.EventEmitter
        query.on('result', () => { count++ }).on('end', () => resolve(count)).on('error', reject)
      }), () => extract('mysql', { ...access, database: 'legacy' })).finally(() => connection.destroy())
    } finally {
      await server.stop()
    }
  },
  async sqlite() {
    const path = join(folder, 'legacy.db'), database = new DatabaseSync(path)
    database.exec(`${TABLE.replace('bigint', 'integer')}; WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${rows}) INSERT INTO orders SELECT ${VALUES('i', (...parts) => parts.join(' || '))} FROM s`)
    return inTurn(async () => {
      const statement = database.prepare(`SELECT ${COLUMNS} FROM orders ORDER BY id`)
      statement.setReadBigInts(true)
      statement.setReturnArrays(true)
      let count = 0
      for (const _row of statement.iterate()) count++
      return count
    }, () => extract('sqlite', { path })).finally(() => database.close())
  },
  async rest() {
    const size = 5000
    const pages = Array.from({ length: Math.ceil(rows / size) + 1 }, (_, p) => JSON.stringify({ total: rows, data: Array.from({ length: Math.max(0, Math.min(size, rows - p * size)) }, (_, i) => {
      const n = p * size + i + 1
      return { id: n, customer: `C-${n % 5000}`, name: `Customer ${n}`, city: 'Bielefeld', amount: n * 1.25, quantity: n % 100, created: '2024-03-01 12:00:00', note: `note "${n}", delivered` }
    }) }))
    const server = createServer((asked, answer) => { answer.end(pages[Number(new URL(asked.url ?? '', 'http://x').searchParams.get('page'))]) })
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', () => resolve()) })
    const address = server.address(), baseUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
    const taken = await inTurn(async () => {
      let count = 0
      for (let p = 0; count < rows; p++) count += (await (await request(`${baseUrl}/orders?page=${p}`)).body.json() as { data: unknown[] }).data.length
      return count
    }, () => extract('rest', { baseUrl, concurrency: 2, entities: { orders: { path: 'orders', records: '$.data', total: '$.total', key: ['id'], paging: { kind: 'page', start: 0 } } } }))
    server.close()
    server.closeAllConnections()
    return taken
  },
}

try {
  for (const [name, bench] of Object.entries(benches)) {
    if (only.length > 0 && !only.includes(name)) continue
    const [raw, ours] = await bench()
    process.stdout.write(`${name.padEnd(10)} raw ${Math.round(rows / raw.seconds).toLocaleString('en')} rows/s, into staging ${Math.round(rows / ours.seconds).toLocaleString('en')} rows/s, ratio ${(raw.seconds / ours.seconds).toFixed(2)}, processor ${raw.cpu.toFixed(2)} s and ${ours.cpu.toFixed(2)} s\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

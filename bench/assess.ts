import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import copyStreams from 'pg-copy-streams'
import { assessSources } from '../src/cli/assess/reading.ts'
import type { Assessment } from '../src/model/assessment.ts'
import { seededRandom, systemClock } from '../src/model/clock.ts'
import { openSource } from '../src/sources/registry.ts'
import { startPostgres } from '../src/testing/servers/postgres.ts'

/** `landfall assess`, elapsed and processor time and memory at the peak, on a table of a million records and 30 columns (from PostgreSQL and from CSV), and on a schema of 250 tables. `node bench/assess.ts [ROWS] [TABLES] [csv|postgres|schema ...]`. */
const rows = Number(process.argv[2] ?? 1_000_000), tables = Number(process.argv[3] ?? 250), only = process.argv.slice(4)
const folder = mkdtempSync(join(tmpdir(), 'landfall-assess-bench-'))
const out: { what: string; seconds: number; cpu: number; judging: number; peakMb: number; relations: number; findings: number }[] = []

async function measure(what: string, kind: string, options: object): Promise<Assessment> {
  let peak = 0
  const watch = setInterval(() => { peak = Math.max(peak, process.memoryUsage().rss) }, 50), began = systemClock.elapsed(), busy = process.cpuUsage()
  const assessment = await assessSources({
    project: what, landfall: 'bench', sources: [{ name: 'bench', folders: [folder], open: () => openSource('bench', kind, options, { clock: systemClock, baseFolder: folder }) }],
    scratchFolder: join(folder, 'scratch'), only: null, limit: null, useDeclared: false, clock: systemClock, signal: new AbortController().signal, emit: () => undefined,
  })
  clearInterval(watch)
  const { user, system } = process.cpuUsage(busy)
  out.push({ what, cpu: Math.round((user + system) / 1e5) / 10, seconds: Math.round((systemClock.elapsed() - began) / 100) / 10, judging: assessment.seconds, peakMb: Math.round(peak / 1e6), relations: assessment.relations.length, findings: assessment.findings.length })
  return assessment
}

/** The 30 columns of a large legacy table: keys, names, dates in two forms, money in two locales, codes, texts. */
const COLUMNS = ['id', 'customer_no', 'order_no', 'company', 'first_name', 'last_name', 'street', 'zip', 'city', 'country', 'phone', 'email', 'created_at', 'due_date', 'currency', 'net', 'gross', 'tax', 'quantity', 'discount', 'status', 'type', 'priority', 'active', 'note', 'reference', 'weight', 'warehouse', 'modified', 'guid']
function record(i: number, random: () => number): string[] {
  const n = (most: number): number => Math.floor(random() * most), two = (v: number): string => String(v).padStart(2, '0')
  const day = `20${two(10 + n(15))}-${two(1 + n(12))}-${two(1 + n(28))}`
  return [String(i), String(10_000 + n(50_000)), `A${String(n(400_000)).padStart(7, '0')}`, `Company ${n(50_000)} GmbH`, `First${n(900)}`, `Last${n(5000)}`, `Street ${n(20_000)}`, String(10_000 + n(89_000)), `City ${n(3000)}`, ['DE', 'FR', 'ES', 'IT'][n(4)]!, `+49 ${30 + n(900)} ${100_000 + n(899_999)}`, `user${n(300_000)}@client.example`,
    `${day} ${two(n(24))}:${two(n(60))}:00`, `${day.slice(8)}.${day.slice(5, 7)}.${day.slice(0, 4)}`, ['EUR', 'USD'][n(2)]!, `${n(10_000)}.${two(n(100))}`, `${n(10_000)},${two(n(100))}`, String([0, 7, 19][n(3)]), String(n(500)), String(n(30)), ['open', 'closed', 'lost'][n(3)]!, `T${n(12)}`, String(1 + n(3)), ['yes', 'no'][n(2)]!, random() < 0.3 ? `remark ${n(1_000_000)} about it` : '', `R-${n(900_000)}`,
    `${n(300)}.${n(10)}`, `WH${n(40)}`, day, `${n(2 ** 31).toString(16).padStart(8, '0')}-0000-4000-8000-${String(i).padStart(12, '0')}`]
}

async function writeCsv(path: string): Promise<void> {
  const file = createWriteStream(path), random = seededRandom(7)
  let text = `${COLUMNS.join(';')}\n`
  for (let i = 1; i <= rows; i++) {
    text += `${record(i, random).join(';')}\n`
    if (text.length > 1 << 20) { if (!file.write(text)) await once(file, 'drain'); text = '' }
  }
  file.end(text)
  await once(file, 'finish')
}

async function bigTable(): Promise<void> {
  const path = join(folder, 'big.csv')
  await writeCsv(path)
  if (only.length === 0 || only.includes('csv')) await measure(`${rows.toLocaleString('en-US')} records of 30 columns, CSV`, 'file', { path })
  if (only.length > 0 && !only.includes('postgres')) return
  const server = await startPostgres()
  try {
    const access = { host: server.host, port: server.port, user: server.user, password: server.password, database: 'postgres' }, client = new pg.Client(access)
    await client.connect()
    await client.query(`CREATE TABLE big (${COLUMNS.map((name, i) => `${name} ${i === 0 ? 'bigint PRIMARY KEY' : 'text'}`).join(', ')})`)
    await pipeline(createReadStream(path), client.query(copyStreams.from('COPY big FROM STDIN (FORMAT csv, DELIMITER \';\', HEADER)')))
    await client.query('VACUUM ANALYZE big')
    await client.end()
    await measure(`${rows.toLocaleString('en-US')} records of 30 columns, PostgreSQL`, 'postgres', access)
  } finally {
    await server.stop()
  }
}

/** A schema of many tables of twelve columns, each with a numbered key and references to two others. */
async function schema(): Promise<void> {
  const path = join(folder, 'schema.sqlite'), database = new DatabaseSync(path), random = seededRandom(11)
  const words = ['customer', 'supplier', 'item', 'order', 'invoice', 'project', 'employee', 'asset', 'contract', 'warehouse', 'account', 'payment', 'batch', 'ticket', 'lead', 'task', 'delivery', 'territory', 'bank', 'contact']
  const kinds = ['', 'archive', 'plan', 'audit', 'extra', 'import', 'budget', 'forecast', 'quota', 'legacy', 'summary', 'draft', 'review']
  const names = kinds.flatMap((kind) => words.map((word) => (kind === '' ? word : `${word}_${kind}`))).slice(0, tables)
  database.exec('BEGIN')
  for (const [t, name] of names.entries()) {
    const refs = [names[(t * 7 + 3) % Math.min(t + 1, 20)]!, names[(t * 3 + 1) % Math.min(t + 1, 20)]!].filter((ref, i, all) => ref !== name && all.indexOf(ref) === i)
    const columns = [`${name}_id`, 'name', 'code', 'status', 'created_at', 'amount', 'quantity', 'note', 'city', 'active', ...refs.map((ref) => `${ref}_id`)]
    database.exec(`CREATE TABLE "${name}" (${columns.join(' TEXT, ')} TEXT)`)
    const insert = database.prepare(`INSERT INTO "${name}" VALUES (${columns.map(() => '?').join(', ')})`)
    for (let i = 1; i <= 400; i++) {
      const n = (most: number): number => Math.floor(random() * most)
      insert.run(String(i), `${name} ${i}`, `C${n(90)}`, ['open', 'closed'][n(2)]!, `20${10 + n(15)}-0${1 + n(9)}-1${n(9)}`, `${n(900)}.${10 + n(80)}`, String(n(90)), random() < 0.5 ? `note ${n(5000)}` : null, `City ${n(60)}`, ['Y', 'N'][n(2)]!, ...refs.map(() => String(1 + n(400))))
    }
  }
  database.exec('COMMIT')
  database.close()
  await measure(`${names.length} tables, ${(names.length * 400).toLocaleString('en-US')} records`, 'sqlite', { path })
}

try {
  // Each in a process of its own would be fairer to memory; the schema goes first because its peak is the lower one.
  if (only.length === 0 || only.includes('schema')) await schema()
  if (only.length === 0 || only.includes('csv') || only.includes('postgres')) await bigTable()
  console.table(out)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

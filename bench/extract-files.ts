import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import ExcelJS from 'exceljs'
import { seededRandom, systemClock } from '../src/model/clock.ts'
import { openSource } from '../src/sources/registry.ts'
import { loadBatch, rawRelation } from '../src/staging/load.ts'
import { readAhead } from '../src/staging/read-ahead.ts'
import { ParquetScan } from '../src/staging/parquet-scan.ts'
import { Staging, literal } from '../src/staging/staging.ts'

/**
 * Extraction of files into raw, against the fastest read there is of the same file in the same run: DuckDB's own readers into a table of text, and
 * exceljs' streaming reader into nothing. `node bench/extract-files.ts [--rows 200000] [--json FILE]`.
 */
const { values: args } = parseArgs({ options: { rows: { type: 'string', default: '200000' }, json: { type: 'string' } } })
const rows = Number(args.rows)
const folder = mkdtempSync(join(tmpdir(), 'landfall-bench-')), spool = join(folder, 'spool')
mkdirSync(spool)

const random = seededRandom(7)
const records = Array.from({ length: rows }, (_, i) => [String(i + 1), `Customer ${i}`, `Main street ${Math.floor(random() * 900)}`, `Town ${i % 977}`, (random() * 10_000).toFixed(2), `2024-0${1 + i % 9}-1${i % 10}`, i % 11 === 0 ? '' : `note, "${i}"`, String(i % 2 === 0)])
const names = ['id', 'name', 'street', 'town', 'amount', 'day', 'note', 'active']
const cell = (text: string) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
writeFileSync(join(folder, 'comma.csv'), [names, ...records].map((row) => `${row.map(cell).join(',')}\n`).join(''))
writeFileSync(join(folder, 'semicolon.csv'), Buffer.from([names, ...records].map((row) => `${row.map(cell).join(';')}\r\n`).join(''), 'latin1'))
writeFileSync(join(folder, 'lines.ndjson'), records.map((row) => `${JSON.stringify(Object.fromEntries(names.map((name, i) => [name, row[i]])))}\n`).join(''))
const book = new ExcelJS.stream.xlsx.WorkbookWriter({ filename: join(folder, 'book.xlsx'), useSharedStrings: true })
const sheet = book.addWorksheet('S')
sheet.addRow(names).commit()
for (const row of records.slice(0, Math.ceil(rows / 5))) sheet.addRow([Number(row[0]), row[1], row[2], row[3], Number(row[4]), row[5], row[6], row[7]]).commit()
await book.commit()

const staging = await Staging.open(join(folder, 'staging.duckdb'), { allowedFolders: [folder] })
await staging.run(`COPY (SELECT * FROM read_csv(${literal(join(folder, 'comma.csv'))}, all_varchar = true)) TO ${literal(join(folder, 'table.parquet'))} (FORMAT parquet)`)

async function timed(body: () => Promise<unknown>): Promise<number> {
  const start = systemClock.elapsed()
  await body()
  return systemClock.elapsed() - start
}

let serial = 0

/** Milliseconds of reading, the survey by describe() beside. */
async function ours(kind: string, file: string): Promise<{ read: number; describe: number; count: number }> {
  const source = await openSource(`bench${++serial}`, kind, { path: file }, { clock: systemClock, baseFolder: folder, scan: new ParquetScan(staging) })
  let entity = '', count = 0
  const describe = await timed(async () => { entity = (await source.describe()).entities[0]?.name ?? '' })
  const read = await timed(async () => {
    for await (const batch of readAhead(source.read({ entity, batchRows: 50_000, spoolFolder: spool }))) count += await loadBatch(staging, rawRelation(source.name, entity), batch)
  })
  await source.close()
  return { read, describe, count }
}

const table = (sql: string) => timed(() => staging.run(`CREATE TABLE raw.base${++serial} AS ${sql}`))
const path = (name: string) => literal(join(folder, name))
const columns = `columns = {${names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')}}`
const csv = (name: string, delimiter: string, more = '') => table(`SELECT * FROM read_csv(${path(name)}, auto_detect = false, header = true, delim = '${delimiter}', quote = '"', escape = '"', ${columns}${more})`)

async function excelRaw(): Promise<number> {
  return timed(async () => {
    for await (const worksheet of new ExcelJS.stream.xlsx.WorkbookReader(join(folder, 'book.xlsx'), { sharedStrings: 'cache', worksheets: 'emit', styles: 'cache', hyperlinks: 'ignore', entries: 'emit' })) {
      for await (const row of worksheet) if (row.number < 0) break
    }
  })
}

const results: { what: string; file: string; records: number; raw: number; read: number; describe: number; ratio: number }[] = []
for (const [what, kind, file, raw] of [
  ['CSV, utf-8, comma, against read_csv', 'file', 'comma.csv', () => csv('comma.csv', ',')],
  ['CSV, latin-1, semicolon, CRLF, against read_csv', 'file', 'semicolon.csv', () => csv('semicolon.csv', ';', ", encoding = 'latin-1'")],
  ['NDJSON, against read_json', 'json', 'lines.ndjson', () => table(`SELECT * FROM read_json(${path('lines.ndjson')}, format = 'newline_delimited', ${columns})`)],
  ['Parquet, against read_parquet', 'parquet', 'table.parquet', () => table(`SELECT * FROM read_parquet(${path('table.parquet')})`)],
  ['xlsx, against exceljs streaming, nothing kept', 'excel', 'book.xlsx', excelRaw],
] as const) {
  const runs = [await raw(), await raw()], mine = [await ours(kind, file), await ours(kind, file)]
  const best = Math.min(...runs), read = Math.min(...mine.map((one) => one.read))
  results.push({ what, file, records: mine[0]?.count ?? 0, raw: best, read, describe: Math.min(...mine.map((one) => one.describe)), ratio: best / read })
}
for (const one of results) {
  process.stdout.write(`${one.what.padEnd(50)} ${String(one.records).padStart(8)} records ${(statSync(join(folder, one.file)).size / 1e6).toFixed(1).padStart(6)} MB  raw ${one.raw.toFixed(0).padStart(6)} ms  ours ${one.read.toFixed(0).padStart(6)} ms  (+ survey ${one.describe.toFixed(0)} ms)  ratio ${one.ratio.toFixed(2)}\n`)
}
if (args.json) writeFileSync(args.json, `${JSON.stringify({ bench: 'extract-files', rows, results }, null, 2)}\n`)
await staging.close()
rmSync(folder, { recursive: true, force: true })

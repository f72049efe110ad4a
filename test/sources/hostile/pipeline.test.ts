import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { openSource } from '../../../src/sources/registry.ts'
import { Staging, literal } from '../../../src/staging/staging.ts'
import { Folder } from '../file/folder.ts'
import { bookCases } from './book-cases.ts'
import type { HostileCase } from './hostile-case.ts'
import { jsonCases, placeCases } from './other-cases.ts'
import { textCases } from './text-cases.ts'

/** What `landfall run` itself may take, DuckDB's own limit below it. */
const MEMORY_KB = 1_500_000
/** Entities with more columns can be staged, but not typed and cleansed: no statement about so many fits the memory of the database's parser. */
const WIDE_COLUMNS = 1000
const root = resolve(import.meta.dirname, '../../..')
const cases = [...textCases, ...bookCases, ...jsonCases, ...placeCases].filter((one) => one.kind !== 'parquet' && !('path' in (one.options ?? {})))

interface Finished { code: number | null; out: string; err: string; peakKb: number }

/** The command line in a process of its own, and the most memory it had. */
async function landfall(cwd: string, ...args: string[]): Promise<Finished> {
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], { cwd, env: { ...process.env, UV_THREADPOOL_SIZE: '16' }, stdio: ['ignore', 'pipe', 'pipe'] })
  const finished: Finished = { code: null, out: '', err: '', peakKb: 0 }
  child.stdout.on('data', (part: Buffer) => { finished.out += part.toString() })
  child.stderr.on('data', (part: Buffer) => { finished.err += part.toString() })
  const closed = new Promise<void>((done) => { child.once('close', (code) => { finished.code = code; done() }) })
  for (let over = false; !over;) {
    over = await Promise.race([closed.then(() => true), sleep(100).then(() => false)])
    const status = (() => { try { return readFileSync(`/proc/${child.pid}/status`, 'utf8') } catch { return '' } })()
    finished.peakKb = Math.max(finished.peakKb, Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0))
  }
  return finished
}

const fileOf = (one: HostileCase) => one.file ?? { file: 'a.csv', json: 'a.json', excel: 'a.xlsx', parquet: 'a.parquet' }[one.kind]

function place(folder: Folder, one: HostileCase, name: string): { kind: string; path: string } & Record<string, unknown> {
  const inner = new Folder(join(folder.path, name)), file = fileOf(one)
  if (typeof one.make === 'function') one.make(inner, join(inner.path, file))
  else inner.write(file, one.make)
  return { kind: one.kind, path: `${name}/${file}`, ...one.options }
}

/** A project over sources, every entity becoming Notes whose text is the first column. YAML takes JSON. */
function writeProject(folder: Folder, sources: Record<string, object>, mappings: { name: string; source: string; table: string; column: string }[]): void {
  mkdirSync(join(folder.path, 'mappings'), { recursive: true })
  folder.write('landfall.yaml', JSON.stringify({ project: 'hostile', sources, run: { on_blocking: 'skip_documents' }, requirements: { max_error_rate: 1 } }))
  for (const { name, source, table, column } of mappings) {
    writeFileSync(join(folder.path, 'mappings', `${name}.yaml`), JSON.stringify({ entity: name, source, table, doctype: 'Note', fields: { title: { value: name }, content: { field: column } } }))
  }
}

async function writeParquet(path: string): Promise<void> {
  const staging = await Staging.open(':memory:', { allowedFolders: [dirname(path)] })
  await staging.run(`COPY (SELECT range AS id, 'label ' || range AS label FROM range(3000)) TO ${literal(path)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
  await staging.close()
}

describe('hostile files through the whole run', () => {
  const folder = new Folder(), outside = new Folder(), expected = new Map<string, { one: HostileCase; count: number }>(), refused: HostileCase[] = []
  let run: Finished
  beforeAll(async () => {
    const sources: Record<string, object> = {}, mappings: Parameters<typeof writeProject>[2] = []
    for (const [n, one] of cases.entries()) {
      const name = `h${n}`, { kind, ...options } = place(folder, one, name)
      const source = await openSource(name, kind, options, folder.env).catch(() => null)
      const catalog = await source?.describe().catch(() => null)
      await source?.close()
      if (!catalog || (catalog.entities[0]?.columns.length ?? 0) > WIDE_COLUMNS) { refused.push(one); continue }
      // What has no column to speak of cannot be mapped; a dot would be read as a column of a joined entity.
      const entity = catalog.entities[0], column = entity?.columns.find(({ name: called }) => !called.includes('.'))?.name
      if (entity === undefined || column === undefined || (entity.rowCount.value ?? 0) === 0) continue
      sources[name] = { kind, ...options }
      mappings.push({ name, source: name, table: entity.name, column })
      expected.set(name, { one, count: entity.rowCount.value ?? 0 })
    }
    // Beside them a file that staging reads itself, outside of the project and named like a pattern.
    await writeParquet(join(outside.path, 'sales [2024]*.parquet'))
    sources['outside'] = { kind: 'parquet', path: join(outside.path, 'sales [2024]*.parquet') }
    mappings.push({ name: 'outside', source: 'outside', table: 'sales [2024]*', column: 'label' })
    expected.set('outside', { one: { name: 'an honest Parquet file', kind: 'parquet', make: '', fate: { loaded: 3000 } }, count: 3000 })
    writeProject(folder, sources, mappings)
    run = await landfall(folder.path, 'run', '--yes', '--out', 'report')
  }, 300_000)
  afterAll(() => { folder.remove(); outside.remove() })

  it('every record of every file that can be read is migrated, or named as refused, within the memory limit', () => {
    expect(run.code, run.err.slice(-2000) + run.out.slice(-500)).toBe(0)
    expect(run.out + run.err).toContain('Proof: passed')
    const report = parse(readFileSync(join(folder.path, 'report', 'report.yaml'), 'utf8')) as { migration_summary: { by_entity: Record<string, { source_count: number; migrated: number; errors: number; skipped: number }> } }
    const { by_entity: entities } = report.migration_summary
    expect(Object.keys(entities).sort(), run.err.slice(0, 2000)).toEqual([...expected.keys()].sort())
    for (const [name, { one, count }] of expected) {
      const found = entities[name]!
      expect(found.source_count, `${one.name}: all that was announced`).toBe(count)
      expect(found.migrated + found.errors + found.skipped, `${one.name}: read = loaded + rejected + skipped`).toBe(found.source_count)
      if (one.fate !== 'any' && 'loaded' in one.fate) expect(found.errors, `${one.name}: rejected`).toBeGreaterThanOrEqual(one.fate.rejected ?? 0)
    }
    expect(expected.size).toBeGreaterThan(80)
    expect(run.peakKb).toBeLessThan(MEMORY_KB)
  })

  it.each(['zip bomb', 'gzip bomb', 'zip bomb as a sheet', 'external entity in a sheet', 'gzip, cut off', 'program named csv', 'cp850 that detectors dispute', 'a million columns', '3,000 columns', 'HTML instead of JSON', 'a book cut off'])('%s stops the run with its reason and nothing loaded', async (name) => {
    const one = refused.find((other) => other.name === name)!, own = new Folder()
    const codes = 'code' in (one.fate as object) ? [(one.fate as { code: string | string[] }).code].flat() : ['limit-exceeded']
    try {
      const source = place(own, one, 'given')
      writeProject(own, { given: source }, [{ name: 'given', source: 'given', table: fileOf(one).replace(/\.[^.]*$/, ''), column: name === '3,000 columns' ? 'c0' : 'id' }])
      const stopped = await landfall(own.path, 'run', '--yes')
      expect(stopped.code).not.toBe(0)
      expect(codes.some((code) => (stopped.err + stopped.out).includes(code)), stopped.err.slice(-1000)).toBe(true)
      expect(stopped.err + stopped.out).not.toMatch(/\n\s+at .*\.ts:\d+/)
      expect(stopped.peakKb).toBeLessThan(MEMORY_KB)
    } finally {
      own.remove()
    }
  }, 60_000)
})

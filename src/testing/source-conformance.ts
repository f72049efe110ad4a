import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LandfallError } from '../errors/error.ts'
import type { Batch, Cursor } from '../model/batch.ts'
import type { ColumnType, ForeignKey } from '../model/entity.ts'
import type { Source } from '../sources/source.ts'
import { loadBatch } from '../staging/load.ts'
import { Staging, ident } from '../staging/staging.ts'

/** What an entity must turn out to be. Rows are texts exactly as staged, in reading order when `ordered`, else in any. */
export interface ExpectedEntity {
  name: string
  columns: { name: string; type?: ColumnType }[]
  rows: (string | null)[][]
  ordered?: boolean
  primaryKey?: string[]
  uniqueKeys?: string[][]
  foreignKeys?: ForeignKey[]
  /** Columns to sum with the exact results, by `measure`. Scale is not compared: 1.50 equals 1.5. */
  sums?: Record<string, string | null>
  /** Records the source must hand out as rejected instead of rows. */
  rejected?: number
}

/** One source over data that does not change while the suite runs. */
export interface SourceHarness {
  /** A fresh source each time; the suite closes it. */
  open(): Promise<Source>
  entities: ExpectedEntity[]
  /** Folders of the origin that staging reads itself (kinds with parquet batches). */
  folders?: string[]
  /** Tries to write over the source's own connection: must be given when `can.readOnly`; resolves only if the write was *accepted*. */
  write?(source: Source): Promise<void>
  /** Sources that break while `entity` is read: the read must throw one of `codes`, after at least `before` good records (read in batches of 10 unless told). */
  broken?: { name: string; open(): Promise<Source>; entity: string; codes: string[]; before?: number; batchRows?: number }[]
  /** Openings that must fail with one of `codes`. `secrets` must not appear in the message. */
  refused?: { name: string; open(): Promise<Source>; codes: string[]; secrets?: string[] }[]
  /** Removes what the harness made. */
  dispose?(): Promise<void>
}

export interface SourceCase { name: string; run(harness: SourceHarness): Promise<void> }

/** The part of a test runner the suite needs: vitest and node:test both fit. */
export interface Runner {
  describe(name: string, body: () => void): void
  it(name: string, body: () => Promise<void>): void
  beforeAll(body: () => Promise<void>): void
  afterAll(body: () => Promise<void>): void
}

/** Registers every case for one source: `describeSource({ describe, it, beforeAll, afterAll }, 'csv files', async () => harness)`. */
export function describeSource(runner: Runner, title: string, setUp: () => Promise<SourceHarness>): void {
  runner.describe(`source conformance: ${title}`, () => {
    let harness: SourceHarness | undefined
    runner.beforeAll(async () => { harness = await setUp() })
    runner.afterAll(async () => { await harness?.dispose?.() })
    for (const one of sourceCases) runner.it(one.name, async () => one.run(harness as SourceHarness))
  })
}

/** Texts that must survive any source: pass them through whatever the source calls text. NUL is left out: not every origin can hold it. */
export const TEXT_TORTURE: (string | null)[] = [
  '', null, ' ', '  padded  ', 'NULL', 'null', '\\N', '"\\N"', '\\', '"', '""', "'", ',', ';', 'a,b', 'a"b"c', 'line\nbreak', 'cr\rlf\r\n', '\t', 'tab\there',
  'ÄÖÜ ß é ñ', '漢字', 'مرحبا', '👩‍👩‍👧 😀', 'e\u0301', '\ufeffbom', 'z\u200bw', '=1+1', '<b>html</b>', '0', '007', '1,200.50', '1e5', 'true', '0000-00-00', '\\.', '%s {} $1 ?', '-- ; DROP',
]

/** Entities any table-like origin can hold, to be made by the harness beside its own: 0 rows, 1 row, 1,003 rows, 300 columns, 1 MB of text, torture texts. */
export function standardEntities(): ExpectedEntity[] {
  const id = { name: 'id' }
  const long = 'Äbc"\n,'.repeat(150_000)
  return [
    { name: 'nothing', columns: [id, { name: 'label' }], rows: [], ordered: true, sums: { id: null } },
    { name: 'single', columns: [id, { name: 'label' }], rows: [['1', 'only one']], ordered: true, sums: { id: '1' } },
    {
      name: 'many', columns: [id, { name: 'label' }, { name: 'amount' }], ordered: true, sums: { id: '503506', amount: '629382.5' },
      rows: Array.from({ length: 1003 }, (_, i) => [String(i + 1), i % 7 === 0 ? null : `label ${i + 1}`, `${((i + 1) * 5 / 4).toFixed(2)}`]),
    },
    { name: 'wide', columns: [id, ...Array.from({ length: 299 }, (_, i) => ({ name: `c${i + 1}` }))], ordered: true, rows: [1, 2, 3].map((n) => [String(n), ...Array.from({ length: 299 }, (_, i) => `${n}.${i + 1}`)]) },
    { name: 'long', columns: [id, { name: 'body' }], ordered: true, rows: [['1', long], ['2', 'short'], ['3', long]] },
    { name: 'texts', columns: [id, { name: 'body' }], ordered: true, rows: TEXT_TORTURE.map((text, i) => [String(i + 1), text]) },
  ]
}

interface Collected { batches: Batch[]; rows: (string | null)[][]; columns: string[]; rejected: number; error: unknown }

interface ReadOptions { batchRows?: number; after?: Cursor; columns?: string[]; stopAfterBatches?: number; signal?: AbortSignal; /** Folders staging may read beside its spool. */ folders?: string[] }

/** Reads an entity through staging, checking what must hold for every batch; a throw in the middle is returned as `error`. */
export async function collect(source: Source, entity: string, options: ReadOptions = {}): Promise<Collected> {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-spool-'))
  const staging = await Staging.open(':memory:', { allowedFolders: [folder, ...options.folders ?? []] })
  const result: Collected = { batches: [], rows: [], columns: [], rejected: 0, error: null }
  const relation = { schema: 'raw', table: `${source.name}.${entity}` }
  const batchRows = options.batchRows ?? 10_000
  try {
    try {
      for await (const batch of source.read({ entity, columns: options.columns, after: options.after, batchRows, spoolFolder: folder, signal: options.signal })) {
        assert.equal(batch.entity, entity)
        assert.equal(batch.read, batch.count + batch.rejected.length, 'read = count + rejected')
        assert.ok(batch.read <= batchRows * 2, `a batch of ${batch.read} records where ${batchRows} were wanted`)
        const before = result.batches.at(-1)
        if (before) assert.equal(batch.firstOrdinal, before.firstOrdinal + before.read, 'ordinals are contiguous')
        else if (!options.after) assert.equal(batch.firstOrdinal, 1)
        assert.deepEqual(JSON.parse(JSON.stringify(batch.cursor)), batch.cursor, 'a cursor survives JSON')
        for (const rejected of batch.rejected) assert.ok(rejected.reason !== '' && rejected.raw.length <= 10_000)
        assert.equal(await loadBatch(staging, relation, batch), batch.count)
        result.batches.push(batch)
        result.rejected += batch.rejected.length
        for (const column of batch.columns) if (!result.columns.includes(column)) result.columns.push(column)
        if (options.stopAfterBatches === result.batches.length) break
      }
    } catch (error) {
      result.error = error
    }
    if (result.columns.length > 0) {
      // The driver drops a leading U+FEFF when it hands a text over, so each gets a character in front, taken off again.
      const chunks = staging.scan(`SELECT ${result.columns.map((column) => `'|' || ${ident(column)}`).join(', ')} FROM raw.${ident(relation.table)} ORDER BY _row`)
      for await (const chunk of chunks) {
        for (let i = 0; i < chunk.count; i++) result.rows.push(chunk.columns.map((column) => (column[i] as string | null)?.slice(1) ?? null))
      }
    }
    if (!result.error && options.stopAfterBatches === undefined) assert.deepEqual(readdirSync(folder), [], 'no spool file is left behind')
    return result
  } finally {
    await staging.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const show = (value: string | null | undefined) => value === null || value === undefined ? String(value) : JSON.stringify(value.length > 120 ? `${value.slice(0, 120)}... (${value.length})` : value)

/** Compares rows with what is expected, telling '' from NULL only where the source can; says the first difference with its place. */
export function assertRows(expected: ExpectedEntity, found: (string | null)[][], nulls: boolean): void {
  const level = (rows: (string | null)[][]) => nulls ? rows : rows.map((row) => row.map((value) => value === '' ? null : value))
  let want = level(expected.rows), have = level(found)
  assert.equal(have.length, want.length, `${expected.name}: number of records`)
  if (!expected.ordered) {
    const order = (a: (string | null)[], b: (string | null)[]) => { const x = JSON.stringify(a), y = JSON.stringify(b); return x < y ? -1 : x > y ? 1 : 0 }
    want = [...want].sort(order)
    have = [...have].sort(order)
  }
  want.forEach((row, r) => row.forEach((value, c) => {
    if (have[r]?.[c] !== value) assert.fail(`${expected.name}, record ${r + 1}, column ${expected.columns[c]?.name}: expected ${show(value)}, found ${show(have[r]?.[c])}`)
  }))
}

async function withSource(harness: SourceHarness, body: (source: Source) => Promise<void>): Promise<void> {
  const source = await harness.open()
  try {
    await body(source)
  } finally {
    await source.close()
  }
}

const sameNumber = (a: string | null, b: string | null) => a === b || (a !== null && b !== null && plain(a) === plain(b))
const plain = (text: string) => text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text

async function codeOf(body: () => Promise<unknown>): Promise<LandfallError> {
  try {
    await body()
  } catch (error) {
    assert.ok(error instanceof LandfallError, `only LandfallError may be thrown, not ${String(error)}`)
    return error
  }
  return assert.fail('it should have failed')
}

/** `collect` with what the harness says staging may read. */
const gather = (harness: SourceHarness, source: Source, entity: string, options: ReadOptions = {}) => collect(source, entity, { folders: harness.folders, ...options })

/** Every case, in order; each opens what it needs. They branch on `source.can`, never on its kind. */
export const sourceCases: SourceCase[] = [
  {
    name: 'describes every entity with columns, types and keys', run: async (harness) => withSource(harness, async (source) => {
      const catalog = await source.describe()
      assert.equal(catalog.source, source.name)
      assert.equal(catalog.kind, source.kind)
      for (const expected of harness.entities) {
        const entity = catalog.entities.find((one) => one.name === expected.name)
        assert.ok(entity, `entity ${expected.name} is in the catalogue: ${catalog.entities.map((one) => one.name).join(', ')}`)
        // A source without declared columns knows none of an empty entity.
        if (entity.columns.length > 0 || expected.rows.length > 0) assert.deepEqual(entity.columns.map((column) => column.name), expected.columns.map((column) => column.name))
        expected.columns.forEach((column, i) => { if (column.type && entity.columns[i]) assert.equal(entity.columns[i].type, column.type, `${expected.name}.${column.name}`) })
        if (entity.rowCount.exact) assert.equal(entity.rowCount.value, expected.rows.length + (expected.rejected ?? 0), `${expected.name}: exact row count`)
        if (!source.can.keys) continue
        if (expected.primaryKey) assert.deepEqual(entity.primaryKey, expected.primaryKey)
        if (expected.uniqueKeys) assert.deepEqual([...entity.uniqueKeys].sort(), [...expected.uniqueKeys].sort())
        if (expected.foreignKeys) assert.deepEqual(entity.foreignKeys, expected.foreignKeys)
      }
    }),
  },
  {
    name: 'reads every value undamaged, in order, exactly once', run: async (harness) => withSource(harness, async (source) => {
      for (const expected of harness.entities) {
        const found = await gather(harness, source, expected.name)
        if (found.error) throw found.error
        if (expected.rows.length > 0) assert.deepEqual(found.columns, expected.columns.map((column) => column.name), expected.name)
        assertRows(expected, found.rows, source.can.nulls)
        assert.equal(found.rejected, expected.rejected ?? 0, `${expected.name}: rejected records`)
      }
    }),
  },
  {
    name: 'gives the same records whatever the batch size', run: async (harness) => withSource(harness, async (source) => {
      for (const expected of harness.entities.filter((entity) => entity.rows.length > 1)) {
        const total = expected.rows.length + (expected.rejected ?? 0)
        for (const batchRows of new Set([total > 100 ? 97 : 1, total, total + 1, total > 100 ? Math.ceil(total / 2) : 3])) {
          const found = await gather(harness, source, expected.name, { batchRows })
          if (found.error) throw found.error
          assertRows(expected, found.rows, source.can.nulls)
          assert.equal(found.batches.reduce((sum, batch) => sum + batch.read, 0), total)
        }
      }
    }),
  },
  {
    name: 'resumes after any batch as if never interrupted', run: async (harness) => withSource(harness, async (source) => {
      for (const expected of harness.entities.filter((entity) => entity.rows.length > 1)) {
        const batchRows = Math.max(1, Math.ceil(expected.rows.length / 5))
        const whole = await gather(harness, source, expected.name, { batchRows })
        if (whole.error) throw whole.error
        for (let stop = 0; stop < Math.min(whole.batches.length, 8); stop++) {
          const after = JSON.parse(JSON.stringify(whole.batches[stop]?.cursor)) as Cursor
          const rest = await gather(harness, source, expected.name, { batchRows, after })
          if (!source.can.resume) {
            assert.ok(rest.error instanceof LandfallError, `${expected.name}: a source that cannot resume must say so instead of reading from elsewhere`)
            continue
          }
          if (rest.error) throw rest.error
          const done = whole.batches.slice(0, stop + 1).reduce((sum, batch) => sum + batch.count, 0)
          const at = whole.batches[stop] as Batch
          if (rest.batches[0]) assert.equal(rest.batches[0].firstOrdinal, at.firstOrdinal + at.read, `${expected.name}: ordinals go on`)
          assertRows({ ...expected, columns: whole.columns.map((name) => ({ name })), rows: whole.rows.slice(done), ordered: true }, rest.rows, source.can.nulls)
        }
      }
    }),
  },
  {
    name: 'resumes after the reader stopped in the middle, in another process too', run: async (harness) => {
      const expected = harness.entities.find((entity) => entity.rows.length >= 10)
      if (!expected) return
      const batchRows = Math.ceil(expected.rows.length / 4)
      const first = await harness.open()
      let head: Collected
      try {
        head = await gather(harness, first, expected.name, { batchRows, stopAfterBatches: 2 })
        if (!first.can.resume) return
      } finally {
        await first.close()
      }
      await withSource(harness, async (source) => {
        const tail = await gather(harness, source, expected.name, { batchRows, after: JSON.parse(JSON.stringify(head.batches.at(-1)?.cursor)) as Cursor })
        if (tail.error) throw tail.error
        assertRows(expected, [...head.rows, ...tail.rows], source.can.nulls)
      })
    },
  },
  {
    name: 'reads chosen columns in the order asked for', run: async (harness) => withSource(harness, async (source) => {
      for (const expected of harness.entities.filter((entity) => entity.columns.length > 1 && entity.rows.length > 1)) {
        const picks = [expected.columns.length - 1, Math.floor(expected.columns.length / 2)].filter((n, i, all) => all.indexOf(n) === i)
        const columns = picks.map((n) => expected.columns[n]?.name as string)
        const found = await gather(harness, source, expected.name, { columns, batchRows: Math.ceil(expected.rows.length / 2) })
        if (found.error) throw found.error
        assert.deepEqual(found.columns, columns)
        assertRows({ ...expected, columns: columns.map((name) => ({ name })), rows: expected.rows.map((row) => picks.map((n) => row[n] ?? null)) }, found.rows, source.can.nulls)
      }
    }),
  },
  {
    name: 'measures what it delivers', run: async (harness) => withSource(harness, async (source) => {
      for (const expected of harness.entities) {
        const sums = Object.keys(expected.sums ?? {})
        const measure = await source.measure(expected.name, sums)
        if (measure === null) continue
        assert.equal(measure.count, expected.rows.length + (expected.rejected ?? 0), `${expected.name}: measured count`)
        for (const column of sums) {
          const want = expected.sums?.[column] ?? null, have = measure.sums[column] ?? null
          assert.ok(sameNumber(want, have), `${expected.name}.${column}: sum ${have}, expected ${want}`)
        }
      }
    }),
  },
  {
    name: 'refuses unknown entities and columns by name', run: async (harness) => withSource(harness, async (source) => {
      const unknown = await gather(harness, source, 'no such entity')
      assert.equal((unknown.error as LandfallError | null)?.code, 'source-entity-unknown')
      assert.match((unknown.error as LandfallError).message, /no such entity/)
      assert.equal((await codeOf(() => source.measure('no such entity', []))).code, 'source-entity-unknown')
      const some = harness.entities.find((entity) => entity.rows.length > 0)
      if (!some) return
      const column = await gather(harness, source, some.name, { columns: ['no such column'] })
      assert.equal((column.error as LandfallError | null)?.code, 'source-entity-unknown')
      assert.match((column.error as LandfallError).message, /no such column/)
    }),
  },
  {
    name: 'stops when told to and leaves nothing running', run: async (harness) => withSource(harness, async (source) => {
      const some = harness.entities.find((entity) => entity.rows.length >= 10)
      if (!some) return
      const stopped = new AbortController()
      stopped.abort()
      const none = await gather(harness, source, some.name, { signal: stopped.signal })
      assert.equal((none.error as LandfallError | null)?.code, 'interrupted')
      assert.equal(none.batches.length, 0)
      const early = await gather(harness, source, some.name, { batchRows: 2, stopAfterBatches: 1 })
      assert.equal(early.batches.length, 1)
      const again = await gather(harness, source, some.name)
      assertRows(some, again.rows, source.can.nulls)
    }),
  },
  {
    name: 'reads two entities at the same time', run: async (harness) => withSource(harness, async (source) => {
      const two = harness.entities.filter((entity) => entity.rows.length > 1).slice(0, 2)
      const found = await Promise.all(two.map((entity) => gather(harness, source, entity.name, { batchRows: 3 + Math.ceil(entity.rows.length / 4) })))
      two.forEach((entity, i) => {
        if (found[i]?.error) throw found[i]?.error
        assertRows(entity, found[i]?.rows ?? [], source.can.nulls)
      })
    }),
  },
  {
    name: 'does not let anybody write through it, where the origin can forbid it', run: async (harness) => withSource(harness, async (source) => {
      if (!source.can.readOnly) return
      assert.ok(harness.write, 'a source that says readOnly must be given a `write` to prove it')
      await assert.rejects(harness.write(source), 'the write was accepted')
    }),
  },
  {
    name: 'closes twice without complaint', run: async (harness) => {
      const source = await harness.open()
      await source.describe()
      await source.close()
      await source.close()
    },
  },
  {
    name: 'throws when the origin breaks in the middle, after handing out what it had', run: async (harness) => {
      for (const broken of harness.broken ?? []) {
        const source = await broken.open()
        try {
          const found = await gather(harness, source, broken.entity, { batchRows: broken.batchRows ?? 10 })
          assert.ok(found.error instanceof LandfallError, `${broken.name}: a LandfallError instead of ${String(found.error)} after ${found.rows.length} records`)
          assert.ok(broken.codes.includes(found.error.code), `${broken.name}: ${found.error.code}: ${found.error.message}`)
          assert.ok(found.rows.length >= (broken.before ?? 0), `${broken.name}: ${found.rows.length} records before the break`)
        } finally {
          await source.close()
        }
      }
    },
  },
  {
    name: 'says clearly why it cannot be opened, without secrets', run: async (harness) => {
      for (const refused of harness.refused ?? []) {
        const error = await codeOf(async () => {
          const source = await refused.open()
          try {
            await source.describe()
          } finally {
            await source.close()
          }
        })
        assert.ok(refused.codes.includes(error.code), `${refused.name}: ${error.code}: ${error.message}`)
        assert.ok(error.message.length > 10)
        for (const secret of refused.secrets ?? []) assert.ok(!`${error.message} ${error.hint ?? ''}`.includes(secret), `${refused.name}: the secret is in the message`)
      }
    },
  },
]

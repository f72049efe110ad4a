import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LandfallError } from '../../../src/errors/error.ts'
import { openSource } from '../../../src/sources/registry.ts'
import { loadBatch, rawRelation, relationSql } from '../../../src/staging/load.ts'
import { ParquetScan } from '../../../src/staging/parquet-scan.ts'
import { Staging } from '../../../src/staging/staging.ts'
import { Folder } from '../file/folder.ts'
import { bookCases } from './book-cases.ts'
import type { HostileCase } from './hostile-case.ts'
import { jsonCases, placeCases } from './other-cases.ts'
import { textCases } from './text-cases.ts'

/** What the whole folder may add to the memory of the process, the tests' own copies of the files included. */
const MEMORY_BYTES = 1500 * 2 ** 20
const cases = [...textCases, ...bookCases, ...jsonCases, ...placeCases]

interface Outcome { error: LandfallError | null; read: number; loaded: number; rejected: number; announced: number | null }

describe('hostile files', () => {
  const folder = new Folder(), spool = join(folder.path, 'spool')
  let staging: Staging, before = 0, peak = 0
  beforeAll(async () => {
    mkdirSync(spool)
    staging = await Staging.open(join(folder.path, 'staging.duckdb'), { allowedFolders: [folder.path], memoryLimit: '1GB' })
    before = process.memoryUsage.rss()
  })
  afterAll(async () => { await staging.close(); folder.remove() })

  async function meet(one: HostileCase, index: number): Promise<Outcome> {
    const inner = new Folder(join(folder.path, `case-${index}`))
    const file = one.file ?? { file: 'a.csv', json: 'a.json', excel: 'a.xlsx', parquet: 'a.parquet' }[one.kind]
    if (typeof one.make === 'function') one.make(inner, join(inner.path, file))
    else inner.write(file, one.make)
    const outcome: Outcome = { error: null, read: 0, loaded: 0, rejected: 0, announced: 0 }
    try {
      const source = await openSource(`case${index}`, one.kind, { path: file, ...one.options }, { ...inner.env, scan: new ParquetScan(staging) })
      try {
        for (const entity of (await source.describe()).entities) {
          outcome.announced = outcome.announced === null || entity.rowCount.value === null ? null : outcome.announced + entity.rowCount.value
          const relation = rawRelation(source.name, entity.name)
          let staged = 0
          for await (const batch of source.read({ entity: entity.name, batchRows: 5000, spoolFolder: spool })) {
            staged += await loadBatch(staging, relation, batch)
            outcome.read += batch.read
            outcome.rejected += batch.rejected.length
            for (const rejected of batch.rejected) expect(rejected.reason).not.toBe('')
            peak = Math.max(peak, process.memoryUsage.rss())
          }
          if (staged > 0) {
            const found = await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${relationSql(relation)}`)
            expect(found?.n, 'records in raw').toBe(staged)
            await staging.run(`DROP TABLE ${relationSql(relation)}`)
          }
          outcome.loaded += staged
        }
      } finally {
        await source.close()
      }
    } catch (error) {
      if (!(error instanceof LandfallError)) throw error
      outcome.error = error
    }
    peak = Math.max(peak, process.memoryUsage.rss())
    inner.remove()
    return outcome
  }

  it('are at least a hundred', () => {
    expect(cases.length).toBeGreaterThanOrEqual(100)
  })

  cases.forEach((one, index) => it(`${one.kind}: ${one.name}`, async () => {
    const outcome = await meet(one, index)
    expect(outcome.read, 'read = loaded + rejected').toBe(outcome.loaded + outcome.rejected)
    if (outcome.error !== null) {
      expect(outcome.error.message.length).toBeGreaterThan(15)
      expect(outcome.error.hint ?? '', 'the way out').not.toBe('')
      expect(['source', 'data', 'usage']).toContain(outcome.error.kind)
    } else if (outcome.announced !== null) {
      expect(outcome.read, 'all that was announced').toBe(outcome.announced)
    }
    if (one.fate !== 'any') {
      if ('code' in one.fate) {
        expect([one.fate.code].flat(), outcome.error?.message ?? `${outcome.loaded} loaded, ${outcome.rejected} rejected`).toContain(outcome.error?.code)
        if (one.fate.says) expect(`${outcome.error?.message}`).toMatch(one.fate.says)
      } else {
        expect(outcome.error?.message).toBeUndefined()
        expect({ loaded: outcome.loaded, rejected: outcome.rejected }).toEqual({ loaded: one.fate.loaded, rejected: one.fate.rejected ?? 0 })
      }
    }
  }))

  it('leave no spool file behind and stay within the memory limit', () => {
    expect(readdirSync(spool)).toEqual([])
    expect(peak - before).toBeLessThan(MEMORY_BYTES)
  })
})

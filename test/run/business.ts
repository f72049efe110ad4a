import { copyFileSync, existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Journal } from '../../src/ledger/journal.ts'
import type { Batch } from '../../src/model/batch.ts'
import { fixedClock, seededRandom, type Clock } from '../../src/model/clock.ts'
import type { SourceCatalog } from '../../src/model/entity.ts'
import type { Mapper } from '../../src/phases/map.ts'
import type { ProgressEvent } from '../../src/phases/phase.ts'
import { makePlan } from '../../src/phases/plan.ts'
import type { RunPorts } from '../../src/run/context.ts'
import type { Migration } from '../../src/run/engine.ts'
import { Site } from '../../src/site/site.ts'
import type { ReadRequest, Source } from '../../src/sources/source.ts'
import { Staging } from '../../src/staging/staging.ts'
import { openTarget, type SiteSettings } from '../../src/targets/registry.ts'
import type { Target } from '../../src/targets/target.ts'

/** A small business whose every value is known: brands and notes, with a few records that ERPNext refuses. */
export interface BusinessSize { brands: number; notes: number; batchRows: number; loadBatch: number }

export interface Opened { staging: Staging; target: Target; journal: Journal; migration: Migration; ports: RunPorts; events: ProgressEvent[]; close(): Promise<void> }

const clock: Clock = { ...fixedClock('2026-11-22'), elapsed: () => performance.now() }

/** Every hundredth brand has no name, which is mandatory. */
export const refusedBrands = (count: number): number => Math.floor(count / 100)

/** A source that can resume, with rows made from their number. */
class MadeSource implements Source {
  readonly name = 'old'
  readonly kind = 'made'
  readonly can = { resume: true, keys: true, readOnly: true, nulls: true }
  readonly #size: BusinessSize

  constructor(size: BusinessSize) {
    this.#size = size
  }

  async describe(): Promise<SourceCatalog> {
    const entity = (name: string, columns: string[], count: number) => ({
      name, namespace: '', primaryKey: ['id'], uniqueKeys: [], foreignKeys: [], rowCount: { value: count, exact: true }, notes: [],
      columns: columns.map((column) => ({ name: column, type: column === 'id' ? 'integer' as const : 'text' as const, declared: '', nullable: column !== 'id' })),
    })
    return { source: this.name, kind: this.kind, version: '1', entities: [entity('brands', ['id', 'name', 'about'], this.#size.brands), entity('notes', ['id', 'title', 'body'], this.#size.notes)] }
  }

  async *read(request: ReadRequest): AsyncIterable<Batch> {
    const total = request.entity === 'brands' ? this.#size.brands : this.#size.notes
    for (let from = Number(request.after?.['id'] ?? 0); from < total; from += request.batchRows) {
      const ids = Array.from({ length: Math.min(request.batchRows, total - from) }, (_, i) => from + i + 1)
      const columns = request.entity === 'brands' ? [ids.map(String), ids.map((id) => (id % 100 === 0 ? null : `Brand ${id}`)), ids.map((id) => `about ${id}`)]
        : [ids.map(String), ids.map((id) => `Note ${id}`), ids.map((id) => `text of ${id}`)]
      yield {
        entity: request.entity, columns: request.entity === 'brands' ? ['id', 'name', 'about'] : ['id', 'title', 'body'], data: { kind: 'rows', columns },
        count: ids.length, firstOrdinal: from + 1, read: ids.length, rejected: [], cursor: { id: from + ids.length },
      }
      await sleep(0)
    }
  }

  async measure(entity: string, sums: string[]): Promise<{ count: number; sums: Record<string, string | null> }> {
    const count = entity === 'brands' ? this.#size.brands : this.#size.notes
    return { count, sums: Object.fromEntries(sums.map((column) => [column, column === 'id' ? String(count * (count + 1) / 2) : null])) }
  }

  async close(): Promise<void> { await sleep(0) }
}

function mapper(staging: Staging): Mapper {
  const select: Record<string, string> = {
    Brand: `SELECT _row AS _id, 'brands' AS _entity, id AS _key, _row AS _source_row, name AS brand, about AS description FROM raw."old.brands" ORDER BY _row`,
    Note: `SELECT _row AS _id, 'notes' AS _entity, id AS _key, _row AS _source_row, title, body AS content, 1 AS public FROM raw."old.notes" ORDER BY _row`,
  }
  return {
    cleanse: async () => [],
    prepare: async () => { for (const [doctype, sql] of Object.entries(select)) await staging.run(`CREATE OR REPLACE TABLE drafts."${doctype}" AS ${sql} LIMIT 0`) },
    draft: async (doctype) => {
      await staging.run(`INSERT INTO drafts."${doctype}" ${select[doctype]}`)
      return { from: 1, to: Number((await staging.one<{ n: number }>(`SELECT max(_id) AS n FROM drafts."${doctype}"`))?.n), more: false }
    },
    resolveDeferred: async () => undefined,
  }
}

let emptySite: Promise<string> | null = null

/** A new rehearsal site as a file to copy: making one takes a second or more. */
function siteTemplate(site: Site): Promise<string> {
  emptySite ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'landfall-site-'))
    const staging = await Staging.open(':memory:', { allowedFolders: [folder] })
    const target = await openTarget('rehearsal', { staging, site, sitePath: join(folder, 'site.duckdb'), clock })
    await staging.run('CHECKPOINT site')
    await target.close()
    await staging.close()
    return join(folder, 'site.duckdb')
  })()
  return emptySite
}

/** Path of an empty rehearsal site to copy. */
export function makeSiteFile(): Promise<string> {
  return siteTemplate(Site.load())
}

/** Opens the business in a folder: a new process would do the same after a crash. */
export async function openBusiness(folder: string, size: BusinessSize, options: { reached?: (point: string) => void; onBlocking?: 'stop' | 'skip_documents'; signal?: AbortSignal; siteUrl?: string; settings?: SiteSettings } = {}): Promise<Opened> {
  const settings = options.settings ?? (options.siteUrl === undefined ? undefined : siteSettings(options.siteUrl))
  const site = Site.load()
  if (!existsSync(join(folder, 'site.duckdb'))) copyFileSync(await siteTemplate(site), join(folder, 'site.duckdb'))
  const staging = await Staging.open(join(folder, 'staging.duckdb'))
  const target = await openTarget(settings === undefined ? 'rehearsal' : 'site', { staging, site, sitePath: join(folder, 'site.duckdb'), clock, stateFolder: folder, rootFolder: folder, ...settings === undefined ? {} : { settings } })
  const journal = Journal.open(join(folder, 'journal.ndjson'))
  const events: ProgressEvent[] = []
  const plan = makePlan([{ doctype: 'Brand', phase: null, fields: ['brand'], constants: {} }, { doctype: 'Note', phase: null, fields: ['title'], constants: {} }], (name) => site.doctype(name))
  return {
    staging, target, journal, events,
    migration: {
      project: 'made', fingerprint: 'made', plan,
      extract: {
        sources: ['old'], open: async () => new MadeSource(size), choose: () => [{ name: 'brands', source: 'old', table: 'brands' }, { name: 'notes', source: 'old', table: 'notes' }],
        batchRows: size.batchRows, spoolFolder: join(folder, 'spool'), onError: 'stop',
      },
      map: { makeMapper: async () => mapper(staging), site, target, plan, clock },
      load: { target, batchDocuments: size.loadBatch, fixed: { Brand: size.loadBatch, Note: size.loadBatch } },
      onBlocking: options.onBlocking ?? 'skip_documents', prove: null,
    },
    ports: { staging, journal, clock, signal: options.signal ?? new AbortController().signal, emit: (event) => events.push(event), retries: 2, wait: () => sleep(0), reached: options.reached },
    close: async () => {
      journal.close()
      await target.close()
      await staging.close()
    },
  }
}

/** A real site, as landfall.yaml would name it. */
export function siteSettings(url: string): SiteSettings {
  return { url, api_key: 'fake', api_secret: 'secret', lane: 'rest', rest: { concurrency: 4, batch: 10, timeout_seconds: 30, retries: 20, submit_wait_seconds: 60, headers: {} } }
}

/** What is wrong with the site and its ledger after a complete run: empty when each document is there exactly once. */
export async function faultsOf(business: Opened, size: BusinessSize): Promise<string[]> {
  const { staging } = business
  const n = async (sql: string): Promise<number> => Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${sql}`))?.n)
  const faults: string[] = []
  const expect = (what: string, found: number, wanted: number): void => { if (found !== wanted) faults.push(`${what}: ${found} instead of ${wanted}`) }
  expect('brands on the site', await n(`site.main."tabBrand" WHERE brand LIKE 'Brand %'`), size.brands - refusedBrands(size.brands))
  expect('notes on the site', await n(`site.main."tabNote" WHERE title LIKE 'Note %'`), size.notes)
  expect('names used twice', await n(`(SELECT name FROM (SELECT name FROM site.main."tabBrand" UNION ALL SELECT name FROM site.main."tabNote") GROUP BY name HAVING count(*) > 1)`), 0)
  expect('titles used twice', await n(`(SELECT title FROM site.main."tabNote" GROUP BY title HAVING count(*) > 1)`), 0)
  expect('ledger', await n(`site.ledger.documents WHERE outcome = 'loaded'`), size.brands - refusedBrands(size.brands) + size.notes)
  expect('keys in the ledger twice', await n(`(SELECT doctype, entity, "key" FROM site.ledger.documents GROUP BY ALL HAVING count(*) > 1)`), 0)
  expect('rows of the ledger', await n(`(SELECT tbl, name FROM site.ledger.rows_written)`), size.brands - refusedBrands(size.brands) + size.notes)
  expect('staged brands', await n(`raw."old.brands"`), size.brands)
  return faults
}

/** Points between 0 and 1, from a seed. */
export function randomPoints(seed: number, count: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random())
}

import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Journal } from '../../ledger/journal.ts'
import type { Assessment } from '../../model/assessment.ts'
import type { Clock } from '../../model/clock.ts'
import { assess, type ReadEntity } from '../../phases/assess/assess.ts'
import { extract, type DescribedEntity, type Extracted, type ExtractEntity } from '../../phases/extract.ts'
import type { ProgressEvent } from '../../phases/phase.ts'
import { createOps } from '../../phases/steps.ts'
import { makeContext } from '../../run/context.ts'
import type { Source } from '../../sources/source.ts'
import { rawRelation, relationSql } from '../../staging/load.ts'
import { Staging } from '../../staging/staging.ts'

/** Memory of the database an assessment works in; what does not fit is on disk. */
const MEMORY = '400MB'
const BATCH_ROWS = 50_000

export interface AssessRequest {
  project: string
  landfall: string
  sources: { name: string; open(staging: Staging): Promise<Source>; folders: string[] }[]
  /** Where the database lies while it is needed. */
  scratchFolder: string
  /** Entities by name or `source.name`; absent: all. */
  only: string[] | null
  /** Records of an entity at most; absent: all. */
  limit: number | null
  useDeclared: boolean
  clock: Clock
  signal: AbortSignal
  emit(event: ProgressEvent): void
  onEntity?: (id: string, done: number, total: number) => void
}

interface Read { staging: Staging; extracted: Extracted }

/** Reads sources into a database of its own, does `work` with it, and removes the database. Throws source errors and `interrupted`. */
async function withRead<T>(request: Omit<AssessRequest, 'project' | 'landfall' | 'useDeclared' | 'onEntity'>, work: (read: Read) => Promise<T>): Promise<T> {
  const folder = resolve(request.scratchFolder)
  rmSync(folder, { recursive: true, force: true })
  const staging = await Staging.open(join(folder, 'assessment.duckdb'), { memoryLimit: MEMORY, allowedFolders: [folder, ...request.sources.flatMap((source) => source.folders)] })
  const journal = Journal.open(join(folder, 'journal.ndjson'))
  try {
    await createOps(staging)
    const context = makeContext({ staging, journal, clock: request.clock, signal: request.signal, emit: request.emit, retries: 3, wait: async (ms, signal) => { await sleep(ms, undefined, { signal }).catch(() => undefined) } }, 'assess')
    const extracted = await extract(context, {
      sources: request.sources.map(({ name }) => name), open: (name) => request.sources.find((source) => source.name === name)!.open(staging), choose: (described) => chosen(described, request.only),
      batchRows: BATCH_ROWS, spoolFolder: join(folder, 'spool'), onError: 'skip', verify: false, ...(request.limit === null ? {} : { limit: request.limit }),
    })
    return await work({ staging, extracted })
  } finally {
    journal.close()
    await staging.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Reads sources into a database of its own, judges them, and removes the database. Throws source errors and `interrupted`. */
export async function assessSources(request: AssessRequest): Promise<Assessment> {
  return withRead(request, async ({ staging, extracted }) => {
    // What only the log holds cannot leave memory.
    await staging.checkpoint(0)
    const entities = extracted.entities.flatMap((read): ReadEntity[] => {
      const described = extracted.described.find((item) => item.source === read.source && item.entity.name === read.table)
      if (!described) return []
      const limited = request.limit !== null && read.read >= request.limit && described.entity.rowCount.value !== read.read
      const entity = read.error === null ? described.entity : { ...described.entity, notes: [...described.entity.notes, `It could not be read: ${read.error}`] }
      return [{ source: read.source, entity, rejected: read.rejected, limited: limited ? { of: described.entity.rowCount.value } : null }]
    })
    return assess(staging, { project: request.project, landfall: request.landfall, sources: extracted.sources, entities, useDeclared: request.useDeclared, clock: request.clock, ...(request.onEntity ? { onEntity: request.onEntity } : {}) })
  })
}

/** Whole tables as text, for files that describe others: heads and rows of each entity. */
export async function readTables(request: Pick<AssessRequest, 'sources' | 'scratchFolder' | 'clock' | 'signal'>): Promise<{ name: string; heads: string[]; rows: (string | null)[][] }[]> {
  return withRead({ ...request, only: null, limit: null, emit: () => undefined }, async ({ staging, extracted }) => {
    const tables: { name: string; heads: string[]; rows: (string | null)[][] }[] = []
    for (const { source, entity } of extracted.described) {
      const heads = entity.columns.map((column) => column.name)
      const rows = await staging.all<Record<string, string | null>>(`SELECT * FROM ${relationSql(rawRelation(source, entity.name))} ORDER BY _row`)
      tables.push({ name: entity.name, heads, rows: rows.map((row) => heads.map((head) => row[head] ?? null)) })
    }
    return tables
  })
}

function chosen(described: DescribedEntity[], only: string[] | null): ExtractEntity[] {
  return described.filter(({ source, entity }) => only === null || only.includes(entity.name) || only.includes(`${source}.${entity.name}`)).map(({ source, entity }) => ({ name: `${source}.${entity.name}`, source, table: entity.name }))
}

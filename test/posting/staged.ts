import { fixedClock } from '../../src/model/clock.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { Site } from '../../src/site/site.ts'
import { ident, Staging, type ColumnKind } from '../../src/staging/staging.ts'

export type Given = Record<string, string | number>

/** Numbers from 0 up to 1, always the same ones. */
export function draws(seed: number): () => number {
  let state = seed
  return () => (state = (state * 16807) % 2147483647) / 2147483647
}

/** Drafts of a DocType (or of a child table, `DocType.field`) as the mapping leaves them. */
export async function stage(staging: Staging, table: string, rows: Given[]): Promise<void> {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const kinds = keys.map((key): ColumnKind => (['_id', '_parent', '_idx'].includes(key) ? 'BIGINT' : rows.every((row) => row[key] === undefined || typeof row[key] === 'number') ? 'DOUBLE' : 'VARCHAR'))
  await staging.run(`CREATE TABLE drafts.${ident(table)} (${keys.map((key, i) => `${ident(key)} ${kinds[i]}`).join(', ')})`)
  await staging.appendColumns({ schema: 'drafts', table }, keys.map((name, i) => ({ name, kind: kinds[i]!, values: rows.map((row) => row[name] ?? null) })))
}

const CHANCE = ['name', 'creation', 'modified', 'owner', 'modified_by', '_draft', '_doctype', 'voucher_detail_no', 'posting_datetime']

/** What a posting left in `tables`, as sorted lines of text; names that are drawn left out. */
export async function linesOf(staging: Staging, tables: readonly string[]): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {}
  for (const table of tables) {
    const found = await staging.all<Given>(`SELECT * FROM rows.${ident(table)} WHERE _draft IS NOT NULL`)
    rows[table] = found.map((row) => JSON.stringify(Object.entries(row).filter(([column]) => !CHANCE.includes(column)).map(([column, value]) => [column, String(value)]))).sort()
  }
  return rows
}

/** A posting engine on the shipped site in memory that works on so many documents at a time. */
export async function withBatches<T>(batchDocuments: number, body: (engine: PostingEngine, staging: Staging) => Promise<T>): Promise<T> {
  const staging = await Staging.open(':memory:', { memoryLimit: '2GB' })
  try {
    return await body(await PostingEngine.open(staging, Site.load(), fixedClock('2026-11-22'), { batchDocuments }), staging)
  } finally {
    await staging.close()
  }
}

import { LandfallError } from '../../errors/error.ts'
import { literal, type Staging } from '../../staging/staging.ts'
import type { LaneBatch } from '../lane.ts'
import { ledgerTable, type Image } from './ledger.ts'
import { quote, type Link } from './connection.ts'

/** A counter the batch's DocType draws from: where the prediction found it (null: not there) and where it leaves it. */
interface Need { name: string; first: number | null; last: number }

const fold = (name: string): string => name.toLowerCase()

/** Counters of the DocType in `rows`: those that were on the site (`ops.updates`) and those its documents, or earlier ones, began. */
async function needs(staging: Staging, doctype: string): Promise<{ need: Need; own: boolean }[]> {
  const moved = await staging.all<{ name: string; first: string; last: string }>(`SELECT "key" AS name, arg_min(before, seq) AS first, arg_max("after", seq) AS last FROM ops.updates `
    + `WHERE tbl = 'tabSeries' AND col = 'current' AND doctype = ${literal(doctype)} GROUP BY "key" ORDER BY "key"`)
  const begun = await staging.all<{ name: string; last: number; own: boolean }>(`SELECT name, "current" AS last, _doctype = ${literal(doctype)} AS own FROM rows."tabSeries" WHERE _draft IS NOT NULL ORDER BY name`)
  return [
    ...moved.map(({ name, first, last }) => ({ need: { name, first: Number(first), last: Number(last) }, own: true })),
    ...begun.map(({ name, last, own }) => ({ need: { name, first: null, last: Number(last) }, own })),
  ]
}

/**
 * Reserves, under lock and in the caller's transaction, all numbers that the drafts of the batch's DocType were predicted to take, with the first of its batches: whoever
 * creates a document on the site while the load goes on gets a number behind them. A counter must stand where the prediction found it, or where a batch of this run
 * left it; where other lanes of the run write the same DocType, anywhere on the way. Numbers are never given anew. Throws `target-changed` ("series moved") naming every counter that does not. Answers the images for the ledger.
 */
export async function reserveSeries(link: Link, staging: Staging, batch: LaneBatch): Promise<Image[]> {
  const all = await needs(staging, batch.doctype)
  if (all.length === 0) return []
  const list = all.map(({ need }) => quote(need.name)).join(', ')
  const reserved = new Map((await link.rows(`SELECT b.row_name, MAX(CAST(b.after_value AS SIGNED)) FROM ${ledgerTable('before')} b JOIN ${ledgerTable('batches')} n ON n.seq = b.batch `
    + `WHERE b.tbl = 'tabSeries' AND n.run = ${quote(batch.run)} AND b.row_name IN (${list}) GROUP BY b.row_name`)).map(([name, value]) => [fold(name ?? ''), Number(value)]))
  const current = new Map((await link.rows(`SELECT name, current FROM tabSeries WHERE name IN (${list}) FOR UPDATE`)).map(([name, value]) => [fold(name ?? ''), Number(value)]))
  const images: Image[] = [], moved: string[] = []
  for (const { need, own } of all) {
    const now = current.get(fold(need.name)) ?? null, ours = reserved.get(fold(need.name))
    // A counter begun by documents of another DocType is theirs to reserve first.
    if (!own && ours === undefined) continue
    if (ours !== undefined && ours >= need.last && now !== null && now >= need.last) continue
    // Another lane of the run may have set the counter to its end; numbers that somebody else took show as taken names.
    if (now === need.last) continue
    const shared = batch.shared === true && now !== null && now > (need.first ?? 0) && now < need.last
    if (shared || (ours === undefined ? now === need.first : now === ours)) images.push({ id: 0, table: 'tabSeries', name: need.name, column: 'current', before: now === null ? null : String(now), after: String(need.last) })
    else moved.push(`${need.name} stands at ${now ?? 'nothing'} where ${ours ?? need.first ?? 'nothing'} was predicted`)
  }
  if (moved.length > 0) {
    throw new LandfallError('target-changed', `Series moved: ${moved.join('; ')}.`, { hint: 'Somebody created or deleted documents since the prediction. Nothing of the batch was written; predict again (landfall preflight) and load what is open.', where: { doctype: batch.doctype } })
  }
  for (const { name, before, after } of images) {
    await link.run(before === null ? `INSERT INTO tabSeries (name, current) VALUES (${quote(name)}, ${after})` : `UPDATE tabSeries SET current = ${after} WHERE name = ${quote(name)}`)
  }
  return images
}

import { literal, type Staging } from '../../staging/staging.ts'
import type { Lane } from '../lane.ts'

/**
 * Counters of naming series that documents of the run use: one that the site does not show, or that stands below the numbers now in use, is a warning, because the next document
 * made by hand might be given a number that is taken.
 */
export async function noteCounters(staging: Staging, lane: Lane): Promise<void> {
  const used = await staging.all<{ name: string; current: number; doctype: string }>(`SELECT s.name, max(s."current") AS current, any_value(coalesce(s._doctype, u.doctype)) AS doctype FROM rows."tabSeries" s LEFT JOIN ops.updates u ON u.tbl = 'tabSeries' AND u."key" = s.name WHERE s._draft IS NOT NULL OR u.id IS NOT NULL GROUP BY s.name`)
  if (used.length === 0) return
  const rows = await lane.read('tabSeries', 'name', used.map((series) => series.name)), current = new Map(rows?.map((row) => [String(row['name']), Number(row['current'])]))
  await staging.run(`DELETE FROM ops.findings WHERE type = 'series-behind'`)
  for (const series of used) {
    const there = current.get(series.name)
    if (there !== undefined && there >= Number(series.current)) continue
    const said = there === undefined ? 'the site does not show its counter' : `its counter on the site is ${there}, below the last number in use, ${series.current}`
    await staging.run(`INSERT INTO ops.findings (severity, type, doctype, message, "value", cause, hint, stage, seq) VALUES ('warning', 'series-behind', ${literal(series.doctype)}, ${literal(`Series ${series.name}: ${said}`)}, ${literal(series.name)}, ${literal(`series-behind ${series.name}`)}, 'Set it in Document Naming Settings, Update Series Counter.', 1000, 0)`)
  }
}

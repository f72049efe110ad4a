import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/model/clock.ts'
import { startLegacy, type Legacy } from './databases.ts'
import { child, compareSides } from './fire.ts'
import { loadAll, makeProject, syncOnce, withProject } from './small-business.ts'

/** Where the hand-over from the snapshot to the log is cut off: a position was taken; everything was compared; what was found is staged, and nothing is on the target. */
export const POINTS = ['sync log begun customers', 'sync compared customers', 'sync mapped'] as const

export interface HandoverResult { runs: number; killed: number; faults: string[] }

/**
 * From one loaded project: writes, a first sync over the log that is killed at a point while others write, more writes, two syncs. In the end both sides must be equal, for every seed and point.
 */
export async function handOver(kind: Legacy['kind'], seeds: number[], say: (text: string) => void, points: readonly string[] = POINTS): Promise<HandoverResult> {
  const legacy = await startLegacy(kind), result: HandoverResult = { runs: 0, killed: 0, faults: [] }
  const folder = makeProject(legacy.source, '{ field: modified, deletes: disable, capture: true }', '{ lag: 0s }'), base = mkdtempSync(join(tmpdir(), 'landfall-handover-'))
  try {
    const writer = await legacy.connect()
    const fill = async (): Promise<void> => {
      for (const table of ['customers', 'notes', 'readers']) await writer.run(`DELETE FROM ${table}`)
      for (let id = 1; id <= 60; id++) await writer.run(`INSERT INTO customers VALUES(${id}, 'Customer ${id}', 'https://c${id}.example', 'about ${id}', ${legacy.now})`)
      for (let id = 0; id < 10; id++) await writer.run(`INSERT INTO notes VALUES(${id}, 'Note ${id}', 'body ${id}', ${legacy.now})`)
    }
    await fill()
    await loadAll(folder)
    for (const seed of seeds) {
      for (const point of points) {
        const random = seededRandom(seed * 7 + points.indexOf(point)), copy = mkdtempSync(join(base, 'p-'))
        await fill()
        if (kind === 'postgres') await writer.run(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots`)
        cpSync(folder, copy, { recursive: true })
        let next = 61
        const write = async (): Promise<void> => {
          const pick = random(), id = 1 + Math.floor(random() * (next - 1)), mark = Math.floor(random() * 1e9)
          if (pick < 0.4) { const fresh = next++; await writer.run(`INSERT INTO customers VALUES(${fresh}, 'Customer ${fresh}', 'https://c${fresh}.example', 'about ${fresh}', ${legacy.now})`) }
          else if (pick < 0.7) await writer.run(`UPDATE customers SET about = 'about ${mark}' WHERE id = ${id}`)
          else if (pick < 0.85) await writer.run(`UPDATE notes SET body = 'body ${mark}' WHERE id = ${id % 10}`)
          else await writer.run(`DELETE FROM customers WHERE id = ${id}`)
        }
        for (let i = 0; i < 10; i++) await write()
        let going = true
        const writing = (async () => { while (going) { await write(); await new Promise((resolve) => setTimeout(resolve, 10 + random() * 30)) } })()
        if (await child(copy, point) === null) result.killed++
        going = false
        await writing
        for (let i = 0; i < 5; i++) await write()
        for (let i = 0; i < 2; i++) await withProject(copy, (workspace) => syncOnce(workspace))
        const faults = await compareSides(copy, writer)
        result.runs++
        result.faults.push(...faults.map((fault) => `seed ${seed}, ${point}: ${fault}`))
        say(`seed ${seed}, killed at "${point}": ${faults.length === 0 ? 'equal' : `${faults.length} differ`}`)
        rmSync(copy, { recursive: true, force: true })
      }
    }
    await writer.end()
  } finally {
    await legacy.stop()
    rmSync(base, { recursive: true, force: true })
  }
  return result
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { seeds: { type: 'string', default: '20' }, from: { type: 'string', default: '1' }, kind: { type: 'string', default: 'postgres,mysql' } } })
  for (const kind of values.kind.split(',') as Legacy['kind'][]) {
    const result = await handOver(kind, Array.from({ length: Number(values.seeds) }, (_, i) => Number(values.from) + i), (text) => process.stdout.write(`${kind}: ${text}\n`))
    process.stdout.write(`${kind}: ${result.killed} of ${result.runs} hand-overs killed; ${result.faults.length} missed or doubled\n${result.faults.slice(0, 20).map((fault) => `  ${fault}\n`).join('')}`)
    if (result.faults.length > 0) process.exitCode = 1
  }
}

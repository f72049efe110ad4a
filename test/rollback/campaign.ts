/**
 * Rollback through backup and binary log, at random points of a site at work: `npm run rollback:campaign -- --points 20 --seed 1`. Every table, file and setting is
 * compared with an oracle that reads them plainly. Prints the recovery time of each.
 */
import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/model/clock.ts'
import { recover } from '../../src/targets/backup/recovery.ts'
import { startMadeSite } from './made-site.ts'

export interface Outcome { point: string; equal: boolean; seconds: number; replayed: number; rows: number }

/** Works, notes points, and goes back to each of them in random order. */
export async function campaign(points: number, seed: number, told: (line: string) => void): Promise<Outcome[]> {
  const site = await startMadeSite(seed), random = seededRandom(seed + 1)
  try {
    await site.work(60)
    await site.backups.take({ verify: true, run: null, told: (step, detail) => told(`backup, ${step}: ${detail}`) })
    const oracles = new Map<string, string>()
    for (let i = 1; i <= points; i++) {
      await site.work(5 + Math.floor(random() * 60))
      oracles.set((await site.backups.note('named', `point ${i}`, null)).id, await site.oracle())
    }
    await site.work(20)
    const order = [...oracles.keys()].map((id) => [random(), id] as const).sort((a, b) => a[0] - b[0]).map(([, id]) => id)
    const outcomes: Outcome[] = []
    for (const id of order) {
      const done = await recover(site.backups, { point: site.backups.book.find(id), discard: true, ours: () => false })
      const outcome = { point: id, equal: done.proven && await site.oracle() === oracles.get(id), seconds: done.seconds, replayed: done.replayed.transactions, rows: done.rows }
      outcomes.push(outcome)
      told(`${id}  ${outcome.equal ? 'equal' : 'DIFFERENT'}  ${done.seconds.toFixed(2)} s  ${done.replayed.transactions} transactions replayed, ${done.tables} tables, ${done.files} files`)
      // Life goes on after a rollback; the next one must not be disturbed by it.
      await site.work(3)
    }
    return outcomes
  } finally {
    await site.stop()
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { points: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } } })
  const outcomes = await campaign(Number(values.points), Number(values.seed), (line) => process.stdout.write(`${line}\n`))
  const times = outcomes.map((one) => one.seconds).sort((a, b) => a - b), equal = outcomes.filter((one) => one.equal).length
  process.stdout.write(`${equal} of ${outcomes.length} points equal in every table, file and setting (seed ${values.seed}); recovery time ${times[0]?.toFixed(2)} to ${times.at(-1)?.toFixed(2)} s, median ${times[Math.floor(times.length / 2)]?.toFixed(2)} s\n`)
  process.exitCode = equal === outcomes.length ? 0 : 1
}

import { expect, test } from 'vitest'
import { underFire } from './fire.ts'

/** The full form is `npm run sync:fire`; the hand-over alone `npm run sync:handover`. */
test.each(['postgres', 'mysql'] as const)('syncs from %s under fire: equal stamps over pages, open transactions, a clock set back, a kill; nothing missed, nothing double', { timeout: 900_000 }, async (kind) => {
  const result = await underFire({ kind, seed: 7, customers: 120, kills: 1, equal: 100, held: 3, capture: true, pageRows: 10, short: true, say: () => undefined })
  expect(result.faults).toEqual([])
  expect(result.writes).toBeGreaterThan(0)
})

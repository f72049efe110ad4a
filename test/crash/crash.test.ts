import { expect, test } from 'vitest'
import { crashCampaign } from './campaign.ts'

test('a run killed anywhere and resumed loses nothing and writes nothing twice', { timeout: 600_000 }, async () => {
  const seed = 20261122
  const lines: string[] = []
  const result = await crashCampaign({ points: 6, seed, size: { brands: 300, notes: 200, batchRows: 70, loadBatch: 60 }, say: (line) => lines.push(line) })
  expect(result.faults, `seed ${seed}\n${lines.join('\n')}`).toEqual([])
  expect(result.killed).toBeGreaterThanOrEqual(3)
})

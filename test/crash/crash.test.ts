import { expect, test } from 'vitest'
import { crashCampaign } from './campaign.ts'
import { restCampaign } from './rest-campaign.ts'

test('a run killed anywhere and resumed loses nothing and writes nothing twice', { timeout: 600_000 }, async () => {
  const seed = 20261122
  const lines: string[] = []
  const result = await crashCampaign({ points: 6, seed, size: { brands: 300, notes: 200, batchRows: 70, loadBatch: 60 }, say: (line) => lines.push(line) })
  expect(result.faults, `seed ${seed}\n${lines.join('\n')}`).toEqual([])
  expect(result.killed).toBeGreaterThanOrEqual(3)
})

test('over HTTP, too, while answers are lost and the site pushes back', { timeout: 600_000 }, async () => {
  const seed = 20261123, lines: string[] = [], size = { brands: 150, notes: 60, batchRows: 70, loadBatch: 40 }
  const result = await restCampaign({ each: 3, kills: 2, seed, size, killSize: size, say: (line) => lines.push(line) })
  expect(result.faults, `seed ${seed}\n${lines.join('\n')}`).toEqual([])
  expect(result.struck).toEqual({ drop: 3, reset: 3, '429': 3, '503': 3, '502': 3, deadlock: 3 })
  expect(result.killed).toBeGreaterThanOrEqual(1)
})

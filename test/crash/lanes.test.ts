import { expect, test } from 'vitest'
import { hasPython } from '../targets/fake-bench.ts'
import { benchCampaign } from './bench-campaign.ts'
import { expressCampaign } from './express-campaign.ts'

test.skipIf(!hasPython)('through a bench, too, whoever is killed and whatever the database says', { timeout: 600_000 }, async () => {
  const seed = 20261127, lines: string[] = [], result = await benchCampaign({ each: 4, kills: 2, seed, say: (line) => lines.push(line) })
  expect(result.faults, `seed ${seed}\n${lines.join('\n')}`).toEqual([])
  expect(result.struck).toEqual({ drop: 4, deadlock: 4, lost: 4 })
  expect(result.killed.agents).toBe(1)
})

test('straight into the database, too', { timeout: 600_000 }, async () => {
  const seed = 20261128, lines: string[] = [], result = await expressCampaign({ each: 4, kills: 2, seed, say: (line) => lines.push(line) })
  expect(result.faults, `seed ${seed}\n${lines.join('\n')}`).toEqual([])
  expect(Object.values(result.struck).every((count) => count >= 4)).toBe(true)
  expect(result.killed).toBe(2)
})

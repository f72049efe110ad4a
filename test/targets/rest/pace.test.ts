import { expect, test } from 'vitest'
import { Pace, retryAfterMs, type Felt } from '../../../src/targets/rest/pace.ts'

/** Time that only passes when somebody waits. */
class Time {
  at = 0
  readonly waits: number[] = []
  readonly clock = { now: () => 1_700_000_000_000 + this.at, elapsed: () => this.at }
  readonly wait = async (ms: number): Promise<void> => { this.waits.push(ms); this.at += ms }
}
const good = (milliseconds = 10): Felt => ({ kind: 'good', milliseconds, documents: 1 })

async function rounds(pace: Pace, time: Time, count: number, felt: (i: number) => Felt): Promise<void> {
  for (let i = 0; i < count; i++) await pace.run(async () => { time.at++; return { felt: felt(i), result: null } })
}

test('good answers raise the pace to its most, no further', async () => {
  const time = new Time(), pace = new Pace(time.clock, 6, time.wait)
  expect(pace.limit).toBe(2)
  await rounds(pace, time, 60, () => good())
  expect(pace.limit).toBe(6)
})

test('pushing back halves it once per round and pauses all', async () => {
  const time = new Time(), pace = new Pace(time.clock, 8, time.wait)
  await rounds(pace, time, 80, () => good())
  expect(pace.limit).toBe(8)
  // Four that are under way fail together.
  await Promise.all(Array.from({ length: 4 }, () => pace.run(async () => ({ felt: { kind: 'pushed-back' as const, waitMs: 2000 }, result: null }))))
  expect(pace.limit).toBe(4)
  await rounds(pace, time, 1, () => good())
  expect(time.waits).toEqual([2000])
})

test('answers that take several times as long lower it a little', async () => {
  const time = new Time(), pace = new Pace(time.clock, 8, time.wait)
  await rounds(pace, time, 80, () => good(10))
  await rounds(pace, time, 1, () => good(200))
  expect(pace.limit).toBe(6)
})

test('never more at once than the limit', async () => {
  const time = new Time(), pace = new Pace(time.clock, 3, time.wait)
  let under = 0, most = 0
  await Promise.all(Array.from({ length: 40 }, () => pace.run(async () => {
    most = Math.max(most, ++under)
    await new Promise((done) => setImmediate(done))
    under--
    return { felt: good(), result: null }
  })))
  expect(most).toBe(3)
})

test('Retry-After in seconds and as a date', () => {
  expect(retryAfterMs('7', 0)).toBe(7000)
  expect(retryAfterMs('Thu, 01 Jan 1970 00:00:09 GMT', 4000)).toBe(5000)
  expect(retryAfterMs('soon', 0)).toBeNull()
  expect(retryAfterMs(null, 0)).toBeNull()
})

/** The only place that reads the time or draws randomness, so that a run can be repeated exactly. */
export interface Clock {
  /** Now, in milliseconds since 1970 UTC. */
  now(): number
  /** Monotonic milliseconds, for durations. */
  elapsed(): number
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() }

/** A clock that stands still: for rehearsals of a given day and for tests. `date` is `YYYY-MM-DD` or an ISO instant. */
export function fixedClock(date: string): Clock {
  const at = Date.parse(date.length === 10 ? `${date}T12:00:00Z` : date)
  if (Number.isNaN(at)) throw new RangeError(`Not a date: ${date}`)
  return { now: () => at, elapsed: () => performance.now() }
}

/** `YYYY-MM-DD` of the clock in UTC. */
export function today(clock: Clock): string {
  return new Date(clock.now()).toISOString().slice(0, 10)
}

/** `YYYY-MM-DD HH:MM:SS.ffffff` of the clock in UTC, the form of Frappe's `creation`. */
export function timestamp(clock: Clock): string {
  return `${new Date(clock.now()).toISOString().replace('T', ' ').slice(0, 23)}000`
}

/** A small seeded generator (mulberry32): numbers in [0, 1). The same seed gives the same numbers everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A fresh identifier such as `r-20261122-103000-4f2a`: sortable, for runs. */
export function newRunId(clock: Clock): string {
  const stamp = new Date(clock.now()).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `r-${stamp}-${Math.floor(Math.random() * 65536).toString(16).padStart(4, '0')}`
}

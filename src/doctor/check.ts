/** What was looked at. */
export type Area = 'machine' | 'source' | 'target' | 'database' | 'bench'

/**
 * One thing a migration needs, as found. `fail`: a run would not succeed. `warn`: it would, but slower, or with something a person should know. `skipped`: could
 * not be looked at, `found` says why; it is not a pass.
 */
export interface DoctorCheck {
  /** Stable: `machine.disk`, `target.scheduler`. Of several sources: `source.crm.read`. */
  id: string
  area: Area
  /** What was checked, in a few words. */
  title: string
  status: 'ok' | 'warn' | 'fail' | 'skipped'
  found: string
  /** What to do about it; null when there is nothing to do. */
  wayOut: string | null
}

export interface Verdict { checks: DoctorCheck[]; ok: number; warn: number; fail: number; skipped: number }

export function verdictOf(checks: DoctorCheck[]): Verdict {
  const count = (status: DoctorCheck['status']) => checks.filter((check) => check.status === status).length
  return { checks, ok: count('ok'), warn: count('warn'), fail: count('fail'), skipped: count('skipped') }
}

/** Collects the checks of one area. */
export class Checks {
  readonly list: DoctorCheck[] = []
  readonly #area: Area
  readonly #prefix: string

  constructor(area: Area, prefix: string = area) {
    this.#area = area
    this.#prefix = prefix
  }

  add(id: string, title: string, status: DoctorCheck['status'], found: string, wayOut: string | null = null): void {
    this.list.push({ id: `${this.#prefix}.${id}`, area: this.#area, title, status, found, wayOut: status === 'ok' ? null : wayOut })
  }
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** `1.5 GB`. */
export function size(bytes: number): string {
  let value = bytes, unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) { value /= 1024; unit++ }
  return `${value >= 100 || unit === 0 ? Math.round(value) : Math.round(value * 10) / 10} ${UNITS[unit]}`
}

/** `0.4 ms`, `3 h`. */
export function duration(ms: number): string {
  const magnitude = Math.abs(ms)
  if (magnitude < 10) return `${ms.toFixed(1)} ms`
  if (magnitude < 1000) return `${Math.round(ms)} ms`
  if (magnitude < 120_000) return `${(ms / 1000).toFixed(1)} s`
  return magnitude < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.length === 0 ? null : sorted[Math.floor(sorted.length / 2)]!
}

import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { LandfallError } from '../errors/error.ts'
import { redact } from '../errors/redact.ts'
import { timestamp, type Clock } from '../model/clock.ts'
import type { Json } from '../model/value.ts'

/** One entry: who did what, when (UTC). `prev` is the hash of the entry before, so that nothing can be changed, taken out or put between unnoticed. */
export interface AuditEntry { seq: number; at: string; by: string; action: string; detail: { [key: string]: Json }; prev: string; hash: string }

/** What checking a trail found. `head` is the hash of the last entry, by which whoever holds it can tell that nothing was cut off since. */
export interface AuditCheck { entries: number; head: string; faults: { line: number; what: string }[] }

/** The hash before the first entry. */
export const GENESIS = '0'.repeat(64)
const LOCK_WAIT_MS = 10, LOCK_TRIES = 500, LOCK_STALE_MS = 30_000

/**
 * The audit trail of a project: an append-only file of JSON lines, each with the hash of the one before. Beside it `FILE.head` holds the last hash, so that a cut
 * end is found; sign-offs and evidence hold it too, outside the reach of whoever edits both files.
 */
export class AuditTrail {
  readonly file: string
  readonly #clock: Clock

  constructor(file: string, clock: Clock) {
    this.file = file
    this.#clock = clock
  }

  /** Appends an entry, on disk when it returns. Several processes may append at once. Throws `ledger-broken` where the trail was tampered with at its end. */
  append(by: string, action: string, detail: { [key: string]: Json } = {}): AuditEntry {
    return this.#locked(() => {
      const last = lastEntry(this.file), head = readHead(this.file)
      if (head !== null && head !== (last?.hash ?? GENESIS)) throw new LandfallError('ledger-broken', 'The audit trail does not end where it ended when it was last written.', { where: { file: this.file }, hint: 'landfall audit --verify says what is wrong; restore the file from a backup.' })
      const clean = JSON.parse(redact(JSON.stringify(detail))) as AuditEntry['detail']
      const open = { seq: (last?.seq ?? 0) + 1, at: timestamp(this.#clock), by, action, detail: clean, prev: last?.hash ?? GENESIS }
      const entry: AuditEntry = { ...open, hash: entryHash(open) }
      appendFileSync(this.file, `${JSON.stringify(entry)}\n`, { flush: true })
      writeFileSync(`${this.file}.head`, `${entry.hash}\n`, { flush: true })
      return entry
    })
  }

  entries(): AuditEntry[] {
    return linesOf(this.file).map((line) => JSON.parse(line) as AuditEntry)
  }

  /** The hash of the last entry. */
  head(): string {
    return lastEntry(this.file)?.hash ?? GENESIS
  }

  #locked<T>(body: () => T): T {
    mkdirSync(dirname(this.file), { recursive: true })
    const lock = `${this.file}.lock`
    for (let attempt = 0; ; attempt++) {
      try {
        closeSync(openSync(lock, 'wx'))
        break
      } catch (error) {
        if (existsSync(lock) && this.#clock.now() - statSync(lock).mtimeMs > LOCK_STALE_MS) rmSync(lock, { force: true })
        if (attempt >= LOCK_TRIES) throw new LandfallError('staging-locked', 'Another process holds the audit trail.', { where: { file: lock }, hint: 'Remove the lock when no landfall runs.', cause: error })
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_WAIT_MS)
      }
    }
    try {
      return body()
    } finally {
      rmSync(lock, { force: true })
    }
  }
}

/** Checks a trail entry by entry. `expected`: a head that a sign-off or an evidence pack holds; it must be among the entries. */
export function checkTrail(file: string, expected: string | null = null): AuditCheck {
  const faults: AuditCheck['faults'] = [], seen = new Set([GENESIS])
  let prev = GENESIS, seq = 0
  const lines = linesOf(file)
  lines.forEach((line, i) => {
    let entry: AuditEntry
    try {
      entry = JSON.parse(line) as AuditEntry
    } catch {
      faults.push({ line: i + 1, what: 'is no entry' })
      return
    }
    const { hash, ...open } = entry
    if (entryHash(open) !== hash) faults.push({ line: i + 1, what: `entry ${entry.seq} was edited: its hash is not that of its text` })
    if (entry.prev !== prev) faults.push({ line: i + 1, what: `entry ${entry.seq} does not follow the one before it: something was taken out, put in or edited` })
    if (entry.seq !== seq + 1) faults.push({ line: i + 1, what: `entry ${entry.seq} stands where ${seq + 1} should` })
    prev = hash
    seq = entry.seq
    seen.add(hash)
  })
  const head = readHead(file)
  if (head !== null && head !== prev) faults.push({ line: lines.length, what: 'the end was cut off or rewritten: the last entry is not the one that was written last' })
  if (head === null && lines.length > 0) faults.push({ line: lines.length, what: 'the file with the last hash is missing' })
  if (expected !== null && !seen.has(expected)) faults.push({ line: lines.length, what: 'the entry that was signed is not in the trail any more' })
  return { entries: lines.length, head: prev, faults }
}

/** The hash of an entry's text: its members in this order. */
function entryHash({ seq, at, by, action, detail, prev }: Omit<AuditEntry, 'hash'>): string {
  return createHash('sha256').update(JSON.stringify([prev, seq, at, by, action, detail])).digest('hex')
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '') : []
}

function lastEntry(file: string): AuditEntry | null {
  const line = linesOf(file).at(-1)
  return line === undefined ? null : JSON.parse(line) as AuditEntry
}

function readHead(file: string): string | null {
  return existsSync(`${file}.head`) ? readFileSync(`${file}.head`, 'utf8').trim() : null
}

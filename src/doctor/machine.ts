import { existsSync, statfsSync } from 'node:fs'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { Checks, size, type DoctorCheck } from './check.ts'

/** What this machine has, and what a run is allowed to use of it. */
export interface MachineFacts {
  node: string
  cores: number
  memoryBytes: number
  availableBytes: number
  /** Folder of the project's state, and free bytes where it lies. */
  folder: string
  freeBytes: number | null
  /** `limits.memory` and `limits.spill`, in bytes. */
  memoryLimit: number
  spillLimit: number
  threads: number
}

const OLDEST_NODE: [number, number] = [22, 18]
/** What a run needs beside DuckDB's share (docs/decisions/0003-memory.md). */
const BESIDE = 800 << 20
/**
 * Disk a record costs on its way: staged raw, clean and as draft, its predicted rows, the embedded site. The demo of 30,000 records takes 150 MB. Twice that is
 * asked for, because widths differ.
 */
const BYTES_PER_RECORD = 5_000

export function machineFacts(folder: string, limits: { memory: number; spill: number; threads: number }): MachineFacts {
  let place = folder
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  const { bavail, bsize } = statfsSync(place), constrained = process.constrainedMemory(), total = totalmem()
  const memory = constrained > 0 && constrained < total ? constrained : total
  return {
    node: process.versions.node, cores: availableParallelism(), memoryBytes: memory, availableBytes: Math.min(process.availableMemory?.() ?? freemem(), memory), folder, freeBytes: bavail * bsize,
    memoryLimit: limits.memory, spillLimit: limits.spill, threads: limits.threads,
  }
}

/** Records the sources hold together, and entities that do not say; null without a project. */
export type Records = { known: number; uncounted: number } | null

export function checkMachine(facts: MachineFacts, records: Records): DoctorCheck[] {
  const checks = new Checks('machine')
  const [major = 0, minor = 0] = facts.node.split('.').map(Number)
  const old = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
  checks.add('node', 'Node', old ? 'fail' : 'ok', facts.node, `Landfall needs Node ${OLDEST_NODE.join('.')} or later.`)
  checks.add('cores', 'processor cores', facts.cores < facts.threads ? 'warn' : 'ok', `${facts.cores}; staging uses ${facts.threads} threads`, `Set limits.threads to ${facts.cores}.`)
  const needed = facts.memoryLimit + BESIDE
  const memory = `${size(facts.availableBytes)} of ${size(facts.memoryBytes)} available; a run takes up to ${size(needed)}`
  checks.add('memory', 'memory', facts.memoryBytes < needed ? 'fail' : facts.availableBytes < needed ? 'warn' : 'ok', memory,
    `Lower limits.memory to ${size(Math.max(256 << 20, facts.memoryBytes - BESIDE))} (more will spill to disk), or stop what else runs here.`)
  checkDisk(checks, facts, records)
  return checks.list
}

function checkDisk(checks: Checks, facts: MachineFacts, records: Records): void {
  if (facts.freeBytes === null) return checks.add('disk', 'free disk', 'skipped', `${facts.folder} cannot be looked at`)
  const staging = records === null ? null : records.known * BYTES_PER_RECORD * 2
  const free = `${size(facts.freeBytes)} free`
  if (staging === null) return checks.add('disk', 'free disk', facts.freeBytes < 1 << 30 ? 'fail' : 'ok', `${free}; how much is needed depends on the sources, and there is no project here`, `Make room in ${facts.folder}.`)
  const text = `${free}; ${records!.known.toLocaleString('en-US')} records${records!.uncounted > 0 ? ` (${records!.uncounted} entities do not say)` : ''} need about ${size(staging)} for staging and rehearsal`
  checks.add('disk', 'free disk', facts.freeBytes < staging ? 'fail' : 'ok', text, `Make room in ${facts.folder}, or put the project on another disk.`)
  const left = facts.freeBytes - staging
  // Spilling is allowed up to the limit, and fills the disk before it reaches it.
  checks.add('spill', 'disk for spilling', left < facts.spillLimit ? 'warn' : 'ok', `limits.spill allows ${size(facts.spillLimit)}, ${size(Math.max(0, left))} will be free`, `Set limits.spill to ${size(Math.max(1 << 30, left / 2))}.`)
}

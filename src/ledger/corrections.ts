import { existsSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { LandfallError } from '../errors/error.ts'
import { Journal, readJournal, type JournalEvent } from './journal.ts'

/** File of a project's corrections, beside landfall.yaml: work of people, which staging cannot bring back. */
export const CORRECTIONS_FILE = 'corrections.ndjson'

/**
 * An edit of one record by a person. The record is known by its ordinal and by the hash of what was read (`hash`), so that an edit is not put on another record
 * when the source is read again. `unread`: the record was rejected while it was read, and the edit gives its values. Texts as staged; null: no value.
 */
export interface Correction {
  id: string
  /** `YYYY-MM-DD HH:MM:SS.ffffff` UTC, and the login of who did it. */
  at: string
  by: string
  entity: string
  source: string
  table: string
  row: number
  key: string | null
  hash: string
  unread: boolean
  changes: Record<string, { old: string | null; new: string | null }>
  /** Where it came from: a file, or the command line. */
  why: string
}

/** A correction with what became of it: `undone` says when and by whom it was taken back. */
export interface KeptCorrection extends Correction { undone: { at: string; by: string } | null }

/** All corrections of a project, oldest first, those taken back too. Throws `ledger-broken` for a damaged file. */
export function readCorrections(file: string): KeptCorrection[] {
  if (!existsSync(file)) return []
  const kept = new Map<string, KeptCorrection>()
  for (const { type, run: _run, ...event } of readJournal(file)) {
    if (type === 'corrected') kept.set(String(event['id']), { ...event as unknown as Correction, undone: null })
    const undone = type === 'undone' ? kept.get(String(event['id'])) : undefined
    if (undone) undone.undone = { at: event.at, by: String(event['by']) }
  }
  return [...kept.values()]
}

/** Adds corrections in one append; answers them with their ids. Durable when it returns. */
export function addCorrections(file: string, given: Omit<Correction, 'id'>[]): Correction[] {
  const made = given.map((correction) => ({ id: randomBytes(4).toString('hex'), ...correction }))
  append(file, made.map((correction) => ({ type: 'corrected', run: '', ...correction })))
  return made
}

/** Takes a correction back; the record is what the others leave of it. Throws `usage` when there is no such correction, or it was taken back. */
export function undoCorrection(file: string, id: string, at: string, by: string): KeptCorrection {
  const known = readCorrections(file).find((correction) => correction.id === id)
  if (!known) throw new LandfallError('usage', `There is no correction "${id}".`, { hint: 'landfall corrections lists them with their ids.' })
  if (known.undone !== null) throw new LandfallError('usage', `Correction ${id} was taken back on ${known.undone.at.slice(0, 19)} by ${known.undone.by}.`)
  append(file, [{ type: 'undone', run: '', id, at, by }])
  return { ...known, undone: { at, by } }
}

function append(file: string, events: JournalEvent[]): void {
  const journal = Journal.open(file)
  try {
    journal.append(events)
  } finally {
    journal.close()
  }
}

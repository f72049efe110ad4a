import { colors } from './colors.ts'
import { LandfallError, formatWhere, messageOf } from '../errors/error.ts'
import { redact } from '../errors/redact.ts'

/** How the person or machine at the other end wants to be talked to. */
export interface Terminal {
  json: boolean
  quiet: boolean
  /** A person is watching: live lines and questions are welcome. */
  live: boolean
  /** A line of result, on standard output. */
  print(text: string): void
  /** A line about the work, on standard error; nothing when quiet. */
  say(text: string): void
  /** A machine-readable result, one line of JSON on standard output. */
  emit(value: unknown): void
  /** A result in the form that was asked for. */
  emitOrPrint(value: unknown, text: string): void
}

export function makeTerminal(options: { json?: boolean; quiet?: boolean }): Terminal {
  const json = options.json ?? false, quiet = options.quiet ?? false
  const emit = (value: unknown): void => { process.stdout.write(`${redact(JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item)))}\n`) }
  const print = (text: string): void => { if (!json) process.stdout.write(`${redact(text)}\n`) }
  return {
    json, quiet, print, emit, live: !json && !quiet && process.stderr.isTTY === true,
    say: (text) => { if (!quiet && !json) process.stderr.write(`${redact(text)}\n`) },
    emitOrPrint: (value, text) => { if (json) emit(value); else print(text) },
  }
}

/** Prints an error as a person can act on: what, where, why, way out. */
export function printError(error: unknown, json: boolean, verbose: boolean): void {
  if (json) {
    const known = error instanceof LandfallError
    process.stdout.write(`${redact(JSON.stringify({ type: 'error', code: known ? error.code : 'internal', message: messageOf(error), where: known ? error.where : {}, hint: known ? error.hint : null }))}\n`)
    return
  }
  const code = error instanceof LandfallError ? error.code : 'internal'
  const where = error instanceof LandfallError ? formatWhere(error.where) : ''
  const lines = [`${colors.red(`error ${code}`)}  ${messageOf(error)}`]
  if (where !== '' && !messageOf(error).startsWith(where)) lines.push(`  where  ${where}`)
  if (error instanceof LandfallError && error.hint) lines.push(`  ${colors.green('way out')}  ${error.hint}`)
  if (!(error instanceof LandfallError)) lines.push(`  ${colors.green('way out')}  This is a defect in Landfall; please report it with what follows.`)
  if ((verbose || !(error instanceof LandfallError)) && error instanceof Error && error.stack) lines.push(error.stack)
  process.stderr.write(`${redact(lines.join('\n'))}\n`)
}

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 100) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 100 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A table with aligned columns; numbers and amounts to the right. */
export function formatTable(head: string[], rows: (string | number)[][]): string {
  const cells = [head, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? formatCount(cell) : cell)))]
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number' || /^-?\d+\.\d+$/.test(row[i] ?? '')))
  const widths = head.map((_, i) => Math.max(...cells.map((row) => [...row[i] ?? ''].length)))
  return cells.map((row) => row.map((cell, i) => (right[i] ? ' '.repeat((widths[i] ?? 0) - [...cell].length) + cell : cell + ' '.repeat((widths[i] ?? 0) - [...cell].length))).join('  ').trimEnd()).join('\n')
}

import { LandfallError } from '../../errors/error.ts'
import { shapeOf } from './infer.ts'
import { RecordScanner, type Dialect } from './scanner.ts'

/** What the options fix of a dialect; the rest is found. */
export interface DialectWishes {
  delimiter?: string | undefined
  quote?: string | null | undefined
  escape?: 'doubled' | 'backslash' | undefined
  newline?: 'lf' | 'cr' | 'any' | undefined
}

/** In order of preference where they fit equally well. The later ones must fit nearly every record. */
const DELIMITERS = [',', ';', '\t', '|', '||', '\u001f', '\u0001', '^', '~', '::', '§', '¦', ':']
const STRONG = 4
const MAX_RECORDS = 2000

interface Fit { dialect: Dialect; score: number; mode: number; faults: number; records: number }

/** Finds delimiter, quote, escape and line ends from the beginning of a file, as UTF-8. `complete`: the sample is the whole file. */
export function findDialect(sample: Buffer, complete: boolean, wishes: DialectWishes): { dialect: Dialect; notes: string[] } {
  const newlines = wishes.newline ? [wishes.newline] : newlinesOf(sample)
  const delimiters = wishes.delimiter === undefined ? candidates(sample) : [wishes.delimiter]
  const quotes = wishes.quote === undefined ? quoteCandidates(sample) : [wishes.quote === null || wishes.quote === '' ? -1 : wishes.quote.charCodeAt(0)]
  const escapes = wishes.escape ? [wishes.escape] : sample.includes('\\"') || sample.includes("\\'") ? ['doubled', 'backslash'] as const : ['doubled'] as const
  let best: Fit | null = null
  for (const newline of newlines) {
    for (const delimiter of delimiters) {
      for (const quote of quotes) {
        for (const escape of escapes) {
          const fit = evaluate(sample, complete, { delimiter: Buffer.from(delimiter), quote, escape, newline }, delimiters.indexOf(delimiter) < STRONG || wishes.delimiter !== undefined)
          if (best === null || fit.score > best.score + 1e-9) best = fit
        }
      }
    }
  }
  const { dialect } = best as Fit
  if (dialect.quote >= 0 && dialect.delimiter[0] === dialect.quote) throw new LandfallError('config-invalid', 'Delimiter and quote are the same.', { hint: 'Set `quote: null` or another delimiter.' })
  return { dialect, notes: [describeDialect(dialect, sample)] }
}

function candidates(sample: Buffer): string[] {
  const text = sample.toString('utf8', 0, 65_536)
  const found = DELIMITERS.filter((delimiter) => text.includes(delimiter) && !(delimiter === '|' && text.includes('||') && !text.replaceAll('||', '').includes('|'))
    && !(delimiter === ':' && text.includes('::') && !text.replaceAll('::', '').includes(':')))
  return found.length === 0 ? [','] : found
}

function quoteCandidates(sample: Buffer): number[] {
  const text = sample.toString('utf8', 0, 65_536)
  const single = /(^|[,;\t|\n\r])'/.test(text) && /'([,;\t|\n\r]|$)/.test(text)
  if (!text.includes('"')) return single ? [39, 34] : [34]
  return single ? [34, 39, -1] : [34, -1]
}

function newlinesOf(sample: Buffer): ('lf' | 'cr' | 'any')[] {
  const text = sample.toString('latin1')
  const lf = (text.match(/\n/g) ?? []).length, lone = (text.match(/\r(?!\n|$)/g) ?? []).length
  if (lone === 0) return ['lf']
  return lf === 0 ? ['cr'] : ['lf', 'any']
}

/** How regular the sample is under a dialect: the share of records with the usual number of fields, and whether fields look whole. */
function evaluate(sample: Buffer, complete: boolean, dialect: Dialect, weak: boolean): Fit {
  const scanner = new RecordScanner(dialect, 100_000)
  const widths = new Map<number, number>()
  let records = 0, faults = 0, foreign = 0, fields = 0, quoted = 0
  for (let at = 0; at < sample.length && records < MAX_RECORDS;) {
    if (!scanner.scan(sample, at, sample.length, complete)) break
    if (scanner.fault !== null) {
      faults++
      records++
      at = afterLine(sample, at, dialect)
      continue
    }
    if (scanner.bodyEnd > at) {
      records++
      widths.set(scanner.count, (widths.get(scanner.count) ?? 0) + 1)
      for (let n = 0; n < Math.min(scanner.count, 50); n++) {
        fields++
        if ((scanner.kinds[n] as number) & 1) quoted++
        else if (holdsDelimiter(sample, scanner.starts[n] as number, scanner.ends[n] as number, dialect.delimiter[0] as number)) foreign++
      }
    }
    at = scanner.next
  }
  let mode = 1, most = 0
  for (const [width, n] of widths) if (width > 1 && n > most) { most = n; mode = width }
  if (records === 0) return { dialect, score: 0, mode: 1, faults, records }
  if (mode === 1 || (widths.get(1) ?? 0) > most * 3) return { dialect, score: 0.01 - faults / records / 100 + (quoted > 0 ? 0.005 : 0), mode: 1, faults, records }
  const share = most / records
  if (!weak && (share < 0.95 || records < 2)) return { dialect, score: 0, mode, faults, records }
  // A lone broken quote is a fault of one record, not a sign that quotes mean nothing.
  const bare = dialect.quote < 0 && sample.includes(34) ? 0.08 : 0
  const purity = 1 - foreign / Math.max(1, fields)
  const score = share ** 2 * (0.4 + 0.6 * purity) * (1 + Math.min(Math.log2(mode), 5) / 40) + (quoted > 0 ? 0.1 : 0) - faults / records + (weak ? 0.05 : 0) - bare
  return { dialect, score, mode, faults, records }
}

/** Another delimiter inside a field that no quotes protect is a sign of the wrong one. */
function holdsDelimiter(sample: Buffer, start: number, end: number, own: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = sample[at]
    if (byte !== own && (byte === 59 || byte === 9 || byte === 124)) return true
  }
  return false
}

function afterLine(sample: Buffer, from: number, dialect: Dialect): number {
  for (let at = from; at < sample.length; at++) {
    if (sample[at] === 10 && dialect.newline !== 'cr') return at + 1
    if (sample[at] === 13 && dialect.newline !== 'lf' && sample[at + 1] !== 10) return at + 1
  }
  return sample.length
}

function describeDialect(dialect: Dialect, sample: Buffer): string {
  const names: Record<string, string> = { '\t': 'tab', '\u001f': 'U+001F', '\u0001': 'U+0001' }
  const delimiter = dialect.delimiter.toString()
  const crlf = sample.includes('\r\n'), lf = /(^|[^\r])\n/.test(sample.toString('latin1', 0, 65_536))
  const ends = dialect.newline === 'cr' ? 'CR' : dialect.newline === 'any' ? 'CR, LF and CRLF mixed' : crlf && lf ? 'LF and CRLF mixed' : crlf ? 'CRLF' : 'LF'
  return `delimiter ${names[delimiter] ?? `\`${delimiter}\``}, ${dialect.quote < 0 ? 'no quotes' : `quote \`${String.fromCharCode(dialect.quote)}\``}, escape ${dialect.escape}, lines end with ${ends}`
}

/** True when the first record names columns rather than holding values. `rows`: the records after it. */
export function looksLikeHeader(first: string[], rows: string[][]): boolean {
  if (first.length === 0) return true
  const typed = (text: string) => { const shape = shapeOf(text.trim()); return shape !== null && shape !== 'boolean' }
  for (let i = 0; i < first.length; i++) {
    if (!typed(first[i] as string)) continue
    const below = rows.map((row) => row[i] ?? '').filter((text) => text.trim() !== '')
    if (below.length === 0 ? first.every((cell) => typed(cell) || cell === '') : below.filter(typed).length > below.length / 2) return false
  }
  return true
}

import { isAscii, isUtf8 } from 'node:buffer'
import chardet from 'chardet'
import iconv from 'iconv-lite'
import { LandfallError } from '../../errors/error.ts'
import { scoreEncodings, type Scored } from './encoding-score.ts'

/** What a file is encoded in, and how that is known. `notes` is for people. */
export interface EncodingFound { encoding: string; notes: string[] }

const SAMPLE_BYTES = 1 << 18
/** By how much the best reading must beat the next for our own judgement to count as sure. */
const MARGIN = 0.25

/** One pass over a file's bytes: is it UTF-8 throughout, and which lines are not ASCII. */
export class EncodingProbe {
  head = Buffer.alloc(0)
  total = 0
  #rest = Buffer.alloc(0)
  #valid = true
  #ascii = true
  #utf8Lines = 0
  #otherLines = 0
  readonly #sample: Buffer[] = []
  #sampled = 0

  add(chunk: Buffer): void {
    if (this.head.length < 4096) this.head = Buffer.concat([this.head, chunk.subarray(0, 4096)])
    this.total += chunk.length
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    // Lines are judged whole, so that no character is cut; a line beyond 1 MiB is judged in pieces between ASCII bytes.
    let cut = Math.max(bytes.lastIndexOf(10), bytes.lastIndexOf(13)) + 1
    if (cut === 0 && bytes.length > 1 << 20) { cut = bytes.length; while (cut > 0 && (bytes[cut - 1] as number) > 0x7f) cut-- }
    this.#judge(bytes.subarray(0, cut))
    this.#rest = Buffer.from(bytes.subarray(cut))
  }

  end(): void {
    this.#judge(this.#rest)
    this.#rest = Buffer.alloc(0)
  }

  #judge(bytes: Buffer): void {
    if (isAscii(bytes)) return
    this.#ascii = false
    if (!isUtf8(bytes)) this.#valid = false
    this.#count(bytes)
  }

  #count(bytes: Buffer): void {
    if (this.#utf8Lines + this.#otherLines > 20_000) return
    for (let from = 0; from < bytes.length;) {
      let to = bytes.indexOf(10, from)
      to = to < 0 ? bytes.length : to + 1
      const line = bytes.subarray(from, to)
      if (!isAscii(line)) {
        if (isUtf8(line)) this.#utf8Lines++
        else {
          this.#otherLines++
          if (this.#sampled < SAMPLE_BYTES) { this.#sample.push(Buffer.from(line.subarray(0, 4096))); this.#sampled += Math.min(line.length, 4096) }
        }
      }
      from = to
    }
  }

  /** The encoding; `encoding-uncertain` when the detectors differ in what the text would be. */
  decide(file: string): EncodingFound {
    const mark = byMark(this.head)
    if (mark) return { encoding: mark, notes: [`encoding ${mark}, by its byte-order mark`] }
    const wide = byZeros(this.head)
    if (wide) return { encoding: wide, notes: [`encoding ${wide}, without byte-order mark, by the position of its zero bytes`] }
    if (this.#valid) {
      if (/\x1b\$[@B]|\x1b\(J/.test(this.head.toString('latin1'))) throw uncertain(file, 'It looks like ISO-2022-JP, which cannot be read.', 'Convert it to UTF-8 first.')
      return { encoding: 'utf-8', notes: [this.#ascii ? 'encoding ASCII (read as utf-8)' : 'encoding utf-8, valid throughout'] }
    }
    if (this.#utf8Lines >= 3 && this.#utf8Lines >= this.#otherLines) {
      return { encoding: 'utf-8', notes: [`encoding utf-8, but ${this.#otherLines} lines do not decode (mixed encodings?): those are rejected`] }
    }
    if (this.#utf8Lines > this.#otherLines / 10 && this.#utf8Lines > 1) {
      throw uncertain(file, `Of its lines with accents ${this.#utf8Lines} are UTF-8 and ${this.#otherLines} are not: the file mixes encodings.`, 'Split the file, or set `encoding`; lines that do not decode are then rejected.')
    }
    return judge(file, Buffer.concat(this.#sample))
  }
}

function byMark(head: Buffer): string | null {
  const hex = head.subarray(0, 4).toString('hex')
  if (hex.startsWith('efbbbf')) return 'utf-8'
  if (hex === 'fffe0000') return 'utf-32le'
  if (hex === '0000feff') return 'utf-32be'
  if (hex.startsWith('fffe')) return 'utf-16le'
  return hex.startsWith('feff') ? 'utf-16be' : null
}

/** Latin text in UTF-16 has a zero in every other byte. */
function byZeros(head: Buffer): string | null {
  const pairs = Math.floor(Math.min(head.length, 4096) / 2)
  if (pairs < 4) return null
  let even = 0, odd = 0
  for (let i = 0; i < pairs; i++) { if (head[2 * i] === 0) even++; if (head[2 * i + 1] === 0) odd++ }
  if (odd > pairs * 0.6 && even < pairs * 0.05) return 'utf-16le'
  return even > pairs * 0.6 && odd < pairs * 0.05 ? 'utf-16be' : null
}

/** Our own reading and chardet's must give the same text, or the caller must say. */
function judge(file: string, sample: Buffer): EncodingFound {
  const scored = scoreEncodings(sample)
  const best = scored[0]
  if (best === undefined || best.score < -0.3) throw uncertain(file, 'Its bytes are no text in any encoding known here.', 'Set `encoding`, or check that this is a text file.')
  const guesses = chardet.analyse(sample).filter((guess) => iconv.encodingExists(guess.name))
  const top = guesses[0]
  const agrees = guesses.some((guess) => guess.confidence >= (top?.confidence ?? 0) - 15 && sameText(guess.name, sample, best.text))
  const rival = scored.find((other) => other !== best && other.score > best.score - MARGIN)
  if (agrees && (rival === undefined || (top !== undefined && sameText(top.name, sample, best.text)))) {
    return { encoding: best.encoding, notes: [`encoding ${best.encoding}, found by two detectors that agree (chardet ${top?.name} ${top?.confidence}%)`] }
  }
  const others = scored.slice(0, 3).map((other) => `${other.encoding} reads "${excerpt(other, scored)}"`)
  throw uncertain(file, `The detectors differ: ${others.join('; ')}${top && !scored.slice(0, 3).some((s) => s.encoding === top.name.toLowerCase()) ? `; chardet says ${top.name} (${top.confidence}%)` : ''}.`,
    `Set \`encoding\` of the source to the one that reads right, e.g. \`encoding: ${best.encoding}\`.`)
}

function sameText(encoding: string, sample: Buffer, text: string): boolean {
  const name = encoding === 'ISO-8859-1' ? 'windows-1252' : encoding
  return iconv.decode(sample, name, { stripBOM: false }) === text
}

function excerpt(one: Scored, all: Scored[]): string {
  const at = Math.max(0, [...one.text].findIndex((char, i) => char > '\u007f' && all.some((other) => [...other.text.slice(0, 400)][i] !== char)))
  return [...one.text].slice(Math.max(0, at - 15), at + 20).join('').replace(/[\x00-\x1f]+/g, ' ').trim()
}

function uncertain(file: string, why: string, hint: string): LandfallError {
  return new LandfallError('encoding-uncertain', `The encoding of the file cannot be told for certain: ${file}. ${why}`, { hint, where: { file } })
}

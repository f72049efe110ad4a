import { FOLDING } from './collation-data.ts'

const PLAIN = /^[\x20-\x7e]*$/
const WIDE = /[\ud800-\udfff]/

let table: Map<number, string> | null = null

function folding(): Map<number, string> {
  if (table !== null) return table
  table = new Map()
  let at = 0
  for (const entry of FOLDING.split(' ')) {
    const match = /^([0-9a-f]+)([=+*])([0-9a-f]*):(.*)$/.exec(entry)!
    at += parseInt(match[1]!, 16)
    const count = match[3] === '' ? 1 : parseInt(match[3]!, 16)
    const codes = match[4] === '' ? [] : match[4]!.split('.').map((code) => parseInt(code, 16))
    for (let i = 0; i < count; i++) {
      const step = match[2] === '*' ? 2 * i : i
      table.set(at + step, match[2] === '=' ? String.fromCharCode(...codes) : String.fromCharCode(codes[0]! + step))
    }
  }
  return table
}

/**
 * A text's canonical form under utf8mb4_unicode_ci with padding: two texts are equal to MariaDB exactly when their folds are equal. Case, accents and
 * trailing spaces do not count, ß is ss, characters outside the BMP are all alike. The fold of printable ASCII is its lower case without trailing spaces.
 */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase().replace(/ +$/, '')
  const map = folding()
  let folded = ''
  if (!WIDE.test(text)) {
    for (let i = 0; i < text.length; i++) folded += map.get(text.charCodeAt(i)) ?? text[i]!
  } else {
    for (const char of text) folded += char.length > 1 ? '\ufffd' : map.get(char.charCodeAt(0)) ?? char
  }
  return folded.replace(/ +$/, '')
}

/** True when MariaDB's `=` holds both for the same. */
export function sameText(a: string, b: string): boolean {
  return a === b || fold(a) === fold(b)
}

/** SQL: the fold of a column whose text is printable ASCII; only valid under `asciiOnly`. */
export const asciiFold = (column: string) => `rtrim(lower(${column}), ' ')`
/** SQL condition: every character of the column is ASCII (one byte each). */
export const asciiOnly = (column: string) => `strlen(${column}) = length(${column})`

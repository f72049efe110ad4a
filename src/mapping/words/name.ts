import { EMPTY_WORDS, ID_WORDS, WORDS } from './word-table.ts'

/** What a name of a legacy system means. `concepts` in the order of the words, unknown words as they are; `identifies`: it holds a word such as `id` or `Nr`. */
export interface NameMeaning { concepts: string[]; identifies: boolean; plain: string }

let index: Map<string, string> | null = null
const known = new Map<string, NameMeaning>()

/** Lower case without accents; ä as ae, as exports spell it. */
export function foldName(text: string): string {
  return text.toLowerCase().replaceAll('ä', 'ae').replaceAll('ö', 'oe').replaceAll('ü', 'ue').replaceAll('ß', 'ss').normalize('NFD').replace(/[\u0300-\u036f]/g, '')
}

/** Word to concept; the first row that has a word wins, so the table's order decides between languages. */
function wordIndex(): Map<string, string> {
  if (index) return index
  index = new Map()
  for (const { concept, words } of WORDS) for (const list of Object.values(words)) for (const word of list) if (!index.has(word)) index.set(word, concept)
  return index
}

const singulars = (word: string): string[] => [word, word.replace(/ies$/, 'y'), word.replace(/(ch|sh|x|ss)es$/, '$1'), word.replace(/s$/, ''), word.replace(/en$/, ''), word.replace(/n$/, ''), word.replace(/e$/, '')]

function conceptOf(word: string): string | null {
  const words = wordIndex()
  for (const form of singulars(word)) {
    const found = form.length >= 2 ? words.get(form) : undefined
    if (found !== undefined) return found
  }
  return null
}

/** A word as concepts; compounds (`kundengruppe`, `orderdate`, `lieferantennr`) are taken apart where both halves mean something. */
function meaningsOf(word: string): { concepts: string[]; identifies: boolean } {
  if (ID_WORDS.has(word)) return { concepts: [], identifies: true }
  const whole = conceptOf(word)
  if (whole !== null) return { concepts: [whole], identifies: false }
  for (let at = word.length - 2; at >= 3; at--) {
    const head = conceptOf(word.slice(0, at)) ?? conceptOf(word.slice(0, at).replace(/s$/, ''))
    if (head === null) continue
    const tail = word.slice(at)
    if (ID_WORDS.has(tail)) return { concepts: [head], identifies: true }
    const rest = tail.length >= 3 ? conceptOf(tail) : null
    if (rest !== null) return { concepts: [head, rest], identifies: false }
  }
  return { concepts: [word], identifies: false }
}

/** The words of a name: at underscores, dots, spaces, hyphens and capitals. `E-Mail` is one. */
export function wordsOf(name: string): string[] {
  return foldName(name.replace(/e-?mail/gi, 'Email').replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2').replaceAll(/(\p{Lu}{2,})(\p{Lu}\p{Ll})/gu, '$1 $2')).split(/[^a-z0-9]+/).map((word) => word.replace(/^\d+|\d+$/g, '')).filter((word) => word !== '')
}

/** The meaning of a table's or column's name, by the words of LANGUAGES. */
export function meaningOf(name: string): NameMeaning {
  const cached = known.get(name)
  if (cached) return cached
  const concepts: string[] = []
  let identifies = false
  for (const word of wordsOf(name)) {
    if (EMPTY_WORDS.has(word)) continue
    const found = meaningsOf(word)
    identifies ||= found.identifies
    for (const concept of found.concepts) if (!concepts.includes(concept)) concepts.push(concept)
  }
  const meaning = { concepts, identifies, plain: wordsOf(name).join('_') }
  known.set(name, meaning)
  return meaning
}

/** True when the name means all of these concepts. */
export function means(name: string, ...concepts: string[]): boolean {
  const { concepts: has } = meaningOf(name)
  return concepts.every((concept) => has.includes(concept))
}

/** True when the name means any of these concepts. */
export function meansAny(name: string, concepts: readonly string[]): boolean {
  return meaningOf(name).concepts.some((concept) => concepts.includes(concept))
}

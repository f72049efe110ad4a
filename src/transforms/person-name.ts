const TITLES = new Set(['mr', 'mrs', 'ms', 'miss', 'dr', 'prof', 'herr', 'frau', 'fr', 'hr', 'mme', 'mlle', 'sr', 'sra', 'srta', 'sig', 'ing', 'dipl', 'mag', 'sir', 'madam', 'monsieur', 'madame', 'don', 'dna'])
const SUFFIXES = new Set(['jr', 'sr', 'ii', 'iii', 'iv', 'phd', 'md', 'mba', 'msc', 'bsc', 'esq'])
const PARTICLES = new Set(['von', 'van', 'der', 'den', 'de', 'del', 'della', 'di', 'da', 'do', 'dos', 'du', 'la', 'le', 'zu', 'zur', 'ter', 'ten', 'bin', 'al', 'el', 'st', 'mac', 'af', 'av'])

export interface PersonName { first: string; middle: string; last: string }
const bare = (word: string): string => word.toLowerCase().replace(/[.,]/g, '')

/**
 * Takes a person's name apart: "Dr. Ludwig van Beethoven", "Beethoven, Ludwig van", "de la Cruz, Juan", "Anna-Maria Schmidt jun.". Titles and suffixes are dropped,
 * particles belong to the last name; one word alone is a first name. Texts that hold digits or company-like signs are taken as first name whole.
 */
export function parsePersonName(text: string): PersonName {
  const clean = text.replace(/[\s\u00a0]+/g, ' ').trim()
  if (/[\d@&/]/.test(clean)) return { first: clean, middle: '', last: '' }
  const comma = clean.split(',').map((part) => part.trim()).filter((part) => part !== '' && !SUFFIXES.has(bare(part)))
  const words = (part: string) => {
    const list = part.split(' ').filter((word) => word !== '')
    while (list.length > 1 && TITLES.has(bare(list[0] ?? ''))) list.shift()
    while (list.length > 1 && (SUFFIXES.has(bare(list.at(-1) ?? '')) || /^(jun|sen)\.?$/i.test(list.at(-1) ?? ''))) list.pop()
    return list
  }
  if (comma.length >= 2) {
    const last = words(comma[0] ?? ''), given = words(comma.slice(1).join(' '))
    const particles: string[] = []
    while (given.length > 1 && PARTICLES.has(bare(given.at(-1) ?? ''))) particles.unshift(given.pop() ?? '')
    return { first: given[0] ?? '', middle: given.slice(1).join(' '), last: [...particles, ...last].join(' ') }
  }
  const list = words(comma[0] ?? clean)
  if (list.length < 2) return { first: list[0] ?? '', middle: '', last: '' }
  let start = list.length - 1
  while (start > 1 && PARTICLES.has(bare(list[start - 1] ?? ''))) start--
  return { first: list[0] ?? '', middle: list.slice(1, start).join(' '), last: list.slice(start).join(' ') }
}

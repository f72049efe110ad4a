import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CONFINED, MAX_LINES, ROOMS, UNWANTED_NAMES } from './tidy-rules.ts'

const root = resolve(import.meta.dirname, '..')
const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => relative(root, join(entry.parentPath, entry.name))).sort()
const text = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

/** Code without comments: rules are about what runs. */
const bare = (code: string): string => code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1')

interface Import { file: string; from: string; to: string; target: string; typeOnly: boolean; names: string }

function importsOf(file: string): Import[] {
  const found: Import[] = []
  for (const match of bare(text.get(file)!).matchAll(/(?:import|export)\s+(type\s+)?([^'";]*?)\s*from\s*'(\.[^']+)'|import\('(\.[^']+)'\)/g)) {
    const spec = match[3] ?? match[4]!, target = relative(root, resolve(root, file, '..', spec))
    if (!target.startsWith('src/')) continue
    const names = match[2] ?? ''
    const typeOnly = match[1] !== undefined || (names.startsWith('{') && names.replace(/[{}]/g, '').split(',').map((n) => n.trim()).filter(Boolean).every((n) => n.startsWith('type ')))
    found.push({ file, from: file.split('/')[1]!, to: target.split('/')[1]!, target, typeOnly, names })
  }
  return found
}

/** `ident` and `literal`, which quote for SQL, may be used wherever SQL is written. */
function quotesOnly(item: Import): boolean {
  return item.target === 'src/staging/staging.ts' && item.names.replace(/[{}]/g, '').split(',').map((n) => n.trim()).filter(Boolean).every((n) => n.startsWith('type ') || n === 'ident' || n === 'literal')
}

function allowed(item: Import): boolean {
  if (item.from === item.to || item.to.endsWith('.ts') || item.from.endsWith('.ts')) return true
  const rule = ROOMS[item.from]
  if (!rule) return false
  if (rule.may.includes('*') || rule.may.includes(item.to)) return true
  if (item.typeOnly && rule.types?.includes(item.to)) return true
  return rule.may.includes('staging-text') && quotesOnly(item)
}

describe('the house is tidy', () => {
  test('rooms import only what they may', () => {
    const broken = files.flatMap(importsOf).filter((item) => !allowed(item)).map((item) => `${item.file} imports ${item.target}${item.typeOnly ? ' (types)' : ''}`)
    expect(broken).toEqual([])
  })

  test('a phase never imports another phase', () => {
    const place = (file: string): string => file.replace(/^src\/phases\//, '').replace(/\.ts$/, '').split('/')[0]!
    const broken = files.filter((file) => file.startsWith('src/phases/')).flatMap(importsOf).filter((item) => item.to === 'phases' && place(item.file) !== place(item.target) && !item.typeOnly)
    expect(broken.map((item) => `${item.file} imports ${item.target}`)).toEqual([])
  })

  test.each(CONFINED)('$what stays in its place', ({ pattern, in: home, hint }) => {
    const broken = files.filter((file) => !home.test(file) && pattern.test(bare(text.get(file)!)))
    expect(broken, hint).toEqual([])
  })

  test('names are nouns that say what is inside', () => {
    expect(files.filter((file) => UNWANTED_NAMES.test(file) || !/^[a-z0-9/.-]+$/.test(file))).toEqual([])
  })

  test(`no file is longer than ${MAX_LINES} lines`, () => {
    expect(files.map((file) => [file, text.get(file)!.split('\n').length] as const).filter(([, lines]) => lines > MAX_LINES)).toEqual([])
  })

  test('nothing is left unfinished', () => {
    expect(files.filter((file) => /\b(TODO|FIXME|XXX)\b|[Nn]ot implemented/.test(text.get(file)!))).toEqual([])
  })
})

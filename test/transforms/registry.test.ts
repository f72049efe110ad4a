import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Staging } from '../../src/staging/staging.ts'
import { loadProjectTransforms } from '../../src/transforms/project-transform.ts'
import { TransformRegistry } from '../../src/transforms/registry.ts'
import { runChain } from './run-transform.ts'

let staging: Staging, folder: string
beforeAll(async () => { staging = await Staging.open(':memory:'); folder = mkdtempSync(join(tmpdir(), 'landfall-transforms-')) })
afterAll(async () => { await staging.close(); rmSync(folder, { recursive: true }) })

const write = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

describe('registry', () => {
  const registry = new TransformRegistry()
  test('names what was probably meant', () => {
    expect(() => registry.bind('colapse_spaces')).toThrow(/did you mean "collapse_spaces"/)
    expect(() => registry.bind('constructor')).toThrow(/There is no transform/)
  })
  test('checks options', () => {
    expect(() => registry.bind('pad', { lenght: 3 })).toThrow(/options of transform `pad` are wrong/)
    expect(() => registry.bind('regex_extract', { pattern: '(?=x)' })).toThrow(/regular expression/)
    expect(() => registry.bind('regex_extract', { pattern: '(' })).toThrow(/regular expression/)
    expect(() => registry.bind('timestamp', { zone: 'Mars/Base' })).toThrow(/time zone/)
    expect(() => registry.bind('date', { formats: 'x' })).toThrow(/format/)
    expect(() => registry.bind('trim', 3)).toThrow(/by name/)
  })
  test('every transform has exactly one of sql and apply, a description and an options schema', () => {
    for (const transform of registry.all()) {
      expect([transform.name, Boolean(transform.sql) !== Boolean(transform.apply)]).toEqual([transform.name, true])
      expect(transform.about.length).toBeGreaterThan(5)
    }
  })
})

describe('failures are told from answers', () => {
  test('what cannot be transformed is reported, blanks and zero dates are not', async () => {
    const { failed } = await runChain(staging, ['date'], ['2024-01-01', 'soon', '', '0000-00-00', null, '31.02.2024'])
    expect(failed).toEqual(['soon', '31.02.2024'])
  })
  test('null_if is an answer', async () => {
    expect((await runChain(staging, [{ null_if: 'n/a' }, 'number'], ['n/a', '5', 'five'])).failed).toEqual(['five'])
  })
  test('phone numbers', async () => {
    expect((await runChain(staging, [{ phone: 'DE' }], ['030 123456', 'call me', ' '])).failed).toEqual(['call me'])
  })
})

describe('a project\'s own transforms', () => {
  test('are loaded from TypeScript and run over distinct values', async () => {
    const file = write('shout.ts', 'let calls = 0\nexport default { name: \'shout\', about: \'Louder\', apply(value: string | null, options: { mark?: string }): string | null { calls++; return value === null ? null : `${value.toUpperCase()}${options.mark ?? \'!\'}${calls}` } }\n')
    const registry = new TransformRegistry()
    await loadProjectTransforms(registry, [file])
    const { values } = await runChain(staging, [{ shout: { mark: '?' } }], ['a', 'a', null, 'a'], registry)
    expect(values).toEqual(['A?1', 'A?1', null, 'A?1'])
  })
  test('fail with file and value', async () => {
    const file = write('broken.ts', 'export default { name: \'broken\', apply(value: string | null) { if (value === \'x\') throw new Error(\'no x\'); return 5 } }\n')
    const registry = new TransformRegistry()
    await loadProjectTransforms(registry, [file])
    await expect(runChain(staging, ['broken'], ['x'], registry)).rejects.toThrow(/broken\.ts: transform `broken` failed on "x": no x/)
    await expect(runChain(staging, ['broken'], ['y'], registry)).rejects.toThrow(/gave number for "y"/)
  })
  test('are refused with a reason', async () => {
    const registry = new TransformRegistry()
    await expect(loadProjectTransforms(registry, [write('taken.ts', 'export default { name: \'trim\', apply: () => null }')])).rejects.toThrow(/is taken/)
    await expect(loadProjectTransforms(registry, [write('none.ts', 'export const x = 1')])).rejects.toThrow(/default export/)
    await expect(loadProjectTransforms(registry, [write('syntax.ts', 'export default {')])).rejects.toThrow(/cannot be loaded/)
    await expect(loadProjectTransforms(registry, [write('name.ts', 'export default { name: \'Bad Name\', apply: () => null }')])).rejects.toThrow(/lower-case/)
  })
})

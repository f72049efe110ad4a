import { resolve } from 'node:path'
import type { SourceEnv } from '../registry.ts'
import type { Source } from '../source.ts'
import { DelimitedTable } from './delimited.ts'
import { FileSource, type FileTable } from './file-source.ts'
import { FixedWidthTable } from './fixed-width.ts'
import { optionsSchema, TEXT_ENDINGS, type FileOptions, type Format } from './options.ts'
import { findFiles } from './paths.ts'

export { optionsSchema }

/** Delimited and fixed-width text files: each file, glob or named entry is an entity. */
export async function open(name: string, options: FileOptions, env: SourceEnv): Promise<Source> {
  const { path, entities, limits, ...format } = options
  const places = entities && Object.fromEntries(Object.entries(entities).map(([key, value]) => [key, typeof value === 'string' ? value : value.path]))
  const tables = findFiles(env.baseFolder, path, places, TEXT_ENDINGS).map((found): FileTable => {
    const own = entities?.[found.name]
    const { path: _, ...wishes } = typeof own === 'object' ? own : { path: '' }
    const given = Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined))
    const merged = { ...format, ...given } as Format
    const base = resolve(env.baseFolder)
    return merged.widths === undefined ? new DelimitedTable(found.name, found.files, base, merged, limits) : new FixedWidthTable(found.name, found.files, base, merged, limits)
  })
  return new FileSource(name, 'file', tables, true)
}

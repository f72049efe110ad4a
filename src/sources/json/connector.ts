import { basename, resolve } from 'node:path'
import { z } from 'zod'
import { LandfallError } from '../../errors/error.ts'
import { FileSource } from '../file/file-source.ts'
import { limitsSchema, type Limits } from '../file/limits.ts'
import { contentOf, notWhatItSays } from '../file/magic.ts'
import { findFiles } from '../file/paths.ts'
import { encodingOf, openText } from '../file/text-file.ts'
import type { SourceEnv } from '../registry.ts'
import type { Source } from '../source.ts'
import { streamingSteps } from './json-path.ts'
import { members } from './json-records.ts'
import { JsonTable, type JsonFile } from './json-table.ts'
import { JsonWindow } from './json-window.ts'

const JSON_ENDINGS = ['.json', '.ndjson', '.jsonl']

const shape = {
  records: z.string().optional().describe('JSONPath to the records, e.g. $.data.items[*]. Found when absent: the elements of an array; the arrays an object holds, each an entity. Names and [*] are followed while streaming; other paths need the document in memory.'),
  format: z.enum(['auto', 'document', 'lines']).optional().describe('document: one JSON value; lines: one per line (NDJSON). Found when absent.'),
  encoding: z.string().optional().describe('Encoding of the file. Found when absent.'),
  member: z.string().optional().describe('Member of a zip archive with several.'),
}

export const optionsSchema = z.strictObject({
  path: z.string().optional().describe('A file, a folder (an entity per file) or a glob (all its files are one entity). Relative to landfall.yaml.'),
  entities: z.record(z.string(), z.union([z.string(), z.strictObject({ path: z.string(), ...shape })])).optional().describe('Entities by name: a path or glob, or an object with `path` and options of its own.'),
  ...shape,
  limits: limitsSchema.prefault({}).describe('Guards against files made to exhaust the machine.'),
})

export type JsonOptions = z.infer<typeof optionsSchema>
type Wishes = Pick<JsonOptions, 'records' | 'format' | 'encoding' | 'member'>

/** JSON documents and NDJSON. Looks into the files at once, because an object that holds several arrays is several entities. */
export async function open(name: string, options: JsonOptions, env: SourceEnv): Promise<Source> {
  const { path, entities, limits, ...wishes } = options
  const places = entities && Object.fromEntries(Object.entries(entities).map(([key, value]) => [key, typeof value === 'string' ? value : value.path]))
  const found = findFiles(env.baseFolder, path, places, JSON_ENDINGS)
  const base = resolve(env.baseFolder)
  const tables: JsonTable[] = []
  for (const entity of found) {
    const own = entities?.[entity.name]
    const { path: _, ...more } = typeof own === 'object' ? own : { path: '' }
    const merged: Wishes = { ...wishes, ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)) }
    for (const [part, files] of await partsOf(entity.files, merged, limits)) {
      const title = part === '' ? entity.name : found.length === 1 && entities === undefined ? part : `${entity.name}.${part}`
      tables.push(new JsonTable(title, files, base, limits))
    }
  }
  return new FileSource(name, 'json', tables, true)
}

/** Files by the member their records stand in; '' for records of the document itself. */
async function partsOf(paths: string[], wishes: Wishes, limits: Limits): Promise<Map<string, JsonFile[]>> {
  const parts = new Map<string, JsonFile[]>()
  for (const path of paths) {
    const { encoding } = await encodingOf(path, { encoding: wishes.encoding, ...(wishes.member === undefined ? {} : { member: wishes.member }) }, limits, assertJson)
    const file = { path, encoding, ...(wishes.member === undefined ? {} : { member: wishes.member }) }
    for (const [part, records] of await placesOf(file, wishes, limits)) parts.set(part, [...parts.get(part) ?? [], { ...file, records }])
  }
  return parts
}

function assertJson(path: string, head: Buffer): void {
  const content = contentOf(head)
  if (content === 'json' || content === 'text') return
  if (content === 'empty') throw new LandfallError('file-unreadable', `The file is empty, which is no JSON: ${path}`, { hint: 'Export the file again.', where: { file: path } })
  throw notWhatItSays(path, 'JSON', content)
}

async function placesOf(file: { path: string; encoding: string; member?: string }, wishes: Wishes, limits: Limits): Promise<[string, JsonFile['records']][]> {
  const window = new JsonWindow(openText(file.path, file.encoding, file, limits, 0), file.path, limits.recordBytes)
  try {
    if (wishes.format === 'lines' || (wishes.format !== 'document' && wishes.records === undefined && await isLines(window, basename(file.path)))) return [['', { lines: true }]]
  } finally {
    await window.close()
  }
  if (wishes.records !== undefined) {
    const steps = streamingSteps(wishes.records)
    return [['', steps === null ? { path: wishes.records } : { steps }]]
  }
  const again = new JsonWindow(openText(file.path, file.encoding, file, limits, 0), file.path, limits.recordBytes)
  try {
    if (await again.peek() !== 123) return [['', { steps: [] }]]
    const arrays: string[] = []
    for await (const key of members(again)) {
      if (/^\[\s*\{/.test(await again.ahead(2000)) && !arrays.includes(key)) arrays.push(key)
      await again.skip()
    }
    return arrays.length === 0 ? [['', { steps: [] }]] : arrays.map((key) => [key, { steps: [{ name: key }] }])
  } finally {
    await again.close()
  }
}

/** Lines: so named, or a value ends with its line and another follows. */
async function isLines(window: JsonWindow, name: string): Promise<boolean> {
  if (/\.(ndjson|jsonl)\b/i.test(name)) return true
  const range = await window.lineRange()
  if (range === null || range.long) return false
  const first = window.buffer.toString('utf8', range.from, range.to).trim()
  await window.nextLine()
  if (await window.peek() === -1) return false
  try {
    JSON.parse(first)
    return true
  } catch {
    return false
  }
}

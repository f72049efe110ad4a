import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { LandfallError, messageOf } from '../errors/error.ts'
import { packDocType, type CompactDocType, type CompactRecords, type CompactSettings, type Loose } from './compact.ts'

/** A site in compact form, as read from a folder or from the shipped catalog. */
export interface SiteData {
  doctypes: CompactDocType[]
  records: Record<string, CompactRecords>
  settings: CompactSettings
}

const HINT = 'A site folder holds doctypes.jsonl[.gz], records.jsonl[.gz] and settings.json, as recorded from a site.'

function invalid(message: string, file: string, line?: number, cause?: unknown): LandfallError {
  return new LandfallError('site-invalid', message, { hint: HINT, where: line === undefined ? { file } : { file, line }, cause })
}

/** Reads a site folder in the form of the ground truth. Throws `site-invalid` naming file and line for anything missing or damaged. */
export function readSiteFolder(folder: string): SiteData {
  if (!existsSync(folder)) throw invalid(`There is no such folder: ${folder}`, folder)
  return { doctypes: readDocTypes(folder), records: readRecords(folder), settings: readSettings(folder) }
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path)
    const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
    return new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch (error) {
    throw invalid(`The file cannot be read: ${messageOf(error)}`, path, undefined, error)
  }
}

/** Lines of `<name>.jsonl.gz` or `<name>.jsonl`, each an object, with the file's path and line number from 1. */
function* objects(folder: string, name: string): Generator<{ value: Loose; file: string; line: number }> {
  const file = [join(folder, `${name}.jsonl.gz`), join(folder, `${name}.jsonl`)].find((path) => existsSync(path))
  if (file === undefined) throw invalid(`The folder has no ${name}.jsonl or ${name}.jsonl.gz`, folder)
  const lines = readText(file).split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (line.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (error) {
      throw invalid(`Not JSON: ${messageOf(error)}`, file, i + 1, error)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('Expected a JSON object', file, i + 1)
    yield { value: value as Loose, file, line: i + 1 }
  }
}

function readDocTypes(folder: string): CompactDocType[] {
  const seen = new Map<string, number>(), doctypes: CompactDocType[] = []
  for (const { value, file, line } of objects(folder, 'doctypes')) {
    const problem = problemOfDocType(value)
    if (problem !== null) throw invalid(problem, file, line)
    const name = String(value['name']), before = seen.get(name)
    if (before !== undefined) throw invalid(`DocType ${name} is there twice, first in line ${before}`, file, line)
    seen.set(name, line)
    doctypes.push(packDocType(value))
  }
  if (doctypes.length === 0) throw invalid('The folder describes no DocType', join(folder, 'doctypes.jsonl'))
  return doctypes
}

/** What is wrong with a line of doctypes.jsonl, or null. */
function problemOfDocType(value: Loose): string | null {
  const name = value['name']
  if (typeof name !== 'string' || name === '') return 'A DocType without a name'
  if (typeof value['module'] !== 'string') return `DocType ${name} has no module`
  const fields = value['fields'], columns = value['columns'], controller = value['controller'] ?? []
  if (!Array.isArray(fields)) return `DocType ${name} has no list of fields`
  if (!Array.isArray(columns)) return `DocType ${name} has no list of columns`
  if (!Array.isArray(controller) || controller.some((method) => typeof method !== 'string'))
    return `The controller of DocType ${name} is not a list of method names`
  for (const field of fields as Loose[]) {
    if (typeof field?.['fieldname'] !== 'string' || typeof field['fieldtype'] !== 'string') return `A field of DocType ${name} has no fieldname or fieldtype`
  }
  for (const column of columns as unknown[]) {
    if (!Array.isArray(column) || typeof column[0] !== 'string' || typeof column[1] !== 'string')
      return `A column of DocType ${name} is not [name, type, nullable, key, default]`
  }
  return null
}

/** The records of a folder as its lines have them, without `doctype`, by DocType. Throws `site-invalid`. */
export function readSiteRecords(folder: string): Map<string, Loose[]> {
  const found = new Map<string, Loose[]>()
  for (const { value } of objects(folder, 'records')) {
    const { doctype, ...record } = value, list = found.get(String(doctype))
    if (list === undefined) found.set(String(doctype), [record])
    else list.push(record)
  }
  return found
}

function readRecords(folder: string): Record<string, CompactRecords> {
  const found = new Map<string, Loose[]>()
  for (const { value, file, line } of objects(folder, 'records')) {
    const doctype = value['doctype']
    if (typeof doctype !== 'string' || value['name'] === undefined || value['name'] === null) throw invalid('A record needs doctype and name', file, line)
    const bad = Object.entries(value).find(([, v]) => v !== null && typeof v === 'object')
    if (bad !== undefined) throw invalid(`Column ${bad[0]} of ${doctype} ${String(value['name'])} is not a plain value`, file, line)
    const list = found.get(doctype)
    if (list === undefined) found.set(doctype, [value])
    else list.push(value)
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([doctype, list]) => [doctype, packRecords(list)]))
}

function packRecords(list: Loose[]): CompactRecords {
  const columns = [...new Set(list.flatMap((record) => Object.keys(record)))].filter((key) => key !== 'doctype')
  const plain = (value: unknown) => (value === undefined || value === null ? null : typeof value === 'boolean' ? Number(value) : (value as string | number))
  return { columns, rows: list.map((record) => columns.map((column) => plain(record[column]))) }
}

function readSettings(folder: string): CompactSettings {
  const file = join(folder, 'settings.json')
  if (!existsSync(file)) throw invalid('The folder has no settings.json', folder)
  const content = readText(file)
  let parsed: unknown
  try {
    parsed = JSON.parse(content)
  } catch (error) {
    throw invalid(`Not JSON: ${messageOf(error)}`, file, lineOf(messageOf(error), content), error)
  }
  const settings = parsed as Partial<Record<keyof CompactSettings, Loose>>
  for (const part of ['singles', 'defaults', 'series', 'apps'] as const) {
    if (typeof settings?.[part] !== 'object' || settings[part] === null) throw invalid(`settings.json lacks "${part}"`, file)
  }
  const texts = (source: Loose) => Object.fromEntries(Object.entries(source).filter(([, v]) => v !== null).map(([k, v]) => [k, String(v)]))
  const hooks = settings.hooks === undefined ? {} : { hooks: Object.fromEntries(Object.entries(settings.hooks).map(([doctype, calls]) => [doctype, Array.isArray(calls) ? calls.map(String) : []])) }
  return {
    ...hooks, apps: texts(settings.apps!), defaults: texts(settings.defaults!),
    series: Object.fromEntries(Object.entries(settings.series!).map(([prefix, current]) => [prefix, Number(current)])),
    singles: Object.fromEntries(Object.entries(settings.singles!).map(([doctype, values]) => [doctype, texts(values as Loose)])),
  }
}

/** V8 names the position of a JSON error; its line is what a person needs. */
function lineOf(message: string, content: string): number | undefined {
  const position = /position (\d+)/.exec(message)?.[1]
  return position === undefined ? undefined : content.slice(0, Number(position)).split('\n').length
}

import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { LandfallError } from '../../errors/error.ts'
import { registerSecret } from '../../errors/redact.ts'

/** A source that no project names: what openSource needs. */
export interface GivenSource { name: string; kind: string; options: Record<string, unknown> }

/** File endings and the kind of source that reads them. */
const ENDINGS: Record<string, string> = {
  '.csv': 'file', '.tsv': 'file', '.tab': 'file', '.psv': 'file', '.txt': 'file', '.dat': 'file', '.asc': 'file', '.xlsx': 'excel', '.xlsm': 'excel', '.xls': 'excel', '.ods': 'excel', '.xlsb': 'excel',
  '.json': 'json', '.ndjson': 'json', '.jsonl': 'json', '.parquet': 'parquet', '.sqlite': 'sqlite', '.sqlite3': 'sqlite', '.db': 'sqlite', '.db3': 'sqlite', '.gz': 'file', '.zip': 'file', '.bz2': 'file',
}
const SERVERS: Record<string, string> = { postgres: 'postgres', postgresql: 'postgres', mysql: 'mysql', mariadb: 'mysql' }

/**
 * What `landfall assess` is given when it is no configured source: a connection URL (`postgres://user:password@host:5432/database?schemas=a,b`), a file, or a
 * folder, of which every kind of file becomes a source of its own. Throws `usage` when it is none of these.
 */
export function sourcesOf(argument: string): GivenSource[] {
  const scheme = /^([a-z][a-z0-9+]*):\/\//i.exec(argument)?.[1]?.toLowerCase()
  if (scheme !== undefined && SERVERS[scheme] !== undefined) return [server(argument, SERVERS[scheme])]
  if (scheme !== undefined) {
    throw new LandfallError('usage', `\`${scheme}://\` is no address of a database that can be assessed.`, { hint: scheme.startsWith('http') ? 'What an API answers must be described first: add it as a source of kind rest to landfall.yaml, then assess it by its name.' : 'postgres://, mysql://, a file or a folder.' })
  }
  if (!existsSync(argument)) throw new LandfallError('usage', `There is no source \`${argument}\`: neither a configured source, nor a URL, nor a file or folder.`, { hint: 'landfall assess erp, landfall assess postgres://reader@host/erp, landfall assess exports/' })
  const path = resolve(argument)
  if (statSync(path).isFile()) return [{ name: nameOf(argument), kind: kindOf(path), options: { path } }]
  return folder(path)
}

function server(argument: string, kind: string): GivenSource {
  const url = new URL(argument.replace(/^[a-z0-9+]+:/i, 'http:'))
  const database = decodeURIComponent(url.pathname.slice(1)), password = decodeURIComponent(url.password)
  if (password !== '') registerSecret(password)
  if (database === '' || url.hostname === '') throw new LandfallError('usage', 'The address names no database.', { hint: 'postgres://user:password@host:5432/database' })
  const lists = ['schemas']
  return {
    name: nameOf(database), kind,
    options: {
      host: url.hostname, ...(url.port === '' ? {} : { port: Number(url.port) }), database, user: decodeURIComponent(url.username) || 'root', password,
      ...Object.fromEntries([...url.searchParams].map(([key, value]) => [key, lists.includes(key) ? value.split(',') : value])),
    },
  }
}

function folder(path: string): GivenSource[] {
  const files = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name).sort()
  const found: GivenSource[] = []
  const of = (kind: string): string[] => files.filter((file) => ENDINGS[extname(file).toLowerCase()] === kind)
  const entities = (kind: string): Record<string, string> => Object.fromEntries(of(kind).map((file) => [nameOf(file), file]))
  for (const kind of ['file', 'json', 'parquet'] as const) if (of(kind).length > 0) found.push({ name: found.length === 0 ? nameOf(path) : `${nameOf(path)}_${kind}`, kind, options: { path, entities: entities(kind) } })
  for (const kind of ['excel', 'sqlite'] as const) for (const file of of(kind)) found.push({ name: nameOf(file), kind, options: { path: join(path, file) } })
  if (found.length === 0) throw new LandfallError('usage', `The folder ${path} holds no file that can be assessed.`, { hint: `Endings: ${Object.keys(ENDINGS).join(' ')}` })
  return found
}

function kindOf(path: string): string {
  const kind = ENDINGS[extname(path).toLowerCase()]
  if (kind === undefined) throw new LandfallError('usage', `The ending of ${basename(path)} tells of no kind of source.`, { hint: `Endings: ${Object.keys(ENDINGS).join(' ')}; or configure it in landfall.yaml.` })
  return kind
}

/** A name that may stand in landfall.yaml. */
function nameOf(path: string): string {
  const clean = basename(path).replace(/\.[^.]+$/, '').replaceAll(/[^A-Za-z0-9_-]+/g, '_')
  return /^[A-Za-z]/.test(clean) ? clean : `source_${clean}`
}

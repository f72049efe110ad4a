import type { ZodType } from 'zod'
import { LandfallError } from '../errors/error.ts'
import type { Clock } from '../model/clock.ts'
import type { ParquetReader } from './parquet/scan.ts'
import type { Source } from './source.ts'

/** What a connector is given beside its options. */
export interface SourceEnv {
  clock: Clock
  /** Relative paths in options start here: the folder of landfall.yaml. */
  baseFolder: string
  /** Reads Parquet: a ParquetScan over the staging database. Only source kind `parquet` needs it. */
  scan?: ParquetReader
  /** Waits between attempts; timers when absent. Tests pass one that returns at once. */
  wait?(ms: number, signal?: AbortSignal): Promise<void>
}

/** What the module `<kind>/connector.ts` exports. */
export interface Connector<O = unknown> {
  /** zod schema of `sources.<name>.options`; its `.describe` texts are the reference, its defaults apply. */
  optionsSchema: ZodType<O>
  /** Connects once to see that it works: `source-unreachable`, `source-denied`, `file-unreadable`, `config-invalid`. Options arrive validated. */
  open(name: string, options: O, env: SourceEnv): Promise<Source>
  /** Given by kinds whose files the staging database reads itself: the folders it must be allowed, and `scan` is needed. */
  folders?(options: O, baseFolder: string): string[]
}

/** Loaded when first asked for: drivers take 50 to 400 ms to import. */
const CONNECTORS: Record<string, () => Promise<unknown>> = {
  postgres: () => import('./postgres/connector.ts'),
  mysql: () => import('./mysql/connector.ts'),
  sqlite: () => import('./sqlite/connector.ts'),
  rest: () => import('./rest/connector.ts'),
  file: () => import('./file/connector.ts'),
  excel: () => import('./excel/connector.ts'),
  json: () => import('./json/connector.ts'),
  parquet: () => import('./parquet/connector.ts'),
}

/** Other names people write for a kind. */
const ALIASES: Record<string, string> = { postgresql: 'postgres', mariadb: 'mysql', csv: 'file', xlsx: 'excel', ndjson: 'json' }

/** Every kind, without aliases. */
export const SOURCE_KINDS: readonly string[] = Object.keys(CONNECTORS)

/** The connector of a kind or alias; `config-invalid` when there is none. */
export async function connectorOf(kind: string): Promise<Connector> {
  const load = CONNECTORS[ALIASES[kind] ?? kind]
  if (!load) {
    throw new LandfallError('config-invalid', `There is no source kind \`${kind}\`.`, { hint: `Kinds: ${[...SOURCE_KINDS, ...Object.keys(ALIASES)].join(', ')}.` })
  }
  return await load() as Connector
}

/** Folders the staging database must be allowed for a source to be read; none for most kinds, and for options that are wrong, of which openSource will tell. */
export async function stagedFolders(kind: string, options: unknown, baseFolder: string): Promise<string[]> {
  const connector = await connectorOf(kind).catch(() => null)
  const parsed = connector?.folders ? connector.optionsSchema.safeParse(options ?? {}) : null
  return parsed?.success ? connector?.folders?.(parsed.data, baseFolder) ?? [] : []
}

/** Validates the options of a source and opens it. Failures: `config-invalid` (naming the option) and those of Connector.open. */
export async function openSource(name: string, kind: string, options: unknown, env: SourceEnv): Promise<Source> {
  const connector = await connectorOf(kind)
  const parsed = connector.optionsSchema.safeParse(options ?? {})
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`)
    throw new LandfallError('config-invalid', `The options of source \`${name}\` (${kind}) are wrong: ${issues.join('; ')}`, { hint: `See the reference of source kind ${kind}.` })
  }
  return connector.open(name, parsed.data, env)
}

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { environment } from '../../config/environment.ts'
import { loadProject, projectPaths, type Project } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { registerSecret } from '../../errors/redact.ts'
import { systemClock } from '../../model/clock.ts'
import { RestReader } from '../../targets/rest/snapshot/reader.ts'
import { SiteClient, type SiteAddress } from '../../targets/rest/snapshot/site-client.ts'
import { benchReader, benchRunner, codeFacts, databaseOfBench, type BenchAddress } from '../../targets/snapshot/bench.ts'
import { connectDatabase, databaseReader, type DatabaseAddress } from '../../targets/snapshot/database.ts'
import type { CodeFacts, SnapshotReader } from '../../targets/snapshot/reader.ts'

/** The ways to a site that were given, by flags, environment and the project's `target`. */
export interface SiteAccess { rest: SiteAddress | null; bench: BenchAddress | null; database: DatabaseAddress | null }

export interface AccessFlags { url?: string; tokenEnv?: string; siteName?: string; bench?: string; database?: string; databasePasswordEnv?: string }

export const TOKEN_VARIABLE = 'LANDFALL_TOKEN', PASSWORD_VARIABLE = 'LANDFALL_DATABASE_PASSWORD'

export function addAccessFlags(command: Command): Command {
  return command
    .option('--url <url>', 'address of the site; default: the project\'s target')
    .option('--token-env <name>', `environment variable that holds KEY:SECRET of a user of the site (default: ${TOKEN_VARIABLE}, or the project's target)`)
    .option('--site-name <name>', 'name of the site, where one address or bench serves several')
    .option('--bench <folder>', 'folder of the bench, where it is on this machine')
    .option('--database <url>', `the site's database: mysql://USER@HOST:PORT/NAME, password in ${PASSWORD_VARIABLE}; with --bench it is found by itself`)
    .option('--database-password-env <name>', `environment variable that holds its password (default: ${PASSWORD_VARIABLE})`)
}

/** The project of a folder, or null where there is none: a site can be looked at without one. */
export function projectIfAny(folder: string): Project | null {
  return existsSync(projectPaths(folder).config) ? loadProject(folder) : null
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** Throws `config-invalid` and `secret-missing` for what is given and does not work; ways that were not given are null. */
export function accessOf(flags: AccessFlags, project: Project | null): SiteAccess {
  const target = (project?.config.target ?? {}) as Record<string, unknown>
  const part = (name: string): Record<string, unknown> => (typeof target[name] === 'object' && target[name] !== null ? target[name] as Record<string, unknown> : {})
  const url = flags.url ?? text(target['url']), name = flags.siteName
  const rest = url === undefined ? null : { url, token: tokenOf(flags, target), ...(name === undefined ? {} : { site: name }) }
  const folder = flags.bench ?? text(part('bench')['folder']), site = name ?? text(part('bench')['site']) ?? (url === undefined ? undefined : new URL(url).hostname)
  if (folder !== undefined && site === undefined) throw new LandfallError('usage', 'Which site of the bench?', { hint: '--site-name NAME, a folder below sites/.' })
  const bench = folder === undefined ? null : { folder, site: site! }
  const database = databaseOf(flags, part('database'), project?.paths.root ?? '.') ?? (bench === null ? null : databaseOfBench(bench))
  if (database !== null && database.password !== '') registerSecret(database.password)
  return { rest, bench, database }
}

function tokenOf(flags: AccessFlags, target: Record<string, unknown>): string | null {
  const given = environment(flags.tokenEnv ?? TOKEN_VARIABLE)
  if (flags.tokenEnv !== undefined && given === undefined) throw new LandfallError('secret-missing', `${flags.tokenEnv} is not set.`, { hint: `export ${flags.tokenEnv}=KEY:SECRET, as the user's settings show them under API Access.` })
  if (given !== undefined) return given
  const key = text(target['api_key']), secret = text(target['api_secret'])
  return key !== undefined && secret !== undefined ? `${key}:${secret}` : null
}

function databaseOf(flags: AccessFlags, configured: Record<string, unknown>, root: string): DatabaseAddress | null {
  const password = environment(flags.databasePasswordEnv ?? PASSWORD_VARIABLE)
  if (flags.database !== undefined) {
    const url = URL.canParse(flags.database) ? new URL(flags.database) : null
    if (url === null || !/^(mysql|mariadb):$/.test(url.protocol) || url.pathname.length < 2) throw new LandfallError('usage', 'Not the address of a database.', { hint: 'Such as --database mysql://user@127.0.0.1:3306/name' })
    const own = decodeURIComponent(url.password)
    return { host: url.hostname, port: Number(url.port || 3306), user: decodeURIComponent(url.username), password: own !== '' ? own : password ?? '', database: decodeURIComponent(url.pathname.slice(1)) }
  }
  const database = text(configured['database']) ?? text(configured['name'])
  if (database === undefined) return null
  const socket = text(configured['socket']), tls = text(configured['tls']), ca = text(configured['tls_ca'])
  return {
    host: text(configured['host']) ?? '127.0.0.1', port: Number(configured['port'] ?? 3306), user: text(configured['user']) ?? database, password: text(configured['password']) ?? password ?? '', database,
    ...(socket === undefined ? {} : { socket }), ...(tls === 'require' || tls === 'verify' ? { tls, ...(ca === undefined ? {} : { ca: readFileSync(resolve(root, ca), 'utf8') }) } : {}),
  }
}

/** The best reader there is for the data, and what only code can say. The database is exact; REST needs no access to the machine. Throws `usage` when no way was given. */
export async function openReader(access: SiteAccess, via: string, signal: AbortSignal): Promise<{ reader: SnapshotReader; code: CodeFacts | null }> {
  const runner = access.bench === null ? null : benchRunner(access.bench)
  const way = via !== 'auto' ? via : access.database !== null ? 'database' : runner !== null ? 'bench' : 'rest'
  const code = runner === null || via === 'rest' ? null : await codeFacts(runner)
  if (way === 'database' && access.database !== null) return { reader: databaseReader(await connectDatabase(access.database)), code }
  if (way === 'bench' && runner !== null) return { reader: benchReader(runner, access.bench!.site), code }
  if (way === 'rest' && access.rest !== null) return { reader: new RestReader(new SiteClient({ ...access.rest, clock: systemClock, signal })), code }
  throw new LandfallError('usage', way === 'rest' ? 'Which site?' : `No way to the site by ${way} was given.`, { hint: `--url https://erp.example.com with ${TOKEN_VARIABLE}=KEY:SECRET, or --bench FOLDER --site-name NAME, or --database mysql://USER@HOST/NAME` })
}

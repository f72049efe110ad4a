import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createReadStream, createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { LandfallError } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import type { ExpressOptions } from '../express/options.ts'

/** Names of each program, newest first. */
const PROGRAMS = { dump: ['mariadb-dump', 'mysqldump'], client: ['mariadb', 'mysql'], binlog: ['mariadb-binlog', 'mysqlbinlog'] } as const
export type Program = keyof typeof PROGRAMS

/** A stretch of the binary log: from a position of the first file up to (not including) a position of the last. */
export interface Span { files: string[]; from: number; to: number }

/**
 * MariaDB's own programs for one server. The password stands in an option file that only this user reads and that goes with `close`, never on a command line.
 * Every method rejects with `target-failed` and what the program said.
 */
export class Programs {
  readonly #folder: string
  readonly #login: string

  constructor(options: ExpressOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), 'landfall-login-'))
    const path = join(this.#folder, 'client.cnf')
    const value = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
    const place = options.socket === undefined ? [`host=${value(options.host)}`, `port=${options.port}`, 'protocol=tcp'] : [`socket=${value(options.socket)}`]
    const tls = options.tls === 'off' ? ['skip-ssl'] : ['ssl', ...options.tls === 'verify' ? ['ssl-verify-server-cert'] : [], ...([['ssl-ca', options.tlsCa], ['ssl-cert', options.tlsCert], ['ssl-key', options.tlsKey]] as const).flatMap(([key, file]) => file === undefined ? [] : [`${key}=${value(file)}`])]
    writeFileSync(path, ['[client]', ...place, `user=${value(options.user ?? options.database)}`, `password=${value(options.password)}`, ...tls, ''].join('\n'), { mode: 0o600 })
    this.#login = `--defaults-file=${path}`
  }

  /** Writes a compressed dump of a database as of one moment; `coordinates` notes the position of the binary log in it. */
  async dump(database: string, file: string, coordinates: boolean): Promise<void> {
    const child = this.#start('dump', ['--single-transaction', '--quick', '--skip-lock-tables', '--routines', '--triggers', '--events', '--hex-blob', '--skip-dump-date', '--default-character-set=utf8mb4', ...coordinates ? ['--master-data=2'] : [], database])
    await finish([child], pipeline(child.stdout!, createGzip({ level: 1 }), createWriteStream(file, { mode: 0o600 })))
  }

  /** Plays a compressed dump into an existing database. */
  async restore(file: string, database: string): Promise<void> {
    const child = this.#start('client', ['--binary-mode', '--default-character-set=utf8mb4', '--init-command=SET SESSION foreign_key_checks=0, unique_checks=0', database])
    await finish([child], pipeline(createReadStream(file), createGunzip(), child.stdin!))
  }

  /** Plays what the binary log says of database `from` into database `to`. The caller has looked for statements that name databases (`scanLog`): those are not redirected. */
  async replay(span: Span, from: string, to: string): Promise<void> {
    const log = this.#start('binlog', [...this.#spanArguments(span), `--database=${from}`, `--rewrite-db=${from}->${to}`]), client = this.#start('client', ['--binary-mode', '--default-character-set=utf8mb4', to])
    await finish([log, client], pipeline(log.stdout!, withoutNumbers, client.stdin!))
  }

  /** The binary log as text with its rows decoded. Without the statements' own texts the program loses count of positions, so those are not left out. */
  async decode(span: Span, database: string, read: (lines: Readable) => Promise<void>): Promise<void> {
    const log = this.#start('binlog', [...this.#spanArguments(span), `--database=${database}`, '--base64-output=DECODE-ROWS', '--verbose'])
    await finish([log], read(log.stdout!))
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #spanArguments(span: Span): string[] {
    return ['--read-from-remote-server', `--start-position=${span.from}`, `--stop-position=${span.to}`, ...span.files]
  }

  #start(program: Program, args: string[]): ChildProcess {
    return spawn(found(program), [this.#login, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  }
}

/** Transactions get numbers of their own where they are played: a server that keeps strict order refuses the old ones, and replicas follow. */
async function* withoutNumbers(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = ''
  for await (const part of stream) {
    const lines = (rest + part.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    const kept = lines.filter((line) => !/^\/\*M!\d+ SET @@session\.(gtid_seq_no|gtid_domain_id|server_id)=/.test(line))
    if (kept.length > 0) yield Buffer.from(`${kept.join('\n')}\n`, 'latin1')
  }
  yield Buffer.from(rest, 'latin1')
}

const known = new Map<Program, string>()

/** The program's name as installed here. Throws `config-missing`. */
export function found(program: Program): string {
  const name = known.get(program) ?? PROGRAMS[program].find((one) => spawnSync(one, ['--version'], { stdio: 'ignore' }).status === 0)
  if (name === undefined) throw new LandfallError('config-missing', `\`${PROGRAMS[program][0]}\` is not installed on this machine.`, { hint: 'Install MariaDB\'s client programs, e.g. apt-get install mariadb-client; backups and point-in-time recovery are theirs.' })
  known.set(program, name)
  return name
}

/** Waits for the data to flow and the programs to end; the first that failed says why. */
async function finish(children: ChildProcess[], flow: Promise<void>): Promise<void> {
  const ends = children.map((child) => new Promise<string | null>((resolve) => {
    let said = ''
    child.stderr?.on('data', (data: Buffer) => { said = (said + data.toString()).slice(-4000) })
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code) => resolve(code === 0 && !said.includes('Did not reach stop position') ? null : `${said.trim() || 'no reason given'} (exit ${code ?? 'by a signal'})`))
  }))
  const flowed = await flow.then(() => null, (error: unknown) => error)
  if (flowed !== null) for (const child of children) child.kill()
  const reasons = await Promise.all(ends)
  const failed = children.map((child, i) => ({ name: child.spawnfile, reason: reasons[i] })).filter(({ reason }) => reason != null)
  // Of programs in a row the last that spoke is the cause; the others lost their pipe.
  const told = failed.findLast(({ reason }) => !reason!.includes('by a signal')) ?? failed[0]
  if (told !== undefined) throw new LandfallError('target-failed', redact(`${told.name} failed: ${told.reason}`), { hint: 'The account of `target.backup` needs SELECT, LOCK TABLES, SHOW VIEW, EVENT, TRIGGER, RELOAD, BINLOG MONITOR, REPLICATION SLAVE, BINLOG REPLAY, CREATE and DROP; see docs/backup-and-rollback.md.', cause: flowed ?? undefined })
  if (flowed !== null) throw flowed
}

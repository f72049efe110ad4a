import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { LandfallError } from '../../errors/error.ts'

/** A server of our own for tests: on a free port of 127.0.0.1, in a temporary folder that goes with it. */
export interface PrivateServer {
  host: string
  port: number
  user: string
  password: string
  folder: string
  /** Process id of the server, for tests that kill it. */
  pid: number
  /** Ends the server and removes its folder; may be called twice. */
  stop(): Promise<void>
}

const FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/sbin', '/usr/local/sbin', '/bin', '/opt/homebrew/bin', '/opt/homebrew/sbin']

/** Path of an installed program, or an error that says what to install. */
export function findBinary(names: string[], packageName: string, moreFolders: string[] = []): string {
  for (const name of names) {
    for (const folder of [...moreFolders, ...FOLDERS]) if (existsSync(join(folder, name))) return join(folder, name)
  }
  throw new LandfallError('usage', `Tests need \`${names[0]}\`, which is not installed.`, { hint: `Install it: apt-get install ${packageName}` })
}

/** Folders such as /usr/lib/postgresql/15/bin, newest first. */
export function versionedFolders(root: string): string[] {
  if (!existsSync(root)) return []
  return readdirSync(root).sort((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin'))
}

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Servers refuse to run as root: the account to use instead, when it exists and we are root. */
export function accountFor(user: string): Pick<SpawnOptions, 'uid' | 'gid'> {
  if (process.getuid?.() !== 0) return {}
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((one) => one.startsWith(`${user}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : {}
}

/** A temporary folder owned by the account. */
export function serverFolder(name: string, account: Pick<SpawnOptions, 'uid' | 'gid'>): string {
  const folder = mkdtempSync(join(tmpdir(), `landfall-${name}-`))
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid ?? account.uid)
  return folder
}

/** Runs a preparing program to its end; its output is in the error when it fails. */
export function prepare(binary: string, args: string[], options: SpawnOptions): void {
  const done = spawnSync(binary, args, { ...options, encoding: 'utf8', stdio: 'pipe' })
  if (done.status !== 0) throw new LandfallError('internal', `${binary} failed: ${done.error?.message ?? ''} ${String(done.stderr).slice(-1500)}`)
}

/** Starts the server and waits until `ready` answers without throwing; at most 60 s. */
export async function launch(binary: string, args: string[], options: SpawnOptions, folder: string, ready: () => Promise<void>): Promise<{ pid: number; stop(): Promise<void> }> {
  let output = ''
  const child: ChildProcess = spawn(binary, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => { output = (output + data.toString()).slice(-4000) })
  const ended = new Promise<void>((resolve) => { child.once('exit', () => resolve()); child.once('error', (error) => { output += error.message; resolve() }) })
  let over = false
  void ended.then(() => { over = true })
  const kill = () => { child.kill('SIGKILL') }
  process.once('exit', kill)
  const stop = async () => {
    process.removeListener('exit', kill)
    if (!over) child.kill('SIGQUIT')
    const late = setTimeout(kill, 5000)
    await ended
    clearTimeout(late)
    rmSync(folder, { recursive: true, force: true })
  }
  for (let attempt = 0; ; attempt++) {
    try {
      await ready()
      return { pid: child.pid as number, stop }
    } catch (error) {
      if (over || attempt > 600) {
        await stop()
        throw new LandfallError('internal', `${binary} did not start: ${String(error)}\n${output}`)
      }
      await wait(100)
    }
  }
}

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

export interface Finished { code: number; out: string; err: string }

/** Runs the command line as a user does, in a process of its own. `kill`: called with the child, for crash tests. */
export function landfall(args: string[], options: { cwd: string; env?: Record<string, string>; onStart?: (kill: () => void) => void }): Promise<Finished> {
  return new Promise((done, failed) => {
    const child = spawn(resolve(root, 'node_modules/.bin/node'), [resolve(root, 'src/cli/main.ts'), ...args], { cwd: options.cwd, env: { ...process.env, ...options.env, UV_THREADPOOL_SIZE: '16' }, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = '', err = ''
    child.stdout.on('data', (data: Buffer) => { out += data.toString() })
    child.stderr.on('data', (data: Buffer) => { err += data.toString() })
    child.once('error', failed)
    child.once('close', (code, signal) => done({ code: code ?? (signal === null ? -1 : 128), out, err }))
    options.onStart?.(() => child.kill('SIGKILL'))
  })
}

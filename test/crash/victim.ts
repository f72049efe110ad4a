import { spawn } from 'node:child_process'

/** Runs a program of this folder until it ends or, `killAfterMs` after it said `ready`, is killed (null: it is left alone); answers whether it was, with what it said. Throws when it fails by itself. */
export function victim(file: string, args: string[], killAfterMs: number | null): Promise<{ killed: boolean; output: string }> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = '', errors = '', timer: NodeJS.Timeout | null = null
    child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString() })
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (killAfterMs !== null && timer === null) timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    })
    child.on('error', failed)
    child.on('close', (code, signal) => {
      if (timer !== null) clearTimeout(timer)
      if (signal === 'SIGKILL' || code === 0) done({ killed: signal === 'SIGKILL', output })
      else failed(new RangeError(`it ended with ${code}: ${errors.slice(-2000)}`))
    })
  })
}

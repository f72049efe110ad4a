#!/usr/bin/env node
// Entry of the published package: the compiled program when there is one, else the sources (Node 22.18 and later run TypeScript directly).
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`landfall needs Node 22.18 or later; this is ${process.versions.node}.\nWay out: install a current Node, or run the launcher ./landfall of a clone, which brings its own.\n`)
  process.exit(2)
}
const built = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const source = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const entry = existsSync(built) ? built : source

// Both must be set before Node starts. The size of libuv's thread pool: parallel loads through pipes deadlock on the default of 4.
// Fewer malloc arenas: memory one thread gave back serves the others (1.36 instead of 1.47 GB at the peak of the demo).
const run = spawn(process.execPath, [entry, ...process.argv.slice(2)], {
  stdio: 'inherit', env: { ...process.env, UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '16', MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? '2', LANDFALL_INVOKED_AS: 'landfall' },
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { if (signal !== 'SIGINT' || !process.stdin.isTTY) run.kill(signal) })
run.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : code ?? 5))

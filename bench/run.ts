import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** `npm run bench`: every benchmark one after another, each with its ratios. Names as arguments run only those. */
const BENCHES: [name: string, args: string[]][] = [['extract', []], ['extract-files', []], ['posting-masters', []], ['posting-orders', []], ['posting-ledgers', []], ['demo', []], ['assess', []], ['sync', ['--rows', '200000']]]

const wanted = process.argv.slice(2)
let failed = 0
for (const [name, args] of BENCHES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const file = resolve(import.meta.dirname, `${name}.ts`)
  if (!existsSync(file)) continue
  console.log(`\n== ${name}`)
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit', env: { ...process.env, UV_THREADPOOL_SIZE: '16', MALLOC_ARENA_MAX: '2' } })
  if (status !== 0) failed++
}
process.exitCode = failed > 0 ? 1 : 0

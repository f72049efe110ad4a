import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childEnvironment } from '../../config/environment.ts'
import { installServers } from './servers.ts'

export interface SuiteOptions { filter: string[]; install: boolean; say(text: string): void; signal: AbortSignal }
export interface Tally { passed: number; failed: number }

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Runs types, vitest and conformance one after another and answers the sum over all of them. A suite that cannot run at all counts as one failure. */
export async function runSuites(options: SuiteOptions): Promise<Tally> {
  if (options.install) await installServers(options.say)
  const whole = options.filter.length === 0
  const tallies: [string, Tally][] = []
  if (whole) tallies.push(['types', await typecheck(options)])
  tallies.push(['tests', await vitest(options)])
  if (whole) tallies.push(['conformance', await conformance(options)])
  for (const [suite, { passed, failed }] of tallies) options.say(`${suite}: ${passed} passed, ${failed} failed`)
  return tallies.reduce((sum, [, tally]) => ({ passed: sum.passed + tally.passed, failed: sum.failed + tally.failed }), { passed: 0, failed: 0 })
}

/** The compiler over everything: one test. */
async function typecheck(options: SuiteOptions): Promise<Tally> {
  const { code } = await run(options, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root])
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function vitest(options: SuiteOptions): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-test-'))
  const file = join(folder, 'vitest.json')
  try {
    await run(options, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...options.filter])
    if (!existsSync(file)) return { passed: 0, failed: 1 }
    const report = JSON.parse(readFileSync(file, 'utf8')) as { numPassedTests: number; numFailedTests: number; testResults: { status: string; assertionResults: unknown[] }[] }
    // A file that does not even load has no test that could fail.
    const broken = report.testResults.filter((result) => result.status === 'failed' && result.assertionResults.length === 0).length
    return { passed: report.numPassedTests, failed: report.numFailedTests + broken }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The conformance command over every recorded case it finds; its last line has the form `N passed, N failed`. */
async function conformance(options: SuiteOptions): Promise<Tally> {
  const { output } = await run(options, [join(root, 'src', 'cli', 'main.ts'), 'conformance'], true)
  const match = /(\d+) passed, (\d+) failed\s*$/.exec(output.trim())
  if (!match) {
    options.say('conformance did not come to its end')
    return { passed: 0, failed: 1 }
  }
  return { passed: Number(match[1]), failed: Number(match[2]) }
}

function run(options: SuiteOptions, args: string[], capture = false): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    let output = ''
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'], env: childEnvironment({ UV_THREADPOOL_SIZE: '16' }), signal: options.signal })
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      process.stdout.write(chunk)
    })
    child.on('error', () => done({ code: 1, output }))
    child.on('close', (code) => done({ code: code ?? 1, output }))
  })
}

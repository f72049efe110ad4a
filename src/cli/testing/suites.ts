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

/** Cases of each of our own recordings that are replayed; `npm run conformance` replays them all. The public ones are replayed whole. */
const SAMPLE = 3
/** A case is a hundred small statements one after another, so two processes keep two processors busy. */
const PARTS = 2

/** The conformance command over recorded cases of DocTypes the engine posts; its last line has the form `N passed, N failed`. */
async function conformance(options: SuiteOptions): Promise<Tally> {
  const args = [join(root, 'src', 'cli', 'main.ts'), 'conformance', '--covered', '--sample', String(SAMPLE), '--known', join(root, 'test', 'vectors', 'known-gaps.json')]
  const runs = Array.from({ length: PARTS }, (_, i) => [...args, '--part', `${i + 1}/${PARTS}`])
  const answers = recordedAnswers()
  if (answers.length > 0) runs.push([join(root, 'src', 'cli', 'main.ts'), 'conformance', '--known', join(root, 'test', 'standin', 'known-gaps.json'), '--rest', ...answers])
  const parts = await Promise.all(runs.map(async (commandLine) => {
    const { output } = await run(options, commandLine, true)
    const match = /(\d+) passed, (\d+) failed\s*$/.exec(output.trim())
    if (match) return { passed: Number(match[1]), failed: Number(match[2]) }
    options.say('conformance did not come to its end')
    return { passed: 0, failed: 1 }
  }))
  return parts.reduce((sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }), { passed: 0, failed: 0 })
}

/** Recorded REST requests with a site's answers: our own, and those beside the repository. */
function recordedAnswers(): string[] {
  return [join(root, '..', 'shared', 'erpnext', 'rest.jsonl.gz'), join(root, 'test', 'standin', 'answers.jsonl.gz')].filter((file) => existsSync(file))
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

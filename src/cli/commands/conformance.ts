import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { fixedClock } from '../../model/clock.ts'
import { compareCase, type Difference } from '../../posting/compare.ts'
import type { PostingEngine } from '../../posting/engine.ts'
import { replayCase } from '../../posting/replay.ts'
import { defaultCaseFiles, doctypesOf, readCases, readLines, withEngine, type RecordedCase } from '../cases.ts'
import { replayRecording, type RecordedRequest } from '../../standin/recording.ts'
import { DEFAULT_TOKEN } from '../../standin/server.ts'
import { ServedSite } from '../../standin/served-site.ts'
import { Site } from '../../site/site.ts'

/** The day the ground truth was recorded. */
const RECORDED = '2026-11-22'

/** `n` of a list, evenly spread, first and last included. */
function spread<T>(list: T[], n: number): T[] {
  return list.length <= n ? list : Array.from({ length: n }, (_, i) => list[Math.round((i * (list.length - 1)) / Math.max(1, n - 1))]!)
}

/** A case the engine stumbles over is a case that failed, not the end of the run. */
async function differencesOf(engine: PostingEngine, recorded: RecordedCase): Promise<Difference[]> {
  try {
    return compareCase(recorded, await replayCase(engine, recorded))
  } catch (error) {
    const { error: refused } = recorded
    return [{ where: 'error', recorded: refused === undefined ? 'accepted' : `${refused.type}: ${refused.message}`, predicted: `a defect of the engine: ${messageOf(error)}` }]
  }
}

/** Requests of recordings against the stand-in; answers how many passed and failed. */
async function compareAnswers(files: string[], options: { site?: string; now: string; differences?: boolean; known: Record<string, string> }, json: boolean, signal: AbortSignal): Promise<{ passed: number; failed: number; gaps: number }> {
  const tally = { passed: 0, failed: 0, gaps: 0 }
  const write = (text: string) => process.stdout.write(`${text}\n`)
  for (const file of files) {
    const recording = readLines<RecordedRequest>(file)
    const served = await ServedSite.open({ site: Site.load(options.site ?? null), clock: fixedClock(recording[0]?.at ?? options.now), storePath: null })
    try {
      for await (const { id, differences } of replayRecording(served, DEFAULT_TOKEN, recording)) {
        if (signal.aborted) break
        if (differences.length === 0) tally.passed++
        else if (options.known[id] !== undefined) tally.gaps++
        else tally.failed++
        if (json) write(JSON.stringify({ id, passed: differences.length === 0, differences }))
        else for (const { path, recorded, answered } of options.differences ? differences : differences.slice(0, 1)) write(`${id}: ${path}: recorded ${recorded}, answered ${answered}`)
      }
    } finally {
      await served.close()
    }
  }
  return tally
}

/** `conformance FILE...`: predictions against what a real site did. */
export function register(program: Command, signal: AbortSignal): void {
  program.command('conformance').description('Compare predictions with recordings of a real site, case by case.')
    .argument('[files...]', 'recorded cases; default: ../shared/erpnext and test/vectors')
    .option('--doctype <list>', 'only cases all of whose documents are of these DocTypes, separated by commas')
    .option('--covered', 'only cases all of whose documents are of DocTypes the engine posts')
    .option('--site <folder>', 'folder describing the site; default: the shipped one')
    .option('--now <date>', 'day of the recording', RECORDED)
    .option('--sample <n>', 'at most so many cases of each file under test/vectors, evenly spread; all of other files')
    .option('--part <k/n>', 'only every n-th case, from the k-th on: for several processes side by side')
    .option('--known <file>', 'JSON {id: reason} of cases known to differ: run, shown, not counted; one that agrees again fails the run')
    .option('--rest <file...>', 'recorded REST requests instead: replayed against the stand-in, in order, answers compared')
    .option('-v, --differences', 'print every difference of a case, not only the first')
    .addHelpText('after', '\nExamples:\n  $ landfall conformance\n  $ landfall conformance cases.jsonl.gz --doctype "Sales Order" --differences')
    .action(async (given: string[], options: { doctype?: string; covered?: boolean; site?: string; now: string; sample?: string; part?: string; known?: string; rest?: string[]; differences?: boolean }, command: Command) => {
      const json = (command.optsWithGlobals() as { json?: boolean }).json ?? false
      if (options.rest !== undefined) {
        const known = options.known === undefined ? {} : JSON.parse(readFileSync(options.known, 'utf8')) as Record<string, string>
        const { passed, failed, gaps } = await compareAnswers(options.rest, { ...options, known }, json, signal)
        if (gaps > 0 && !json) process.stdout.write(`${gaps} known gaps differ as expected (${options.known ?? ''})\n`)
        process.stdout.write(json ? `${JSON.stringify({ passed, failed, gaps })}\n` : `${passed} passed, ${failed} failed\n`)
        process.exitCode = failed > 0 ? 1 : 0
        return
      }
      const files = given.length > 0 ? given : defaultCaseFiles('.')
      if (files.length === 0) throw new LandfallError('config-missing', 'There are no recorded cases here', { hint: 'Name the files: landfall conformance FILE...' })
      const only = options.doctype === undefined ? null : new Set(options.doctype.split(',').map((name) => name.trim()))
      const write = (text: string) => process.stdout.write(`${text}\n`)
      const known = options.known === undefined ? {} : JSON.parse(readFileSync(options.known, 'utf8')) as Record<string, string>
      const [part, parts] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(options.part ?? '1/1')?.slice(1).map(Number) ?? []
      if (part === undefined || parts === undefined || part > parts) throw new LandfallError('usage', `--part ${options.part} is not of the form k/n with k up to n.`, { hint: 'landfall conformance --part 1/2' })
      let passed = 0, failed = 0, gaps = 0, place = 0
      const agreeing: string[] = []
      await withEngine(options.site ?? null, fixedClock(options.now), async (engine) => {
        for (const file of files) {
          const cases = [...readCases(file)].filter((recorded) => doctypesOf(recorded).every((doctype) => (only === null || only.has(doctype)) && (options.covered !== true || engine.unsupported(doctype) === null)))
          for (const recorded of options.sample !== undefined && file.includes('vectors/') ? spread(cases, Number(options.sample)) : cases) {
            if (signal.aborted) return
            if (place++ % parts !== part - 1) continue
            const differences = await differencesOf(engine, recorded)
            if (differences.length === 0) passed++
            else if (known[recorded.id] !== undefined) gaps++
            else failed++
            if (differences.length === 0 && known[recorded.id] !== undefined) agreeing.push(recorded.id)
            if (json) write(JSON.stringify({ id: recorded.id, passed: differences.length === 0, differences }))
            else for (const { where, recorded: was, predicted } of options.differences ? differences : differences.slice(0, 1)) write(`${recorded.id}: ${where}: recorded ${was}, predicted ${predicted}`)
          }
        }
      })
      if (gaps > 0 && !json) write(`${gaps} known gaps differ as expected (${options.known ?? ''})`)
      // A gap that closed must not be known any more, or it could open again unseen.
      if (agreeing.length > 0 && !json) write(`${agreeing.length} known gaps agree again, take them off ${options.known ?? ''}: ${agreeing.join(', ')}`)
      write(json ? JSON.stringify({ passed, failed, gaps, agreeing }) : `${passed} passed, ${failed} failed`)
      process.exitCode = failed > 0 || agreeing.length > 0 ? 1 : 0
    })
}

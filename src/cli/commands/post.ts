import type { Command } from 'commander'
import { fixedClock, systemClock } from '../../model/clock.ts'
import { replayCase } from '../../posting/replay.ts'
import { readCases, withEngine } from '../cases.ts'

/** `post FILE...`: what the site would do with documents given as cases, one JSON line each. */
export function register(program: Command, signal: AbortSignal): void {
  program.command('post').description('Predict what the site would write for documents given as cases: a JSON line each, in the form of the ground truth.')
    .argument('<files...>', 'JSON lines (gzip too): {id, doc, submit} or {id, docs}')
    .option('--site <folder>', 'folder describing the site; default: the shipped one')
    .option('--now <date>', 'day (or instant) on which the documents are posted; default: today')
    .addHelpText('after', '\nExamples:\n  $ landfall post cases.jsonl.gz --now 2026-11-22\n  $ landfall post cases.jsonl --site site --json')
    .action(async (files: string[], options: { site?: string; now?: string }) => {
      await withEngine(options.site ?? null, options.now === undefined ? systemClock : fixedClock(options.now), async (engine) => {
        for (const file of files) {
          for (const input of readCases(file)) {
            if (signal.aborted) return
            process.stdout.write(`${JSON.stringify(await replayCase(engine, input))}\n`)
          }
        }
      })
    })
}

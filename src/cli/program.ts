import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { environment } from '../config/environment.ts'
import * as accept from './commands/accept.ts'
import * as assess from './commands/assess.ts'
import * as audit from './commands/audit.ts'
import * as backup from './commands/backup.ts'
import * as conformance from './commands/conformance.ts'
import * as config from './commands/config.ts'
import * as corrections from './commands/corrections.ts'
import * as customize from './commands/customize.ts'
import * as deadletters from './commands/deadletters.ts'
import * as cutover from './commands/cutover.ts'
import * as demo from './commands/demo.ts'
import * as describe from './commands/describe.ts'
import * as doctor from './commands/doctor.ts'
import * as docs from './commands/docs.ts'
import * as evidence from './commands/evidence.ts'
import * as findings from './commands/findings.ts'
import * as fix from './commands/fix.ts'
import * as init from './commands/init.ts'
import * as lanes from './commands/lanes.ts'
import * as post from './commands/post.ts'
import * as map from './commands/map.ts'
import * as mcp from './commands/mcp.ts'
import * as pilot from './commands/pilot.ts'
import * as plan from './commands/plan.ts'
import * as preflight from './commands/preflight.ts'
import * as prove from './commands/prove.ts'
import * as rehearse from './commands/rehearse.ts'
import * as report from './commands/report.ts'
import * as retry from './commands/retry.ts'
import * as rollback from './commands/rollback.ts'
import * as run from './commands/run.ts'
import * as site from './commands/site.ts'
import * as status from './commands/status.ts'
import * as sync from './commands/sync.ts'
import * as test from './commands/test.ts'
import * as trace from './commands/trace.ts'
import * as verify from './commands/verify.ts'
import { EXIT_CODES } from './environment.ts'

/** A command adds itself to the program; `signal` is aborted by Ctrl-C. */
export interface CommandModule { register(program: Command, signal: AbortSignal): void }

const COMMANDS: CommandModule[] = [
  init, config, describe, assess, doctor, site, customize,
  map, plan, pilot, preflight, prove, run, findings, deadletters, corrections, fix, retry, verify, report, status,
  lanes,
  sync,
  backup,
  rollback,
  trace, accept, cutover, evidence, audit, mcp,
  post, rehearse, conformance, demo, test, docs,
]

/** The command line, ready to parse. Wrong usage throws CommanderError after the message was printed. */
export function buildProgram(signal: AbortSignal): Command {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string; description: string }
  const program = new Command(environment('LANDFALL_INVOKED_AS')?.split('/').at(-1) ?? 'landfall')
    .description(manifest.description)
    .version(manifest.version)
    .option('-p, --project <folder>', 'folder of landfall.yaml', '.')
    .option('--json', 'machine-readable: one JSON object per line on standard output')
    .option('-q, --quiet', 'say nothing but results, warnings and errors')
    .option('--verbose', 'print where an error arose in the program')
    .showSuggestionAfterError(true)
    .showHelpAfterError('(--help shows all there is)')
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', `\nExamples:\n  $ ./landfall demo                       a whole migration of a made-up business, with its report\n  $ ./landfall init --source erp=postgres:host=db,database=erp\n  $ ./landfall preflight && ./landfall run --resume\n  $ ./landfall run --json | jq .type\n\nExit codes:\n${EXIT_CODES.map(([code, about]) => `  ${String(code).padStart(3)}  ${about}`).join('\n')}`)
  for (const command of COMMANDS) command.register(program, signal)
  return program
}

import type { Command } from 'commander'
import { availableParallelism } from 'node:os'
import { LandfallError } from '../../errors/error.ts'
import { systemClock } from '../../model/clock.ts'
import { environmentOf } from '../environment.ts'
import { MEASURED, type Measured } from '../measure/drafts.ts'
import { WAYS, type Way } from '../measure/measure.ts'
import { measureLanes } from '../measure/session.ts'
import { showMeasurements } from '../measure/table.ts'
import { accessOf, addAccessFlags, projectIfAny, type AccessFlags } from '../site/access.ts'

interface MeasureFlags extends AccessFlags { documents: string; rows: string; doctype?: string[]; way?: string[]; workers: string; company?: string; mostMb: string }

/** `lanes measure`: the ways into a site side by side. */
export function register(program: Command, signal: AbortSignal): void {
  const lanes = program.command('lanes').description('The ways into a real site.')
  const measure = lanes.command('measure').description('Measure the ways into a site side by side, with the same documents: the plain loop, Frappe\'s Data Import, REST, bench, express, and LOAD DATA of the same rows as the limit. Writes to the site, takes everything back, and compares every table. For a site nobody uses meanwhile.')
  addAccessFlags(measure)
    .option('--documents <n>', 'documents of each DocType for what goes through the site\'s controllers', '20')
    .option('--rows <n>', 'documents of each DocType for express and LOAD DATA', '5000')
    .option('--doctype <names...>', `only these of ${MEASURED.join(', ')}`)
    .option('--way <names...>', `only these of ${WAYS.join(', ')}`)
    .option('--workers <n>', 'processes of a second line of the bench lane; 1: no such line', String(availableParallelism()))
    .option('--company <name>', 'the company of the documents; default: the first')
    .option('--most-mb <n>', 'copy at most so many megabytes of tables, to put them back afterwards', '500')
    .addHelpText('after', '\nExamples:\n  $ landfall lanes measure                                   # the project\'s target\n  $ landfall lanes measure --bench /home/frappe/frappe-bench --site-name try.example.com --documents 50\n  $ LANDFALL_TOKEN=KEY:SECRET landfall lanes measure --url http://127.0.0.1:8000 --bench bench --site-name try --json')
    .action(async (flags: MeasureFlags, command: Command) => {
      const { globals, terminal } = environmentOf(command, signal), project = projectIfAny(globals.project)
      const number = (name: string, value: string): number => {
        const n = Number(value)
        if (!Number.isInteger(n) || n < 1) throw new LandfallError('usage', `--${name}: found "${value}", allowed are whole numbers from 1`)
        return n
      }
      const workers = number('workers', flags.workers)
      const wishes = {
        documents: number('documents', flags.documents), rows: number('rows', flags.rows), workers, company: flags.company, mostMegabytes: number('most-mb', flags.mostMb),
        doctypes: chosen<Measured>('doctype', flags.doctype, MEASURED), ways: chosen<Way>('way', flags.way, WAYS).filter((way) => way !== 'bench+' || workers > 1),
      }
      showMeasurements(await measureLanes(accessOf(flags, project), project, wishes, terminal, systemClock, signal), workers, terminal)
    })
}

function chosen<T extends string>(flag: string, given: string[] | undefined, all: readonly T[]): T[] {
  const wrong = given?.find((one) => !all.includes(one as T))
  if (wrong !== undefined) throw new LandfallError('usage', `--${flag}: found "${wrong}", allowed ${all.join(', ')}`)
  return all.filter((one) => given === undefined || given.includes(one))
}

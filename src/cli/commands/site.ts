import { join } from 'node:path'
import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { environmentOf } from '../environment.ts'
import { accessOf, addAccessFlags, projectIfAny, type AccessFlags } from '../site/access.ts'
import { rightsOf, wantedDoctypes } from '../site/examine.ts'
import { showRights } from '../site/rights.ts'
import { showDiff, siteOf } from '../site/diff.ts'
import { pullInto, showPull } from '../site/pull.ts'
import { diffSites } from '../../site/diff.ts'

const WAYS = ['auto', 'rest', 'bench', 'database']

/** `site pull|diff|rights`: what the target is, before anything is written to it. */
export function register(program: Command, signal: AbortSignal): void {
  const site = program.command('site').description('Know the site that documents go to: an exact snapshot of it, differences, rights.')
  registerPull(site, signal)
  registerDiff(site, signal)
  registerRights(site, signal)
}

function registerPull(site: Command, signal: AbortSignal): void {
  const command = site.command('pull').description('Take a snapshot of a site into a folder: DocTypes with customisations, columns, settings, counters, reference records, and what could interfere. Changes nothing on the site. A second pull into the same folder fetches what changed.')
    .argument('[folder]', 'where it goes; default: `site` in the folder of the project')
  addAccessFlags(command)
    .option('--via <way>', `${WAYS.join(', ')}: how the data is read; auto takes the most exact way given`, 'auto')
    .option('--doctype <list>', 'DocTypes whose records are wanted too, separated by commas')
    .option('--most <n>', 'a DocType of more records than this is left out, unless named', '50000')
    .option('--full', 'fetch everything again')
    .addHelpText('after', '\nExamples:\n  $ LANDFALL_TOKEN=KEY:SECRET landfall site pull --url https://erp.example.com\n  $ landfall site pull --bench /home/frappe/frappe-bench --site-name erp.example.com\n  $ landfall site pull && landfall site diff shipped site')
    .action(async (given: string | undefined, options: AccessFlags & { via: string; doctype?: string; most: string; full?: boolean }, self: Command) => {
      const { globals, terminal } = environmentOf(self, signal)
      if (!WAYS.includes(options.via)) throw new LandfallError('usage', `--via: found "${options.via}", allowed ${WAYS.join(', ')}`)
      const more = (options.doctype ?? '').split(',').map((name) => name.trim()).filter(Boolean)
      const project = projectIfAny(globals.project), folder = given ?? join(globals.project, 'site')
      const snapshot = await pullInto(folder, accessOf(options, project), { via: options.via, full: options.full ?? false, more, also: project === null ? [] : wantedDoctypes(project), cap: Number(options.most) }, terminal, signal)
      showPull(given ?? 'site', snapshot, terminal)
    })
}

function registerDiff(site: Command, signal: AbortSignal): void {
  const command = site.command('diff').description('Compare two sites: versions, DocTypes, fields, columns, settings, counters, records. Exit code 0: equal, 1: different.')
    .argument('<left>', 'a folder, `shipped`, or `live`').argument('<right>', 'the other one')
  addAccessFlags(command)
    .option('--only <list>', 'areas separated by commas: version, DocType, field, column, controller, setting, default, series, record')
    .option('--limit <n>', 'differences to show of each area', '20')
    .addHelpText('after', '\nExamples:\n  $ landfall site diff shipped site\n  $ landfall site diff site live --url https://erp.example.com\n  $ landfall site diff before after --json | jq .what')
    .action(async (left: string, right: string, options: AccessFlags & { only?: string; limit: string }, self: Command) => {
      const { globals, terminal } = environmentOf(self, signal)
      const access = () => accessOf(options, projectIfAny(globals.project))
      const only = options.only === undefined ? null : new Set(options.only.split(',').map((name) => name.trim()))
      const differences = diffSites(await siteOf(left, access, terminal, signal), await siteOf(right, access, terminal, signal)).filter((one) => only === null || only.has(one.area))
      showDiff(left, right, differences, Number(options.limit), terminal)
      process.exitCode = differences.length > 0 ? 1 : 0
    })
}

function registerRights(site: Command, signal: AbortSignal): void {
  const command = site.command('rights').description('What each way into the site (pull, rest, bench, express) needs, and what of it the user has. Exit code 1 when something is missing.')
  addAccessFlags(command)
    .option('--missing', 'only what is missing')
    .addHelpText('after', '\nExamples:\n  $ LANDFALL_TOKEN=KEY:SECRET landfall site rights --url https://erp.example.com\n  $ landfall site rights --missing --json')
    .action(async (options: AccessFlags & { missing?: boolean }, self: Command) => {
      const { globals, terminal } = environmentOf(self, signal)
      const project = projectIfAny(globals.project), access = accessOf(options, project)
      if (access.rest === null && access.bench === null && access.database === null) throw new LandfallError('usage', 'Which site?', { hint: '--url https://erp.example.com with LANDFALL_TOKEN=KEY:SECRET, --bench FOLDER, or --database mysql://USER@HOST/NAME' })
      const rights = await rightsOf(access, project)
      showRights(rights, options.missing ?? false, terminal)
      process.exitCode = rights.some((right) => right.has === false) ? 1 : 0
    })
}

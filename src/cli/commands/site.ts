import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { environmentOf } from '../environment.ts'
import { accessOf, addAccessFlags, projectIfAny, type AccessFlags } from '../site/access.ts'
import { pullInto, showPull } from '../site/pull.ts'

const WAYS = ['auto', 'rest', 'bench', 'database']

/** `site pull|diff|rights`: what the target is, before anything is written to it. */
export function register(program: Command, signal: AbortSignal): void {
  const site = program.command('site').description('Know the site that documents go to: an exact snapshot of it, differences, rights.')
  registerPull(site, signal)
}

function registerPull(site: Command, signal: AbortSignal): void {
  const command = site.command('pull').description('Take a snapshot of a site into a folder: DocTypes with customisations, columns, settings, counters, reference records, and what could interfere. Changes nothing on the site. A second pull into the same folder fetches what changed.')
    .argument('[folder]', 'where it goes', 'site')
  addAccessFlags(command)
    .option('--via <way>', `${WAYS.join(', ')}: how the data is read; auto takes the most exact way given`, 'auto')
    .option('--doctype <list>', 'DocTypes whose records are wanted too, separated by commas')
    .option('--most <n>', 'a DocType of more records than this is left out, unless named', '50000')
    .option('--full', 'fetch everything again')
    .addHelpText('after', '\nExamples:\n  $ LANDFALL_TOKEN=KEY:SECRET landfall site pull --url https://erp.example.com\n  $ landfall site pull --bench /home/frappe/frappe-bench --site-name erp.example.com\n  $ landfall site pull && landfall site diff shipped site')
    .action(async (folder: string, options: AccessFlags & { via: string; doctype?: string; most: string; full?: boolean }, self: Command) => {
      const { globals, terminal } = environmentOf(self, signal)
      if (!WAYS.includes(options.via)) throw new LandfallError('usage', `--via: found "${options.via}", allowed ${WAYS.join(', ')}`)
      const more = (options.doctype ?? '').split(',').map((name) => name.trim()).filter(Boolean)
      const snapshot = await pullInto(folder, accessOf(options, projectIfAny(globals.project)), { via: options.via, full: options.full ?? false, more, cap: Number(options.most) }, terminal)
      showPull(folder, snapshot, terminal)
    })
}

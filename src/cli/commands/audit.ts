import type { Command } from 'commander'
import { loadProject } from '../../config/project.ts'
import { checkTrail } from '../../ledger/audit-trail.ts'
import { systemClock } from '../../model/clock.ts'
import { auditFile, openAudit } from '../audit.ts'
import { colors } from '../colors.ts'
import { environmentOf } from '../environment.ts'
import { formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('audit').description('The audit trail: cutover, acceptance, rollbacks and what agents did, each entry bound to the one before.')
    .option('--verify', 'only check that nothing was edited, taken out or cut off')
    .option('--head <hash>', 'with --verify: a hash that a sign-off or an evidence pack holds; it must be in the trail')
    .addHelpText('after', '\nExamples:\n  $ landfall audit\n  $ landfall audit --verify                nothing was edited, taken out or cut off\n  $ landfall audit --json | jq .action')
    .action((options: { verify?: boolean; head?: string }, command: Command) => {
      const { terminal, globals } = environmentOf(command, signal), project = loadProject(globals.project), trail = openAudit(project, systemClock)
      const check = checkTrail(auditFile(project), options.head ?? null)
      if (terminal.json) {
        if (!options.verify) for (const entry of trail.entries()) terminal.emit({ type: 'entry', ...entry })
        terminal.emit({ type: 'result', ...check, passed: check.faults.length === 0 })
      } else {
        if (!options.verify && check.entries > 0) terminal.print(formatTable(['Nr', 'At (UTC)', 'By', 'What', 'Detail'], trail.entries().map((entry) => [String(entry.seq), entry.at.slice(0, 19), entry.by, entry.action, JSON.stringify(entry.detail).slice(0, 90)])))
        for (const fault of check.faults) terminal.print(`${colors.red('broken')}  line ${fault.line}: ${fault.what}`)
        terminal.print(check.faults.length === 0 ? `${colors.green('whole')}  ${check.entries} entries, last hash ${check.head}` : `${check.faults.length} faults in ${check.entries} entries`)
      }
      if (check.faults.length > 0) process.exitCode = 1
    })
}

import type { Command } from 'commander'
import { verdictOf, type DoctorCheck } from '../../doctor/check.ts'
import { colors } from '../colors.ts'
import { environmentOf } from '../environment.ts'
import { accessOf, addAccessFlags, projectIfAny, type AccessFlags } from '../site/access.ts'
import { examine } from '../site/examine.ts'

const MARKS = { ok: colors.green('✓'), warn: colors.yellow('!'), fail: colors.red('✗'), skipped: colors.dim('-') }
const TITLES: Record<DoctorCheck['area'], string> = { machine: 'This machine', source: 'Sources', target: 'Site', bench: 'Bench', database: 'Database of the site' }
const TITLE_WIDTH = 30

/** A line per check; what to do below it, where there is something to do. */
function linesOf(check: DoctorCheck): string[] {
  const line = `  ${MARKS[check.status]} ${check.title.padEnd(TITLE_WIDTH)} ${check.status === 'skipped' ? colors.dim(`not checked: ${check.found}`) : check.found}`
  return check.wayOut === null ? [line] : [line, `    ${' '.repeat(TITLE_WIDTH)} ${colors.dim('→')} ${check.wayOut}`]
}

/** `doctor`: everything that can be known to go wrong before a run begins. */
export function register(program: Command, signal: AbortSignal): void {
  const command = program.command('doctor').description('Check sources, target and this machine before a run: reach, rights, versions, clocks, speed, disk, server settings, each with the way out. Changes nothing. Exit code 1 when something fails.')
  addAccessFlags(command)
    .addHelpText('after', '\nExamples:\n  $ landfall doctor                                    the project: its sources, its target, this machine\n  $ LANDFALL_TOKEN=KEY:SECRET landfall doctor --url https://erp.example.com\n  $ landfall doctor --bench /home/frappe/frappe-bench --site-name erp.example.com\n  $ landfall doctor --json | jq \'select(.status == "fail")\'')
    .action(async (options: AccessFlags, self: Command) => {
      const { globals, terminal } = environmentOf(self, signal)
      const project = projectIfAny(globals.project)
      let area: DoctorCheck['area'] | null = null
      const checks = await examine(project, globals.project, accessOf(options, project), (found) => {
        for (const check of found) {
          if (terminal.json) { terminal.emit({ type: 'check', ...check }); continue }
          if (check.area !== area) terminal.print(`${area === null ? '' : '\n'}${colors.bold(TITLES[check.area])}`)
          area = check.area
          for (const line of linesOf(check)) terminal.print(line)
        }
      })
      const { ok, warn, fail, skipped } = verdictOf(checks)
      if (terminal.json) terminal.emit({ type: 'result', ok, warn, fail, skipped })
      const text = `${ok} fine, ${warn} to know, ${fail} to mend${skipped > 0 ? `, ${skipped} not checked` : ''}`
      terminal.print(`\n${fail > 0 ? colors.red(`✗ ${text}`) : warn > 0 ? colors.yellow(`! ${text}`) : colors.green(`✓ ${text}`)}`)
      process.exitCode = fail > 0 ? 1 : 0
    })
}

import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import type { Severity } from '../../model/finding.ts'
import { displayKey } from '../../model/key.ts'
import { causeCondition, groupFindings } from '../../phases/preflight.ts'
import { environmentOf, withWorkspace } from '../environment.ts'
import { showGroups } from '../outcome.ts'
import { formatCount, formatTable } from '../terminal.ts'

const SEVERITIES: readonly string[] = ['blocking', 'warning', 'info']

export function register(program: Command, signal: AbortSignal): void {
  program.command('findings').description('Findings of the last run or pre-flight by root cause, or every document of one cause.')
    .option('--severity <severity>', SEVERITIES.join(', '))
    .option('--cause <id>', 'list the documents of one cause')
    .option('--limit <n>', 'causes or documents to show', '50')
    .addHelpText('after', '\nExamples:\n  $ landfall findings --severity blocking\n  $ landfall findings --cause 3fa9c1d2 --limit 1000\n  $ landfall findings --json | jq .hint')
    .action(async (options: { severity?: string; cause?: string; limit: string }, command: Command) => {
      const env = environmentOf(command, signal)
      if (options.severity !== undefined && !SEVERITIES.includes(options.severity)) throw new LandfallError('usage', `--severity: found "${options.severity}", allowed ${SEVERITIES.join(', ')}`)
      await withWorkspace(env, [], async ({ staging }) => {
        const limit = Number(options.limit)
        const groups = await groupFindings(staging, { severity: options.severity as Severity | undefined, cause: options.cause, limit: options.cause === undefined ? limit : 1 })
        const group = groups[0]
        if (options.cause === undefined) {
          showGroups(env.terminal, groups)
          if (groups.length === 0) env.terminal.say('No findings.')
          return
        }
        if (!group) throw new LandfallError('usage', `There is no cause "${options.cause}".`, { hint: 'landfall findings lists them with their ids.' })
        showGroups(env.terminal, [group])
        const rows = await staging.all<{ doctype: string; id: number; entity: string | null; key: string | null; field: string | null; idx: number | null; value: string | null; message: string }>(
          `SELECT doctype, id, entity, "key", field, idx, "value", message FROM ops.findings WHERE ${causeCondition(group)} ORDER BY id, seq LIMIT ${limit}`)
        if (env.terminal.json) { for (const row of rows) env.terminal.emit({ ...row, key: row.key === null ? null : displayKey(row.key) }); return }
        env.terminal.print(formatTable(['entity', 'key', 'field', 'value', 'message'], rows.map((row) => [row.entity ?? '', row.key === null ? String(row.id) : displayKey(row.key), `${row.field ?? ''}${row.idx === null ? '' : ` row ${row.idx}`}`, row.value ?? '', row.message.split('\n')[0] ?? ''])))
        if (group.findings > rows.length) env.terminal.print(`... of ${formatCount(group.findings)}`)
      })
    })
}

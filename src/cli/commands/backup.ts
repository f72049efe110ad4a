import type { Command } from 'commander'
import { loadProject } from '../../config/project.ts'
import { systemClock } from '../../model/clock.ts'
import { openBackups } from '../backups.ts'
import { colors } from '../colors.ts'
import { environmentOf } from '../environment.ts'
import { formatCount, formatSeconds, formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('backup').description('Back up the site: database, files and settings, proven by a test restore; and the points a rollback can go to.')
    .option('--list', 'show backups and points, make nothing')
    .option('--point <name>', 'note this moment as a point of that name instead of making a whole backup (needs the binary log)')
    .option('--no-verify', 'make no test restore: the backup then counts as not proven')
    .option('--checkpoints', 'with --list: the points after each batch as well')
    .addHelpText('after', '\nExamples:\n  $ landfall backup                        before a run, or after a rollback\n  $ landfall backup --point before-go-live\n  $ landfall backup --list')
    .action(async (options: { list?: boolean; point?: string; verify: boolean; checkpoints?: boolean }, command: Command) => {
      const { terminal, globals } = environmentOf(command, signal)
      const backups = openBackups(loadProject(globals.project), systemClock)
      try {
        if (options.list) {
          const points = backups.book.points().filter((point) => options.checkpoints || point.kind !== 'checkpoint')
          const rows = points.map((point) => [point.id, point.kind, point.name, point.run ?? '', point.at.slice(0, 19), point.position === null ? '' : `${point.position.file}:${point.position.at}`, point.files === null ? '' : String(point.files.files.length)])
          if (terminal.json) for (const { sums: _sums, files, ...point } of points) terminal.emit({ type: 'point', ...point, files: files?.files.length ?? null })
          else terminal.print(rows.length === 0 ? 'No point is recorded yet: landfall backup makes the first.' : formatTable(['Point', 'Kind', 'Name', 'Run', 'At (UTC)', 'Binary log', 'Files'], rows))
          return
        }
        for (const limit of await backups.limits()) terminal.say(`${colors.yellow('note')}  ${limit}`)
        if (options.point !== undefined) {
          const point = await backups.note('named', options.point, null)
          terminal.emitOrPrint({ type: 'result', point: point.id, name: point.name, position: point.position }, `Point ${point.id} "${point.name}" is noted.`)
          return
        }
        const { backup } = await backups.take({ verify: options.verify, run: null, told: (step, detail) => terminal.say(`${step.padEnd(14)} ${detail}`) })
        const { sums: _sums, files, ...shown } = backup
        const verdict = backup.verified === null ? colors.yellow('not proven: no test restore was made') : backup.verified.passed ? colors.green(`proven: ${formatCount(backup.verified.tables)} tables, ${formatCount(backup.verified.rows)} rows equal after a test restore of ${formatSeconds(backup.verified.seconds * 1000)}`)
          : colors.red(`NOT proven: ${backup.verified.note ?? backup.verified.differing.slice(0, 10).join(', ')}`)
        terminal.emitOrPrint({ type: 'result', ...shown, files: files?.files.length ?? null }, `Backup ${backup.id} (${(backup.dump.bytes / 1e6).toFixed(1)} MB, ${files === null ? 'no files' : `${formatCount(files.files.length)} files and settings`}): ${verdict}`)
        if (backup.verified?.passed === false) process.exitCode = 1
      } finally {
        backups.close()
      }
    })
}

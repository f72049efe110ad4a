import type { Command } from 'commander'
import { loadProject } from '../../config/project.ts'
import { SOURCE_KINDS } from '../../sources/registry.ts'
import { openProjectSource } from '../compose.ts'
import { environmentOf } from '../environment.ts'
import { formatCount, formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('describe').description('Say what the sources hold: entities, columns, keys, counts.')
    .argument('[source]', 'one source; default: all of the project')
    .option('--columns', 'list the columns too')
    .option('--kinds', 'list the kinds of source there are')
    .addHelpText('after', '\nExamples:\n  $ landfall describe\n  $ landfall describe erp --columns\n  $ landfall describe --json')
    .action(async (name: string | undefined, options: { columns?: boolean; kinds?: boolean }, command: Command) => {
      const { globals, terminal } = environmentOf(command, signal)
      if (options.kinds) return terminal.emitOrPrint({ kinds: SOURCE_KINDS }, SOURCE_KINDS.join('\n'))
      const project = loadProject(globals.project)
      for (const sourceName of name === undefined ? Object.keys(project.config.sources) : [name]) {
        const source = await openProjectSource(project, sourceName)
        try {
          const catalog = await source.describe()
          if (terminal.json) { terminal.emit(catalog); continue }
          terminal.print(`${sourceName} (${catalog.kind} ${catalog.version})`)
          terminal.print(formatTable(['entity', 'records', 'columns', 'key', 'refers to'], catalog.entities.map((entity) => [
            entity.name, entity.rowCount.value === null ? '?' : `${entity.rowCount.exact ? '' : '~'}${formatCount(entity.rowCount.value)}`, String(entity.columns.length), entity.primaryKey.join(', ') || '-',
            [...new Set(entity.foreignKeys.map((key) => key.references.entity))].join(', ') || '-',
          ])))
          for (const entity of catalog.entities) {
            for (const note of entity.notes) terminal.print(`  ${entity.name}: ${note}`)
            if (options.columns) terminal.print(formatTable([`  ${entity.name}`, 'type', 'declared', 'empty?'], entity.columns.map((column) => [`  ${column.name}`, column.type, column.declared || 'inferred', column.nullable ? 'yes' : 'no'])))
          }
        } finally {
          await source.close()
        }
      }
      return undefined
    })
}

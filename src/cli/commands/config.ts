import type { Command } from 'commander'
import { configJsonSchema, explainProject } from '../../config/explain.ts'
import { loadMappings } from '../../config/mappings.ts'
import { loadProject } from '../../config/project.ts'
import { addRunFlags, environmentOf, overridesOf } from '../environment.ts'
import { formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  addRunFlags(program.command('config').description('Check landfall.yaml and the mappings, or say where each value comes from.'))
    .option('--explain', 'print every value and where it comes from: file and line, default, environment, flag')
    .option('--schema', 'print the JSON Schema of landfall.yaml for editors')
    .addHelpText('after', '\nExamples:\n  $ landfall config                    is everything in order?\n  $ landfall config --explain --memory 2GB\n  $ landfall config --schema > landfall.schema.json')
    .action((options: { explain?: boolean; schema?: boolean }, command: Command) => {
      const { globals, terminal } = environmentOf(command, signal)
      if (options.schema) {
        process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 1)}\n`)
        return
      }
      const project = loadProject(globals.project, overridesOf(options as Record<string, unknown>))
      if (options.explain) {
        const explained = explainProject(project)
        if (terminal.json) for (const item of explained) terminal.emit(item)
        else terminal.print(formatTable(['setting', 'value', 'from'], explained.map((item) => [item.path, item.value, item.from])))
        return
      }
      const mappings = loadMappings(project)
      terminal.emitOrPrint({ project: project.config.project, sources: Object.keys(project.config.sources), mappings: mappings.length },
        `${project.file.path} is in order: ${Object.keys(project.config.sources).length} sources, ${mappings.length} mappings.`)
    })
}

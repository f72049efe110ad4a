import type { Command } from 'commander'
import { environmentOf } from '../environment.ts'
import { writeReference } from '../reference.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('docs', { hidden: true }).description('Write the generated pages of docs/reference.')
    .argument('[folder]', 'where they go', 'docs/reference')
    .action((folder: string, _: object, command: Command) => {
      const { terminal } = environmentOf(command, signal)
      for (const file of writeReference(folder)) terminal.say(`${file} written`)
    })
}

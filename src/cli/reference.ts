import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configReference } from '../config/reference.ts'
import { CODES } from '../errors/codes.ts'
import { exitCodeOf } from '../run/policy.ts'
import { LandfallError } from '../errors/error.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { EXIT_CODES } from './environment.ts'
import { buildProgram } from './program.ts'

/** The generated pages of docs/reference by file name. */
export function referencePages(): Record<string, string> {
  return { 'config.md': configReference(), 'errors.md': errorsReference(), 'cli.md': cliReference() }
}

/** Writes them into a folder. */
export function writeReference(folder: string): string[] {
  mkdirSync(folder, { recursive: true })
  return Object.entries(referencePages()).map(([name, text]) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  })
}

function errorsReference(): string {
  const rows = Object.entries(CODES).map(([code, { kind, about }]) => `| \`${code}\` | ${kind} | ${exitCodeOf(new LandfallError(code as ErrorCode, ''))} | ${about} |`)
  return ['# Errors', '', 'Generated from `src/errors/codes.ts` by `npm run docs`; do not edit. Bad data is never an error but a finding: `landfall findings`.', '', '| code | kind | exit code | what happened |', '|---|---|---|---|', ...rows, ''].join('\n')
}

function cliReference(): string {
  const program = buildProgram(new AbortController().signal).name('landfall')
  const lines = ['# Commands', '', 'Generated from the program by `npm run docs`; do not edit.', '', '## Exit codes', '', '| code | meaning |', '|---|---|', ...EXIT_CODES.map(([code, about]) => `| ${code} | ${about} |`), '', '## Options of every command', '', '| option | what it does |', '|---|---|']
  const option = (item: { flags: string; description: string; defaultValue?: unknown }): string => `| \`${item.flags.replaceAll('|', '\\|')}\` | ${item.description.replaceAll('|', '\\|')}${item.defaultValue === undefined || typeof item.defaultValue === 'boolean' ? '' : ` (default \`${String(item.defaultValue)}\`)`} |`
  lines.push(...program.options.map(option), '')
  for (const command of program.commands) {
    const args = command.registeredArguments.map((argument) => (argument.required ? ` <${argument.name()}>` : ` [${argument.name()}]`)).join('')
    lines.push(`## landfall ${command.name()}${args}`, '', command.description(), '')
    if (command.options.length > 0) lines.push('| option | what it does |', '|---|---|', ...command.options.map(option), '')
  }
  return lines.join('\n')
}

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'

const program = buildProgram(new AbortController().signal)

/** Commands that do something, with the words that lead to each. */
function leaves(command: Command, path: string[]): { path: string[]; command: Command }[] {
  return command.commands.length === 0 ? [{ path, command }] : command.commands.flatMap((sub) => leaves(sub, [...path, sub.name()]))
}
const all = leaves(program, [])

/** What `--help` prints, with what was added to it. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => { text += part } })
  command.outputHelp()
  return text
}

test('every command says what it does, has examples, and knows --json', () => {
  const poor = all.filter(({ command }) => command.description().length < 20 || command.options.some((option) => option.description === '')).map(({ path }) => path.join(' '))
  expect(poor).toEqual([])
  expect(all.filter(({ command, path }) => !/Examples?:\n +\$ (\w+=\S+ )?(\.\/)?landfall /.test(helpOf(command)) && !(command as unknown as { _hidden: boolean })._hidden && !WITHOUT_EXAMPLES.test(path.join(' '))).map(({ path }) => path.join(' '))).toEqual([])
  expect(program.options.map((option) => option.long)).toContain('--json')
  expect(helpOf(program)).toMatch(/Exit codes:\n +0 [^]*130/)
})

/** They take nothing. */
const WITHOUT_EXAMPLES = /^(test|docs)( |$)/

/** Why a command line could not be typed, or null. */
function problemOf(words: string[]): string | null {
  let command = program
  const rest = [...words]
  for (;;) {
    const next = command.commands.find((sub) => sub.name() === rest[0])
    if (!next) break
    command = next
    rest.shift()
  }
  if (command === program || ((command as unknown as { _actionHandler: unknown })._actionHandler === null && command.commands.length > 0 && !command.commands.some((sub) => (command as unknown as { _defaultCommandName: string })._defaultCommandName === sub.name()))) return `there is no command ${words.join(' ')}`
  const known = [...program.options, ...command.options]
  let given = 0
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!
    if (!word.startsWith('-')) { given++; continue }
    const option = known.find((one) => one.short === word || one.long === word)
    if (!option) return `${command.name()} has no option ${word}`
    if (option.required && !option.variadic) i++
    else if (option.variadic) while (rest[i + 1] !== undefined && !rest[i + 1]!.startsWith('-')) i++
  }
  const wanted = command.registeredArguments, most = wanted.some((argument) => argument.variadic) ? Infinity : wanted.length
  return given > most ? `${command.name()} takes no ${rest.join(' ')}` : given < wanted.filter((argument) => argument.required).length ? `${command.name()} needs ${wanted.map((argument) => argument.name()).join(', ')}` : null
}

test('every command line of the README and of all help is one that can be typed', () => {
  const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8')
  const lines = [...readme.matchAll(/^ {4}\.\/landfall (.+)$/gm), ...all.flatMap(({ command }) => [...helpOf(command).matchAll(/\$ (?:\.\/)?landfall (.+)$/gm)])].map((match) => match[1]!)
  expect(lines.length).toBeGreaterThan(60)
  const wrong = lines.flatMap((line) => line.split(/&&/).map((part) => part.trim().replace(/^(\.\/)?landfall /, '')).flatMap((part) => {
    const words = [...part.split(/ {2,}|[#|>]/)[0]!.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map((match) => match[0])
    const problem = words.length === 0 || /^(vi|cd|jq|systemctl) /.test(part) ? null : problemOf(words)
    return problem === null ? [] : [`${line}: ${problem}`]
  }))
  expect(wrong).toEqual([])
})

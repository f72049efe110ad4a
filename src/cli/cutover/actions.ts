import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { confirm, isCancel, text } from '@clack/prompts'
import type { RunbookAction, RunbookStep } from '../../config/runbook-schema.ts'
import { LandfallError } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import { whoAmI } from '../audit.ts'
import type { Environment } from '../environment.ts'

/** An action as a person reads it. */
export function actionText(action: RunbookAction | undefined): string {
  if (action === undefined) return ''
  return 'landfall' in action ? `landfall ${action.landfall}` : 'shell' in action ? `$ ${action.shell}` : action.person
}

/** Does actions: commands as processes of their own, in the project's folder; people are asked. `confirmed`: steps a person confirmed beforehand, by id and name. */
export function actor(env: Environment, root: string, confirmed: ReadonlyMap<string, string>): (action: RunbookAction, step: RunbookStep) => Promise<{ detail: string; by: string }> {
  return async (action, step) => {
    if ('landfall' in action) return { detail: await runProcess(process.execPath, [resolve(process.argv[1]!), '--project', root, ...words(action.landfall)], root, env.signal), by: whoAmI() }
    if ('shell' in action) return { detail: await runProcess('/bin/sh', ['-c', action.shell], root, env.signal), by: whoAmI() }
    const known = confirmed.get(step.id)
    if (known !== undefined) return { detail: `confirmed: ${action.person}`, by: known }
    if (!env.terminal.live || process.stdin.isTTY !== true) throw new LandfallError('usage', `"${action.person}" must be confirmed by a person, and nobody is here.`, { hint: `landfall cutover --confirm ${step.id}="NAME", or replace it by a shell command in cutover.yaml.` })
    const done = await confirm({ message: `${action.person}. Done?`, initialValue: false })
    if (isCancel(done) || !done) throw new LandfallError('interrupted', `Not confirmed: ${action.person}`)
    const by = await text({ message: 'By whom?', defaultValue: whoAmI(), placeholder: whoAmI() })
    return { detail: `confirmed: ${action.person}`, by: isCancel(by) ? whoAmI() : by }
  }
}

/** Arguments as the shell would part them, quotes kept together. */
export function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

const SHOWN = 2000

/** Runs a program to its end; answers the last line it said, or throws what it said last. */
function runProcess(file: string, args: string[], cwd: string, signal: AbortSignal): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], signal })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => { said = (said + data.toString()).slice(-SHOWN) })
    child.once('error', (error) => failed(new LandfallError('internal', `${file} could not be run: ${error.message}`)))
    child.once('close', (code) => {
      const lines = redact(said).trim().split('\n')
      if (code === 0) done(lines.at(-1) ?? '')
      else failed(new LandfallError('verify-failed', `${args.slice(-6).join(' ')} ended with ${code ?? 'a signal'}: ${lines.slice(-4).join(' / ')}`))
    })
  })
}

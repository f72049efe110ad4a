import { CommanderError } from 'commander'
import { printError } from '../../src/cli/terminal.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { exitCodeOf } from '../../src/run/policy.ts'

export interface Said { code: number; out: string; err: string; lines: Record<string, unknown>[] }

/** Runs a command line as `main.ts` does, in this process: what it prints is gathered, and its exit code answered. One at a time. */
export async function inProcess(project: string, ...args: string[]): Promise<Said> {
  const said = { out: '', err: '' }, { stdout, stderr } = process, [write, error] = [stdout.write, stderr.write]
  const before = process.exitCode
  process.exitCode = 0
  stdout.write = ((text: string) => { said.out += text; return true }) as typeof stdout.write
  stderr.write = ((text: string) => { said.err += text; return true }) as typeof stderr.write
  let code: number
  try {
    await buildProgram(new AbortController().signal).parseAsync(['node', 'landfall', '-p', project, ...args])
    code = Number(process.exitCode ?? 0)
  } catch (thrown) {
    if (thrown instanceof CommanderError) code = thrown.exitCode === 0 ? 0 : 2
    else {
      printError(thrown, args.includes('--json'), false)
      code = exitCodeOf(thrown)
    }
  } finally {
    stdout.write = write
    stderr.write = error
    process.exitCode = before
  }
  return { code, ...said, lines: args.includes('--json') ? said.out.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>) : [] }
}

import { CommanderError } from 'commander'
import { exitCodeOf } from '../run/policy.ts'
import { buildProgram } from './program.ts'
import { printError } from './terminal.ts'

const stop = new AbortController()
let asked = 0
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    asked++
    if (asked === 1) {
      process.stderr.write('\nStopping after the batch at hand; once more to stop at once.\n')
      stop.abort()
    } else process.exit(130)
  })
}
// `landfall findings | head` closes the pipe early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(0) })

const program = buildProgram(stop.signal)
try {
  await program.parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    const { json, verbose } = program.opts<{ json?: boolean; verbose?: boolean }>()
    printError(error, json ?? false, verbose ?? false)
    process.exitCode = exitCodeOf(error)
  }
}

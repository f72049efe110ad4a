import { readFileSync } from 'node:fs'

/** Version of the wire; agent and lane must agree to the number. Raised with any change of requests, answers or events. */
export const PROTOCOL = 1

/** Parts of the agent in the order in which they make one program. */
const PARTS = ['wire', 'statements', 'watch', 'memory', 'quiet', 'naming', 'ledger', 'documents', 'undo', 'main'] as const

/** Reads the program's length and text from stdin and runs it; what follows on stdin are requests. Short, so that it fits any command line. */
export const BOOTSTRAP = "import sys;n=int(sys.stdin.buffer.readline());exec(compile(sys.stdin.buffer.read(n).decode(),'landfall-agent','exec'),{'__name__':'landfall_agent'})"

/** What is written to the bootstrap before the first request. */
export function agentProgram(): Buffer {
  const text = Buffer.from(PARTS.map((part) => readFileSync(new URL(`./agent/${part}.py`, import.meta.url), 'utf8')).join('\n'), 'utf8')
  return Buffer.concat([Buffer.from(`${text.length}\n`), text])
}

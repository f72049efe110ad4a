import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { LandfallError } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import { agentProgram, PROTOCOL } from './agent-program.ts'
import { benchCommand, describePlace, type BenchPlace } from './bench-place.ts'

/** What becomes of a request. `ended`: the process is gone; `hung` when it was cut off because a document took too long, `at` the document it was at. */
export type Answer =
  | { kind: 'ok'; value: unknown }
  | { kind: 'failed'; type: string; message: string; lost: boolean }
  | { kind: 'ended'; hung: boolean; at: number | null; stderr: string }

/** Between requests and answers: `at` the document begun (null: committing), `settled` outcomes that are committed. */
export interface AgentEvent { at?: number | null; settled?: unknown[] }

export interface SessionOptions {
  place: BenchPlace
  site: string
  user: string
  /** Interpreter to use in place of the bench's own. */
  python?: string
  /** Which of the run's workers this is. A second session of the same number cuts the first one off, so that nobody writes twice. */
  worker: number
  /** Side effects wanted all the same. */
  effects: Record<string, boolean>
  /** What the site said of itself must come within this time. */
  startMs: number
}

export interface AgentHello { protocol: number; apps: Record<string, string>; site: string; user: string; python: string; pid: number }

const STDERR_KEPT = 4_000
/** What Python's own watch writes before it ends a process that is stuck; or we, when there was no word. */
const CUT = /\(most recent call first\)|^Timeout \(/m

interface Waiting { id: number; at: number | null; silenceMs: number; onEvent: (event: AgentEvent) => void; resolve: (answer: Answer) => void; timer: NodeJS.Timeout | null }

/** One agent process and the line to it. Requests go one after another; once it has ended it stays ended, and the caller opens another. */
export class BenchSession {
  readonly hello: AgentHello
  readonly #child: ChildProcessWithoutNullStreams
  #waiting: Waiting | null = null
  #stderr = ''
  #id = 0
  #ended = false

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.hello = { protocol: 0, apps: {}, site: '', user: '', python: '', pid: 0 }
    child.stderr.setEncoding('utf8').on('data', (text: string) => { this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT) })
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => this.#line(line))
    child.on('error', (error) => this.#end(error.message)).on('close', (code, signal) => this.#end(signal === null ? `exit ${code ?? '?'}` : `signal ${signal}`))
    // A process that is gone answers with its end; what could not be written to it needs no words of its own.
    child.stdin.on('error', () => undefined)
  }

  /** Starts an agent and shakes hands. Throws `target-failed` with what the bench said when it cannot be started, logged in to, or speaks another protocol. */
  static async open(options: SessionOptions): Promise<BenchSession> {
    const { file, args } = benchCommand(options.place, options.site, options.python)
    const session = new BenchSession(spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] }))
    session.#child.stdin.write(agentProgram())
    const answer = await session.ask('hello', { protocol: PROTOCOL, user: options.user, place: String(options.worker), options: options.effects }, { silenceMs: options.startMs })
    if (answer.kind === 'ok' && (answer.value as AgentHello).protocol === PROTOCOL) return Object.assign(session, { hello: answer.value as AgentHello })
    session.kill()
    const said = answer.kind === 'ok' ? `it speaks protocol ${(answer.value as AgentHello).protocol}, not ${PROTOCOL}` : answer.kind === 'failed' ? `${answer.type}: ${answer.message}` : answer.stderr
    throw new LandfallError('target-failed', `The site ${options.site} cannot be opened on the bench ${describePlace(options.place)}: ${redact(said)}`, {
      hint: 'Does `env/bin/python -c "import frappe"` run in that folder, and is the site listed in its `sites/`?',
    })
  }

  get ended(): boolean {
    return this.#ended
  }

  /** `silenceMs`: how long neither answer nor event may come before the process is ended. */
  ask(command: string, body: object, limits: { silenceMs: number; onEvent?: (event: AgentEvent) => void }): Promise<Answer> {
    if (this.#waiting !== null) throw new LandfallError('internal', 'An agent was asked while it was still answering.')
    return new Promise((resolve) => {
      this.#waiting = { id: ++this.#id, at: null, silenceMs: limits.silenceMs, onEvent: limits.onEvent ?? (() => undefined), resolve, timer: null }
      if (this.#ended) return this.#end('')
      this.#rearm(this.#waiting)
      this.#child.stdin.write(`${JSON.stringify({ id: this.#id, do: command, ...body })}\n`)
    })
  }

  #rearm(waiting: Waiting): void {
    if (waiting.timer !== null) clearTimeout(waiting.timer)
    waiting.timer = setTimeout(() => {
      this.#stderr += `\nTimeout (no word for ${waiting.silenceMs} ms)\n`
      this.kill()
    }, waiting.silenceMs)
  }

  #line(line: string): void {
    const waiting = this.#waiting
    const message = parsed(line)
    if (message === null) {
      this.#stderr = `${this.#stderr}\n${line}`.slice(-STDERR_KEPT)
      return
    }
    // Before it knows a request, an agent that cannot start says so under number 0.
    if (waiting === null || (message['id'] !== waiting.id && message['id'] !== 0)) return
    if ('ok' in message) return this.#answer({ kind: 'ok', value: message['ok'] })
    if ('failed' in message) {
      const failed = message['failed'] as { type: string; message: string; lost?: boolean }
      return this.#answer({ kind: 'failed', type: failed.type, message: failed.message, lost: failed.lost ?? false })
    }
    this.#rearm(waiting)
    if ('at' in message) waiting.at = message['at'] as number | null
    waiting.onEvent(message as AgentEvent)
  }

  #answer(answer: Answer): void {
    const waiting = this.#waiting
    if (waiting === null) return
    this.#waiting = null
    if (waiting.timer !== null) clearTimeout(waiting.timer)
    waiting.resolve(answer)
  }

  #end(how: string): void {
    this.#ended = true
    this.#answer({ kind: 'ended', hung: CUT.test(this.#stderr) && !this.#stderr.includes('Fatal Python error'), at: this.#waiting?.at ?? null, stderr: `${how}\n${this.#stderr}`.trim() })
  }

  /** Ends the process at once; what it had not committed the database takes back. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Lets the process end by itself, but not for long. */
  async close(): Promise<void> {
    if (this.#ended) return
    const closed = new Promise<void>((resolve) => this.#child.once('close', () => resolve()))
    this.#child.stdin.end(`${JSON.stringify({ id: ++this.#id, do: 'bye' })}\n`)
    const timer = setTimeout(() => this.kill(), 5_000)
    await closed
    clearTimeout(timer)
  }
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : null
  } catch {
    return null
  }
}

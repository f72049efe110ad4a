import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { LandfallError } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import { benchCommand, type BenchPlace } from './bench-place.ts'

/** Who answers: `pidFile` is of the database server, where it runs on the machine of the bench. */
export interface PlainHello { pid: number; apps: Record<string, string>; pid_file: string; version: string; database: string }

/** A document as the plain loop takes it. */
export interface PlainDocument { doc: Record<string, unknown>; docstatus: 0 | 1 }

/**
 * A site's own Python without Landfall's agent in it: the loop everybody writes first, Frappe's Data Import, and copies of the site's tables by which what was tried is put back. What the lanes are
 * measured against. One request at a time; throws `target-failed` with what Python said.
 */
export class PlainBench {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #errors = ''
  hello: PlainHello = { pid: 0, apps: {}, pid_file: '', version: '', database: '' }

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    child.stderr.on('data', (data: Buffer) => { this.#errors = `${this.#errors}${data.toString()}`.slice(-4000) })
    child.stdin.on('error', () => undefined)
    child.on('error', (error) => { this.#errors += error.message })
  }

  /** Starts the bench's Python; throws `target-failed` when there is none or the site does not open. */
  static async open(place: BenchPlace, site: string, python?: string): Promise<PlainBench> {
    const { file, args } = benchCommand(place, site, python)
    const plain = new PlainBench(spawn(file, args, { stdio: 'pipe' }))
    const program = readFileSync(new URL('./agent/plain.py', import.meta.url))
    plain.#child.stdin.write(`${program.length}\n`)
    plain.#child.stdin.write(program)
    plain.hello = await plain.#ask('hello') as PlainHello
    return plain
  }

  /** Inserts, submits and commits one document after another; answers their names. */
  async loop(documents: PlainDocument[]): Promise<string[]> {
    return await this.#ask('loop', { documents }) as string[]
  }

  /** Data Import of a table whose first row names the fields; `why`: the first row that was not taken. */
  async dataImport(doctype: string, rows: string[][], submit: boolean): Promise<{ names: string[]; why: string | null }> {
    return await this.#ask('data_import', { doctype, rows, submit }) as { names: string[]; why: string | null }
  }

  /** Checksum of every table of the site but those it writes by itself. */
  async checksums(): Promise<Record<string, string>> {
    return await this.#ask('checksums') as Record<string, string>
  }

  /** Megabytes of the site's tables. */
  async size(): Promise<number> {
    return await this.#ask('size') as number
  }

  /** Copies the site's tables into temporary ones; a second call replaces the copies. */
  async keep(): Promise<void> {
    await this.#ask('keep')
  }

  /** Puts back what `keep` copied, of these tables or of all; answers tables that had changed, with how many rows. */
  async restore(tables?: string[]): Promise<Record<string, number>> {
    return await this.#ask('restore', tables === undefined ? {} : { tables }) as Record<string, number>
  }

  /** Lets Python end; what it kept goes with it. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const closed = new Promise<void>((resolve) => this.#child.once('close', () => resolve()))
    this.#child.stdin.end()
    await closed
  }

  async #ask(command: string, body: object = {}): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify({ do: command, ...body })}\n`)
    const line = await this.#lines.next()
    if (line.done === true) throw new LandfallError('target-failed', `Python of the bench ended at "${command}": ${redact(this.#errors.trim().slice(-800))}`, { hint: 'Run as the user that owns the bench; the site must be there and its database running.' })
    const answer = JSON.parse(line.value) as { ok?: unknown; failed?: string; trace?: string }
    if (answer.failed !== undefined) throw new LandfallError('target-failed', `Python of the bench did not do "${command}": ${redact(answer.failed)}`, { ...answer.trace === undefined ? {} : { cause: answer.trace } })
    return answer.ok
  }
}

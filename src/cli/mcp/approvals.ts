import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Project } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import type { Clock } from '../../model/clock.ts'
import { openAudit } from '../audit.ts'

/** A write an agent wants to do, after its dry run. `token`: hash of what a person gave, null until then; used once, for exactly this. */
interface Request { id: string; tool: string; arguments: string; dryRun: string; passed: boolean; askedAt: number; by: string; token: string | null; approvedAt: number | null; usedAt: number | null }

const VALID_MS = 3_600_000
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Requests and approvals of a project. Dry runs and tokens are worth an hour. */
export class Approvals {
  readonly #file: string
  readonly #project: Project
  readonly #clock: Clock

  constructor(project: Project, clock: Clock) {
    this.#file = join(project.paths.state, 'approvals.json')
    this.#project = project
    this.#clock = clock
  }

  /** Notes a dry run that a person may approve; answers its id. */
  ask(by: string, tool: string, args: unknown, dryRun: string, passed: boolean): string {
    const id = randomBytes(4).toString('hex')
    this.#write([...this.#read(), { id, tool, arguments: JSON.stringify(args), dryRun: dryRun.slice(-4000), passed, askedAt: this.#clock.now(), by, token: null, approvedAt: null, usedAt: null }])
    return id
  }

  /** Requests that wait for a person. */
  open(): Omit<Request, 'token'>[] {
    return this.#read().filter((one) => one.token === null && this.#fresh(one.askedAt)).map(({ token: _token, ...one }) => one)
  }

  /** A person approves a request: answers the token to hand to the agent. Throws `usage`. */
  approve(id: string, person: string): string {
    const all = this.#read(), found = all.find((one) => one.id === id)
    if (!found || !this.#fresh(found.askedAt)) throw new LandfallError('usage', `There is no request ${id} that could be approved.`, { hint: 'landfall mcp approve lists them; a dry run is worth an hour.' })
    if (found.token !== null) throw new LandfallError('usage', `Request ${id} was approved already.`, { hint: 'A token is shown once; the agent makes a new dry run.' })
    const token = randomBytes(16).toString('hex')
    found.token = hashOf(token)
    found.approvedAt = this.#clock.now()
    this.#write(all)
    openAudit(this.#project, this.#clock).append(person, 'mcp-approved', { request: id, tool: found.tool, arguments: found.arguments, agent: found.by })
    return token
  }

  /** Uses a token up. Throws `usage` unless a person gave it for exactly this tool with exactly these arguments, within the hour, and it was not used. */
  use(token: string, tool: string, args: unknown): string {
    const all = this.#read(), found = all.find((one) => one.token === hashOf(token))
    const why = !found ? 'No person gave this token.' : found.usedAt !== null ? 'This token was used already.' : !this.#fresh(found.approvedAt ?? 0) ? 'This token is older than an hour.'
      : found.tool !== tool || found.arguments !== JSON.stringify(args) ? `This token was given for ${found.tool} with ${found.arguments}, and for nothing else.` : null
    if (!found || why !== null) throw new LandfallError('usage', why ?? '', { hint: 'Make a dry run with the same arguments and let a person approve it: landfall mcp approve ID.' })
    found.usedAt = this.#clock.now()
    this.#write(all)
    return found.id
  }

  #fresh(since: number): boolean { return this.#clock.now() - since < VALID_MS }
  #read(): Request[] { return existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, 'utf8')) as Request[] : [] }

  #write(requests: Request[]): void {
    mkdirSync(dirname(this.#file), { recursive: true })
    writeFileSync(`${this.#file}.part`, `${JSON.stringify(requests, null, 1)}\n`, { mode: 0o600 })
    renameSync(`${this.#file}.part`, this.#file)
  }
}

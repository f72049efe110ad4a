import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { LandfallError } from '../../errors/error.ts'
import { timestamp } from '../../model/clock.ts'
import { acceptanceGates, type AcceptanceRecord } from '../../phases/acceptance/gates.ts'
import type { MachineResult } from '../../phases/acceptance/machine.ts'
import { makeScripts, type AcceptanceScript } from '../../phases/acceptance/scripts.ts'
import { traceDocument } from '../../phases/trace/trace.ts'
import type { AcceptanceView } from '../../report/acceptance-page.ts'
import type { ProcedureView } from '../../report/procedure.ts'
import type { GateView } from '../../report/run-view.ts'
import type { RunFacts } from '../../run/facts.ts'
import { openAudit } from '../audit.ts'
import { traceContext } from '../commands/trace.ts'
import type { Workspace } from '../compose.ts'
import { readFacts } from '../environment.ts'
import { assembleView } from '../reporting.ts'
import { procedureFolder } from '../way-back.ts'

/** A signature. It holds as long as all it is bound to is as it was, and the audit trail still has the entry it was made after. */
export interface SignOff { by: string; role: string; at: string; remark: string; run: string; hashes: Record<string, string>; auditHead: string; gates: GateView[] }

/** Where the acceptance of a run lies. */
export const acceptanceFolder = ({ project }: Pick<Workspace, 'project'>, run: string): string => join(project.paths.state, 'acceptance', run)

/** Everything about the acceptance of the last run: made once, then only added to. */
export class Acceptance {
  readonly #workspace: Workspace
  readonly facts: RunFacts
  readonly folder: string

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.facts = readFacts(workspace, null)
    this.folder = acceptanceFolder(workspace, this.facts.run)
  }

  /** Makes the scripts from what was loaded. */
  async prepare(each: number, seed: number): Promise<AcceptanceScript[]> {
    const { staging, site, target, project } = this.#workspace, ctx = traceContext(this.#workspace)
    if (this.facts.plan === null || this.facts.outcomes === null) throw new LandfallError('usage', `Run ${this.facts.run} has loaded nothing that could be accepted.`, { hint: 'landfall run' })
    const scripts = await makeScripts({ staging, site, target, plan: this.facts.plan, totals: project.config.proof.totals, trace: (doctype, name) => traceDocument(ctx, doctype, name), each, seed })
    this.#write('scripts.json', scripts)
    return scripts
  }

  scripts(): AcceptanceScript[] { return this.#read<AcceptanceScript[]>('scripts.json') ?? [] }
  machine(): MachineResult[] { return this.#read<MachineResult[]>('machine.json') ?? [] }
  keepMachine(results: MachineResult[]): void { this.#write('machine.json', results) }
  records(): AcceptanceRecord[] { return this.#lines<AcceptanceRecord>('records.jsonl') }
  signed(): SignOff[] { return this.#lines<SignOff>('sign-off.jsonl') }

  /** Notes what a person found. Throws `usage` for a script there is not. */
  record(script: string, result: AcceptanceRecord['result'], by: string, remark: string): AcceptanceRecord {
    const scripts = this.scripts(), known = scripts.find((one) => one.id === script) ?? scripts[/^\d+$/.test(script) ? Number(script) - 1 : -1]
    if (!known) throw new LandfallError('usage', `There is no script "${script}".`, { hint: scripts.length === 0 ? 'landfall accept prepare makes them.' : `A number from 1 to ${scripts.length}, or an id such as ${scripts[0]!.id}.` })
    const entry: AcceptanceRecord = { script: known.id, result, by, at: timestamp(this.#workspace.clock), remark }
    openAudit(this.#workspace.project, this.#workspace.clock).append(by, 'acceptance-recorded', { run: this.facts.run, script: known.id, result, remark })
    this.#append('records.jsonl', entry)
    return entry
  }

  /** The criteria, computed now. */
  async gates(): Promise<GateView[]> {
    const { project } = this.#workspace, file = join(procedureFolder(this.#workspace), 'rollback-procedure.json'), view = await assembleView(this.#workspace, this.facts)
    return acceptanceGates({
      run: view.gates, procedure: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as ProcedureView : null, minutes: view.seconds / 60, maxMinutes: project.config.requirements.max_minutes ?? null,
      scripts: this.scripts(), machine: this.machine(), records: this.records(), runEndedAt: this.facts.endedAt,
    })
  }

  /** Signs, where every criterion is met. Throws `verify-failed` naming those that are not. */
  async sign(by: string, role: string, remark: string): Promise<SignOff> {
    const gates = await this.gates(), open = gates.filter((gate) => !gate.passed)
    if (open.length > 0) throw new LandfallError('verify-failed', `${open.length} criteria are not met: ${open.map((gate) => `${gate.title} (${gate.value})`).join('; ')}.`, { hint: 'Criteria are computed and cannot be ticked: meet them, then sign.' })
    const hashes = this.hashes()
    const entry = openAudit(this.#workspace.project, this.#workspace.clock).append(by, 'acceptance-signed', { run: this.facts.run, role, remark, ...hashes })
    const sign: SignOff = { by, role, at: entry.at, remark, run: this.facts.run, hashes, auditHead: entry.hash, gates }
    this.#append('sign-off.jsonl', sign)
    return sign
  }

  /** Hashes of all a signature stands for. */
  hashes(): Record<string, string> {
    const { project } = this.#workspace, of = (text: string): string => createHash('sha256').update(text).digest('hex')
    const text = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
    return {
      plan: of(JSON.stringify(this.facts.plan)), mapping: of([project.paths.config, ...project.mappingFiles].map((path) => `${basename(path)}\n${text(path)}`).join('\n')), proof: of(JSON.stringify(this.facts.proof)),
      rollback: of(text(join(procedureFolder(this.#workspace), 'rollback-procedure.json'))), scripts: of(text(join(this.folder, 'scripts.json'))), records: of(text(join(this.folder, 'records.jsonl'))),
    }
  }

  /** What a signature was bound to and is not as it was. */
  changedSince(sign: SignOff): string[] {
    const now = this.hashes(), trail = openAudit(this.#workspace.project, this.#workspace.clock).entries()
    return [...Object.keys(sign.hashes).filter((name) => now[name] !== sign.hashes[name]), ...trail.some((entry) => entry.hash === sign.auditHead) ? [] : ['audit trail']]
  }

  async view(): Promise<AcceptanceView> {
    const machine = new Map(this.machine().map((one) => [one.script, one])), records = new Map(this.records().map((one) => [one.script, one]))
    return {
      project: this.#workspace.project.config.project, run: this.facts.run, at: timestamp(this.#workspace.clock).slice(0, 19), gates: await this.gates(),
      scripts: this.scripts().map((script) => ({ ...script, machine: machine.get(script.id) ?? null, record: records.get(script.id) ?? null })),
      signed: this.signed().map((sign) => ({ ...sign, holds: this.changedSince(sign).length === 0 })),
    }
  }

  #write(name: string, value: unknown): void {
    mkdirSync(this.folder, { recursive: true })
    writeFileSync(join(this.folder, name), `${JSON.stringify(value, null, 1)}\n`)
  }

  #append(name: string, value: unknown): void {
    mkdirSync(this.folder, { recursive: true })
    appendFileSync(join(this.folder, name), `${JSON.stringify(value)}\n`, { flush: true })
  }

  #read<T>(name: string): T | null {
    const path = join(this.folder, name)
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) as T : null
  }

  #lines<T>(name: string): T[] {
    const path = join(this.folder, name)
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as T) : []
  }
}

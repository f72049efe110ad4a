import type { Runbook, RunbookAction, RunbookStep } from '../../config/runbook-schema.ts'
import { LandfallError } from '../../errors/error.ts'
import { timestamp, type Clock } from '../../model/clock.ts'

/** What became of a step. `start` in seconds since the first step began. */
export interface StepOutcome { id: string; status: 'done' | 'failed' | 'skipped' | 'taken back' | 'not reached'; start: number; seconds: number; forecast: number; detail: string; by: string }

/** A cutover as it was run. `downtime`: seconds from the freeze to the go, as measured and as forecast; null where either was not reached. */
export interface CutoverLog { project: string; runbook: string; rehearsed: boolean; at: string; passed: boolean; seconds: number; forecast: number; downtime: { measured: number; forecast: number } | null; steps: StepOutcome[]; takenBack: StepOutcome[] }

/** How actions are done. `act` answers what was said, or throws what went wrong. */
export interface CutoverPorts {
  clock: Clock; signal: AbortSignal
  act(action: RunbookAction, step: RunbookStep): Promise<{ detail: string; by: string }>
  /** Called before and after each step: the audit trail, the terminal. */
  began(step: RunbookStep): void
  ended(step: RunbookStep, outcome: StepOutcome): void
}

/** Steps in an order that keeps every dependency, else as written. Throws `config-invalid` naming unknown steps and circles. */
export function orderSteps(runbook: Runbook): RunbookStep[] {
  const ids = new Set(runbook.steps.map((step) => step.id)), done = new Set<string>(), order: RunbookStep[] = []
  if (ids.size < runbook.steps.length) throw new LandfallError('config-invalid', `Two steps of the runbook have the same id: ${runbook.steps.find((step, i) => runbook.steps.findIndex((other) => other.id === step.id) < i)!.id}.`)
  for (const step of runbook.steps) for (const before of step.after) if (!ids.has(before)) throw new LandfallError('config-invalid', `Step "${step.id}" of the runbook comes after "${before}", which there is not.`, { hint: `Steps: ${[...ids].join(', ')}.` })
  while (order.length < runbook.steps.length) {
    const next = runbook.steps.find((step) => !done.has(step.id) && step.after.every((before) => done.has(before)))
    if (!next) throw new LandfallError('config-invalid', `Steps of the runbook wait for each other: ${runbook.steps.filter((step) => !done.has(step.id)).map((step) => step.id).join(', ')}.`)
    done.add(next.id)
    order.push(next)
  }
  return order
}

/** Walks a runbook. A step that fails ends it; with `takeBack` what was done is taken back, last first. */
export async function walkRunbook(runbook: Runbook, hash: string, ports: CutoverPorts, how: { rehearse: boolean; takeBack: boolean }): Promise<CutoverLog> {
  const { clock } = ports, began = clock.elapsed(), order = orderSteps(runbook), steps: StepOutcome[] = [], at = timestamp(clock).slice(0, 19)
  const since = (): number => (clock.elapsed() - began) / 1000
  let failed = false
  for (const step of order) {
    const action = !how.rehearse || step.rehearse === 'do' ? step.do : step.rehearse === 'skip' ? null : step.rehearse, start = since()
    const outcome: StepOutcome = { id: step.id, status: 'not reached', start, seconds: 0, forecast: step.seconds, detail: '', by: step.owner }
    steps.push(outcome)
    if (failed || ports.signal.aborted) continue
    ports.began(step)
    if (action === null) Object.assign(outcome, { status: 'skipped', detail: 'not in a rehearsal' })
    else {
      try {
        const { detail, by } = await ports.act(action, step), checked = step.check === undefined || (how.rehearse && action !== step.do) ? null : await ports.act(step.check, step)
        Object.assign(outcome, { status: 'done', detail: checked === null ? detail : `${detail}; checked: ${checked.detail}`, by })
      } catch (error) {
        failed = true
        Object.assign(outcome, { status: 'failed', detail: error instanceof Error ? error.message : String(error) })
      }
    }
    outcome.seconds = since() - start
    ports.ended(step, outcome)
  }
  const passed = steps.every((step) => step.status === 'done' || step.status === 'skipped')
  const takenBack = !passed && how.takeBack ? await takeBack(order.filter((step) => steps.some((one) => one.id === step.id && (one.status === 'done' || one.status === 'failed'))), ports, since) : []
  return { project: runbook.cutover, runbook: hash, rehearsed: how.rehearse, at, passed, seconds: since(), forecast: order.reduce((sum, step) => sum + (how.rehearse && step.rehearse === 'skip' ? 0 : step.seconds), 0), downtime: downtime(order, steps, how.rehearse), steps, takenBack }
}

/** The ways back of steps, last first. One that fails does not keep the others from being tried. */
export async function takeBack(done: RunbookStep[], ports: CutoverPorts, since: () => number): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = []
  for (const step of [...done].reverse()) {
    if (step.back === undefined) continue
    const start = since(), outcome: StepOutcome = { id: step.id, status: 'taken back', start, seconds: 0, forecast: step.seconds, detail: '', by: step.owner }
    ports.began(step)
    try {
      Object.assign(outcome, await ports.act(step.back, step))
    } catch (error) {
      Object.assign(outcome, { status: 'failed', detail: error instanceof Error ? error.message : String(error) })
    }
    outcome.seconds = since() - start
    ports.ended(step, outcome)
    outcomes.push(outcome)
  }
  return outcomes
}

/** From the end of the freeze to the end of the go, leaving out what a rehearsal does not do, on both sides. */
function downtime(order: RunbookStep[], steps: StepOutcome[], rehearse: boolean): CutoverLog['downtime'] {
  const from = order.findIndex((step) => step.freeze), to = order.findIndex((step) => step.go)
  if (from < 0 || to < from || steps.slice(0, to + 1).some((step) => step.status !== 'done' && step.status !== 'skipped')) return null
  const between = order.slice(from, to + 1).filter((step) => !rehearse || step.rehearse !== 'skip')
  return { measured: between.reduce((sum, step) => sum + steps.find((one) => one.id === step.id)!.seconds, 0), forecast: between.reduce((sum, step) => sum + step.seconds, 0) }
}

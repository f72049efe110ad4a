import type { GateView } from '../../report/run-view.ts'
import type { MachineResult } from './machine.ts'
import type { AcceptanceScript } from './scripts.ts'

/** What a person said about a script. The last word of a script counts. */
export interface AcceptanceRecord { script: string; result: 'passed' | 'failed' | 'skipped'; by: string; at: string; remark: string }

/** What the gates are computed from; null: it was not done, which is no pass. */
export interface GateFacts {
  /** Gates of the run's report: error rate, accounting, counts, integrity, relations, totals. */
  run: GateView[]
  procedure: { rehearsed: boolean; proven: boolean; seconds: number; at: string; way: string } | null
  /** Minutes the run took, and may take where the project says so. */
  minutes: number; maxMinutes: number | null
  scripts: AcceptanceScript[]; machine: MachineResult[]; records: AcceptanceRecord[]
  runEndedAt: string
}

/** The criteria of success. Each is computed from what was done; nobody can tick one. */
export function acceptanceGates(facts: GateFacts): GateView[] {
  const { run, procedure, scripts } = facts
  const has = (id: string) => run.some((gate) => gate.id === id)
  const missing: GateView[] = [['record_counts', 'Record counts'], ['relationships', 'Relationships']].filter(([id]) => !has(id!)).map(([id, title]) => ({ id: id!, title: title!, value: 'not proven', limit: 'none failed', passed: false }))
  const last = new Map(facts.records.map((record) => [record.script, record])), passed = scripts.filter((script) => last.get(script.id)?.result === 'passed').length
  const failed = scripts.filter((script) => last.get(script.id)?.result === 'failed').length, machineFailed = facts.machine.filter((one) => one.status === 'failed').length
  const fresh = procedure !== null && procedure.proven && procedure.at >= facts.runEndedAt.slice(0, 19)
  return [
    ...run, ...missing,
    { id: 'performance', title: 'Performance target', value: `${facts.minutes.toFixed(1)} minutes`, limit: facts.maxMinutes === null ? 'none set' : `at most ${facts.maxMinutes} minutes`, passed: facts.maxMinutes === null || facts.minutes <= facts.maxMinutes },
    { id: 'rollback_tested', title: 'Rollback tested', value: procedure === null ? 'never' : `${procedure.proven ? 'proven' : 'NOT proven'} in ${procedure.seconds.toFixed(1)} s by ${procedure.way}${fresh ? '' : ', but before this run ended'}`, limit: 'proven after the run', passed: fresh },
    { id: 'machine_tests', title: 'Workflow tests by machine', value: facts.machine.length === 0 ? 'not run' : `${facts.machine.filter((one) => one.status === 'passed').length} of ${facts.machine.length} passed, ${machineFailed} failed`, limit: 'none failed', passed: facts.machine.length > 0 && machineFailed === 0 && facts.machine.some((one) => one.status === 'passed') },
    { id: 'acceptance', title: 'Acceptance by people', value: `${passed} of ${scripts.length} scripts passed, ${failed} failed`, limit: 'all passed', passed: scripts.length > 0 && passed === scripts.length },
  ]
}

import type { PlanPhase } from './plan.ts'

/** Seconds from `low` to `high`. */
export interface Span { low: number; high: number }

/** A DocType in a plan. `documents` null: nobody counted yet. `basis` says what the forecast rests on; without one there is none. */
export interface PlannedDoctype { doctype: string; entities: string[]; documents: number | null; lane: string; batch: number; map: Span | null; load: Span | null; basis: string }

/** How a phase is done: master data in bulk, transactions ahead and then what changed until cutover, history in batches. */
export const STRATEGIES: Record<PlanPhase, { name: string; about: string }> = {
  master: { name: 'bulk import', about: 'loaded whole, in waves, before anybody works in the new system' },
  transactional: { name: 'incremental sync', about: 'loaded when masters stand; what is entered meanwhile follows until the cutover' },
  historical: { name: 'batch processing', about: 'loaded in batches when the rest stands; it may go on after the cutover' },
}

export interface PlannedPhase { name: PlanPhase; strategy: string; waves: { number: number; doctypes: PlannedDoctype[] }[]; documents: number | null; forecast: Span | null }

/** A bar of the Gantt chart: seconds from the begin of its window, at the most. */
export interface PlannedTask { name: string; window: WindowName; start: number; low: number; high: number; basis: string }
export type WindowName = 'preparation' | 'execution' | 'validation' | 'cutover'

/** A window of the requirements against its forecast. `unknown`: there is no forecast to hold against it. */
export interface PlannedWindow { name: WindowName; given: string; seconds: number; forecast: Span | null; state: 'met' | 'at risk' | 'missed' | 'unknown'; about: string }

export interface RequirementCheck { requirement: string; wanted: string; found: string; state: 'met' | 'missed' | 'unknown' }
export interface PlannedRisk { severity: 'high' | 'medium' | 'low'; risk: string; answer: string }
export interface RollbackPoint { after: string; command: string; forecast: Span | null }

/** A migration planned: `hash` over all but itself and the time; `fingerprint` is what a run must have to be the one that was planned. */
export interface Strategy {
  project: string
  plannedAt: string
  hash: string
  fingerprint: string
  basis: string[]
  phases: PlannedPhase[]
  tasks: PlannedTask[]
  windows: PlannedWindow[]
  /** Tasks of the execution that everything waits for, longest first, with their share of its time. */
  criticalPath: { task: string; share: number }[]
  requirements: RequirementCheck[]
  risks: PlannedRisk[]
  rollbackPoints: RollbackPoint[]
  notes: string[]
}

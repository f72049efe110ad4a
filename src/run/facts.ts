import type { Proof } from '../checks/reconcile/suite.ts'
import type { Plan } from '../model/plan.ts'
import type { Extracted } from '../phases/extract.ts'
import type { MapResult } from '../phases/map.ts'
import type { OutcomeCounts } from '../phases/phase.ts'
import type { FindingCounts } from '../phases/preflight.ts'
import type { RunStatus, ScopeRecord } from './history.ts'

/**
 * Everything a run knows about itself when it ends, for the report; all else is read from staging and the site. Null: the run did not
 * come that far. `startedAt` and `endedAt` are timestamps in UTC.
 */
export interface RunFacts {
  project: string
  run: string
  status: RunStatus
  startedAt: string
  endedAt: string
  plan: Plan | null
  extracted: Extracted | null
  mapped: MapResult | null
  findings: FindingCounts | null
  outcomes: OutcomeCounts | null
  proof: Proof | null
  scopes: ScopeRecord[]
}

/** What became of one document offered to a target. `unchanged`: it was there already from this or an earlier run. */
export type OutcomeStatus = 'loaded' | 'unchanged' | 'refused' | 'skipped'

export interface Outcome {
  doctype: string
  /** Draft `_id`. */
  id: number
  status: OutcomeStatus
  /** Name on the site, when there is one. */
  name: string | null
  /** Why it was refused or skipped. */
  reason: { type: string; message: string } | null
}

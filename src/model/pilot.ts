/** Work of one step that a pilot measured on a part and projected to the whole. `units`: documents (extract and cleanse: records). Seconds; `low` and `high` bound what the whole will take. */
export interface PilotStep {
  step: 'extract' | 'cleanse' | 'map' | 'load' | 'verify' | 'rollback'
  /** Phase of the plan and DocType, for map and load. */
  phase: string | null
  doctype: string | null
  measured: { units: number; seconds: number }[]
  whole: number
  low: number
  high: number
}

/** Findings of one root cause in a pilot, by the id `landfall findings` shows. */
export interface PilotCause { id: string; severity: string; type: string; doctype: string; field: string | null; documents: number; message: string }

/**
 * What a pilot was, found and took. `sample`: how it was drawn; `whole`: documents by DocType that all records will be. `causes`: those of the sample. `proof`: null when verification is
 * switched off. `rolledBack`: the first pass was taken back, and every table was as before. `previous`: held against the pilot before this one.
 */
export interface Pilot {
  pilot: string
  project: string
  /** Timestamps in UTC. */
  startedAt: string
  endedAt: string
  seed: number
  sample: { asked: number; records: number; of: number; seeds: { classes: number; values: number; random: number }; classes: number; values: number; valuesLeftOut: number; byEntity: Record<string, number> }
  whole: Record<string, number>
  documents: { drafts: number; posted: number; refused: number; loaded: number }
  findings: { blocking: number; warning: number; info: number }
  causes: PilotCause[]
  proof: { passed: boolean; checks: number; failed: { title: string; summary: string }[] } | null
  rolledBack: { removed: number; tables: number; seconds: number }
  steps: PilotStep[]
  /** Sums of the steps, rollback apart. */
  projection: { low: number; high: number }
  /** Hash of configuration, mappings, corrections and site, as of a run. */
  fingerprint: string
  previous: PilotComparison | null
}

/** `newCauses` and `goneCauses` by id; `projection`: what the pilot before forecast, in seconds. */
export interface PilotComparison { pilot: string; newCauses: string[]; goneCauses: string[]; refused: number; projection: { low: number; high: number } }

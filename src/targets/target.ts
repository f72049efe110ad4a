import type { Outcome } from '../model/outcome.ts'

/** A load batch: documents `from..to` (draft `_id`, inclusive) of one DocType, whose predicted rows stand in `rows.*`. Idempotent by `batch`. */
export interface LoadBatch { run: string; phase: string; wave: number; doctype: string; batch: string; from: number; to: number }

/** What a target can do; phases and tests branch on these. */
export interface TargetAbilities {
  /** Ledger rows commit with the documents. */
  transactional: boolean
  /** undo() restores byte-equal tables. */
  undo: boolean
}

export interface TargetInfo { kind: string; name: string; apps: Record<string, string> }

/**
 * Where documents go. `write` is called once per batch and again with the same batch after a crash: it must look at its ledger first and
 * answer `unchanged` for what is there. One outcome per document, in draft order. It throws only when the target itself failed
 * (`target-failed`, kind transient where a retry may help); a refused document is an outcome.
 */
export interface Target {
  readonly can: TargetAbilities
  describe(): Promise<TargetInfo>
  write(batch: LoadBatch): Promise<Outcome[]>
  /** Takes back, in reverse order, everything `run` wrote after `mark` (null: all of it). Resolves when committed. */
  undo(run: string, mark: string | null): Promise<{ removed: number; restored: number }>
  /** Order-independent checksum and row count per table, for proofs of undo and equality. */
  checksums(): Promise<Record<string, { rows: number; checksum: string }>>
  close(): Promise<void>
}

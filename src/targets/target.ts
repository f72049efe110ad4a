import type { Outcome } from '../model/outcome.ts'

/** A load batch: documents `from..to` (draft `_id`, inclusive) of one DocType, whose predicted rows stand in `rows.*`. Idempotent by `batch`. */
export interface LoadBatch { run: string; phase: string; wave: number; doctype: string; batch: string; from: number; to: number }

/**
 * Documents `from..to` of `ops.sync_documents` that a sync changes: values, child rows to be added (they stand in `rows`) and taken away, and what each was made from.
 * `watermarks` are stored in the same transaction; idempotent by `batch`.
 */
export interface ChangeBatch { run: string; batch: string; from: number; to: number; watermarks: WatermarkRow[]; at: string; version: string }
export interface WatermarkRow { entity: string; low: string | null; position: string | null; compared: string | null }

/** What a target can do; phases and tests branch on these. */
export interface TargetAbilities {
  /** Ledger rows commit with the documents. */
  transactional: boolean
  /** undo() restores byte-equal tables. */
  undo: boolean
  /** Most documents of a batch: a stop waits for the batch at hand. Absent: any number. */
  mostPerBatch?: number
}

/** `customised`: differs when the site was customised otherwise; absent where that cannot be told. */
export interface TargetInfo { kind: string; name: string; apps: Record<string, string>; customised?: string }

/** Row count and order-independent checksum of a table. */
export interface TableSum { rows: number; checksum: string }
export type TableSums = Record<string, TableSum>

/**
 * What an undo did. `kept`: documents that stay as they are with the reason (people worked on them since, the site would not let them go); tables they stand
 * in differ from the mark.
 */
export interface Undone { removed: number; restored: number; kept: { doctype: string; name: string; reason: string }[] }

/** What reading documents from a real site once more told: how many, of how many accounts the ledger, what is other than predicted or known, and tables that cannot be read. */
export interface Reread { documents: number; accounts: number; differences: { doctype: string; name: string; detail: string }[]; unread: string[] }

/** A moment undo can go back to: the start of a run (`mark` "start") or the end of one of its phases, with the checksums of that moment. */
export interface TargetMark { run: string; mark: string; at: string; checksums: TableSums }

/**
 * Where documents go. `write` is called once per batch and again with the same batch after a crash: it must look at its ledger first and
 * answer `unchanged` for what is there. One outcome per document, in draft order. It throws only when the target itself failed
 * (`target-failed`, kind transient where a retry may help); a refused document is an outcome.
 */
export interface Target {
  readonly can: TargetAbilities
  /** SQL name of the ledger's documents (columns: ledger/ledger.ts), for anti-joins over what is on the site already. */
  readonly documents: string
  /** SQL name of the schema of the site's tables as they are, for seeding `rows.*` and for verification. */
  readonly tables: string
  /** SQL name of the schema of the ledger. */
  readonly ledger: string
  describe(): Promise<TargetInfo>
  /** Reads documents once more, so that `tables` and `rows` hold what people made of them; false where that cannot be. Absent where `tables` is the site itself. */
  refresh?(doctype: string, names: string[]): Promise<boolean>
  /** Changes documents that are there, for a sync. Answers what could not be done to which. Absent: the target takes new documents only. */
  change?(batch: ChangeBatch): Promise<{ doctype: string; name: string; reason: string }[]>
  write(batch: LoadBatch): Promise<Outcome[]>
  /** Records that `run` reached `mark`, with the checksums of now. Called at the start of a run and at the end of each phase; idempotent. */
  mark(run: string, mark: string): Promise<TargetMark>
  /** Marks of a run, oldest first. */
  marks(run: string): Promise<TargetMark[]>
  /** Runs with documents on the site, newest first. */
  runs(): Promise<{ run: string; documents: number }[]>
  /** Takes back, in reverse order, everything `run` wrote after `mark` (null: all of it). Resolves when committed. */
  undo(run: string, mark: string | null): Promise<Undone>
  /** Of each DocType of a run some documents, and its ledger by account, from the site itself. Absent where there is no other site than the one compared anyway. */
  reread?(run: string, how: { each: number; seed: number }): Promise<Reread>
  /** Order-independent checksum and row count per table, for proofs of undo and equality. */
  checksums(): Promise<TableSums>
  close(): Promise<void>
}

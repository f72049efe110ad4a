import type { TargetInfo } from './target.ts'

/**
 * Ways into a real site. `rest`: its HTTP interface, for any site. `bench`: its own controllers, run by its own Python. `express`: rows straight into its
 * database, only for shapes of documents whose canaries proved equal.
 */
export type LaneKind = 'rest' | 'bench' | 'express'

/** A document as a lane is given it. */
export interface LaneDocument {
  /** Draft `_id`. */
  id: number
  /** Legacy entity and key; with the DocType they are the document's identity on the site (`landfall_key`, or the ledger there). */
  entity: string
  key: string
  /** Name the posting engine predicted; every lane gives it to the document, so that links between drafts hold on the site. */
  name: string
  /** In which it ends. */
  docstatus: 0 | 1
  /** A submitted document is inserted as such, in one step. Otherwise it is inserted as a draft and then submitted, as people do: its controller validates it twice. */
  once: boolean
  /** As `frappe.get_doc` takes it: `doctype`, fields, child tables as lists of rows. Numbers are numbers, dates are text, absent is not given. */
  doc: Record<string, unknown>
  /** It brings another document with child rows of its own into being (a Customer its Contact): such a one must be named by the site, see docs/decisions. */
  nested: boolean
  /**
   * What it changes that others change too (`table name` of a row, `stock ITEM`). The site computes such rows from what is committed: documents that share one are written
   * one after another, in draft order, or the site loses what the other did.
   */
  touches: string[]
}

/**
 * Documents of one DocType in draft order, from `from` to `to` (`_id`, inclusive); the predicted rows stand in `rows.*`. Idempotent by `batch`. `shared`: other lanes of the run
 * write documents of this DocType too, and may have moved its counters already.
 */
export interface LaneBatch { run: string; phase: string; wave: number; doctype: string; batch: string; from: number; to: number; documents: LaneDocument[]; shared?: boolean }

/** What became of one document. `unchanged`: the site had it from this or an earlier run. `name` is the one the site gave. `lane`: the way it went, where there are several. */
export interface LaneOutcome { id: number; status: 'loaded' | 'unchanged' | 'refused'; name: string | null; reason: { type: string; message: string } | null; lane?: LaneKind }

/** A row of a table of the site: column to value; dates and times as text in MariaDB's form. */
export type SiteRow = Record<string, string | number | null>

/** Values of a document that is there to be set on the site, through its controllers. */
export interface LaneChange { doctype: string; name: string; values: Record<string, string | number | null> }

/** What undo did. `kept`: documents that people touched since, or that the site does not let go, with the reason. */
export interface LaneUndo { removed: number; restored: number; kept: { doctype: string; name: string; reason: string }[] }

/**
 * What an undo takes back: documents in reverse order of their writing (`modified`: when the site last changed them, as far as the mirror knows; null: not known; `lane`: the
 * way they went, null: not known), then values that older rows held before (`restore`, of documents, not of child rows). `changed`: documents that `change` set values of; what it
 * changed goes first, by lanes that noted it on the site.
 */
export interface UndoRequest { run: string; documents: { doctype: string; name: string; docstatus: number; batch: string; modified: string | null; lane?: LaneKind | null }[]; restore: LaneChange[]; changed?: { doctype: string; name: string }[] }

/** One way into a real site. Calls run one after another; a lane has connections and processes of its own within a call. */
export interface Lane {
  readonly kind: LaneKind
  /** For people, where it is more than its kind. */
  readonly label?: string
  readonly can: {
    /** Ledger rows commit with the documents, in the site's own database. */
    transactional: boolean
    /** undo() puts back what was changed, not only removes what was created. */
    undo: boolean
    /** Most documents of a batch, where a batch should end within a minute or so; absent: any number. */
    mostPerBatch?: number
  }
  /** Versions of the site's apps. Throws `target-failed` with the way out when the site cannot be reached or refuses the login. */
  describe(): Promise<TargetInfo>
  /** Makes what the lane needs on the site (a ledger, a `landfall_key` field per DocType). Changes the schema, so never while data is written. Idempotent. */
  prepare(doctypes: string[]): Promise<void>
  /**
   * One outcome per document, in order. Called again with the same batch after a crash: looks before it writes, so that nothing is lost or doubled.
   * A refused document is an outcome; it throws (`target-failed`) only when the site itself failed, kind transient where a retry may help.
   */
  write(batch: LaneBatch): Promise<LaneOutcome[]>
  /**
   * Rows of a table (`tabCustomer`) whose `column` is one of `values`, in any order. `parentDoctype` is given for child tables, which REST asks for. Columns that the
   * lane cannot see are left out of a row; a table that it cannot read at all (`tabSeries` over REST) has null.
   */
  read(table: string, column: string, values: string[], parentDoctype?: string): Promise<SiteRow[] | null>
  /** Sets values of documents that are there (links that had to wait), through their controllers. One outcome per change, in order: null, or why the site refused it. */
  change(changes: LaneChange[], run: string): Promise<({ type: string; message: string } | null)[]>
  /** At the end of a phase and of an undo: what the site keeps beside its tables (its cache) is brought in line with what was written. Absent: nothing to do. */
  finish?(): Promise<void>
  /** Takes back documents of a run. Resolves when it is done for all; what cannot be taken back is in `kept`. */
  undo(request: UndoRequest): Promise<LaneUndo>
  close(): Promise<void>
}

/** Moments as the site and as the mirror write them: fractions may lack their zeros. */
export function sameMoment(a: string, b: string): boolean {
  const norm = (text: string): string => text.replace('T', ' ').replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
  return norm(a) === norm(b)
}

import type { Staging, ColumnData } from '../../staging/staging.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'
import type { Clock } from '../../model/clock.ts'
import type { Severity } from '../../model/finding.ts'
import type { Site } from '../../site/site.ts'

/**
 * The places a rule's step can be attached to, named after Frappe's hooks, in the order in which a document meets them. Between them the
 * framework does its own work:
 *
 *   (coerce, defaults, links and fetch_from) → before_insert → autoname → before_validate → validate → before_save
 *   → (title, mandatory, formats, Select, negative, length, HTML) → [submitted documents: before_validate and validate once more, before_submit, the checks]
 *   → (naming, see below) → named → (duplicate keys; rows are written) → after_insert → on_update → on_submit → on_change
 *
 * This is the order of *findings*. Work is done in another order where that gives the same rows: names are given last, to the documents
 * that survived everything before, because a refused document uses up neither a number nor a name.
 */
export const STAGES = [
  'framework_defaults', 'framework_links', 'before_insert', 'autoname', 'before_validate', 'validate', 'before_save', 'framework_checks',
  'named', 'framework_insert', 'after_insert', 'on_update', 'before_submit', 'on_submit', 'on_change',
] as const
export type Stage = (typeof STAGES)[number]

/** The stages a rule may put steps in. `named`: a step that needs the document's name; must give the same result when run twice. */
export type StepStage = 'before_insert' | 'before_validate' | 'validate' | 'before_save' | 'before_submit' | 'named' | 'after_insert' | 'on_update' | 'on_submit' | 'on_change'

/** `insert`: the document is inserted (as a draft). `submit`: it is saved again with docstatus 1, which runs validate a second time. */
export type Pass = 'insert' | 'submit'

/** A piece of a rule: changes columns of the working tables, finds what the site would refuse, or (after the rows are written) writes effects. */
export interface Step {
  stage: StepStage
  /** Kebab-case, unique within the rule; for traces. */
  id: string
  /** In which passes it runs. Default: `both` for before_validate and validate, else the pass the stage belongs to. */
  pass?: Pass | 'both'
  run(ctx: PostingContext): Promise<void>
}

/** A name a document asks for, and what to do when it is taken. */
export interface NameWish {
  /** The wished name, or null: fall through to the DocType's own `autoname`. */
  name: string | null
  /**
   * When the name is taken (under the site's collation): `refuse` DuplicateEntryError (Frappe's default), `dash` "X-1" (append_number_if_name_exists),
   * `customer` "X - 1" after the highest number of names like it.
   */
  taken?: 'refuse' | 'dash' | 'customer' | 'series'
  /** The name counts as taken whatever there is. */
  numbered?: boolean
  /** A naming series expression such as `CUST-.YYYY.-`; numbered `.#####` is appended when it has no `#`. Wins over `name`. */
  series?: string | null
  /** True: the series is not validated (make_autoname with ignore_validate). */
  lax?: boolean
  /** A `format:` expression without its prefix. */
  format?: string
  /** A refusal instead of a name: the exception the controller's autoname raises. */
  error?: { type: string; message: string }
}

/** How the controller's own `autoname` names documents (DocTypes named "By script"). Called once per document, in order. */
export interface NamingRule {
  /** Columns of the working table the function needs, beside `_id`. */
  columns: string[]
  /** Further values as SQL over the working table, called `n` (`n._id`): what the name is made of beyond the document's own columns. */
  computed?: Record<string, (ctx: PostingContext) => string>
  /** Fields that may be parts of a series the rule asks for. */
  seriesFields?: string[]
  wish(values: Record<string, string | number | boolean | bigint | null>, ctx: PostingContext): NameWish
  /** Called once per batch before the first wish: for settings, or lookups to keep (the result is given to nobody: close over it). */
  prepare?(ctx: PostingContext): Promise<void>
}

/** A text field whose text the controller takes apart, so that a number given for it breaks the site. */
export interface TextField {
  /** Fieldname, or `table.fieldname` of a child row. */
  field: string
  /** The method of text called on it: raises AttributeError for a number. */
  call?: string
  /** The exception, where it is another. */
  error?: { type: string; message: string }
  /** Raises for 0 as well. */
  zero?: boolean
  /** Raises for whole numbers only. */
  whole?: boolean
}

/** Everything a DocType's controller adds to the framework. One per file in `doctypes/`, exported as `rule`. */
export interface PostingRule {
  doctype: string
  /** The rule only knows what the controller refuses, not what it writes: documents it does not refuse are unsupported. Its steps are those of `validate`. */
  refusalsOnly?: boolean
  /** Other DocTypes whose rows the rule reads; the engine makes sure that `rows` has their tables. */
  reads: string[]
  /** Other tables the rule writes rows to. */
  writes?: string[]
  /** Absent: the DocType's `autoname` alone. */
  naming?: NamingRule
  /** Fields taken apart as text, by the stage in which that is done. */
  texts?: Partial<Record<Stage, TextField[]>>
  /** Date fields the controller reads in validate: a text that is no date is refused there, with a ValidationError. */
  dates?: string[]
  /** Fields the controller replaces before they are stored, with the condition (SQL over the working table) under which it does: what their text says does not matter then. */
  replaced?: Record<string, string>
  /** Checks (`field`, `table.field`) the controller reads as numbers (cint), so that a text counts for what it says. */
  counted?: string[]
  /** Steps in order; several in one stage run in the order given. */
  steps: Step[]
  /** Nested set kept by the controller: the tree's own parent field and what a document without a parent gets. */
  tree?: TreeRule
}

export interface TreeRule {
  /** `parent_customer_group`. */
  parentField: string
  /** Child's parent when none is given: the root's name, null for "may be a root". */
  defaultParent?: 'root' | null
  /** `is_group` checks of NestedSet.validate_ledger: the parent must be a group. */
  parentMustBeGroup?: boolean
  /** More than one root allowed? Frappe's `allow_root_deletion`/validate_one_root. */
  oneRoot?: boolean
}

/**
 * A finding as SQL: `select` yields a row per finding with the columns `id` (the working table's `_id`), and where they apply `message`,
 * `value`, `idx` (child row). Constants may be given beside instead.
 */
export interface FindingSpec {
  /** Exception type of the site, or a code of ours for warnings. */
  type: string
  severity?: Severity
  field?: string
  /** SELECT with column `id` and optional `message`, `value`, `idx`; text columns VARCHAR. */
  select: string
  /** When `select` has no `message`. */
  message?: string
  hint?: string
  /** True when the value belongs to the root cause (a missing link target), so that findings group by it. */
  causeByValue?: boolean
  /** Where the site would meet it, when that is not the step's own stage (a `named` step may find what on_update would). */
  stage?: Stage
  /** Order among the findings of one stage (default: in order of the calls). */
  seq?: number
}

/** A document to be inserted by the site as an effect of another one (Contact of a Customer). Columns as in model/draft.ts. */
export interface NestedDrafts {
  doctype: string
  /** SELECT yielding `_id` (BIGINT, unique, in order of insert), `_root` (the `_id` of the causing document here) and fields. */
  documents: string
  /** Child rows by table field: SELECT yielding `_parent`, `_idx` and fields. */
  children?: Record<string, string>
}

/** What a step works with. Working tables live until the batch ends; names of columns are those of the DocType's table. */
export interface PostingContext {
  readonly staging: Staging
  readonly site: Site
  readonly clock: Clock
  readonly meta: DocTypeMeta
  readonly pass: Pass
  readonly import: boolean
  /** `YYYY-MM-DD`, the site's today; `YYYY-MM-DD HH:MM:SS.ffffff`, its now. */
  readonly today: string
  readonly now: string
  /** The user documents are inserted as. */
  readonly user: string
  /** Fields a draft of this batch gives that the DocType has not: the site drops them, controllers may still look at them (in `drafts`). */
  readonly extras: ReadonlySet<string>
  /**
   * Relation with the drafts as given (`_id` and fields), for `extras`.
   */
  readonly drafts: string
  /**
   * Working table of the documents: `_id` BIGINT, then every column of the DocType's table, typed for computing (BIGINT for Int and Check,
   * DOUBLE for Currency, Float and Percent, DATE, TIMESTAMP, else VARCHAR). NULL is None; the final `0` for empty numbers is set when rows are written.
   */
  readonly doc: string
  /** Working table of a Table field's rows: `_parent`, `_idx` (from 1), `name` (hash, there from the start), then the child's columns. Exists for every Table field. */
  child(tableField: string): string
  /** Rows of the batch in that child table; 0: steps may skip it. */
  childCount(tableField: string): number
  /** Counts a child table again; after a step that appended rows to it. */
  recount(tableField: string): Promise<void>
  /** SQL over the working table called `alias`: Python's truth of a field as the draft gives it: text for a number is true whatever it says (`"0"`, `"cheap"`), the number 0 for a text is not. */
  truth(column: string, alias: string): string
  /** True when the drafts give text for the field: comparisons of the controller with a number fail then. */
  isGivenAsText(column: string): boolean
  /** True when the drafts give numbers with fractions for the field (of the rows of `tableField`). */
  isGivenAsFloat(column: string, tableField?: string): boolean
  /** Rows of `tableField` (`_parent/_idx`) whose draft gives a whole number for a field for which others give fractions. */
  givenWhole(column: string, tableField: string): Promise<Set<string>>
  /** True when any document of the batch has a value other than NULL in `column` (at the start of the stage checks; cheap). */
  has(column: string): boolean
  /** SELECT of the `_id`s refused so far, for `NOT IN`. */
  readonly refused: string
  /** SELECT * of documents that go on (for steps after the rows were written). Its `name` is the final one. */
  readonly live: string
  /** Documents of the submit pass only: condition on `_id` for WHERE; `TRUE` in the insert pass. */
  readonly scope: string
  /**
   * SELECT of the documents (`id`) whose draft gives a value for a field their DocType (or the DocType of `tableField`) does not have, or null: the site drops it, but
   * a controller shared by several DocTypes may read it all the same.
   */
  stray(field: string, tableField?: string): string | null
  /** Records findings; blocking by default: the documents are refused. Returns how many there were. */
  find(spec: FindingSpec): Promise<number>
  /** Records one finding computed in JS per element. */
  findAll(spec: Omit<FindingSpec, 'select'>, found: { id: number; message?: string; value?: string | null; idx?: number | null }[]): Promise<number>
  /** Sets columns of a working table from JS: `keys` (`_id`, or `_parent` and `_idx`) and values of equal length. */
  push(relation: string, keys: ColumnData[], columns: ColumnData[]): Promise<void>
  /** Sets a column of rows that were there (records `ops.updates`): `select` yields `id` (document), `key` (the row's name) and `after`. Last of a key wins; no change, no record. */
  updateRows(table: string, column: string, select: string): Promise<void>
  /** Appends rows to `rows."<table>"`: `select` yields `_id` of the causing document and columns of the table; absent columns get their defaults as a raw row would. */
  insertRows(table: string, select: string): Promise<void>
  /** Inserts documents through their own rule; a refusal refuses the causing document. Names given are in `work` relation returned: columns `_id`, `_root`, `name`. */
  post(nested: NestedDrafts): Promise<string>
  /**
   * SQL expression of a 10-character hash name (begins with `z`, holds a digit; Frappe's own never begin so), the same whenever it is asked for
   * the same `unit` (say, the table field), `id` (SQL of a document's `_id`) and `idx` (SQL of a number from 0, unique within the document).
   */
  hash(unit: string, id: string, idx: string): string
  /** Somebody wants to know what the site tells its user on the way. */
  readonly tells: boolean
  /** The site tells its user something while it works on a document, which may yet be refused. */
  tell(id: number, text: string): void
  /** A working name for a scratch table, dropped when the batch ends. */
  scratch(name: string): string
}

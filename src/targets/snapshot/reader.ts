import type { ColumnRow } from '../../site/columns.ts'
import type { Loose } from '../../site/compact.ts'

/** What was asked for, or why the site refused it: a missing right is an answer, not an error. */
export type Got<T> = { value: T } | { refused: string }

/** Count of a DocType's records and the latest `modified` among them ('' when there are none): equal ones mean that nothing changed. */
export interface Tally { count: number; modified: string }

export interface Series { values: Record<string, number>; note: string | null }

/**
 * One way to read a site. Every method asks the site when it is called and fails with `target-failed` only when the site itself failed; what the user may not
 * read is `refused`. Values are as stored: numbers are numbers, dates and times text, NULL null.
 */
export interface SnapshotReader {
  readonly way: 'rest' | 'bench' | 'database'
  /** Address for people, without credentials. */
  readonly site: string
  readonly requests: number
  /** The user the site sees, null where there is none (a database). */
  who(): Promise<string | null>
  /** Installed apps and their versions. */
  apps(): Promise<Got<Record<string, string>>>
  /** A row per DocType, as in `tabDocType`. */
  doctypes(): Promise<Got<Loose[]>>
  /** Rows of `tabDocField` of those DocTypes, of all when null. */
  fields(doctypes: readonly string[] | null): Promise<Got<Loose[]>>
  /** DocTypes as the site applies them, with the child DocTypes that come along; null where only the site's own code could say. */
  applied(doctypes: readonly string[]): Promise<{ row: Loose; fields: Loose[] }[] | null>
  tally(doctype: string): Promise<Got<Tally>>
  /** Rows of a DocType, those changed at or after `since` where given; `columns` beside the standard ones, all when null. Reading stops once there are more than `most`. */
  rows(doctype: string, columns: readonly string[] | null, since: string | null, most: number): Promise<Got<Loose[]>>
  names(doctype: string): Promise<Got<string[]>>
  /** Rows of a child DocType below the given parent DocTypes; of those parents only, where given. */
  children(doctype: string, parentDoctypes: readonly string[], parents: readonly string[] | null): Promise<Got<Loose[]>>
  /** Stored values of a single; fields nobody saved are absent. */
  single(doctype: string, fields: readonly string[]): Promise<Got<Record<string, string>>>
  defaults(): Promise<Got<Record<string, string>>>
  series(): Promise<Got<Series>>
  /** Columns per table, null where they can only be derived. */
  columns(): Promise<Map<string, ColumnRow[]> | null>
  close(): Promise<void>
}

/** What only the site's Python can say; from a bench. */
export interface CodeFacts {
  apps: Record<string, string>
  /** Insert-path methods by DocType. */
  controllers: Record<string, string[]>
  /** `doc_events` and overridden classes of apps other than frappe and erpnext, by DocType. */
  hooks: Record<string, string[]>
}

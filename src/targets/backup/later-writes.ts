import type { Link } from '../express/connection.ts'
import type { LoggedRow, LoggedTransaction } from './log-scan.ts'

/** A document that somebody wrote: by name, with the last kind of write and when (server's time). `count`: rows written for it. */
export interface LaterWrite { doctype: string; name: string; kind: 'created' | 'changed' | 'deleted'; at: string; count: number }

/** Everything written since a point. `documents`: by people (or other programs); `ours`: documents of Landfall's own runs; `upkeep`: rows of logs, sessions and counters. */
export interface LaterWrites { documents: LaterWrite[]; ours: number; upkeep: number; transactions: number }

/** DocTypes in which a site keeps its own upkeep: nobody loses work with them. */
const UPKEEP = new Set(['Activity Log', 'Access Log', 'Scheduled Job Log', 'Scheduled Job Type', 'Error Log', 'Error Snapshot', 'Route History', 'Sessions', 'Session Default', 'Series', 'DefaultValue', 'Webhook Request Log', 'Integration Request',
  'Email Queue', 'Email Queue Recipient', 'Notification Log', 'Document Follow', 'Prepared Report', 'RQ Job', 'Token Cache', 'View Log', 'Submission Queue', 'Deleted Document', 'Version', 'Singles of Landfall'])
const OUR_TABLE = /^__landfall|^landfall_/

/** Where the columns that tell whose row it is stand in each table: numbers as the log counts them. */
export interface Layout { [table: string]: { name: number; parent: number | null; parenttype: number | null; user: number | null } }

export async function readLayout(link: Link): Promise<Layout> {
  const layout: Layout = {}
  for (const [table, column, position] of await link.rows(`SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME IN ('name', 'parent', 'parenttype', 'modified_by', 'doctype') ORDER BY TABLE_NAME`)) {
    const one = layout[table ?? ''] ??= { name: 1, parent: null, parenttype: null, user: null }
    if (column === 'name' || (column === 'doctype' && table === 'tabSingles')) one.name = Number(position)
    if (column === 'parent') one.parent = Number(position)
    if (column === 'parenttype') one.parenttype = Number(position)
    if (column === 'modified_by') one.user = Number(position)
  }
  return layout
}

/** Gathers who wrote what from the log, transaction by transaction. `ours(doctype, name)`: whether a run of Landfall put this document there. */
export class WriteList {
  readonly #layout: Layout
  readonly #ours: (doctype: string, name: string) => boolean
  readonly #documents = new Map<string, LaterWrite>()
  readonly #own = new Set<string>()
  #upkeep = 0
  #transactions = 0

  constructor(layout: Layout, ours: (doctype: string, name: string) => boolean = () => false) {
    this.#layout = layout
    this.#ours = ours
  }

  add({ at, rows }: LoggedTransaction): void {
    if (rows.length === 0) return
    this.#transactions++
    const owners = rows.map((row) => ({ row, owner: this.#ownerOf(row) }))
    // Documents commit together with the ledger, so a transaction that touches it is a run's, side effects included.
    const own = rows.some((row) => OUR_TABLE.test(row.table)) || owners.some(({ row, owner }) => row.kind === 'insert' && owner !== null && owner.main && this.#ours(owner.doctype, owner.name))
    for (const { row, owner } of owners) {
      if (owner === null || UPKEEP.has(owner.doctype)) this.#upkeep++
      else if (own) this.#own.add(`${owner.doctype}\u0000${owner.name}`)
      else this.#note(owner, row, at)
    }
  }

  /** What was gathered, newest last. */
  result(): LaterWrites {
    return { documents: [...this.#documents.values()], ours: this.#own.size, upkeep: this.#upkeep, transactions: this.#transactions }
  }

  #note(owner: Owner, row: LoggedRow, at: string): void {
    const id = `${owner.doctype}\u0000${owner.name}`, before = this.#documents.get(id)
    const kind = !owner.main ? 'changed' : row.kind === 'insert' ? 'created' : row.kind === 'delete' ? 'deleted' : 'changed'
    this.#documents.set(id, { doctype: owner.doctype, name: owner.name, kind: before?.kind === 'created' && kind === 'changed' ? 'created' : kind, at, count: (before?.count ?? 0) + 1 })
  }

  #ownerOf(row: LoggedRow): Owner | null {
    if (!row.table.startsWith('tab')) return null
    const layout = this.#layout[row.table], doctype = row.table.slice(3)
    const value = (column: number | null | undefined): string | null => (column == null ? null : row.values.get(column) ?? null)
    if (row.table === 'tabSingles') return { doctype: value(layout?.name ?? 1) ?? 'Singles', name: 'settings', main: true }
    const parent = value(layout?.parent), parenttype = value(layout?.parenttype)
    if (parent !== null && parent !== '' && parenttype !== null && parenttype !== '') return { doctype: parenttype, name: parent, main: false }
    return { doctype, name: value(layout?.name ?? 1) ?? '', main: true }
  }
}

interface Owner { doctype: string; name: string; main: boolean }

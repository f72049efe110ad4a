import { sameMoment, type LaneChange, type LaneUndo, type UndoRequest } from '../lane.ts'
import { documentPath, type SiteClient } from './client.ts'
import { readSeries, setSeries } from './series.ts'

type Doomed = UndoRequest['documents'][number]
interface State { docstatus: number; modified: string; modifiedBy: string }

/**
 * Takes documents back, last written first: cancels what is submitted, then deletes. A document that somebody changed since it was written stays, and so does one that
 * the site will not let go because others link to it; both are in `kept`. What stood in older rows before is then set where it did not come back by itself.
 */
export async function takeBack(client: SiteClient, request: UndoRequest): Promise<LaneUndo> {
  const result: LaneUndo = { removed: 0, restored: 0, kept: [] }
  const states = await statesOf(client, request.documents)
  // All are looked at before any is touched: taking one back changes others.
  const doomed = request.documents.filter((document) => {
    const state = states.get(`${document.doctype}\u001f${document.name}`)
    if (state === undefined) return false
    if (document.modified === null || sameMoment(state.modified, document.modified)) return true
    result.kept.push({ doctype: document.doctype, name: document.name, reason: `changed by ${state.modifiedBy} at ${state.modified}, after it was loaded` })
    return false
  })
  const restoreSetting = doomed.some((document) => document.docstatus === 1) ? await letLedgersGo(client) : null
  for (const document of doomed) {
    const docstatus = states.get(`${document.doctype}\u001f${document.name}`)?.docstatus ?? 0
    const reason = await remove(client, document, docstatus)
    if (reason === null) result.removed++
    else result.kept.push({ doctype: document.doctype, name: document.name, reason })
  }
  await restoreSetting?.()
  for (const change of request.restore) {
    const reason = change.doctype === 'Series' ? await restoreSeries(client, change) : await restore(client, change)
    if (reason === null) result.restored += Object.keys(change.values).length
    else result.kept.push({ doctype: change.doctype, name: change.name, reason })
  }
  return result
}

const ACCOUNTS = 'Accounts Settings', LEDGERS_TOO = 'delete_linked_ledger_entries'

/**
 * A site keeps the cancelled ledger entries of a document that is deleted, unless its Accounts Settings say otherwise; so they say so for as long as the undo lasts. Answers what
 * sets them back; null when they say so anyway or the user may not change them (the entries that stay are then listed).
 */
async function letLedgersGo(client: SiteClient): Promise<(() => Promise<void>) | null> {
  const { data, refusal } = await client.insist({ method: 'POST', path: 'api/method/frappe.client.get_single_value', body: { doctype: ACCOUNTS, field: LEDGERS_TOO } })
  if (refusal !== null || Number(data ?? 0) === 1) return null
  const set = (value: number) => client.insist({ method: 'PUT', path: documentPath(ACCOUNTS, ACCOUNTS), body: { [LEDGERS_TOO]: value } })
  return (await set(1)).refusal === null ? async () => { await set(0) } : null
}

async function statesOf(client: SiteClient, documents: Doomed[]): Promise<Map<string, State>> {
  const states = new Map<string, State>()
  for (const [doctype, list] of Map.groupBy(documents, (document) => document.doctype)) {
    const rows = await client.rows(doctype, 'name', list.map((document) => document.name), { fields: ['name', 'docstatus', 'modified', 'modified_by'] }) ?? []
    for (const row of rows) states.set(`${doctype}\u001f${String(row['name'])}`, { docstatus: Number(row['docstatus']), modified: String(row['modified']), modifiedBy: String(row['modified_by']) })
  }
  return states
}

/** Null when the document is gone, else why it is not. */
async function remove(client: SiteClient, { doctype, name }: Doomed, docstatus: number): Promise<string | null> {
  if (docstatus === 1) {
    const { refusal } = await client.insist({ method: 'POST', path: 'api/method/frappe.client.cancel', body: { doctype, name } })
    // A lost answer may have cancelled it: what matters is whether it can be deleted.
    if (refusal !== null && refusal.type !== 'DoesNotExistError' && !/already cancelled|cannot edit cancelled/i.test(refusal.message)) return `cannot be cancelled: ${refusal.message}`
  }
  const { refusal } = await client.insist({ method: 'DELETE', path: documentPath(doctype, name) })
  if (refusal === null || refusal.type === 'DoesNotExistError') return null
  return `${docstatus === 1 ? 'was cancelled, but ' : ''}cannot be deleted: ${refusal.message}`
}

/** Sets the values that differ; null when the site holds them afterwards. */
async function restore(client: SiteClient, { doctype, name, values }: LaneChange): Promise<string | null> {
  const fields = ['name', ...Object.keys(values)]
  const differing = async (): Promise<[string, string | number | null][]> => {
    const [row] = await client.rows(doctype, 'name', [name], { fields }) ?? []
    return row === undefined ? [] : Object.entries(values).filter(([field, value]) => !sameValue(row[field], value))
  }
  const open = await differing()
  if (open.length === 0) return null
  const { refusal } = await client.insist({ method: 'PUT', path: documentPath(doctype, name), body: Object.fromEntries(open) })
  const left = refusal === null ? await differing() : open
  if (left.length === 0) return null
  return `${left.map(([field, value]) => `${field} is not ${value === null ? 'empty' : JSON.stringify(value)} again`).join(', ')}${refusal === null ? '' : `: ${refusal.message}`}`
}

/** A counter stands where the run found it, unless somebody took further numbers meanwhile. */
async function restoreSeries(client: SiteClient, { name, values }: LaneChange): Promise<string | null> {
  const before = Number(values['current'])
  const [row] = await readSeries(client, [name]) ?? []
  if (row === undefined) return 'the counter of the series cannot be read'
  if (Number(row['current']) !== before) await setSeries(client, name, before)
  return null
}

/** Frappe's texts are empty or NULL alike, and numbers come in any form. */
export function sameValue(a: unknown, b: unknown): boolean {
  const empty = (value: unknown): boolean => value === null || value === undefined || value === ''
  if (empty(a) || empty(b)) return empty(a) && (empty(b) || Number(b) === 0) || empty(b) && Number(a) === 0
  return String(a) === String(b) || Number(a) === Number(b) || sameMoment(String(a), String(b))
}

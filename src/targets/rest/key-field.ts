import { createHash } from 'node:crypto'
import { LandfallError } from '../../errors/error.ts'
import { displayKey } from '../../model/key.ts'
import type { SiteClient } from './client.ts'

/** The custom field that says which legacy record a document is: unique on the site, so that no document can come twice. */
export const KEY_FIELD = 'landfall_key'

/** Value of the field: a hash, because the site's collation takes `a`, `A` and `a ` for the same, then the key for people. At most 140 characters. */
export function keyValue(entity: string, key: string): string {
  const hash = createHash('sha256').update(`${entity}\u0000${key}`).digest('hex').slice(0, 20)
  return `${hash} ${entity} ${displayKey(key)}`.replace(/[^\x20-\x7e]+/g, '?').replace(/[<>]/g, '?').slice(0, 120).trim()
}

/**
 * Makes the field on DocTypes that lack it, and answers those that cannot have it (the site keeps its own DocTypes closed): their documents are known by name only.
 * Throws `target-denied` when the user may not make custom fields.
 */
export async function prepareKeyFields(client: SiteClient, doctypes: string[]): Promise<Set<string>> {
  const there = await client.rows('Custom Field', 'dt', doctypes, { fields: ['dt', 'fieldname'] })
  if (there === null) throw noRight('read')
  const have = new Set(there.filter((row) => row['fieldname'] === KEY_FIELD).map((row) => row['dt'] as string)), closed = new Set<string>()
  for (const doctype of doctypes) {
    if (have.has(doctype)) continue
    const body = { dt: doctype, fieldname: KEY_FIELD, label: 'Landfall Key', fieldtype: 'Data', unique: 1, hidden: 1, no_copy: 1, read_only: 1, print_hide: 1, description: 'The legacy record this document was made from.' }
    const { refusal } = await client.insist({ method: 'POST', path: 'api/resource/Custom%20Field', body })
    if (refusal?.type === 'PermissionError') throw noRight('create')
    // A lost answer may have made it.
    if (refusal !== null && !/already exists/i.test(refusal.message) && refusal.type !== 'DuplicateEntryError') closed.add(doctype)
  }
  return closed
}

function noRight(what: string): LandfallError {
  return new LandfallError('target-denied', `The user of the API key may not ${what} Custom Fields, which the REST lane needs to write every document exactly once.`, { hint: 'Give the user the role System Manager for the migration.' })
}

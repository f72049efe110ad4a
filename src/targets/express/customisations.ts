import { createHash } from 'node:crypto'
import type { Link } from './connection.ts'

/** What changes how a site treats documents: of each the rows, in order of name. Their moments tell a change of the code they hold. */
const TABLES = ['Custom Field', 'Property Setter', 'Server Script', 'Workflow', 'Document Naming Rule', 'DocType', 'Custom DocPerm', 'Accounting Dimension']
/** Settings that controllers read. */
const SINGLES = ['Accounts Settings', 'Buying Settings', 'Global Defaults', 'Selling Settings', 'Stock Settings', 'System Settings']

/** A short text that differs when the site was customised otherwise: what was proven of it is to be proven again then. */
export async function customisations(link: Link): Promise<string> {
  const there = new Set((await link.rows(`SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()`)).map(([name]) => name)), hash = createHash('sha256')
  for (const table of TABLES) {
    if (!there.has(`tab${table}`)) continue
    // Our own field says which legacy record a document was; the REST lane makes it when it needs it.
    const where = table === 'Custom Field' ? ` WHERE fieldname <> 'landfall_key'` : table === 'DocType' ? ` WHERE custom = 1` : ''
    for (const row of await link.rows(`SELECT name, modified FROM \`tab${table}\`${where} ORDER BY name`)) hash.update(`${table}\u001f${row.join('\u001f')}\n`)
  }
  if (there.has('tabSingles')) for (const row of await link.rows(`SELECT doctype, field, value FROM tabSingles WHERE doctype IN (${SINGLES.map((name) => `'${name}'`).join(', ')}) AND field NOT IN ('modified', 'modified_by', 'creation', 'owner') ORDER BY doctype, field`)) hash.update(`${row.join('\u001f')}\n`)
  return hash.digest('hex').slice(0, 16)
}

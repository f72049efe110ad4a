import type { Site } from '../../site/site.ts'
import { ident, type Staging } from '../../staging/staging.ts'
import type { LaneBatch, LaneDocument, LaneOutcome } from '../lane.ts'
import { quote, tick, type Link } from './connection.ts'
import { keyHash, loadedKeys, refusedNames } from './ledger.ts'
import { liveRows } from './prediction.ts'

const LOOKED_UP = 500

/**
 * Which documents cannot be written because of what is on the site: loaded already under their legacy key (`unchanged`), or a name or unique value of one of their
 * rows is taken under the site's own collation (`refused`). Asked only after a key was found taken: the database itself says whether there is any.
 */
export async function settleCollisions(link: Link, staging: Staging, site: Site, batch: LaneBatch, tables: readonly string[], live: readonly LaneDocument[]): Promise<Map<number, LaneOutcome>> {
  const settled = new Map<number, LaneOutcome>()
  const known = await loadedKeys(link, batch.doctype, live)
  for (const one of live) {
    const name = known.get(keyHash(batch.doctype, one))
    if (name !== undefined) settled.set(one.id, { id: one.id, status: 'unchanged', name, reason: null })
  }
  for (const table of tables) {
    const unique = site.doctype(table.slice(3))?.columns.filter((column) => column.key === 'UNI').map((column) => column.name) ?? []
    for (const column of ['name', ...unique]) {
      for (const { id, value, by } of await taken(link, staging, batch, table, column)) {
        if (settled.has(id)) continue
        const message = column === 'name' ? `${table.slice(3)} ${by} is on the site already and was not written by this run` : `${table.slice(3)} ${by} has ${column} "${value}" already`
        settled.set(id, { id, status: 'refused', name: null, reason: { type: 'DuplicateEntryError', message } })
      }
    }
  }
  return settled
}

async function taken(link: Link, staging: Staging, batch: LaneBatch, table: string, column: string): Promise<{ id: number; value: string; by: string }[]> {
  const found: { id: number; value: string; by: string }[] = []
  let some: [number, string][] = []
  const look = async () => {
    if (some.length === 0) return
    const given = some.map(([id, value], n) => `SELECT ${id}${n === 0 ? ' AS id' : ''}, ${quote(value)}${n === 0 ? ' AS v' : ''}`).join(' UNION ALL ')
    for (const [id, value, by] of await link.rows(`SELECT x.id, x.v, t.name FROM (${given}) x JOIN ${tick(table)} t ON t.${tick(column)} = x.v`)) found.push({ id: Number(id), value: value ?? '', by: by ?? '' })
    some = []
  }
  for await (const chunk of staging.scan(`SELECT r._draft, CAST(r.${ident(column)} AS VARCHAR) FROM ${liveRows(table, batch)} AND r.${ident(column)} IS NOT NULL`)) {
    for (let i = 0; i < chunk.count; i++) {
      some.push([Number(chunk.columns[0]![i]), String(chunk.columns[1]![i])])
      if (some.length === LOOKED_UP) await look()
    }
  }
  await look()
  return found
}

/**
 * Documents at work whose rows link to documents of the run that the site refused: they would point to nothing. `more`: refused in this batch, not yet in the ledger.
 * Repeat until nothing is found: a document found here may be what another one links to.
 */
export async function dependents(link: Link, staging: Staging, site: Site, batch: LaneBatch, tables: readonly string[], more: readonly string[]): Promise<Map<number, LaneOutcome>> {
  const refused = new Map<string, Set<string>>(more.length > 0 ? [[batch.doctype, new Set(more)]] : [])
  for (const { doctype, name } of await refusedNames(link, batch.run)) refused.set(doctype, (refused.get(doctype) ?? new Set()).add(name))
  const settled = new Map<number, LaneOutcome>()
  if (refused.size === 0) return settled
  const pairs = [...refused].flatMap(([doctype, names]) => [...names].map((name) => ({ doctype, name })))
  await staging.run('CREATE OR REPLACE TEMP TABLE express_refused (doctype VARCHAR, name VARCHAR)')
  await staging.appendColumns({ database: 'temp', schema: 'main', table: 'express_refused' }, [
    { name: 'doctype', kind: 'VARCHAR', values: pairs.map((pair) => pair.doctype) }, { name: 'name', kind: 'VARCHAR', values: pairs.map((pair) => pair.name) },
  ])
  for (const table of tables) {
    const meta = site.doctype(table.slice(3))
    const links = [...meta?.linkFields().filter((field) => refused.has(field.options ?? '')).map((field) => ({ field: field.fieldname, doctype: `'${field.options!.replaceAll("'", "''")}'` })) ?? [],
      ...meta?.dynamicLinkFields().filter((field) => field.options !== null && meta.column(field.options) !== undefined).map((field) => ({ field: field.fieldname, doctype: `r.${ident(field.options!)}` })) ?? []]
    for (const { field, doctype } of links.filter((one) => meta?.column(one.field) !== undefined)) {
      const rows = await staging.all<{ id: number; doctype: string; name: string }>(`SELECT DISTINCT r._draft AS id, x.doctype, x.name FROM ${liveRows(table, batch).replace(' r WHERE ', ` r JOIN temp.express_refused x ON x.name = r.${ident(field)} AND x.doctype = ${doctype} WHERE `)}`)
      for (const row of rows) settled.set(Number(row.id), { id: Number(row.id), status: 'refused', name: null, reason: { type: 'LinkValidationError', message: `Could not find ${row.doctype}: ${row.name}, which was refused` } })
    }
  }
  return settled
}

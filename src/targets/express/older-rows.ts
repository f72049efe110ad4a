import type { Image, Refusal } from './ledger.ts'
import { quote, tick, type Link, type Text } from './connection.ts'
import type { Change } from './prediction.ts'

const LOOKED_UP = 500

/** Locks rows by name and answers the given columns of those that are there. */
export async function lockRows(link: Link, table: string, columns: readonly string[], names: readonly string[]): Promise<Map<string, Text[]>> {
  const found = new Map<string, Text[]>()
  for (let i = 0; i < names.length; i += LOOKED_UP) {
    const list = names.slice(i, i + LOOKED_UP).map(quote).join(', ')
    for (const [name, ...values] of await link.rows(`SELECT name${columns.map((column) => `, ${tick(column)}`).join('')} FROM ${tick(table)} WHERE name IN (${list}) FOR UPDATE`)) found.set(name ?? '', values)
  }
  return found
}

/**
 * Locks the rows that the batch's documents change and compares each value with the one the prediction began with. Answers the documents that
 * cannot be loaded, because somebody changed a row meanwhile or removed it.
 */
export async function findConflicts(link: Link, changes: readonly Change[]): Promise<Map<number, Refusal>> {
  const refused = new Map<number, Refusal>()
  for (const [table, some] of byTable(changes)) {
    const columns = [...new Set(some.map((change) => change.column))], names = [...new Set(some.map((change) => change.name))]
    const found = await lockRows(link, table, columns, names)
    for (const change of some) {
      const row = found.get(change.name), value = row?.[columns.indexOf(change.column)] ?? null
      if (row !== undefined && value === change.before) continue
      const message = row === undefined ? `${table} "${change.name}" is no longer on the site` : `${table} "${change.name}" holds ${shown(value)} in ${change.column} where ${shown(change.before)} was predicted`
      for (const id of change.ids) if (!refused.has(id)) refused.set(id, { type: 'target-changed', message })
    }
  }
  return refused
}

const shown = (value: Text): string => (value === null ? 'nothing' : `"${value.slice(0, 100)}"`)

function byTable(changes: readonly Change[]): Map<string, Change[]> {
  const tables = new Map<string, Change[]>()
  for (const change of changes) tables.set(change.table, [...tables.get(change.table) ?? [], change])
  return tables
}

/** What the ledger keeps of changes: the last document that made each. */
export function imagesOf(changes: readonly Change[]): Image[] {
  return changes.map(({ table, name, column, before, after, ids }) => ({ id: ids.at(-1) ?? 0, table, name, column, before, after }))
}

/** Sets columns of rows by name; `value` chooses the side of the image. The rows are locked. Answers how many values were set. */
export async function setValues(link: Link, images: readonly Image[], side: 'before' | 'after'): Promise<number> {
  const groups = new Map<string, Image[]>()
  for (const image of images) {
    const key = `${image.table}\u001f${image.column}`, group = groups.get(key)
    if (group === undefined) groups.set(key, [image])
    else group.push(image)
  }
  for (const [key, group] of groups) {
    const [table, column] = key.split('\u001f') as [string, string]
    for (let i = 0; i < group.length; i += LOOKED_UP) {
      const values = group.slice(i, i + LOOKED_UP).map((image, n) => `SELECT ${quote(image.name)}${n === 0 ? ' AS k' : ''}, ${quote(image[side])}${n === 0 ? ' AS v' : ''}`)
      await link.run(`UPDATE ${tick(table)} t JOIN (${values.join(' UNION ALL ')}) u ON t.name = u.k SET t.${tick(column)} = u.v`)
    }
  }
  return images.length
}

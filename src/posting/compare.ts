import type { Json } from '../model/value.ts'
import type { Answer, Case } from './replay.ts'

/** One thing recorded and predicted differently: `tabCustomer.language`, or a whole (`error`, `name`, `tabGL Entry`). */
export interface Difference { where: string; recorded: string; predicted: string }

type View = Omit<Answer, 'id'>

const SKIPPED = new Set(['creation', 'modified', 'owner', 'modified_by', '_comments', '_assign', '_liked_by', '_user_tags'])
/** Tables of which only the number of rows counts. */
const COUNTED = new Set(['tabVersion', 'tabComment'])
const HASH = /^[0-9a-z]{10}$/
/** Columns that list counter accounts in the order of a Python set, which differs from process to process: the names count, not their order. */
const SETS = new Set(['against', 'against_account'])
const NOW = /\d{1,2}:\d\d:\d\d\.\d+$/
/** Exceptions of Python and the database that nobody raises on purpose: any refusal agrees with them. */
const CRASHES = new Set(['TypeError', 'AttributeError', 'OperationalError', 'DataError', 'KeyError'])

/** Differences between a recorded case and a prediction, by the rules of the ground truth: times, hash names and who did it do not count. Empty: they agree. */
export function compareCase(recorded: Case & View, predicted: Answer): Difference[] {
  if (recorded.error !== undefined || predicted.error !== undefined) return compareErrors(recorded, predicted)
  const differences: Difference[] = []
  const name = (view: View) => JSON.stringify(view.name ?? view.names)
  if (name(recorded) !== name(predicted) && !HASH.test(recorded.name ?? '') && !(recorded.names ?? []).includes('<hash>')) differences.push({ where: 'name', recorded: name(recorded), predicted: name(predicted) })
  const before = viewOf(recorded), after = viewOf(predicted)
  for (const table of [...new Set([...before.rows.keys(), ...after.rows.keys()])].sort()) differences.push(...compareTable(table, before.rows.get(table) ?? [], after.rows.get(table) ?? []))
  for (const line of [...new Set([...before.updates, ...after.updates])].sort()) {
    if (!before.updates.has(line)) differences.push({ where: 'updated', recorded: 'nothing', predicted: line })
    else if (!after.updates.has(line)) differences.push({ where: 'updated', recorded: line, predicted: 'nothing' })
  }
  return differences
}

function compareErrors(recorded: View, predicted: View): Difference[] {
  const say = (view: View) => (view.error === undefined ? 'accepted' : `${view.error.type}: ${view.error.message.slice(0, 160)}`)
  const same = recorded.error !== undefined && predicted.error !== undefined && predicted.error.type !== 'Unsupported' && (CRASHES.has(recorded.error.type) || recorded.error.type === predicted.error.type)
  return same ? [] : [{ where: 'error', recorded: say(recorded), predicted: say(predicted) }]
}

type Flat = Map<string, string>

/** Rows with generated names replaced by what they stand for, so that two recordings of one case are alike. A database's sequence counts the cases rolled back, too. */
function viewOf(view: View): { rows: Map<string, Flat[]>; updates: Set<string> } {
  const names = hashNames(view), rows = new Map<string, Flat[]>(), updates = new Set<string>()
  for (const [table, list] of Object.entries(view.inserted ?? {})) {
    rows.set(table, list.map((row) => {
      const flat: Flat = new Map()
      for (const key of Object.keys(row).sort()) if (!SKIPPED.has(key) && row[key] !== null && row[key] !== undefined) flat.set(key, key === 'name' && typeof row[key] === 'number' ? '<number>' : normal(SETS.has(key) ? sorted(row[key] as Json) : row[key] as Json, names))
      return flat
    }).sort((a, b) => order(a).localeCompare(order(b), 'en')))
  }
  for (const [table, list] of Object.entries(view.updated ?? {})) {
    for (const { key, changes } of list) for (const [column, [from, to]] of Object.entries(changes)) if (!SKIPPED.has(column) && column !== '_seen') updates.add(`${table} ${key.join(', ')}: ${column} ${normal(from, names)} -> ${normal(to, names)}`)
  }
  return { rows, updates }
}

const sorted = (value: Json): Json => (typeof value === 'string' ? value.split(', ').sort().join(', ') : value)
const order = (flat: Flat) => [...flat].map(([key, value]) => `${key}=${value}`).join('|')

function hashNames(view: View): Map<string, string> {
  const names = new Map<string, string>(), parents = new Map<string, { parent: string; idx: string; table: string }>()
  for (const [table, list] of Object.entries(view.inserted ?? {})) {
    for (const row of list) {
      const name = row['name']
      if (typeof name !== 'string' || !HASH.test(name)) continue
      const parent = row['parent'] ?? ''
      names.set(name, parent === '' ? `<${table}>` : `<${table}:${String(parent)}:${String(row['idx'] ?? '')}>`)
      if (parent !== '') parents.set(name, { parent: String(parent), idx: String(row['idx'] ?? ''), table })
    }
  }
  for (const [name, { parent, idx, table }] of parents) if (names.has(parent)) names.set(name, `<${table}::${idx}>`)
  return names
}

function normal(value: Json, names: Map<string, string>): string {
  if (typeof value === 'boolean') return String(Number(value))
  if (typeof value === 'number') return String(Number(value.toFixed(9)))
  if (typeof value !== 'string') return JSON.stringify(value)
  const known = names.get(value)
  if (known !== undefined) return JSON.stringify(known)
  if (HASH.test(value) && /\d/.test(value)) return '"<hash>"'
  return JSON.stringify(value.replace(NOW, '<now>'))
}

function compareTable(table: string, recorded: Flat[], predicted: Flat[]): Difference[] {
  if (recorded.length !== predicted.length) return [{ where: table, recorded: `${recorded.length} rows`, predicted: `${predicted.length} rows` }]
  if (COUNTED.has(table)) return []
  const differences: Difference[] = [], left = [...predicted]
  const unequal = recorded.filter((row) => {
    const at = left.findIndex((other) => order(other) === order(row))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  unequal.forEach((row, i) => {
    const other = left[i]!
    for (const key of [...new Set([...row.keys(), ...other.keys()])].sort()) {
      if (row.get(key) !== other.get(key)) differences.push({ where: `${table}.${key}`, recorded: row.get(key) ?? 'NULL', predicted: other.get(key) ?? 'NULL' })
    }
  })
  return differences
}

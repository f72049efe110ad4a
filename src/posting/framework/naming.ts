import { ident, literal, type ColumnData } from '../../staging/staging.ts'
import type { Value } from '../../model/value.ts'
import type { Batch } from './batch.ts'
import { fold } from './collation.ts'
import { storedUnder } from './names.ts'
import { completeSeries, expandFormat, expandSeries, seriesError, seriesFields, type SeriesContext } from './series.ts'
import type { NameWish, NamingRule } from './rule.ts'

type Values = Record<string, Value>
interface Wished { id: number; root: number; refused: boolean; values: Values; wish: NameWish }

const NAME_LENGTH = 140

/** Gives every document of the batch its name, in order of `_id`; refused documents are looked at for errors but use nothing up. */
export async function nameDocuments(batch: Batch, rule: NamingRule | undefined): Promise<void> {
  const autoname = batch.meta.autoname ?? '', kind = autoname.toLowerCase()
  if ((batch.options.import || (batch.options.keepNames && batch.depth === 0)) && batch.has('name')) return nameByHand(batch, rule, autoname)
  if (kind === 'prompt' || kind.startsWith('prompt')) return nameByHand(batch, rule, autoname)
  await reportIgnored(batch)
  if (kind === 'autoincrement') {
    await batch.find({ type: 'unsupported', stage: 'autoname', message: `${batch.meta.name} numbers its records by a database sequence`, select: `SELECT _id AS id FROM ${batch.doc}` })
    return
  }
  if (rule === undefined && (kind === '' || kind === 'hash')) {
    await batch.staging.run(`UPDATE ${batch.doc} SET name = ${batch.hash('name', '_id', '0')}`)
    return
  }
  await rule?.prepare?.(batch)
  await assign(batch, await wishes(batch, rule, autoname, rule?.columns ?? []))
}

async function reportIgnored(batch: Batch): Promise<void> {
  if (!batch.has('name')) return
  await batch.find({
    severity: 'warning', type: 'name-ignored', field: 'name', hint: 'The site names the document itself; keep the old name in a field of its own.',
    select: `SELECT _id AS id, name AS "value", 'The given name is ignored: the site names ' || ${literal(batch.meta.name)} || ' itself' AS message FROM ${batch.doc} WHERE name IS NOT NULL`,
  })
  await batch.staging.run(`UPDATE ${batch.doc} SET name = NULL`)
}

/** `prompt`, and imports that bring names: the given name is taken, others go on to the rule. */
async function nameByHand(batch: Batch, rule: NamingRule | undefined, autoname: string): Promise<void> {
  const prompt = autoname.toLowerCase().startsWith('prompt')
  await rule?.prepare?.(batch)
  const given = ['name', ...(rule?.columns ?? [])]
  const list = await wishes(batch, prompt && rule === undefined ? { columns: [], wish: () => ({ name: null }) } : rule, prompt ? '' : autoname, given)
  for (const item of list) {
    const name = item.values['name']
    if (typeof name === 'string' && name !== '') item.wish = { name }
    else if (prompt && item.wish.name === null && item.wish.series === undefined && item.wish.error === undefined) {
      item.wish = { name: null, error: { type: 'ValidationError', message: 'Please set the document name' } }
    }
  }
  await assign(batch, list)
}

/** What each document asks for, by the controller's rule and the DocType's naming expression. */
async function wishes(batch: Batch, rule: NamingRule | undefined, autoname: string, columns: string[]): Promise<Wished[]> {
  const kind = autoname.toLowerCase(), needed = new Set([...columns, ...(rule?.columns ?? [])])
  if (kind.startsWith('field:')) needed.add(autoname.slice(6))
  const series = kind.startsWith('naming_series:') || batch.plan.byName.has('naming_series') ? await usedSeries(batch) : []
  for (const text of [...series, kind.startsWith('format:') ? autoname.replace(/[{}]/g, '.') : autoname]) for (const field of seriesFields(text)) if (batch.plan.byName.has(field)) needed.add(field)
  if (series.length > 0 || kind.startsWith('naming_series:')) needed.add('naming_series')
  if (rule?.seriesFields) for (const field of rule.seriesFields) if (batch.plan.byName.has(field)) needed.add(field)
  const names = [...needed].filter((name) => batch.plan.byName.has(name))
  const list: Wished[] = [], computed = Object.entries(rule?.computed ?? {}), selected = [...names.map((name) => `n.${ident(name)}`), ...computed.map(([, sql]) => sql(batch))]
  names.push(...computed.map(([name]) => name))
  const sql = `SELECT n._id, n._root, n._id IN (${batch.refused}) AS refused${selected.map((column, i) => `, ${column} AS "v${i}"`).join('')} FROM ${batch.doc} n ORDER BY n._id`
  for await (const chunk of batch.staging.scan(sql)) {
    for (let i = 0; i < chunk.count; i++) {
      const values: Values = {}
      names.forEach((name, c) => { values[name] = chunk.columns[c + 3]![i]! })
      list.push({ id: chunk.columns[0]![i] as number, root: chunk.columns[1]![i] as number, refused: chunk.columns[2]![i] as boolean, values, wish: { name: null } })
    }
  }
  for (const item of list) item.wish = wishOf(batch, rule, autoname, item.values)
  return list
}

async function usedSeries(batch: Batch): Promise<string[]> {
  const rows = await batch.staging.all<{ s: string }>(`SELECT DISTINCT naming_series AS s FROM ${batch.doc} WHERE naming_series <> ''`)
  return [...rows.map((row) => row.s), ...seriesOptions(batch)]
}

function seriesOptions(batch: Batch): string[] {
  return (batch.meta.field('naming_series')?.options ?? '').split('\n').filter((option) => option !== '')
}

function wishOf(batch: Batch, rule: NamingRule | undefined, autoname: string, values: Values): NameWish {
  if (rule !== undefined) {
    const wish = rule.wish(values as never, batch)
    if (wish.name || wish.series || wish.error) return wish
  }
  const kind = autoname.toLowerCase()
  if (kind.startsWith('field:')) {
    const field = autoname.slice(6), value = values[field]
    const name = value === null || value === undefined ? '' : String(value).trim()
    return name === '' ? { name: null, error: { type: 'ValidationError', message: `${batch.meta.field(field)?.label ?? field} is required` } } : { name }
  }
  if (kind.startsWith('naming_series:')) {
    const series = (values['naming_series'] as string | null) || seriesOptions(batch)[0]
    return series ? { name: null, series: `${series}.#####` } : { name: null, error: { type: 'ValidationError', message: 'Naming Series mandatory' } }
  }
  if (kind.startsWith('format:')) return { name: null, format: autoname.slice(autoname.indexOf(':') + 1) }
  if (autoname.includes('#')) return { name: null, series: autoname }
  return { name: null }
}

/** Turns wishes into names: numbers are drawn and taken names avoided or refused, in order. */
async function assign(batch: Batch, list: Wished[]): Promise<void> {
  const wished = list.flatMap((item) => (item.wish.name ? [item.wish.name.trim()] : []))
  const table = `rows.${ident(batch.meta.table)}`
  const taken = new Set((await storedUnder(batch.staging, table, 'name', wished)).keys())
  const numbers = new Numbers(batch, list)
  await numbers.prepare(taken)
  const errors: { id: number; message: string; type: string; value: string | null; stage: 'autoname' | 'framework_insert' }[] = []
  const renamed: { id: number; message: string; value: string }[] = []
  for (const item of list) {
    const result = nameOf(batch, item, taken, numbers)
    if ('error' in result) { errors.push({ id: item.id, ...result.error, value: item.wish.name, stage: 'autoname' }); item.values['name'] = result.name ?? null; continue }
    const name = result.name
    item.values['name'] = name
    if (name !== null && name.length > NAME_LENGTH) errors.push({ id: item.id, type: 'DataError', message: `(1406, "Data too long for column 'name' at row 1")`, value: name, stage: 'framework_insert' })
    else if (name !== null && taken.has(fold(name))) errors.push({ id: item.id, type: 'DuplicateEntryError', message: `${batch.meta.name} ${name} already exists`, value: name, stage: 'framework_insert' })
    else if (name !== null && !item.refused) {
      taken.add(fold(name))
      numbers.given(name)
      if (result.renamed) renamed.push({ id: item.id, value: item.wish.name ?? '', message: `The name is taken: the site names this one ${name}` })
    }
  }
  await push(batch, list)
  // Nothing gave a name: Frappe falls back to a hash.
  if (list.some((item) => item.values['name'] === null)) await batch.staging.run(`UPDATE ${batch.doc} SET name = ${batch.hash('name', '_id', '0')} WHERE name IS NULL`)
  for (const type of new Set(errors.map((error) => `${error.type}|${error.stage}`))) {
    const [kind, stage] = type.split('|') as [string, 'autoname' | 'framework_insert']
    await batch.findAll({ type: kind, field: 'name', stage, hint: kind === 'DuplicateEntryError' ? 'Merge the records, or give them different names.' : undefined, causeByValue: kind === 'DuplicateEntryError' },
      errors.filter((error) => error.type === kind && error.stage === stage))
  }
  await batch.findAll({ severity: 'warning', type: 'renamed-twin', field: 'name', hint: 'Merge them if they are the same; else distinguish their names.', causeByValue: true }, renamed)
}

async function push(batch: Batch, list: Wished[]): Promise<void> {
  const ids: ColumnData = { name: '_id', kind: 'BIGINT', values: list.map((item) => item.id) }
  const columns: ColumnData[] = [{ name: 'name', kind: 'VARCHAR', values: list.map((item) => (item.values['name'] as string | null) ?? null) }]
  if (batch.plan.byName.has('naming_series') && list.some((item) => item.values['naming_series'] !== undefined)) {
    columns.push({ name: 'naming_series', kind: 'VARCHAR', values: list.map((item) => (item.values['naming_series'] as string | null) ?? null) })
  }
  await batch.push(batch.doc, [ids], columns)
}

type Named = { name: string | null; renamed: boolean } | { error: { type: string; message: string }; name?: string | null }

function nameOf(batch: Batch, item: Wished, taken: Set<string>, numbers: Numbers): Named {
  const { wish } = item
  if (wish.error) return { error: wish.error }
  let name: string | null, renamed = false
  if (wish.series && !wish.name) {
    const series = completeSeries(wish.series), error = wish.lax ? null : seriesError(series)
    if (error !== null) return { error: { type: 'InvalidNamingSeriesError', message: error } }
    name = expandSeries(series, numbers.context(item))
    if (batch.plan.byName.has('naming_series') && !item.values['naming_series'] && batch.meta.autoname?.startsWith('naming_series')) item.values['naming_series'] = seriesOptions(batch)[0] ?? null
  } else if (wish.format !== undefined) name = expandFormat(wish.format, numbers.context(item))
  else if (wish.name) {
    name = wish.name
    if ((taken.has(fold(name)) || wish.numbered) && wish.taken !== undefined && wish.taken !== 'refuse') {
      renamed = true
      name = wish.taken === 'customer' ? `${name} - ${numbers.highest(name) + 1}` : wish.taken === 'dash' ? `${name}-${numbers.dash(name)}` : expandSeries(completeSeries(wish.series ?? ''), numbers.context(item))
    }
  } else return { name: null, renamed: false }
  const problem = nameProblem(batch.meta.name, batch.meta.issingle, name)
  if (problem !== null) return { error: problem, name: name.trim() }
  return { name: name.trim(), renamed }
}

/** What Frappe's validate_name refuses, or null. */
export function nameProblem(doctype: string, single: boolean, name: string): { type: string; message: string } | null {
  if (name === '') return { type: 'ValidationError', message: `No Name Specified for ${doctype}` }
  if (name.startsWith(`New ${doctype}`)) return { type: 'NameError', message: 'There were some errors setting the name, please contact the administrator' }
  const stripped = name.trim()
  if (!single && stripped === doctype && stripped !== 'DocType') return { type: 'NameError', message: `Name of ${doctype} cannot be ${stripped}` }
  if (/[<>]/.test(stripped)) return { type: 'NameError', message: "Name cannot contain special characters like '<', '>'" }
  return null
}

/** Counters of a batch: series, and numbers appended to taken names. */
class Numbers {
  readonly #batch: Batch
  readonly #numbered: string[] = []
  readonly #list: Wished[]

  constructor(batch: Batch, list: Wished[]) {
    this.#batch = batch
    this.#list = list
  }

  /** Reads the names that could hold a number for a taken name, when there are taken names. */
  async prepare(taken: Set<string>): Promise<void> {
    const kinds = new Set(this.#list.flatMap((item) => (item.wish.name && item.wish.taken !== undefined ? [item.wish.taken] : [])))
    if (!kinds.has('customer') && !kinds.has('dash')) return
    const seen = new Set<string>(), repeats = this.#list.some((item) => { const key = item.wish.name ? fold(item.wish.name) : ''; return item.wish.numbered || key !== '' && (taken.has(key) || seen.size === seen.add(key).size) })
    if (!repeats) return
    const sql = `SELECT name FROM rows.${ident(this.#batch.meta.table)} WHERE ${kinds.has('customer') ? `contains(name, ' - ')` : `regexp_matches(name, '-[0-9]+$')`}`
    for await (const chunk of this.#batch.staging.scan(sql)) for (let i = 0; i < chunk.count; i++) this.#numbered.push(chunk.columns[0]![i] as string)
  }

  /** Tells of a name just given, so that the next number counts it. */
  given(name: string): void {
    if (name.includes(' - ') || /-\d+$/.test(name)) this.#numbered.push(name)
  }

  /** Highest number after the last space among names like `%base - %`. */
  highest(base: string): number {
    const like = fold(`${base} - |`).slice(0, -1)
    let highest = 0
    for (const name of this.#numbered) {
      if (fold(`${name}|`).includes(like)) highest = Math.max(highest, Number(/^\d+/.exec(name.slice(name.lastIndexOf(' ') + 1))?.[0] ?? 0))
    }
    return highest
  }

  /** Next number of append_number_if_name_exists. */
  dash(base: string): number {
    const prefix = fold(`${base}-|`).slice(0, -1)
    let highest = 0
    for (const name of this.#numbered) {
      const match = /^(.*-)(\d+)$/s.exec(name)
      if (match && fold(`${match[1]}|`).slice(0, -1) === prefix) highest = Math.max(highest, Number(match[2]))
    }
    return highest + 1
  }

  context(item: Wished): SeriesContext {
    const { today, now } = this.#batch.moment, { series } = this.#batch.run
    return {
      today, now,
      value: (field) => (field in item.values ? item.values[field] : this.#batch.plan.byName.has(field) ? null : undefined),
      next: (prefix) => {
        const key = fold(prefix), counter = series.get(key) ?? { name: prefix, current: 0, before: null, root: item.root }
        if (item.refused) return counter.current + 1
        counter.current++
        counter.root = item.root
        series.set(key, counter)
        return counter.current
      },
    }
  }
}

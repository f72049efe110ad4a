import { ident, literal, type ColumnData, type Staging } from '../../staging/staging.ts'
import type { Site } from '../../site/site.ts'
import type { DocTypeMeta } from '../../site/doctype.ts'
import type { Clock } from '../../model/clock.ts'
import type { HashNames } from './hash.ts'
import { pythonType } from './given.ts'
import { extraFields, type DraftSource } from './build.ts'
import { isText } from './coerce.ts'
import { defaultsOf, type Moment } from './defaults.ts'
import { DUCK_TYPES, type DocTypePlan } from './plan.ts'
import { STAGES, type FindingSpec, type NestedDrafts, type Pass, type PostingContext, type PostingRule, type Stage } from './rule.ts'
import { changeRows } from './updates.ts'

export interface BatchOptions { import: boolean; keepNames: boolean; refusedNames: Map<number, string> | null; notices: Map<number, string[]> | null }

/** What the batches of one `post` share. */
export interface Run {
  staging: Staging
  site: Site
  clock: Clock
  moment: Moment
  hashes: HashNames
  options: BatchOptions
  /** DocType of the documents posted, whatever is nested below them. */
  rootDoctype: string
  plan(doctype: string): DocTypePlan
  rule(doctype: string): PostingRule | undefined
  /** Posts nested drafts; answers the relation of their names. */
  nested(parent: Batch, drafts: NestedDrafts): Promise<string>
  /** Tables rows were written to, for undoing an attempt. */
  written: Set<string>
  /** Defaults by DocType and table field, worked out once per post. */
  defaults: Map<string, Map<string, string>>
  updateSeq: number
  /** Set while findings mean that the attempt must be repeated without the document. */
  late: boolean
  lateFound: number
  /** Counters of naming series by folded prefix: `before` as in `rows` (null: no such row), `root` the last document that drew. */
  series: Map<string, { name: string; current: number; before: number | null; root: number }>
}

const PASS_ORDER = 100

/** One batch of documents of one DocType on its way; the PostingContext of its rule. Depth 0 are the documents posted, deeper ones their effects. */
export class Batch implements PostingContext {
  readonly run: Run
  readonly plan: DocTypePlan
  readonly depth: number
  readonly unit: string
  readonly source: DraftSource
  readonly drafts: string
  readonly extras: ReadonlySet<string>
  pass: Pass = 'insert'
  stage: Stage = 'framework_defaults'
  counts = new Map<string, number>()
  #seq = 0
  #scratch = 0
  readonly #scratches: string[] = []
  #present = new Set<string>()

  constructor(run: Run, plan: DocTypePlan, depth: number, unit: string, source: DraftSource) {
    this.run = run
    this.plan = plan
    this.depth = depth
    this.unit = unit
    this.source = source
    this.drafts = source.documents.relation
    this.extras = new Set(extraFields(plan, source.documents))
  }

  get staging(): Staging { return this.run.staging }
  get site(): Site { return this.run.site }
  get clock(): Clock { return this.run.clock }
  get meta(): DocTypeMeta { return this.plan.meta }
  get import(): boolean { return this.run.options.import }
  get options(): BatchOptions { return this.run.options }
  get moment(): Moment { return this.run.moment }
  get today(): string { return this.run.moment.today }
  get now(): string { return this.run.moment.now }
  get user(): string { return this.run.moment.user }

  /** Name of a working table of this batch, without the database. */
  local(name: string): string { return ident(`${this.depth}.${name}`) }
  get doc(): string { return `temp.${this.local('doc')}` }
  child(tableField: string): string { return `temp.${this.local(tableField)}` }
  childCount(tableField: string): number { return this.counts.get(tableField) ?? 0 }
  async recount(tableField: string): Promise<void> {
    this.counts.set(tableField, Number((await this.staging.one<{ n: number }>(`SELECT COUNT(*) AS n FROM ${this.child(tableField)}`))!.n))
  }
  has(column: string): boolean { return this.#present.has(column) }
  /** Tells that a column holds something after all: a text that was read later. */
  notice(column: string): void { this.#present.add(column) }
  isGivenAsText(column: string): boolean {
    const type = this.source.documents.columns.get(column)
    return type !== undefined && isText(type)
  }
  isGivenAsFloat(column: string, tableField?: string): boolean {
    return pythonType((tableField === undefined ? this.source.documents : this.source.children.get(tableField))?.columns.get(column)) === 'float'
  }
  async givenWhole(column: string, tableField: string): Promise<Set<string>> {
    const given = this.source.children.get(tableField)
    if (given === undefined || !given.columns.has('_whole')) return new Set()
    const rows = await this.staging.all<{ k: string }>(`SELECT _parent || '/' || _idx AS k FROM ${given.relation} WHERE list_contains(string_split(_whole, ','), ${literal(column)})`)
    return new Set(rows.map((row) => row.k))
  }
  truth(column: string, alias: string): string {
    if (this.plan.column(column).kind === 'text') {
      const text = `COALESCE(${alias}.${ident(column)}, '') <> ''`
      return pythonType(this.source.documents.columns.get(column)) === null ? text : `(${text} AND ${alias}.${ident(column)} NOT IN ('0', '0.0'))`
    }
    const number = `COALESCE(${alias}.${ident(column)}, 0) <> 0`
    return this.isGivenAsText(column) ? `(${number} OR ${alias}._id IN (SELECT _id FROM ${this.drafts} WHERE ${ident(column)} <> ''))` : number
  }
  stray(field: string, tableField?: string): string | null {
    const given = tableField === undefined ? this.source.documents : this.source.children.get(tableField)
    if (given === undefined || !given.columns.has(field)) return null
    const id = tableField === undefined ? '_id' : '_parent', value = `CAST(g.${ident(field)} AS VARCHAR)`
    return `SELECT DISTINCT g.${id} AS id FROM ${given.relation} g JOIN ${this.doc} n ON n._id = g.${id} WHERE ${value} NOT IN ('', '0', '0.0', 'false')`
  }
  get refused(): string { return `SELECT n._id FROM ${this.doc} n WHERE n._root IN (SELECT id FROM temp.found WHERE severity = 'blocking')` }
  get live(): string { return `(SELECT * FROM ${this.doc} WHERE _id NOT IN (${this.refused}))` }
  get scope(): string { return this.pass === 'insert' ? 'TRUE' : `_id IN (SELECT _id FROM ${this.doc} WHERE _submit AND NOT _once)` }
  scratch(name: string): string {
    const table = `temp.${this.local(`${name}.${++this.#scratch}`)}`
    this.#scratches.push(table)
    return table
  }
  get tells(): boolean { return this.run.options.notices !== null && this.depth === 0 }
  tell(id: number, text: string): void {
    const texts = this.run.options.notices?.get(id) ?? []
    if (!texts.includes(text)) this.run.options.notices?.set(id, [...texts, text])
  }
  hash(unit: string, id: string, idx: string): string { return this.run.hashes.sql(`${this.unit}/${unit}`, id, idx) }

  async defaults(plan: DocTypePlan, child: string | null): Promise<Map<string, string>> {
    const key = `${this.plan.meta.name}/${child ?? ''}`
    let found = this.run.defaults.get(key)
    if (found === undefined) {
      found = await defaultsOf(plan, this.site, this.staging, this.moment, child === null ? null : { alias: 'p', plan: this.plan })
      this.run.defaults.set(key, found)
    }
    return found
  }

  /** Learns which columns hold anything and how many child rows there are. */
  async measure(): Promise<number> {
    const columns = this.plan.columns
    const parts = [`COUNT(*) AS n`, `COUNT(*) FILTER (_submit) AS submits`, ...columns.map((column, i) => `COUNT(${ident(column.name)}) AS c${i}`),
      ...this.plan.children.map(({ field }, i) => `(SELECT COUNT(*) FROM ${this.child(field.fieldname)}) AS t${i}`)]
    const row = (await this.staging.one<Record<string, number>>(`SELECT ${parts.join(', ')} FROM ${this.doc}`))!
    columns.forEach((column, i) => { if (row[`c${i}`]! > 0) this.#present.add(column.name) })
    this.plan.children.forEach(({ field }, i) => this.counts.set(field.fieldname, row[`t${i}`]!))
    this.submits = row['submits']!
    return row['n']!
  }

  submits = 0
  /** Checks that count as set although 0 is written; see truth.ts. */
  readonly lies: { child: string | null; column: string; rows: string }[] = []
  /** Changes to columns a name may be made of: done once the names are given. */
  readonly afterNaming: (() => Promise<void>)[] = []

  /** Drops the working tables. */
  async dispose(): Promise<void> {
    const tables = [this.doc, ...this.plan.children.map(({ field }) => this.child(field.fieldname)), ...this.#scratches]
    await this.staging.run(tables.map((table) => `DROP TABLE IF EXISTS ${table}`).join(';'))
  }

  #stageNumber(stage: Stage): number {
    return STAGES.indexOf(stage) + (this.pass === 'submit' ? PASS_ORDER : 0) + this.depth * 1000
  }

  async find(spec: FindingSpec): Promise<number> {
    const columns = await this.#columnsOf(spec)
    const pick = (name: string, fallback: string) => (columns.has(name) ? `f.${name}` : fallback)
    const value = columns.has('value') ? 'left(CAST(f."value" AS VARCHAR), 200)' : 'NULL'
    const cause = `${literal(`${spec.type}|${this.meta.name}|${spec.field ?? ''}`)}${spec.causeByValue ? ` || '|' || COALESCE(${value}, '')` : ''}`
    const blocking = (spec.severity ?? 'blocking') === 'blocking'
    const changed = await this.staging.run(
      `INSERT INTO temp.found SELECT n._root, ${literal(spec.severity ?? 'blocking')}, ${literal(spec.type)}, ${literal(spec.field ?? null)}, ${pick('idx', 'NULL')}, ` +
      `${pick('message', literal(spec.message ?? spec.type))}, ${value}, ${cause}, ${literal(spec.hint ?? null)}, ${this.#stageNumber(spec.stage ?? this.stage)}, ` +
      `${spec.seq ?? ++this.#seq}, ${this.run.late && blocking} FROM (${spec.select}) f JOIN ${this.doc} n ON n._id = f.id` +
      // A document already refused is no reason to post the batch once more.
      (this.run.late && blocking ? ` WHERE n._root NOT IN (SELECT id FROM temp.found WHERE severity = 'blocking')` : ''))
    if (this.run.late && blocking) this.run.lateFound += changed
    return changed
  }

  readonly #shapes = new Map<string, Set<string>>()

  async #columnsOf(spec: FindingSpec): Promise<Set<string>> {
    // The aliases are ours to read: asking DuckDB would plan every statement twice.
    const key = spec.select
    let shape = this.#shapes.get(key)
    if (shape === undefined) {
      shape = new Set(['message', 'value', 'idx'].filter((name) => new RegExp(`\\bAS "?${name}"?\\b`, 'i').test(key)))
      this.#shapes.set(key, shape)
    }
    return shape
  }

  async findAll(spec: Omit<FindingSpec, 'select'>, found: { id: number; message?: string; value?: string | null; idx?: number | null }[]): Promise<number> {
    if (found.length === 0) return 0
    const table = this.scratch('found')
    await this.staging.run(`CREATE TEMP TABLE ${table.slice(5)} (id BIGINT, message VARCHAR, "value" VARCHAR, idx BIGINT)`)
    await this.append(table, [
      { name: 'id', kind: 'BIGINT', values: found.map((f) => f.id) }, { name: 'message', kind: 'VARCHAR', values: found.map((f) => f.message ?? spec.message ?? spec.type) },
      { name: 'value', kind: 'VARCHAR', values: found.map((f) => f.value ?? null) }, { name: 'idx', kind: 'BIGINT', values: found.map((f) => f.idx ?? null) },
    ])
    const count = await this.find({ ...spec, select: `SELECT id AS id, message AS message, "value" AS "value", idx AS idx FROM ${table}` })
    await this.staging.run(`DROP TABLE ${table}`)
    return count
  }

  async append(table: string, columns: ColumnData[]): Promise<void> {
    await this.staging.appendColumns({ database: 'temp', schema: 'main', table: table.slice(6, -1).replaceAll('""', '"') }, columns)
  }

  async push(relation: string, keys: ColumnData[], columns: ColumnData[]): Promise<void> {
    if ((keys[0]?.values.length ?? 0) === 0) return
    const table = this.scratch('push'), all = [...keys.map((key) => ({ ...key, name: `k.${key.name}` })), ...columns]
    await this.staging.run(`CREATE TEMP TABLE ${table.slice(5)} (${all.map((column) => `${ident(column.name)} ${column.kind}`).join(', ')})`)
    await this.append(table, all)
    await this.staging.run(`UPDATE ${relation} AS t SET ${columns.map((column) => `${ident(column.name)} = s.${ident(column.name)}`).join(', ')} FROM ${table} s WHERE ` +
      `${keys.map((key) => `t.${ident(key.name)} = s.${ident(`k.${key.name}`)}`).join(' AND ')}; DROP TABLE ${table}`)
  }

  async updateRows(table: string, column: string, select: string): Promise<void> {
    await changeRows(this, table, column, select)
  }

  async insertRows(table: string, select: string): Promise<void> {
    const columns = (await this.staging.columnsOf(`(${select})`)).map((column) => column.name).filter((name) => name !== '_id')
    const names = columns.map(ident)
    this.run.written.add(table)
    await this.staging.run(`INSERT INTO rows.${ident(table)} (${names.join(', ')}, _draft, _doctype) SELECT ${names.map((name) => `f.${name}`).join(', ')}, n._root, ` +
      `${literal(this.run.rootDoctype)} FROM (${select}) f JOIN ${this.doc} n ON n._id = f._id`)
  }

  post(nested: NestedDrafts): Promise<string> {
    return this.run.nested(this, nested)
  }

  /** SQL types of a child's columns, for rules that add rows. */
  childTypes(tableField: string): Map<string, string> {
    const child = this.plan.children.find((c) => c.field.fieldname === tableField)
    return new Map(child?.plan.columns.map((column) => [column.name, DUCK_TYPES[column.kind]]) ?? [])
  }
}

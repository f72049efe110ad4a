import { ident, literal, type Staging } from '../staging/staging.ts'
import { LandfallError } from '../errors/error.ts'
import type { Site } from '../site/site.ts'
import { today, timestamp, type Clock } from '../model/clock.ts'
import { draftRelation } from '../model/draft.ts'
import { Batch, type Run } from './framework/batch.ts'
import type { DraftRelation, DraftSource } from './framework/build.ts'
import { fold } from './framework/collation.ts'
import { customized } from './framework/customizations.ts'
import { createMacros } from './framework/coerce.ts'
import { reportChangedBefore } from './framework/changed.ts'
import { HashNames } from './framework/hash.ts'
import { storedUnder } from './framework/names.ts'
import { createOpsTables, FOUND } from './framework/ops.ts'
import { DocTypePlan } from './framework/plan.ts'
import { findRefusals, runBatch } from './framework/run-batch.ts'
import { postNested } from './framework/nested.ts'
import { undoAttempt } from './framework/undo.ts'
import type { PostingRule } from './framework/rule.ts'
import { RULES } from './doctypes/rules.ts'

export interface PostingOptions {
  /** As ERPNext's `flags.in_import`: given names are kept, defaults are not applied, Select values not checked. */
  import?: boolean
  /** Documents worked on at a time (default: as many as memory bears, 80,000 rows with their child rows at 700 MB); the rows predicted do not depend on it. */
  batchDocuments?: number
  /** Further rules, or other ones for the same DocTypes. */
  rules?: PostingRule[]
  /** User the documents are inserted as (default Administrator). */
  user?: string
  /** Time zone of the site for its today and now (default UTC as the clock says). */
  timeZone?: string
}

export interface PostingCounts {
  posted: number
  refused: number
  /** Findings of any severity. */
  findings: number
}

/** How single documents are posted. */
export interface PostHow {
  /** A given `name` is kept, as the site does for a document inserted over `/api/resource`. */
  keepNames?: boolean
  /** Filled with the names refused documents would have had, where they came as far as that. */
  refusedNames?: Map<number, string>
  /** Filled with what the site tells its user on the way, by document. */
  notices?: Map<number, string[]>
}

/** Rows of a batch for each byte staging may hold in memory: a batch costs half a second whatever its size, and each row, at worst, some 5 KB of working tables. */
const ROWS_PER_BYTE = 80_000 / 667e6
const LEAST_ROWS = 80_000, MOST_ROWS = 300_000
/** After everything the site may find. */
const LAST_STAGE = 999

/**
 * Computes, for drafts in staging, every row the site's tables would hold. One engine per staging; calls run one after another. `rows` must hold the tables of the site
 * with the records it has (`site.createTables(staging, 'rows')` and `site.loadRecords(staging, 'rows')`); `open` makes them when `rows` is empty.
 */
export class PostingEngine {
  readonly #staging: Staging
  readonly #site: Site
  readonly #clock: Clock
  readonly #options: PostingOptions
  readonly #hashes: HashNames
  readonly #plans = new Map<string, DocTypePlan>()
  readonly #rules: Map<string, PostingRule>

  private constructor(staging: Staging, site: Site, clock: Clock, options: PostingOptions, hashes: HashNames) {
    this.#staging = staging
    this.#site = site
    this.#clock = clock
    this.#options = options
    this.#hashes = hashes
    this.#rules = new Map([...RULES, ...(options.rules ?? [])].map((rule) => [rule.doctype, rule]))
  }

  static async open(staging: Staging, site: Site, clock: Clock, options: PostingOptions = {}): Promise<PostingEngine> {
    await createMacros(staging)
    await createOpsTables(staging)
    await staging.run(`CREATE OR REPLACE TEMP TABLE found ${FOUND}; CREATE OR REPLACE TEMP TABLE undo (tbl VARCHAR, "key" VARCHAR, col VARCHAR, before VARCHAR)`)
    if (!(await staging.exists('rows."tabSeries"'))) {
      await site.createTables(staging, 'rows')
      await site.loadRecords(staging, 'rows')
    }
    return new PostingEngine(staging, site, clock, options, await HashNames.open(staging))
  }

  readonly #written = new Set<string>()
  /** What `customized` said, by DocType: the site does not change. */
  readonly #customized = new Map<string, string | null>()

  /** Tables of `rows` this engine has written to. */
  written(): string[] { return [...this.#written].sort() }

  get site(): Site { return this.#site }
  get staging(): Staging { return this.#staging }

  /** Why documents of a DocType cannot be predicted at all, or null when they can. */
  unsupported(doctype: string): string | null {
    const meta = this.#site.doctype(doctype)
    if (meta === undefined) return `The site has no DocType ${doctype}`
    if (!this.#customized.has(doctype)) this.#customized.set(doctype, customized(this.#site, doctype))
    const custom = this.#customized.get(doctype) ?? null
    if (custom !== null) return custom
    if (meta.controller === null) return `What the code behind ${doctype} does is not known: it is of another app or version, and only the site itself could say`
    const rule = this.#rules.get(doctype)
    if (rule !== undefined && !rule.refusalsOnly) return null
    if (meta.is_virtual) return `${doctype} is virtual: it has no rows`
    if (meta.issingle) return `${doctype} is a single: its values are settings`
    if (meta.istable) return `${doctype} rows belong to another document`
    if (meta.nsm_parent_field !== null && meta.nsm_parent_field !== '') return `${doctype} is a tree without a rule of its own`
    return meta.controller.length === 0 ? null : `What the controller of ${doctype} does (${meta.controller.join(', ')}) cannot be predicted`
  }

  /**
   * Posts drafts of a DocType with `_id` in [from, to] (default: all), in batches, the rows of each in a transaction. Refused documents are in `ops.refused`,
   * findings in `ops.findings`. Throws `mapping-invalid` when there is no such DocType, `posting-failed` on a defect.
   */
  async post(doctype: string, range: { from?: number; to?: number } = {}): Promise<PostingCounts> {
    return this.postFrom(doctype, await this.#draftsOf(doctype), range)
  }

  /** As `post`, from other relations of the same form: for rehearsals of single documents. */
  async postFrom(doctype: string, source: DraftSource, range: { from?: number; to?: number } = {}, how: PostHow = {}): Promise<PostingCounts> {
    if (this.#site.doctype(doctype) === undefined) {
      throw new LandfallError('mapping-invalid', `The site has no DocType ${doctype}`, { hint: 'Check the spelling in the mapping.', where: { doctype } })
    }
    const total: PostingCounts = { posted: 0, refused: 0, findings: 0 }
    const size = this.#options.batchDocuments ?? await this.#batchSize(source)
    const where = `_id BETWEEN ${range.from ?? 'CAST(-9223372036854775807 AS BIGINT)'} AND ${range.to ?? 9223372036854775807n}`
    const bounds = await this.#staging.all<{ lo: number; hi: number }>(
      `SELECT min(_id) AS lo, max(_id) AS hi FROM (SELECT _id, (row_number() OVER (ORDER BY _id) - 1) // ${size} AS b FROM ${source.documents.relation} WHERE ${where}) GROUP BY b ORDER BY b`)
    for (const { lo, hi } of bounds) {
      const counts = await this.#postBatch(doctype, source, lo, hi, how)
      total.posted += counts.posted
      total.refused += counts.refused
      total.findings += counts.findings
    }
    return total
  }

  /** Documents a batch takes so that, with their child rows, it is of as many rows as memory bears, on average. */
  async #batchSize(source: DraftSource): Promise<number> {
    const most = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.round(this.#staging.memoryBytes * ROWS_PER_BYTE)))
    const counts = await this.#staging.one<{ documents: number; rows: number }>(`SELECT (SELECT COUNT(*) FROM ${source.documents.relation}) AS documents, ` +
      `${[source.documents, ...source.children.values()].map(({ relation }) => `(SELECT COUNT(*) FROM ${relation})`).join(' + ')} AS rows`)
    return Math.max(1, Math.round(most * (counts!.documents / Math.max(1, counts!.rows))))
  }

  /** Forgets what was learned inside a transaction that was rolled back. */
  async afterRollback(): Promise<void> {
    await this.#hashes.reload()
  }

  async #postBatch(doctype: string, source: DraftSource, lo: number, hi: number, how: PostHow): Promise<PostingCounts> {
    const reason = this.unsupported(doctype)
    await this.#staging.run('DELETE FROM temp.found; DELETE FROM temp.undo')
    const run = await this.#run(doctype, how)
    const where = `d._id BETWEEN ${lo} AND ${hi}`
    if (reason !== null) {
      const { is_virtual, issingle, istable } = this.#site.doctype(doctype)!
      if (!is_virtual && !issingle && !istable && customized(this.#site, doctype) === null) await findRefusals(run, doctype, source, where, this.#rules.get(doctype)?.refusalsOnly ?? false)
      await this.#staging.run(`INSERT INTO temp.found SELECT d._id, 'blocking', 'unsupported', NULL, NULL, ${literal(reason)}, NULL, ${literal(`unsupported|${doctype}|`)}, ` +
        `'Leave the entity out, or load it by another way.', ${LAST_STAGE}, 0, FALSE FROM ${source.documents.relation} d WHERE ${where}`)
      return this.#settle(doctype, source, where)
    }
    await this.#attempts(run, doctype, source, where)
    // Documents that refer to others of their own kind find those that came before them in a later wave.
    for (let wave = 0; await this.#nextWave(doctype); wave++) {
      Object.assign(run, { late: false, lateFound: 0 })
      await this.#attempts(run, doctype, source, 'd._id IN (SELECT id FROM temp.wave)')
    }
    await this.#hashes.save()
    const counts = await this.#settle(doctype, source, where)
    await reportChangedBefore(run)
    for (const table of run.written) this.#written.add(table)
    return counts
  }

  /** Posts documents until an attempt stands: whoever is refused after a name was given is left out of the next. */
  async #attempts(run: Run, doctype: string, source: DraftSource, where: string): Promise<void> {
    const series = new Map([...run.series].map(([key, counter]) => [key, { ...counter }]))
    // Every repetition leaves out more documents than the one before, or it would never end.
    for (let before = -1; ;) {
      const first = run.updateSeq
      await this.#staging.run('DELETE FROM temp.undo')
      await runBatch(run, doctype, source, where)
      if (run.lateFound === 0) return
      const refused = Number((await this.#staging.one<{ n: number }>(`SELECT COUNT(DISTINCT id) AS n FROM temp.found WHERE late`))!.n)
      if (refused <= before) {
        const one = await this.#staging.one<{ type: string; message: string }>(`SELECT type, message FROM temp.found WHERE late ORDER BY rowid DESC LIMIT 1`)
        throw new LandfallError('posting-failed', `Posting ${doctype} makes no progress: ${one?.type ?? 'a finding'} comes back for documents already set aside`, {
          hint: 'A rule finds refused documents again and again; report it with the mapping.', where: { doctype }, cause: one?.message,
        })
      }
      before = refused
      const documents = `SELECT d._id FROM ${source.documents.relation} d WHERE ${where}`
      await undoAttempt(run, doctype, documents, first)
      await this.#staging.run(`DELETE FROM temp.found WHERE NOT late AND id IN (${documents})`)
      Object.assign(run, { series: new Map([...series].map(([key, counter]) => [key, { ...counter }])), late: false, lateFound: 0, updateSeq: first })
    }
  }

  /**
   * Collects in `temp.wave` the documents refused for links to documents of their own DocType, when those have rows by now: whatever else was found may follow from the
   * missing link and is found again if not. An earlier document's row only: the site inserts one after another.
   */
  async #nextWave(doctype: string): Promise<boolean> {
    const fields = this.#selfLinks(doctype)
    if (fields.length === 0) return false
    const list = fields.map((field) => literal(field)).join(', ')
    const waiting = await this.#staging.all<{ id: number; value: string }>(
      `SELECT f.id, f."value" AS "value" FROM temp.found f WHERE f.severity = 'blocking' AND f.type = 'LinkValidationError' AND f.field IN (${list})`)
    if (waiting.length === 0) return false
    const table = `rows.${ident(`tab${doctype}`)}`
    const there = await storedUnder(this.#staging, table, 'name', waiting.map((row) => row.value))
    const drafts = new Map<string, number>()
    for (const row of await this.#staging.all<{ name: string; d: number }>(`SELECT name, _draft AS d FROM ${table} WHERE _doctype = ${literal(doctype)} AND name IN (${[...there.values(), ''].map((name) => literal(name)).join(', ')})`)) drafts.set(row.name, row.d)
    const waitingFor = (row: { id: number; value: string }) => { const name = there.get(fold(row.value)); return name !== undefined && (drafts.get(name) ?? Infinity) < row.id }
    const stuck = new Set(waiting.filter((row) => !waitingFor(row)).map((row) => row.id))
    const ready = [...new Set(waiting.map((row) => row.id))].filter((id) => !stuck.has(id))
    await this.#staging.run(`CREATE OR REPLACE TEMP TABLE wave AS SELECT unnest([${ready.join(', ')}]::BIGINT[]) AS id; DELETE FROM temp.found WHERE id IN (SELECT id FROM temp.wave)`)
    return ready.length > 0
  }

  #selfLinks(doctype: string): string[] {
    const meta = this.#site.doctype(doctype)!
    const own = meta.linkFields().filter((field) => field.options === doctype).map((field) => field.fieldname)
    return [...own, ...meta.tableFields().flatMap((table) => (this.#site.doctype(table.options ?? '')?.linkFields() ?? []).filter((field) => field.options === doctype).map((field) => `${table.fieldname}.${field.fieldname}`))]
  }

  async #run(doctype: string, how: PostHow): Promise<Run> {
    const staging = this.#staging
    const seq = await staging.one<{ n: number | null }>('SELECT max(seq) AS n FROM ops.updates')
    const series: Run['series'] = new Map()
    for (const row of await staging.all<{ name: string; current: number }>('SELECT name, "current" FROM rows."tabSeries"')) {
      series.set(fold(row.name), { name: row.name, current: row.current, before: row.current, root: 0 })
    }
    const run: Run = {
      staging, site: this.#site, clock: this.#clock, hashes: this.#hashes, rootDoctype: doctype, options: { import: this.#options.import ?? false, keepNames: how.keepNames ?? false, refusedNames: how.refusedNames ?? null, notices: how.notices ?? null },
      moment: { ...this.#moment(), user: this.#options.user ?? 'Administrator' },
      plan: (name) => this.#plan(name), rule: (name) => this.#rules.get(name), nested: (parent: Batch, drafts) => postNested(parent, drafts, (name) => this.unsupported(name)),
      written: new Set(), defaults: new Map(), updateSeq: seq?.n ?? 0, late: false, lateFound: 0, series,
    }
    return run
  }

  #moment(): { today: string; now: string } {
    const zone = this.#options.timeZone
    // A site's now never falls on a whole second; a column that holds it shows its fraction.
    if (zone === undefined) return { today: today(this.#clock), now: timestamp(this.#clock).replace(/\.000000$/, '.000001') }
    const now = this.#clock.now()
    const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(now)
    return { today: parts.slice(0, 10), now: `${parts}.${String(now % 1000).padStart(3, '0')}000` }
  }

  #plan(doctype: string): DocTypePlan {
    let plan = this.#plans.get(doctype)
    if (plan === undefined) {
      const meta = this.#site.doctype(doctype)
      if (meta === undefined) throw new LandfallError('site-invalid', `The site has no DocType ${doctype}`, { where: { doctype } })
      plan = new DocTypePlan(meta, (name) => this.#plan(name))
      this.#plans.set(doctype, plan)
    }
    return plan
  }

  /** Moves the batch's findings to `ops` and counts. */
  async #settle(doctype: string, source: DraftSource, where: string): Promise<PostingCounts> {
    const { documents } = source, staging = this.#staging
    const from = (name: string) => (documents.columns.has(name) ? `d.${ident(name)}` : 'NULL')
    const any = await staging.one('SELECT 1 FROM temp.found LIMIT 1')
    const total = Number((await staging.one<{ n: number }>(`SELECT COUNT(*) AS n FROM ${documents.relation} d WHERE ${where}`))!.n)
    if (any === undefined) return { posted: total, refused: 0, findings: 0 }
    const findings = await staging.run(
      `INSERT INTO ops.findings SELECT f.severity, f.type, ${literal(doctype)}, f.id, ${from('_entity')}, ${from('_key')}, f.field, f.idx, f.message, f."value", f.cause, f.hint, f.stage, f.seq ` +
      `FROM temp.found f JOIN ${documents.relation} d ON d._id = f.id ORDER BY f.id, f.stage, f.seq`)
    const refused = await staging.run(
      `INSERT INTO ops.refused SELECT ${literal(doctype)}, id, type, message FROM temp.found WHERE severity = 'blocking' ` +
      `QUALIFY row_number() OVER (PARTITION BY id ORDER BY stage, seq) = 1 ORDER BY id`)
    return { posted: total - refused, refused, findings }
  }

  async #draftsOf(doctype: string): Promise<DraftSource> {
    const meta = this.#site.doctype(doctype)
    const describe = async (relation: string): Promise<DraftRelation> => ({ relation, columns: new Map((await this.#staging.columnsOf(relation)).map((column) => [column.name, column.type])) })
    const tables = await this.#staging.all<{ n: string }>(`SELECT table_name AS n FROM duckdb_tables() WHERE schema_name = 'drafts' AND (table_name = ${literal(doctype)} OR starts_with(table_name, ${literal(`${doctype}.`)}))`)
    const names = new Set(tables.map((table) => table.n))
    if (!names.has(doctype)) throw new LandfallError('posting-failed', `There are no drafts of ${doctype}`, { hint: 'Run the map phase first.', where: { doctype } })
    const children = new Map<string, DraftRelation>()
    for (const field of meta?.tableFields() ?? []) {
      if (names.has(`${doctype}.${field.fieldname}`)) children.set(field.fieldname, await describe(draftRelation(doctype, field.fieldname)))
    }
    return { documents: await describe(draftRelation(doctype)), children }
  }
}

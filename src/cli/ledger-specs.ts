import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { LedgerSpec, Naming } from '../checks/ledgers/spec.ts'
import type { Project } from '../config/project.ts'
import { formatPath, problemError, type ConfigProblem } from '../config/validate.ts'
import { keySql } from '../mapping/key-sql.ts'
import type { MappedEntity } from '../mapping/entity.ts'
import type { MappingPlan } from '../mapping/plan.ts'
import { LandfallError } from '../errors/error.ts'
import { didYouMean } from '../model/closest.ts'
import { parseValueMap } from '../mapping/value-map.ts'
import { ident, literal } from '../staging/staging.ts'

type Ledger = Project['config']['proof']['ledgers'][number]
type Subject = NonNullable<Ledger['account']>

/** What each kind of ledger must and may say beside what all do. */
const KEYS: Record<Ledger['ledger'], { needs: (keyof Ledger)[]; oneOf: (keyof Ledger)[]; may: (keyof Ledger)[]; doctypes: Partial<Record<keyof Ledger, string>> }> = {
  accounts: { needs: ['account'], oneOf: ['balance', 'debit', 'credit'], may: ['period'], doctypes: { account: 'Account' } },
  receivable: { needs: ['party', 'outstanding'], oneOf: [], may: ['currency', 'due_date'], doctypes: { party: 'Customer' } },
  payable: { needs: ['party', 'outstanding'], oneOf: [], may: ['currency', 'due_date'], doctypes: { party: 'Supplier' } },
  stock: { needs: ['item'], oneOf: ['quantity', 'value'], may: ['warehouse'], doctypes: { item: 'Item', warehouse: 'Warehouse' } },
}
const ALL: (keyof Ledger)[] = ['account', 'party', 'item', 'warehouse', 'debit', 'credit', 'balance', 'period', 'outstanding', 'currency', 'due_date', 'quantity', 'value']

/**
 * Holds `proof.ledgers`, and the figures that opening documents were made of, against what the mappings know. Throws one `config-invalid` with every
 * problem, each with its place in landfall.yaml.
 */
export function compileLedgers(project: Project, plan: MappingPlan, opening: Ledger[]): LedgerSpec[] {
  const problems: ConfigProblem[] = []
  const compile = (ledger: Ledger, place: (string | number)[]): LedgerSpec[] => {
    const complain = (field: string | null, message: string): null => {
      const path = [...place, ...(field === null ? [] : [field])]
      problems.push({ file: project.file.path, ...project.file.at(path), message: `${formatPath(path)}: ${message}` })
      return null
    }
    return [new LedgerCompiler(project, plan, ledger, complain).compile() ?? []].flat()
  }
  const specs = project.config.proof.ledgers.flatMap((ledger, index) => compile(ledger, ['proof', 'ledgers', index]))
  // Whatever became of an opening item is what its figure is about; control accounts have no document of their own.
  specs.push(...opening.flatMap((ledger) => compile(ledger, ['opening', ledger.ledger])).map((spec) => (spec.ledger === 'accounts' ? spec : { ...spec, voucher: { doctype: '', entity: spec.entity, key: 'c._key' } })))
  if (problems.length > 0) throw problemError(problems)
  return specs
}

/** A value map file, relative to landfall.yaml. Throws `config-invalid` when it is not there, `mapping-invalid` when it is no map. */
export function readProjectMap(project: Project, path: string): Map<string, string | null> {
  const file = resolve(project.paths.root, path)
  if (!existsSync(file)) throw new LandfallError('config-invalid', `There is no file ${path} beside ${project.file.path}.`, { where: { file: project.file.path } })
  return parseValueMap(path, readFileSync(file, 'utf8'))
}

class LedgerCompiler {
  readonly #project: Project
  readonly #plan: MappingPlan
  readonly #ledger: Ledger
  readonly #complain: (field: string | null, message: string) => null

  constructor(project: Project, plan: MappingPlan, ledger: Ledger, complain: (field: string | null, message: string) => null) {
    this.#project = project
    this.#plan = plan
    this.#ledger = ledger
    this.#complain = complain
  }

  compile(): LedgerSpec | null {
    const ledger = this.#ledger, kind = KEYS[ledger.ledger], entity = this.#plan.entities.get(ledger.entity)
    if (!entity) return this.#complain('entity', `there is no entity "${ledger.entity}"${didYouMean(ledger.entity, this.#plan.entities.keys())}; figures need a mapping file that names their columns and makes no documents`)
    const company = ledger.company ?? this.#project.config.company
    if (company === undefined) return this.#complain(null, 'it is not said which company the figures are of: give `company` here or for the project')
    for (const key of kind.needs) if (ledger[key] === undefined) this.#complain(null, `figures of ${ledger.ledger} need \`${key}\``)
    if (kind.oneOf.length > 0 && kind.oneOf.every((key) => ledger[key] === undefined)) this.#complain(null, `figures of ${ledger.ledger} need one of ${kind.oneOf.map((key) => `\`${key}\``).join(', ')}`)
    const known = [...kind.needs, ...kind.oneOf, ...kind.may]
    for (const key of ALL) if (ledger[key] !== undefined && !known.includes(key)) this.#complain(key, `\`${key}\` says nothing about ${ledger.ledger}, allowed: ${known.join(', ')}`)
    if (ledger.due_date !== undefined && ledger.as_of === undefined) this.#complain('due_date', 'amounts have an age on a certain day only: give `as_of`')
    const subjects = (['account', 'party', 'item', 'warehouse'] as const).flatMap((key) => {
      const subject = ledger[key]
      return subject === undefined || kind.doctypes[key] === undefined ? [] : [this.#naming(entity, key, subject, kind.doctypes[key])]
    })
    const measures = this.#measures(entity), period = ledger.period === undefined ? null : this.#column(entity, 'period', ledger.period)
    const voucher = ledger.voucher === undefined ? null : this.#naming(entity, 'voucher', ledger.voucher, null)
    const due = ledger.due_date === undefined ? null : this.#column(entity, 'due_date', ledger.due_date), currency = ledger.currency === undefined ? null : this.#column(entity, 'currency', ledger.currency)
    if (subjects.includes(null) || subjects.length === 0 || measures.length === 0) return null
    return {
      name: ledger.name, ledger: ledger.ledger, entity: ledger.entity, company, asOf: ledger.as_of ?? null, subjects: subjects.filter((subject) => subject !== null), measures,
      period: period === null ? null : { sql: period, length: ledger.period_length === 'year' ? 4 : 7 }, voucher, due, currency, complete: ledger.complete,
    }
  }

  #measures(entity: MappedEntity): LedgerSpec['measures'] {
    const { ledger, debit, credit, balance, outstanding, quantity, value } = this.#ledger
    const column = (key: string, name: string | undefined): string | null => (name === undefined ? null : this.#column(entity, key, name))
    const one = (name: string, sql: string | null): LedgerSpec['measures'] => (sql === null ? [] : [{ name, sql }])
    if (ledger === 'stock') return [...one('qty', column('quantity', quantity)), ...one('value', column('value', value))]
    if (ledger !== 'accounts') return one('outstanding', column('outstanding', outstanding))
    if (balance !== undefined && (debit !== undefined || credit !== undefined)) this.#complain('balance', 'give either `balance` or `debit` and `credit`')
    if (balance !== undefined) return one('balance', column('balance', balance))
    // An empty cell of one side is nothing; a text that is no number stays one, so that it is reported.
    const side = (key: string, name: string | undefined): string => {
      const sql = column(key, name)
      return sql === null ? '0' : `CASE WHEN coalesce(CAST(${sql} AS VARCHAR), '') = '' THEN '0' ELSE CAST(${sql} AS VARCHAR) END`
    }
    const left = side('debit', debit), right = side('credit', credit)
    return one('balance', `coalesce(CAST(TRY_CAST(${left} AS DECIMAL(38, 9)) - TRY_CAST(${right} AS DECIMAL(38, 9)) AS VARCHAR), ${left} || ' / ' || ${right})`)
  }

  #find(entity: MappedEntity, field: string, name: string): MappedEntity['columns'][number] | null {
    const column = entity.columns.find((one) => one.name.toLowerCase() === name.toLowerCase())
    return column ?? this.#complain(field, `"${entity.name}" has no column "${name}"${didYouMean(name, entity.columns.map((one) => one.name))}`)
  }

  #column(entity: MappedEntity, field: string, name: string): string | null {
    const column = this.#find(entity, field, name)
    return column === null ? null : `c.${ident(column.name)}`
  }

  #map(field: string, given: string | Record<string, string>): Map<string, string | null> | null {
    if (typeof given !== 'string') return new Map(Object.entries(given))
    return existsSync(resolve(this.#project.paths.root, given)) ? readProjectMap(this.#project, given) : this.#complain(field, `there is no file ${given}`)
  }

  /** `doctype` null: whatever the entity becomes. */
  #naming(entity: MappedEntity, field: string, subject: Subject, doctype: string | null): Naming | null {
    if (typeof subject === 'string') {
      const column = this.#column(entity, field, subject)
      return column === null ? null : { doctype: doctype ?? '', text: `CAST(${column} AS VARCHAR)` }
    }
    if (typeof subject === 'object' && 'value' in subject) return { doctype: doctype ?? '', text: literal(subject.value) }
    if ('map' in subject) {
      const column = this.#column(entity, field, subject.column), map = this.#map(field, subject.map)
      if (column === null || map === null) return null
      const text = `CAST(${column} AS VARCHAR)`
      return { doctype: doctype ?? '', text: map.size === 0 ? text : `CASE ${text} ${[...map].map(([from, to]) => `WHEN ${literal(from)} THEN ${to === null ? 'NULL' : literal(to)}`).join(' ')} ELSE ${text} END` }
    }
    const made = this.#plan.targets.filter((target) => target.blocks.some((block) => block.entity.name === subject.ref)).map((target) => target.doctype)
    const wanted = subject.doctype ?? (doctype !== null && made.includes(doctype) ? doctype : made.length === 1 ? made[0]! : null)
    if (wanted === null || !made.includes(wanted)) {
      return this.#complain(field, made.length === 0 ? `no mapping makes documents of "${subject.ref}"` : `"${subject.ref}" becomes ${made.join(', ')}: say which with \`doctype\``)
    }
    const columns = subject.key.map((name) => this.#find(entity, field, name))
    if (columns.includes(null)) return null
    return { doctype: wanted, entity: subject.ref, key: keySql(columns.flatMap((column) => (column === null ? [] : [{ sql: `c.${ident(column.name)}`, type: column.type }]))) }
  }
}

import type { DocumentSpec, FieldSpec, LoadedMapping } from '../config/mapping-schema.ts'
import type { LedgerConfig, LedgerSubject, OpeningConfig } from '../config/schema.ts'
import { LandfallError } from '../errors/error.ts'
import { didYouMean } from '../model/closest.ts'
import type { Site } from '../site/site.ts'

interface Chart { name: string; type: string; report: string; group: boolean }

/** What opening documents need to know of the site. `accounts`: those of the company by name. `readMap`: a value map file of the project. */
export interface OpeningSite {
  company: { name: string; currency: string; receivable: string; payable: string } | null
  companies: string[]
  accounts: Map<string, Chart>
  readMap: (path: string) => Map<string, string | null>
}

export function openingSite(site: Site, company: string, readMap: OpeningSite['readMap']): OpeningSite {
  const one = site.records('Company').find((record) => record['name'] === company), text = (given: unknown): string => String(given ?? '')
  return {
    company: one ? { name: company, currency: text(one['default_currency']), receivable: text(one['default_receivable_account']), payable: text(one['default_payable_account']) } : null,
    companies: site.records('Company').map((record) => text(record['name'])), readMap,
    accounts: new Map(site.records('Account').filter((account) => account['company'] === company).map((account) => [text(account['name']), { name: text(account['name']), type: text(account['account_type']), report: text(account['report_type']), group: Boolean(account['is_group']) }])),
  }
}

/** The mappings with the documents that open the books, and the figures these must agree with. */
export interface Opened { mappings: LoadedMapping[]; ledgers: LedgerConfig[] }

const quoted = (column: string): string => `"${column.replaceAll('"', '""')}"`
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
const value = (given: string | number): FieldSpec => ({ value: given })
const expr = (given: string): FieldSpec => ({ expr: given })
const dateOf = (iso: string): string => `make_date(${iso.split('-').map(Number).join(', ')})`

/**
 * Adds to the entities named under `opening` the documents that ERPNext's conventions want of them: an Opening Entry per account, an opening invoice per open item
 * (a journal entry where the balance is the other way round), an Opening Stock reconciliation per item and warehouse, all against the company's temporary account,
 * which is at zero when the figures tie out. One document per legacy record, so that each number leads back to its record. Throws `config-invalid`.
 */
export function openBooks(mappings: LoadedMapping[], opening: OpeningConfig, site: OpeningSite): Opened {
  return new Opening(mappings, opening, site).open()
}

class Opening {
  readonly #mappings: LoadedMapping[]
  readonly #opening: OpeningConfig
  readonly #site: OpeningSite
  readonly #company: string
  readonly #currency: string
  readonly #temporary: string

  constructor(mappings: LoadedMapping[], opening: OpeningConfig, site: OpeningSite) {
    this.#mappings = mappings.map((loaded) => ({ ...loaded, mapping: { ...loaded.mapping, documents: [...loaded.mapping.documents] } }))
    this.#opening = opening
    this.#site = site
    if (site.company === null) throw invalid('company', `the site has no company "${opening.company ?? ''}": it has ${site.companies.join(', ') || 'none'}`)
    this.#company = site.company.name
    this.#currency = site.company.currency
    const temporary = opening.temporary_account ?? [...site.accounts.values()].find((account) => account.type === 'Temporary' && !account.group)?.name
    if (temporary === undefined) throw invalid('temporary_account', `${this.#company} has no account of type Temporary: make one, or name it here`)
    if (!site.accounts.has(temporary)) throw invalid('temporary_account', `${this.#company} has no account "${temporary}"${didYouMean(temporary, site.accounts.keys())}`)
    this.#temporary = temporary
  }

  open(): Opened {
    const { accounts, receivable, payable, stock } = this.#opening
    const ledgers: LedgerConfig[] = []
    if (accounts) ledgers.push(this.#accounts(accounts))
    if (receivable) ledgers.push(this.#openItems(receivable, 'receivable'))
    if (payable) ledgers.push(this.#openItems(payable, 'payable'))
    if (stock) ledgers.push(this.#stock(stock))
    return { mappings: this.#mappings, ledgers }
  }

  #give(section: string, entity: string, documents: DocumentSpec[]): void {
    const loaded = this.#mappings.find((one) => one.mapping.entity === entity)
    if (!loaded) throw invalid(`${section}.entity`, `there is no mapping file of "${entity}"${didYouMean(entity, this.#mappings.map((one) => one.mapping.entity))}; one that types its columns is enough`)
    loaded.mapping.documents.push(...documents)
    // Why it was not migrated no longer holds.
    if (typeof loaded.mapping.ignore === 'string') loaded.mapping.ignore = undefined
  }

  #journal(when: string, remark: string, rows: Record<string, FieldSpec>[], more: Record<string, FieldSpec> = {}): DocumentSpec {
    return document('Journal Entry', when, {
      voucher_type: value('Opening Entry'), is_opening: value('Yes'), company: value(this.#company), posting_date: value(this.#opening.date), user_remark: expr(remark), ...more,
      accounts: rows.map((fields) => ({ fields })),
    })
  }

  #accounts(spec: NonNullable<OpeningConfig['accounts']>): LedgerConfig {
    const side = (column: string | undefined): string => (column === undefined ? '0' : `coalesce(${quoted(column)}, 0)`)
    if (spec.balance === undefined && spec.debit === undefined && spec.credit === undefined) throw invalid('accounts', 'give `debit` and `credit`, or `balance`')
    const balance = spec.balance === undefined ? `${side(spec.debit)} - ${side(spec.credit)}` : side(spec.balance)
    const { subject, except } = this.#chart(spec)
    const column = columnOf(subject), left = except.length === 0 || column === null ? '' : ` and text(${quoted(column)}) not in (${except.map(text).join(', ')})`
    const [plus, minus] = [`if(${balance} > 0, ${balance}, 0)`, `if(${balance} < 0, 0 - (${balance}), 0)`]
    this.#give('accounts', spec.entity, [this.#journal(`${balance} <> 0${left}`, `'Opening balance'${column === null ? '' : ` || ' of ' || text(${quoted(column)})`}`, [
      { account: field(subject, 'Account'), debit_in_account_currency: expr(plus), credit_in_account_currency: expr(minus) },
      { account: value(this.#temporary), debit_in_account_currency: expr(minus), credit_in_account_currency: expr(plus) },
    ])])
    return { ...ledger('Opening: trial balance', 'accounts', spec.entity, this.#company, this.#opening.date), account: subject, debit: spec.debit, credit: spec.credit, balance: spec.balance }
  }

  /**
   * What is known of the accounts that a map or their name leads to: control accounts of sections that are given have no entry of their own; income and
   * expense go to retained earnings.
   */
  #chart(spec: NonNullable<OpeningConfig['accounts']>): { subject: LedgerSubject; except: string[] } {
    const except = [...spec.except]
    if (typeof spec.account !== 'object' || !('map' in spec.account)) {
      if (spec.retained_earnings !== undefined) throw invalid('accounts.retained_earnings', 'only accounts given as {column, map} are known well enough to carry income and expense; leave those out of the figures, or name them in `except`')
      return { subject: spec.account, except }
    }
    const given = typeof spec.account.map === 'string' ? this.#site.readMap(spec.account.map) : new Map(Object.entries(spec.account.map))
    const control: Record<string, boolean> = { Receivable: this.#opening.receivable !== undefined, Payable: this.#opening.payable !== undefined, Stock: this.#opening.stock !== undefined }
    const map: Record<string, string> = {}
    for (const [from, to] of given) {
      const account = to === null ? undefined : this.#site.accounts.get(to)
      map[from] = to ?? from
      if (account && control[account.type]) except.push(from)
      if (account?.report !== 'Profit and Loss' || except.includes(from)) continue
      if (spec.retained_earnings === undefined) throw invalid('accounts.retained_earnings', `"${from}" is ${account.name}, an account of profit and loss, which ERPNext does not allow in opening entries: say which account takes such balances`)
      map[from] = spec.retained_earnings
    }
    if (spec.retained_earnings !== undefined && !this.#site.accounts.has(spec.retained_earnings)) throw invalid('accounts.retained_earnings', `${this.#company} has no account "${spec.retained_earnings}"${didYouMean(spec.retained_earnings, this.#site.accounts.keys())}`)
    return { subject: { column: spec.account.column, map }, except }
  }

  #openItems(spec: NonNullable<OpeningConfig['receivable']>, side: 'receivable' | 'payable'): LedgerConfig {
    const owed = side === 'receivable', amount = quoted(spec.outstanding), doctype = owed ? 'Sales Invoice' : 'Purchase Invoice', party = owed ? 'Customer' : 'Supplier'
    const day = dateOf(this.#opening.date), due = spec.due_date === undefined ? null : `coalesce(${quoted(spec.due_date)}, ${day})`
    const posted = spec.date === undefined ? (due === null ? day : `least(${due}, ${day})`) : `coalesce(${quoted(spec.date)}, ${day})`
    const number = spec.number === undefined ? null : `text(${quoted(spec.number)})`, remark = number === null ? `'Opening balance'` : `'Opening balance of ' || ${number}`
    const own = (owed ? this.#site.company?.receivable : this.#site.company?.payable) ?? ''
    const account: FieldSpec | null = spec.account === undefined ? null : typeof spec.account === 'string' ? value(spec.account)
      : { field: this.#needs(side, 'currency', spec.currency), map: spec.account, unmapped: 'reject' }
    const money: Record<string, FieldSpec> = { currency: spec.currency === undefined ? value(this.#currency) : expr(`coalesce(${quoted(spec.currency)}, ${text(this.#currency)})`), conversion_rate: spec.conversion_rate === undefined ? value(1) : expr(`coalesce(${quoted(spec.conversion_rate)}, 1)`) }
    const item: Record<string, FieldSpec> = { item_name: value('Opening Invoice Item'), description: expr(remark), qty: value(1), uom: value('Nos'), conversion_factor: value(1), rate: expr(amount), [owed ? 'income_account' : 'expense_account']: value(this.#temporary) }
    const invoice = document(doctype, `${amount} > 0`, {
      [owed ? 'customer' : 'supplier']: field(spec.party, party), company: value(this.#company), is_opening: value('Yes'), set_posting_time: value(1), posting_date: expr(posted), ...(due === null ? {} : { due_date: expr(`greatest(${due}, ${posted})`) }), ...money,
      ...(account === null ? {} : { [owed ? 'debit_to' : 'credit_to']: account }), disable_rounded_total: value(1), ignore_pricing_rule: value(1), ...(number === null ? {} : owed ? { po_no: expr(number) } : { bill_no: expr(number), bill_date: expr(posted) }), items: { fields: item },
    })
    const credit = `0 - ${amount}`, rate = spec.conversion_rate === undefined ? '1' : `coalesce(${quoted(spec.conversion_rate)}, 1)`
    const [to, from] = owed ? ['credit_in_account_currency', 'debit_in_account_currency'] : ['debit_in_account_currency', 'credit_in_account_currency']
    const journal = this.#journal(`${amount} < 0`, remark, [
      { account: account ?? value(own), party_type: value(party), party: field(spec.party, party), is_advance: value('Yes'), exchange_rate: expr(rate), [to]: expr(credit) },
      { account: value(this.#temporary), [from]: expr(`round((${credit}) * ${rate}, 2)`) },
    ], { posting_date: expr(posted), ...(due === null ? {} : { due_date: expr(`greatest(${due}, ${posted})`) }), ...(spec.currency === undefined ? {} : { multi_currency: value(1) }) })
    this.#give(side, spec.entity, [invoice, journal])
    return { ...ledger(`Opening: ${side === 'receivable' ? 'customers' : 'suppliers'}`, side, spec.entity, this.#company, this.#opening.date), party: spec.party, outstanding: spec.outstanding, currency: spec.currency, due_date: spec.due_date }
  }

  #needs(side: string, key: string, column: string | undefined): string {
    if (column === undefined) throw invalid(`${side}.account`, `accounts by currency need \`${key}\``)
    return column
  }

  #stock(spec: NonNullable<OpeningConfig['stock']>): LedgerConfig {
    const quantity = quoted(spec.quantity), worth = `coalesce(${quoted(spec.value)}, 0)`
    this.#give('stock', spec.entity, [document('Stock Reconciliation', `${quantity} > 0`, {
      purpose: value('Opening Stock'), company: value(this.#company), posting_date: value(this.#opening.date), posting_time: value('00:00:00'), set_posting_time: value(1), expense_account: value(this.#temporary),
      items: { fields: { item_code: field(spec.item, 'Item'), warehouse: field(spec.warehouse, 'Warehouse'), qty: expr(quantity), valuation_rate: expr(`${worth} / ${quantity}`) } },
    })])
    return { ...ledger('Opening: stock', 'stock', spec.entity, this.#company, this.#opening.date), item: spec.item, warehouse: spec.warehouse, quantity: spec.quantity, value: spec.value }
  }
}

function document(doctype: string, when: string, fields: DocumentSpec['fields']): DocumentSpec {
  return { doctype, when, submit: true, phase: 'transactional', fields }
}

function ledger(name: string, kind: LedgerConfig['ledger'], entity: string, company: string, asOf: string): LedgerConfig {
  return { name, ledger: kind, entity, company, as_of: asOf, period_length: 'month', complete: true }
}

/** A ledger's subject as a field of a mapping. */
function field(subject: LedgerSubject, doctype: string): FieldSpec {
  if (typeof subject === 'string') return { field: subject }
  if ('value' in subject) return { value: subject.value }
  if ('map' in subject) return { field: subject.column, map: subject.map, unmapped: 'keep' }
  return { ref: subject.ref, key: subject.key.map(quoted), doctype: subject.doctype ?? doctype }
}

function columnOf(subject: LedgerSubject): string | null {
  if (typeof subject === 'string') return subject
  if ('value' in subject) return null
  return 'map' in subject ? subject.column : subject.key[0] ?? null
}

function invalid(where: string, message: string): LandfallError {
  return new LandfallError('config-invalid', `landfall.yaml: opening.${where}: ${message}.`, { where: { file: 'landfall.yaml' }, hint: 'docs/reference/config.md lists every key.' })
}

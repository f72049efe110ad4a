import { Draw } from './dirt.ts'
import { germanDate, germanMoney, isoDate, type Cells } from './people.ts'
import { addDays } from './trade.ts'
import { ACCOUNTS, PARTLY_PAID, type Volume } from './volume.ts'

export const INVOICE_COLUMNS = ['invoice_no', 'customer_no', 'invoice_date', 'due_date', 'currency', 'exchange_rate', 'quantity', 'unit_price', 'vat_percent', 'net_total', 'gross_total']
export const PAYMENT_COLUMNS = ['payment_no', 'customer_no', 'invoice_no', 'paid_on', 'amount']
export const JOURNAL_COLUMNS = ['Beleg', 'Datum', 'Text']
export const JOURNAL_LINE_COLUMNS = ['Beleg', 'Zeile', 'Konto', 'Soll', 'Haben']
export const STOCK_COLUMNS = ['article', 'quantity', 'value']
export const OPEN_ITEM_COLUMNS = ['customer_no', 'invoice_no', 'due_date', 'amount']
export const TRIAL_BALANCE_COLUMNS = ['Konto', 'Soll', 'Haben']

/** The last day of the legacy books. */
const LAST_DAY = '2025-12-31'
const FIRST_INVOICE = 800_001

interface Invoice { number: number; customer: number; date: string; due: string; euro: boolean; rate: number; quantity: number; price: number; vat: number; net: number; gross: number; open: number }

const money = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`

/**
 * The books of the demo business: invoices, payments, journals and stock, and what its ledgers say of them in the end. All amounts are whole cents in
 * the currency of the books too (prices in euros are multiples of 20, rates have two decimals), so that a difference can only be a fault of the migration.
 */
export class Books {
  readonly #seed: number
  readonly #volume: Volume
  readonly #debtors: number[] = []
  readonly #stocked: string[] = []
  readonly #invoices: Invoice[] = []
  readonly #balances = new Map<string, number>(ACCOUNTS.map((account) => [account, 0]))
  #stockValue = 0
  #entries: { number: string; date: string; text: string; debit: string; credit: string; cents: number }[] = []

  constructor(seed: number, volume: Volume) {
    this.#seed = seed
    this.#volume = volume
  }

  /** Passes customers on and remembers those who buy on account: history must not stand against the credit limits of today. */
  * debtorsOf(customers: Iterable<Cells>): Generator<Cells> {
    for (const cells of customers) {
      if (cells[13] === '' && this.#debtors.length < 4000) this.#debtors.push(Number(cells[0]))
      yield cells
    }
  }

  /** Passes items on and remembers those that are kept in stock. */
  * stockedOf(items: Iterable<Cells>): Generator<Cells> {
    for (const cells of items) {
      if (cells[6] === 'x') this.#stocked.push(String(cells[0]))
      yield cells
    }
  }

  * invoices(): Generator<Cells> {
    const draw = new Draw(this.#seed, 'invoices'), known = new Set<number>()
    for (let i = 0; i < this.#volume.invoices; i++) {
      // ERPNext takes a first invoice only in the currency of the party's account.
      const customer = draw.pick(this.#debtors), euro = draw.chance(0.15) && known.has(customer)
      known.add(customer)
      const rate = euro ? 100 + draw.int(2, 18) : 100, price = euro ? draw.int(1, 60) * 2000 : draw.int(5, 4000) * 20
      const quantity = draw.int(1, 12), vat = draw.pick([0, 5, 10, 20]), net = quantity * price, gross = net + (net * vat) / 100, date = isoDate(draw, 2023, 2025)
      const invoice = { number: FIRST_INVOICE + i, customer, date, due: addDays(date, 30), euro, rate, quantity, price, vat, net, gross, open: (gross * rate) / 100 }
      this.#invoices.push(invoice)
      this.#book('1400', invoice.open)
      this.#book('8400', -(net * rate) / 100)
      this.#book('1776', -((gross - net) * rate) / 100)
      yield [invoice.number, invoice.customer, date, invoice.due, euro ? 'EUR' : 'USD', money(rate), quantity, money(price), vat, money(net), money(gross)]
    }
  }

  /** The first invoices are paid, but for half of every fiftieth. In the currency of the books: that of the customers' account. */
  * payments(): Generator<Cells> {
    const draw = new Draw(this.#seed, 'payments')
    for (let i = 0; i < this.#volume.payments; i++) {
      const invoice = this.#invoices[i]!, amount = i % PARTLY_PAID === 0 ? Math.floor(invoice.open / 2) : invoice.open
      const paid = addDays(invoice.date, draw.int(0, 60))
      invoice.open -= amount
      this.#book('1200', amount)
      this.#book('1400', -amount)
      yield [i + 1, invoice.customer, invoice.number, paid > LAST_DAY ? LAST_DAY : paid, money(amount)]
    }
  }

  /** What was there when the books began: an opening each, against the account that must end at zero. */
  * stock(): Generator<Cells> {
    const draw = new Draw(this.#seed, 'stock')
    for (let i = 0; i < this.#volume.stock; i++) {
      const quantity = draw.int(1, 400), value = quantity * draw.int(50, 20_000)
      this.#stockValue += value
      yield [this.#stocked[i % this.#stocked.length]!, quantity, money(value)]
    }
    this.#book('1500', this.#stockValue)
    this.#book('9000', -this.#stockValue)
  }

  * journals(): Generator<Cells> {
    const draw = new Draw(this.#seed, 'journals')
    const kinds = [['Miete', '4110', '1200', 125_050], ['Gehalt', '4120', '1200', 310_000], ['Porto', '4910', '1000', 3685], ['Barabhebung', '1000', '1200', 20_000]] as const
    this.#entries = [
      { number: 'B1', date: '2023-01-02', text: 'Stammkapital', debit: '1200', credit: '2900', cents: 25_000_000 },
      { number: 'B2', date: '2023-01-02', text: 'Warenbestand', debit: '9000', credit: '2900', cents: this.#stockValue },
    ]
    for (let i = 2; i < this.#volume.journals; i++) {
      const [text, debit, credit, cents] = kinds[i % kinds.length]!
      this.#entries.push({ number: `B${i + 1}`, date: isoDate(draw, 2023, 2025), text, debit, credit, cents: cents + draw.int(0, 9999) })
    }
    for (const entry of this.#entries) {
      this.#book(entry.debit, entry.cents)
      this.#book(entry.credit, -entry.cents)
      yield [entry.number, germanDate(entry.date), entry.text]
    }
  }

  * journalLines(): Generator<Cells> {
    for (const { number, debit, credit, cents } of this.#entries) {
      yield [number, 1, debit, germanMoney(cents), '']
      yield [number, 2, credit, '', germanMoney(cents)]
    }
  }

  * openItems(): Generator<Cells> {
    for (const { customer, number, due, open } of this.#invoices) if (open > 0) yield [customer, number, due, money(open)]
  }

  * trialBalance(): Generator<Cells> {
    for (const [account, cents] of this.#balances) yield [account, cents > 0 ? germanMoney(cents) : '', cents < 0 ? germanMoney(-cents) : '']
  }

  #book(account: string, cents: number): void {
    this.#balances.set(account, (this.#balances.get(account) ?? 0) + cents)
  }
}

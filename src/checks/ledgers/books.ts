import { addDecimal, formatDecimal, parseDecimal, ZERO } from '../../model/decimal.ts'
import { literal, type Staging } from '../../staging/staging.ts'
import { siteTable } from '../reconcile/proof.ts'
import { AGE_NAMES, ageRange } from './spec.ts'

/** A row of the trial balance: movements of a period and the balance at its end, in the company's currency; decimal texts. */
export interface TrialBalanceRow { company: string; period: string; account: string; rootType: string; debit: string; credit: string; balance: string }
/** What a party owes (receivable) or is owed (payable) in the company's currency, by days after the due date. `ages` in the order of AGE_NAMES. */
export interface AgeingRow { company: string; party: string; currency: string; outstanding: string; ages: string[] }
export interface StockBalanceRow { company: string; warehouse: string; item: string; qty: string; value: string }
export interface Books { trialBalance: TrialBalanceRow[]; receivable: AgeingRow[]; payable: AgeingRow[]; stock: StockBalanceRow[] }

export type BooksPeriod = 'all' | 'year' | 'month'

/** The ledger rows that count, or null where the site has none of that ledger. SQL of a relation. */
export async function ledgerRows(staging: Staging, doctype: 'GL Entry' | 'Payment Ledger Entry' | 'Stock Ledger Entry', asOf: string | null, company: string | null = null): Promise<string | null> {
  const table = siteTable(doctype)
  if (!(await staging.exists(table))) return null
  const conditions = [doctype === 'Payment Ledger Entry' ? 'coalesce(delinked, 0) = 0' : 'coalesce(is_cancelled, 0) = 0']
  if (asOf !== null) conditions.push(`posting_date <= DATE ${literal(asOf)}`)
  if (company !== null) conditions.push(`company = ${literal(company)}`)
  return `(SELECT * FROM ${table} WHERE ${conditions.join(' AND ')})`
}

/**
 * Stock Ledger Entries with `moved`, the quantity each changed: a reconciliation says what is there after it (qty_after_transaction) and 0 in
 * actual_qty, so changes are taken from one entry of an item in a warehouse to the next. SQL of a relation, or null.
 */
export async function stockRows(staging: Staging, asOf: string | null, company: string | null = null): Promise<string | null> {
  const rows = await ledgerRows(staging, 'Stock Ledger Entry', asOf, company)
  return rows && `(SELECT *, qty_after_transaction - lag(qty_after_transaction, 1, 0) OVER (PARTITION BY item_code, warehouse ORDER BY posting_datetime, creation) AS moved FROM ${rows})`
}

/** SQL of the period a posting date lies in. */
export function periodOf(period: BooksPeriod, date = 'posting_date'): string {
  return period === 'all' ? `''` : `strftime(${date}, ${period === 'year' ? `'%Y'` : `'%Y-%m'`})`
}

/** An account's name tells the company where it belongs, so joins need the name alone. */
export async function trialBalance(staging: Staging, period: BooksPeriod, asOf: string | null): Promise<TrialBalanceRow[]> {
  const rows = await ledgerRows(staging, 'GL Entry', asOf)
  if (rows === null) return []
  return staging.all<TrialBalanceRow>(
    `WITH moved AS (SELECT company, account, ${periodOf(period)} AS period, sum(debit) AS debit, sum(credit) AS credit FROM ${rows} GROUP BY ALL)
      SELECT m.company, m.period, m.account, coalesce(a.root_type, '') AS "rootType", m.debit::VARCHAR AS debit, m.credit::VARCHAR AS credit,
        (sum(m.debit - m.credit) OVER (PARTITION BY m.company, m.account ORDER BY m.period))::VARCHAR AS balance
      FROM moved m LEFT JOIN ${siteTable('Account')} a ON a.name = m.account ORDER BY m.company, m.period, a.lft NULLS LAST, m.account`)
}

/**
 * Open amounts per document a Payment Ledger Entry is against, as ERPNext's own reports count them: an invoice's age counts from its due date, a payment
 * not yet allocated from its posting date. SQL of a relation (company, account, party, currency, against_type, against, due, outstanding, in_currency), or null.
 */
export async function openItems(staging: Staging, side: 'receivable' | 'payable', asOf: string | null, company: string | null = null): Promise<string | null> {
  const rows = await ledgerRows(staging, 'Payment Ledger Entry', asOf, company)
  if (rows === null) return null
  const type = side === 'receivable' ? 'Receivable' : 'Payable'
  return `(SELECT company, account, party, account_currency AS currency, against_voucher_type AS against_type, against_voucher_no AS against,
      coalesce(max(due_date) FILTER (voucher_no = against_voucher_no), min(posting_date)) AS due, sum(amount) AS outstanding, sum(amount_in_account_currency) AS in_currency
    FROM ${rows} WHERE account_type = '${type}' GROUP BY ALL)`
}

export async function ageing(staging: Staging, side: 'receivable' | 'payable', asOf: string | null): Promise<AgeingRow[]> {
  const items = await openItems(staging, side, asOf)
  if (items === null) return []
  const day = asOf === null ? `(SELECT max(posting_date) FROM ${siteTable('Payment Ledger Entry')})` : `DATE ${literal(asOf)}`
  const range = ageRange(`date_diff('day', due, ${day})`)
  const rows = await staging.all<Omit<AgeingRow, 'ages'> & Record<string, string>>(
    `WITH aged AS (SELECT company, party, currency, outstanding, ${range} AS age FROM ${items} WHERE outstanding <> 0)
      SELECT company, party, currency, sum(outstanding)::VARCHAR AS outstanding, ${AGE_NAMES.map((age, i) => `coalesce(sum(outstanding) FILTER (age = '${age}'), 0)::VARCHAR AS a${i}`).join(', ')}
      FROM aged GROUP BY company, party, currency ORDER BY company, sum(outstanding) DESC, party`)
  return rows.map((row) => ({ company: row.company, party: row.party, currency: row.currency, outstanding: row.outstanding, ages: AGE_NAMES.map((_, i) => row[`a${i}`] ?? '0') }))
}

export async function stockBalance(staging: Staging, asOf: string | null): Promise<StockBalanceRow[]> {
  const rows = await stockRows(staging, asOf)
  if (rows === null) return []
  return staging.all<StockBalanceRow>(`SELECT company, warehouse, item_code AS item, sum(moved)::VARCHAR AS qty, sum(stock_value_difference)::VARCHAR AS value FROM ${rows}
    GROUP BY ALL HAVING sum(moved) <> 0 OR sum(stock_value_difference) <> 0 ORDER BY ALL`)
}

/** The site's books as its own ledger rows tell them. Reads only. */
export async function readBooks(staging: Staging, period: BooksPeriod, asOf: string | null): Promise<Books> {
  return { trialBalance: await trialBalance(staging, period, asOf), receivable: await ageing(staging, 'receivable', asOf), payable: await ageing(staging, 'payable', asOf), stock: await stockBalance(staging, asOf) }
}

/** The books as a report has room for them. `ages` in the order of AGE_NAMES. */
export interface BookTotals {
  trialBalance: TrialBalanceRow[]
  open: { side: 'receivable' | 'payable'; company: string; parties: number; outstanding: string; ages: string[] }[]
  stock: { company: string; warehouse: string; items: number; value: string }[]
}

export async function bookTotals(staging: Staging, asOf: string | null): Promise<BookTotals> {
  const books = await readBooks(staging, 'all', asOf)
  const open = (['receivable', 'payable'] as const).flatMap((side) => [...Map.groupBy(books[side], (row) => row.company)].map(([company, rows]) => ({
    side, company, parties: rows.length, outstanding: sumTexts(rows.map((row) => row.outstanding)), ages: AGE_NAMES.map((_, i) => sumTexts(rows.map((row) => row.ages[i] ?? '0'))),
  })))
  const stock = [...Map.groupBy(books.stock, (row) => `${row.company}\0${row.warehouse}`).values()].map((rows) => ({ company: rows[0]!.company, warehouse: rows[0]!.warehouse, items: rows.length, value: sumTexts(rows.map((row) => row.value)) }))
  return { trialBalance: books.trialBalance, open, stock }
}

const sumTexts = (texts: string[]): string => formatDecimal(texts.reduce((sum, text) => addDecimal(sum, parseDecimal(text) ?? ZERO), ZERO), 2)

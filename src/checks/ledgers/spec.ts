/** Which of the site's ledgers figures are held against: GL Entry, Payment Ledger Entry by the type of the party's account, Stock Ledger Entry. */
export type LedgerKind = 'accounts' | 'receivable' | 'payable' | 'stock'

/**
 * How a legacy record names a document of the site. `key`: SQL of the canonical legacy key over alias `c` of the cleansed entity, looked up among the
 * documents that `entity` became. `text`: SQL of a text that is the document's name, number or title. An empty DocType: whatever it became, or the name itself.
 */
export type Naming = { doctype: string; entity: string; key: string } | { doctype: string; text: string }

/**
 * The legacy system's own figures of one ledger, a record of `clean."<entity>"` each. Amounts are SQL over alias `c`.
 * accounts: `subjects` is the account, one measure `balance` (debit less credit). receivable and payable: the party, `outstanding`, positive where
 * the party owes or is owed. stock: item and warehouse, or the item alone, `qty` and `value`.
 */
export interface LedgerSpec {
  name: string
  ledger: LedgerKind
  entity: string
  company: string
  /** YYYY-MM-DD: the site's entries up to the end of this day count. Null: all. */
  asOf: string | null
  subjects: Naming[]
  measures: { name: string; sql: string }[]
  /** accounts: movements of the period rather than balances. `sql` gives YYYY or YYYY-MM. */
  period: { sql: string; length: 4 | 7 } | null
  /** The document a figure belongs to: figures are then compared document by document wherever a sum differs. */
  voucher: Naming | null
  /** SQL of the due date; outstanding amounts are then compared by age as well. */
  due: string | null
  /** SQL of the currency; amounts are then those of the party's account, compared per currency. */
  currency: string | null
  /** Whether what the site has and the figures do not list is a difference. */
  complete: boolean
}

/** One figure on both sides. `subject`: the documents' names, or what the legacy record says where the site has no such document. Decimal texts. */
export interface LedgerLine {
  name: string
  ledger: LedgerKind
  subject: string
  period: string
  currency: string
  measure: string
  records: number
  legacy: string
  site: string
  difference: string
  passed: boolean
  vouchers: LedgerVoucher[]
}

/** A document behind a difference with the legacy record it came from, and why it is named. `legacy` is null where figures are not by document. */
export interface LedgerVoucher { doctype: string; name: string | null; date: string | null; entity: string | null; key: string | null; legacy: string | null; site: string | null; why: string }

/** Upper bounds in days of ERPNext's ageing ranges; what is older is in a last one. Not yet due counts as 0 days. */
export const AGES = [30, 60, 90, 120] as const
export const AGE_NAMES = ['0-30', '31-60', '61-90', '91-120', '121 and more'] as const

/** SQL of the name of the ageing range of a number of days. */
export function ageRange(days: string): string {
  return `CASE ${AGES.map((bound, i) => `WHEN ${days} <= ${bound} THEN '${AGE_NAMES[i]}'`).join(' ')} ELSE '${AGE_NAMES[4]}' END`
}

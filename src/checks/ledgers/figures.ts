import { absDecimal, compareDecimal, formatDecimal, parseDecimal, subtractDecimal, ZERO } from '../../model/decimal.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { LOADED, siteTable } from '../reconcile/proof.ts'
import { ledgerRows, openItems, stockRows } from './books.ts'
import { ageRange, type LedgerLine, type LedgerSpec, type Naming } from './spec.ts'

/** Sums of amounts as text; what is no number is NULL and reported by record. */
export const exact = (sql: string): string => `TRY_CAST(CAST(${sql} AS VARCHAR) AS DECIMAL(38, 9))`

/** What a document that a legacy record names is called on the site: SQL over alias `c`, NULL where there is none. A text without a DocType is a name itself. */
export function resolved(naming: Naming, company: string): string {
  if ('entity' in naming) {
    // What was merged away is known by the record that survived.
    const key = `coalesce((SELECT any_value(a.survivor_key) FROM ops.key_alias a WHERE a.entity = ${literal(naming.entity)} AND a.doctype IS NULL AND a.absorbed_key = ${naming.key}), ${naming.key})`
    return `(SELECT any_value(l.name) FROM ${LOADED} l WHERE l.entity = ${literal(naming.entity)}${naming.doctype === '' ? '' : ` AND l.doctype = ${literal(naming.doctype)}`} AND l.key = ${key})`
  }
  const text = `trim(${naming.text})`, table = siteTable(naming.doctype)
  if (naming.doctype === '') return text
  const other: Record<string, string[]> = { Account: ['account_number', 'account_name'], Customer: ['customer_name'], Supplier: ['supplier_name'], Warehouse: ['warehouse_name'], Item: ['item_name'] }
  const own = naming.doctype === 'Account' || naming.doctype === 'Warehouse' ? ` AND d.company = ${literal(company)}` : ''
  const found = ['name', ...(other[naming.doctype] ?? [])].map((column) => `(SELECT any_value(d.name) FROM ${table} d WHERE d.${ident(column)} = ${text}${own})`)
  return found.length === 1 ? found[0]! : `coalesce(${found.join(', ')})`
}

/** What a legacy record says where the site has no such document. */
const said = (naming: Naming): string => `coalesce(CAST(${'entity' in naming ? naming.key : naming.text} AS VARCHAR), '')`

/** Subjects of several parts are one text. */
export const JOINED = ' | '

/**
 * Both sides of a spec as relations with columns subject, period, currency, measure, amount, and for the legacy side key (of the record) and voucher; for the site's
 * voucher_type, voucher_no, posting_date. They are tables of `work`, dropped by the caller. Null: the site has no rows of that ledger.
 */
export async function layOut(staging: Staging, spec: LedgerSpec): Promise<boolean> {
  const subject = spec.subjects.map((naming) => `coalesce(${resolved(naming, spec.company)}, '(not on the site) ' || ${said(naming)})`).join(` || '${JOINED}' || `)
  const period = spec.period === null ? `''` : `left(CAST(${spec.period.sql} AS VARCHAR), ${spec.period.length})`
  const currency = spec.currency === null ? `''` : `coalesce(CAST(${spec.currency} AS VARCHAR), '')`
  const voucher = spec.voucher === null ? 'NULL' : `coalesce(${resolved(spec.voucher, spec.company)}, '(not on the site) ' || ${said(spec.voucher)})`
  const aged = spec.due === null ? [] : [{ name: ageRange(`date_diff('day', CAST(${spec.due} AS DATE), DATE ${literal(spec.asOf ?? '')})`), sql: spec.measures[0]!.sql, age: true }]
  const legacy = [...spec.measures.map((measure) => ({ ...measure, age: false })), ...aged].map((measure) =>
    `SELECT c._key AS key, ${subject} AS subject, ${period} AS period, ${currency} AS currency, ${measure.age ? `'age ' || ${measure.name}` : literal(measure.name)} AS measure, ${voucher} AS voucher, CAST(${measure.sql} AS VARCHAR) AS text, ${exact(measure.sql)} AS amount FROM clean.${ident(spec.entity)} c`)
  await staging.run(`CREATE OR REPLACE TABLE work.ledger_legacy AS ${legacy.join(' UNION ALL ')}`)
  const site = await siteSide(staging, spec)
  if (site === null) return false
  await staging.run(`CREATE OR REPLACE TABLE work.ledger_site AS ${site}`)
  return true
}

async function siteSide(staging: Staging, spec: LedgerSpec): Promise<string | null> {
  if (spec.ledger === 'accounts') {
    const rows = await ledgerRows(staging, 'GL Entry', spec.asOf, spec.company)
    const period = spec.period === null ? `''` : `strftime(posting_date, '${spec.period.length === 4 ? '%Y' : '%Y-%m'}')`
    return rows && `SELECT account AS subject, ${period} AS period, '' AS currency, 'balance' AS measure, voucher_type, voucher_no, posting_date, debit - credit AS amount FROM ${rows}`
  }
  if (spec.ledger === 'stock') {
    const rows = await stockRows(staging, spec.asOf, spec.company)
    const subject = spec.subjects.length === 2 ? `item_code || '${JOINED}' || warehouse` : 'item_code'
    const column: Record<string, string> = { qty: 'moved', value: 'stock_value_difference' }
    return rows && spec.measures.map((measure) => `SELECT ${subject} AS subject, '' AS period, '' AS currency, ${literal(measure.name)} AS measure, voucher_type, voucher_no, posting_date, ${column[measure.name]} AS amount FROM ${rows}`).join(' UNION ALL ')
  }
  const items = await openItems(staging, spec.ledger, spec.asOf, spec.company)
  const amount = spec.currency === null ? 'outstanding' : 'in_currency', currency = spec.currency === null ? `''` : 'coalesce(currency, \'\')'
  const one = (measure: string): string => `SELECT party AS subject, '' AS period, ${currency} AS currency, ${measure} AS measure, against_type AS voucher_type, against AS voucher_no, due AS posting_date, ${amount} AS amount FROM ${items}`
  return items && [one(`'outstanding'`), ...(spec.due === null ? [] : [one(`'age ' || ${ageRange(`date_diff('day', due, DATE ${literal(spec.asOf ?? '')})`)}`)])].join(' UNION ALL ')
}

/** Compares the two sides laid out, figure by figure in exact decimals. Without vouchers yet. */
export async function compareSides(staging: Staging, spec: LedgerSpec, tolerance: string): Promise<LedgerLine[]> {
  const rows = await staging.all<{ subject: string; period: string; currency: string; measure: string; records: number; legacy: string; site: string }>(
    `WITH l AS (SELECT subject, period, currency, measure, count(*) AS records, coalesce(sum(amount), 0) AS amount FROM work.ledger_legacy GROUP BY ALL),
      s AS (SELECT subject, period, currency, measure, sum(amount) AS amount FROM work.ledger_site GROUP BY ALL)
      SELECT subject, period, currency, measure, coalesce(records, 0) AS records, coalesce(l.amount, 0)::VARCHAR AS legacy, coalesce(s.amount, 0)::VARCHAR AS site
      FROM l ${spec.complete ? 'FULL OUTER' : 'LEFT'} JOIN s USING (subject, period, currency, measure) WHERE coalesce(l.amount, 0) <> 0 OR coalesce(s.amount, 0) <> 0 ORDER BY subject, period, currency, measure`)
  const most = parseDecimal(tolerance) ?? ZERO
  return rows.map((row) => {
    const legacy = parseDecimal(row.legacy)!, site = parseDecimal(row.site)!, difference = subtractDecimal(legacy, site)
    return {
      name: spec.name, ledger: spec.ledger, subject: row.subject, period: row.period, currency: row.currency, measure: row.measure, records: Number(row.records), legacy: formatDecimal(legacy, 2), site: formatDecimal(site, 2),
      difference: formatDecimal(difference, 2), passed: compareDecimal(absDecimal(difference), most) <= 0, vouchers: [],
    }
  })
}

/** Records of the figures that do not count, since they were rejected or a value in them could not be read; without these a difference has a false reason. */
export async function unreadable(staging: Staging, spec: LedgerSpec): Promise<{ key: string | null; why: string }[]> {
  const found = [`SELECT key, measure || ' "' || text || '" is not a number' AS why FROM work.ledger_legacy WHERE amount IS NULL AND coalesce(text, '') <> ''`]
  if (await staging.exists('ops.findings')) found.push(`SELECT key, message AS why FROM ops.findings WHERE doctype = ${literal(`entity:${spec.entity}`)} AND type = 'type-mismatch'`)
  if (await staging.exists('ops.left_out')) found.push(`SELECT key, outcome || ': ' || coalesce(reason, '') AS why FROM ops.left_out WHERE entity = ${literal(spec.entity)} AND doctype IS NULL AND outcome = 'rejected'`)
  return staging.all(`${found.join(' UNION ALL ')} ORDER BY ALL LIMIT 100`)
}

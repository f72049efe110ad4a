import { absDecimal, compareDecimal, formatDecimal, parseDecimal, subtractDecimal, ZERO } from '../../model/decimal.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { LOADED, siteTable } from '../reconcile/proof.ts'
import { ledgerRows, openItems, stockRows } from './books.ts'
import { ageRange, type LedgerLine, type LedgerSpec, type Naming } from './spec.ts'

/** Sums of amounts as text; what is no number is NULL and reported by record. */
export const exact = (sql: string): string => `TRY_CAST(CAST(${sql} AS VARCHAR) AS DECIMAL(38, 9))`

/** Columns by which a person may name a document beside its name. */
const TITLES: Record<string, string[]> = { Account: ['account_number', 'account_name'], Customer: ['customer_name'], Supplier: ['supplier_name'], Warehouse: ['warehouse_name'], Item: ['item_name'] }

/** How a name is found: joins over alias `c`, the name (NULL where the site has no such document), and what the legacy record says. */
interface Named { joins: string[]; name: string; said: string }

/** Finds what a document that legacy records name is called on the site. By joins, never by a query per record: there may be hundreds of thousands of them. */
function nameOf(naming: Naming, company: string, alias: string): Named {
  if ('entity' in naming) {
    const entity = literal(naming.entity), doctype = naming.doctype === '' ? '' : ` AND doctype = ${literal(naming.doctype)}`
    // What was merged away is known by the record that survived.
    return {
      joins: [`LEFT JOIN (SELECT absorbed_key, any_value(survivor_key) AS survivor_key FROM ops.key_alias WHERE entity = ${entity} AND doctype IS NULL GROUP BY 1) ${alias}a ON ${alias}a.absorbed_key = ${naming.key}`,
        `LEFT JOIN (SELECT key, any_value(name) AS name FROM ${LOADED} WHERE entity = ${entity}${doctype} GROUP BY 1) ${alias} ON ${alias}.key = coalesce(${alias}a.survivor_key, ${naming.key})`],
      name: `${alias}.name`, said: `coalesce(${naming.key}, '')`,
    }
  }
  const text = `trim(${naming.text})`, said = `coalesce(${naming.text}, '')`
  if (naming.doctype === '') return { joins: [], name: text, said }
  const own = naming.doctype === 'Account' || naming.doctype === 'Warehouse' ? `WHERE company = ${literal(company)}` : ''
  const columns = ['name', ...(TITLES[naming.doctype] ?? [])]
  return {
    joins: columns.map((column, i) => `LEFT JOIN (SELECT ${ident(column)} AS k, any_value(name) AS name FROM ${siteTable(naming.doctype)} ${own} GROUP BY 1) ${alias}${i} ON ${alias}${i}.k = ${text}`),
    name: `coalesce(${columns.map((_, i) => `${alias}${i}.name`).join(', ')}, NULL)`, said,
  }
}

/** Subjects of several parts are one text. */
export const JOINED = ' | '

/**
 * Both sides of a spec as relations with columns subject, period, currency, measure, amount, and for the legacy side key (of the record) and voucher; for the site's
 * voucher_type, voucher_no, posting_date. They are tables of `work`, dropped by the caller. False: the site has no rows of that ledger.
 */
export async function layOut(staging: Staging, spec: LedgerSpec): Promise<boolean> {
  const shown = (named: Named): string => `coalesce(${named.name}, '(not on the site) ' || ${named.said})`
  const subjects = spec.subjects.map((naming, i) => nameOf(naming, spec.company, `s${i}`)), voucher = spec.voucher === null ? null : nameOf(spec.voucher, spec.company, 'v')
  const period = spec.period === null ? `''` : `left(CAST(${spec.period.sql} AS VARCHAR), ${spec.period.length})`
  const currency = spec.currency === null ? `''` : `coalesce(CAST(${spec.currency} AS VARCHAR), '')`
  const age = spec.due === null ? 'NULL' : ageRange(`date_diff('day', CAST(${spec.due} AS DATE), DATE ${literal(spec.asOf ?? '')})`)
  await staging.run(`CREATE OR REPLACE TABLE work.ledger_records AS SELECT c._key AS key, ${subjects.map(shown).join(` || '${JOINED}' || `)} AS subject, ${period} AS period, ${currency} AS currency, ${age} AS age,
    ${voucher === null ? 'CAST(NULL AS VARCHAR)' : shown(voucher)} AS voucher${spec.measures.map((measure, i) => `, CAST(${measure.sql} AS VARCHAR) AS m${i}`).join('')}
    FROM clean.${ident(spec.entity)} c ${[...subjects.flatMap((one) => one.joins), ...voucher?.joins ?? []].join(' ')}`)
  const measures = spec.measures.map((measure, i) => ({ name: literal(measure.name), column: `m${i}` }))
  if (spec.due !== null) measures.push({ name: `'age ' || age`, column: 'm0' })
  await staging.run(`CREATE OR REPLACE TABLE work.ledger_legacy AS ${measures.map(({ name, column }) => `SELECT key, subject, period, currency, ${name} AS measure, voucher, ${column} AS text, ${exact(column)} AS amount FROM work.ledger_records`).join(' UNION ALL ')}`)
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

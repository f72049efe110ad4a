import { ident, literal, type Staging } from '../../staging/staging.ts'
import { LOADED } from '../reconcile/proof.ts'
import { JOINED } from './figures.ts'
import type { LedgerLine, LedgerSpec, LedgerVoucher } from './spec.ts'

/** Documents named per difference. */
const NAMED = 50

/**
 * The documents behind a difference: those whose own figure differs where figures are by document; else the entries that make up the site's
 * figure, the largest first; and always the documents of the legacy system that mention the subject and are not on the site, for these are the usual reason.
 */
export async function documentsBehind(staging: Staging, spec: LedgerSpec, line: LedgerLine): Promise<LedgerVoucher[]> {
  const same = `subject = ${literal(line.subject)} AND period = ${literal(line.period)} AND currency = ${literal(line.currency)} AND measure = ${literal(line.measure)}`
  const left = await leftOut(staging, line.subject.split(JOINED)[0]!)
  const entries = spec.voucher === null ? await entriesOf(staging, same) : await differing(staging, same)
  return [...left, ...entries].slice(0, NAMED)
}

const RECORD = `(SELECT any_value(l.entity) FROM ${LOADED} l WHERE l.doctype = s.voucher_type AND l.name = s.voucher_no) AS entity, (SELECT any_value(l.key) FROM ${LOADED} l WHERE l.doctype = s.voucher_type AND l.name = s.voucher_no)`

async function entriesOf(staging: Staging, same: string): Promise<LedgerVoucher[]> {
  return staging.all<LedgerVoucher>(`SELECT s.voucher_type AS doctype, s.voucher_no AS name, max(s.posting_date)::VARCHAR AS date, ${RECORD} AS key, NULL::VARCHAR AS legacy, sum(s.amount)::VARCHAR AS site, 'is part of the figure of the site' AS why
    FROM work.ledger_site s WHERE ${same} GROUP BY s.voucher_type, s.voucher_no ORDER BY abs(sum(s.amount)) DESC, name LIMIT ${NAMED}`)
}

async function differing(staging: Staging, same: string): Promise<LedgerVoucher[]> {
  return staging.all<LedgerVoucher>(`WITH l AS (SELECT coalesce(voucher, '') AS voucher_no, sum(amount) AS amount, any_value(key) AS key FROM work.ledger_legacy WHERE ${same} GROUP BY ALL),
      s AS (SELECT voucher_type, voucher_no, max(posting_date) AS posting_date, sum(amount) AS amount FROM work.ledger_site WHERE ${same} GROUP BY voucher_type, voucher_no)
    SELECT coalesce(s.voucher_type, '') AS doctype, coalesce(s.voucher_no, l.voucher_no) AS name, s.posting_date::VARCHAR AS date, (SELECT any_value(d.entity) FROM ${LOADED} d WHERE d.doctype = s.voucher_type AND d.name = s.voucher_no) AS entity,
      coalesce((SELECT any_value(d.key) FROM ${LOADED} d WHERE d.doctype = s.voucher_type AND d.name = s.voucher_no), l.key) AS key, coalesce(l.amount, 0)::VARCHAR AS legacy, coalesce(s.amount, 0)::VARCHAR AS site,
      CASE WHEN s.voucher_no IS NULL THEN 'is open in the legacy system only' WHEN l.voucher_no IS NULL THEN 'is open on the site only' ELSE 'differs' END AS why
    FROM l FULL OUTER JOIN s USING (voucher_no) WHERE coalesce(l.amount, 0) <> coalesce(s.amount, 0) ORDER BY abs(coalesce(l.amount, 0) - coalesce(s.amount, 0)) DESC, name LIMIT ${NAMED}`)
}

/** DocTypes whose documents write ledger rows: when one of them is not on the site, its rows are missing there. */
const POSTING = ['Sales Invoice', 'Purchase Invoice', 'Journal Entry', 'Payment Entry', 'Delivery Note', 'Purchase Receipt', 'Stock Entry', 'Stock Reconciliation']

/** Documents that did not arrive: refused ones that name the subject in a field or child row first, then those of which only the legacy record is known. */
async function leftOut(staging: Staging, subject: string): Promise<LedgerVoucher[]> {
  const mentions = (alias: string): string => `contains(CAST(to_json(${alias}) AS VARCHAR), CAST(to_json(${literal(subject)}) AS VARCHAR))`
  const naming: LedgerVoucher[] = [], other: LedgerVoucher[] = []
  for (const doctype of POSTING) {
    const table = `drafts.${ident(doctype)}`
    if (await staging.exists(table)) {
      const children = await staging.all<{ table_name: string }>(`SELECT table_name FROM duckdb_tables() WHERE schema_name = 'drafts' AND starts_with(table_name, ${literal(`${doctype}.`)})`)
      const inChildren = children.map(({ table_name }) => `EXISTS (SELECT 1 FROM drafts.${ident(table_name)} c WHERE c._parent = d._id AND ${mentions('c')})`)
      naming.push(...await staging.all<LedgerVoucher>(`SELECT ${literal(doctype)} AS doctype, NULL::VARCHAR AS name, NULL::VARCHAR AS date, d._entity AS entity, d._key AS key, NULL::VARCHAR AS legacy, NULL::VARCHAR AS site, 'names it and was refused: ' || left(r.message, 200) AS why
        FROM (SELECT id, any_value(message) AS message FROM ops.refused WHERE doctype = ${literal(doctype)} GROUP BY id) r JOIN ${table} d ON d._id = r.id WHERE ${[mentions('d'), ...inChildren].join(' OR ')} ORDER BY d._key LIMIT ${NAMED}`))
    }
    if (!(await staging.exists('ops.left_out'))) continue
    other.push(...await staging.all<LedgerVoucher>(`SELECT ${literal(doctype)} AS doctype, NULL::VARCHAR AS name, NULL::VARCHAR AS date, entity, key, NULL::VARCHAR AS legacy, NULL::VARCHAR AS site, 'never became a document, so its entries are missing: ' || coalesce(any_value(reason), outcome) AS why
      FROM ops.left_out WHERE doctype = ${literal(doctype)} AND outcome IN ('failed', 'rejected', 'skipped') GROUP BY entity, key, outcome ORDER BY key LIMIT 10`))
  }
  return [...naming, ...other]
}

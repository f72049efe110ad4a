import type { CheckResult } from '../check.ts'
import type { Staging } from '../../staging/staging.ts'
import { countOf, probe, siteTable, type Probe } from '../reconcile/proof.ts'
import { ledgerRows, stockRows } from './books.ts'

const GROUP = 'data_integrity' as const

/**
 * What must hold within the site's ledgers whatever the legacy system says: vouchers balance, the payment ledger equals the general ledger account by
 * account and party by party, invoices say what the payment ledger says is open, bins and stock accounts say what the stock ledger says.
 */
export async function ledgerConsistency(staging: Staging, tolerance: string): Promise<CheckResult[]> {
  const gl = await ledgerRows(staging, 'GL Entry', null), ple = await ledgerRows(staging, 'Payment Ledger Entry', null), sle = await stockRows(staging, null)
  const probes: Probe[] = []
  if (gl !== null && (await countOf(staging, gl)) > 0) {
    probes.push(await vouchersBalance(staging, gl, tolerance))
    if (ple !== null) probes.push(await partiesAgree(staging, gl, ple, tolerance))
  }
  if (ple !== null && (await countOf(staging, ple)) > 0) probes.push(...await invoicesAgree(staging, ple))
  if (sle !== null && (await countOf(staging, sle)) > 0) {
    probes.push(await binsAgree(staging, sle))
    if (gl !== null) probes.push(await stockAccountsAgree(staging, gl, sle))
  }
  const results: CheckResult[] = []
  for (const one of probes) results.push(await probe(staging, one))
  return results
}

async function vouchersBalance(staging: Staging, gl: string, tolerance: string): Promise<Probe> {
  const vouchers = `(SELECT voucher_type, voucher_no, company, sum(debit) AS debit, sum(credit) AS credit FROM ${gl} GROUP BY ALL)`
  const compared = await countOf(staging, vouchers)
  return {
    id: 'ledger:vouchers', group: GROUP, title: 'General ledger: every voucher balances', compared, passed: `${compared} vouchers, debit equals credit`,
    select: `SELECT voucher_type AS doctype, voucher_no AS name, NULL::VARCHAR AS key, 'debit ' || debit || ', credit ' || credit AS detail FROM ${vouchers} WHERE abs(debit - credit) > ${tolerance}`,
  }
}

async function partiesAgree(staging: Staging, gl: string, ple: string, tolerance: string): Promise<Probe> {
  const both = `(WITH g AS (SELECT e.account, e.party, sum(e.debit - e.credit) * (CASE WHEN a.account_type = 'Payable' THEN -1 ELSE 1 END) AS amount FROM ${gl} e JOIN ${siteTable('Account')} a ON a.name = e.account
        WHERE a.account_type IN ('Receivable', 'Payable') GROUP BY e.account, e.party, a.account_type),
      p AS (SELECT account, party, sum(amount) AS amount FROM ${ple} GROUP BY account, party)
    SELECT account, party, coalesce(g.amount, 0) AS general, coalesce(p.amount, 0) AS payment FROM g FULL OUTER JOIN p USING (account, party))`
  const compared = await countOf(staging, both)
  return {
    id: 'ledger:parties', group: GROUP, title: 'Payment ledger against general ledger, by account and party', compared, passed: `${compared} balances equal`,
    select: `SELECT 'Account' AS doctype, account AS name, NULL::VARCHAR AS key, coalesce(party, '') || ': general ledger ' || general || ', payment ledger ' || payment AS detail FROM ${both} WHERE abs(general - payment) > ${tolerance}`,
  }
}

/** Half a cent: the site rounds what an invoice says, not what its ledger rows add up to. */
const HALF_CENT = 0.005

async function invoicesAgree(staging: Staging, ple: string): Promise<Probe[]> {
  const probes: Probe[] = []
  for (const doctype of ['Sales Invoice', 'Purchase Invoice'] as const) {
    const table = siteTable(doctype)
    if (!(await staging.exists(table))) continue
    const invoices = `(SELECT i.name, coalesce(i.outstanding_amount, 0) AS said, coalesce(p.amount, 0) AS open FROM ${table} i
      LEFT JOIN (SELECT against_voucher_no, sum(amount_in_account_currency) AS amount FROM ${ple} WHERE against_voucher_type = '${doctype}' GROUP BY 1) p ON p.against_voucher_no = i.name WHERE i.docstatus = 1)`
    const compared = await countOf(staging, invoices)
    if (compared === 0) continue
    probes.push({
      id: `ledger:outstanding:${doctype}`, group: GROUP, title: `${doctype}: outstanding amount against the payment ledger`, compared, passed: `${compared} invoices equal`,
      select: `SELECT '${doctype}' AS doctype, name, NULL::VARCHAR AS key, 'outstanding ' || said || ', payment ledger ' || open AS detail FROM ${invoices} WHERE abs(said - open) > ${HALF_CENT}`,
    })
  }
  return probes
}

async function binsAgree(staging: Staging, sle: string): Promise<Probe> {
  const both = `(WITH s AS (SELECT item_code, warehouse, sum(moved) AS qty, sum(stock_value_difference) AS value FROM ${sle} GROUP BY ALL)
    SELECT coalesce(b.item_code, s.item_code) AS item, coalesce(b.warehouse, s.warehouse) AS warehouse, coalesce(b.actual_qty, 0) AS bin_qty, coalesce(s.qty, 0) AS qty, coalesce(b.stock_value, 0) AS bin_value, coalesce(s.value, 0) AS value
    FROM s FULL OUTER JOIN ${siteTable('Bin')} b ON b.item_code = s.item_code AND b.warehouse = s.warehouse)`
  const compared = await countOf(staging, both)
  return {
    id: 'ledger:bins', group: GROUP, title: 'Bins against the stock ledger', compared, passed: `${compared} items in warehouses equal`,
    select: `SELECT 'Bin' AS doctype, item || ' in ' || warehouse AS name, NULL::VARCHAR AS key, 'bin ' || bin_qty || ' worth ' || bin_value || ', stock ledger ' || qty || ' worth ' || value AS detail
      FROM ${both} WHERE abs(bin_qty - qty) > 0.0005 OR abs(bin_value - value) > 2 * ${HALF_CENT}`,
  }
}

/** Every voucher rounds its accounts to the cent and its stock to more places, so a company may differ by half a cent a voucher row and no more. */
async function stockAccountsAgree(staging: Staging, gl: string, sle: string): Promise<Probe> {
  const both = `(WITH perpetual AS (SELECT name FROM ${siteTable('Company')} WHERE enable_perpetual_inventory = 1),
      s AS (SELECT company, voucher_type, voucher_no, sum(stock_value_difference) AS value, count(*) AS n FROM ${sle} WHERE company IN (SELECT name FROM perpetual) GROUP BY ALL),
      g AS (SELECT e.company, e.voucher_type, e.voucher_no, sum(e.debit - e.credit) AS value FROM ${gl} e JOIN ${siteTable('Account')} a ON a.name = e.account AND a.account_type = 'Stock'
        WHERE e.company IN (SELECT name FROM perpetual) AND e.voucher_type <> 'Journal Entry' GROUP BY ALL)
    SELECT voucher_type, voucher_no, coalesce(s.value, 0) AS stock, coalesce(g.value, 0) AS account, coalesce(s.n, 1) AS n FROM s FULL OUTER JOIN g USING (company, voucher_type, voucher_no))`
  const compared = await countOf(staging, both)
  return {
    id: 'ledger:stock-accounts', group: GROUP, title: 'Stock accounts against the stock ledger, by voucher', compared, passed: `${compared} vouchers equal`,
    select: `SELECT voucher_type AS doctype, voucher_no AS name, NULL::VARCHAR AS key, 'stock ledger ' || stock || ', stock accounts ' || account AS detail FROM ${both} WHERE abs(stock - account) > ${HALF_CENT} * (n + 1)`,
  }
}

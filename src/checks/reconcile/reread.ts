import type { CheckFailure, CheckResult } from '../check.ts'

/** What was read again, as a target tells it. */
interface Reread { documents: number; accounts: number; differences: { doctype: string; name: string; detail: string }[]; unread: string[] }

const SHOWN = 100

/** Results of reading documents and ledger from a real site once more after the load: rows that were written as predicted are not believed but looked at. */
export function rereadResults({ documents, accounts, differences, unread }: Reread): CheckResult[] {
  const make = (id: string, title: string, group: CheckResult['group'], compared: number, own: Reread['differences'], missing: string[]): CheckResult => {
    const failures = own.slice(0, SHOWN).map(({ doctype, name, detail }): CheckFailure => ({ doctype, name, key: null, detail })), failed = own.length
    if (failed === 0 && missing.length > 0) return { id, group, title, status: 'unchecked', compared, failed, failures, summary: `the site does not show ${missing.join(', ')}` }
    return { id, group, title, status: failed === 0 ? 'passed' : 'failed', compared, failed, failures, summary: failed === 0 ? `${compared} read again, all as known` : `${failed} differences in ${compared} read again` }
  }
  const ledger = (name: string): boolean => name === 'tabGL Entry', ofLedger = (one: { doctype: string }): boolean => one.doctype === 'GL Entry'
  const isLedger = differences.filter(ofLedger)
  return [
    make('site-sample', 'A sample of documents, read from the site again', 'data_integrity', documents, differences.filter((one) => !ofLedger(one)), unread.filter((table) => !ledger(table))),
    ...(accounts === 0 && !unread.some(ledger) ? [] : [make('site-ledger', 'General Ledger of the site by account', 'sum_totals', accounts, isLedger, unread.filter(ledger))]),
  ]
}

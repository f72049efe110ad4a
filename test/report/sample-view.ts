import type { RunView } from '../../src/report/run-view.ts'

/** A finished run as data, with hostile text in every place that comes from legacy data. */
export function sampleView(): RunView {
  const evil = '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'
  return {
    project: `demo ${evil}`, run: 'r-20261122-100000-0001', landfall: '0.1.0',
    source: [{ name: 'erp', kind: 'sqlite', version: '3.45' }], target: { kind: 'rehearsal', name: 'embedded rehearsal site', apps: { frappe: '15.72.4', erpnext: '15.71.1' } },
    startTime: '2026-11-22T10:00:00Z', endTime: '2026-11-22T10:00:48Z', seconds: 48.2, status: 'succeeded',
    statistics: { totalRecords: 300, successful: 290, failed: 3, skipped: 7, errorRate: 0.01, documents: 290, rows: 1200 },
    entities: [
      { name: 'customers', source: 'kunden.csv', sourceCount: 100, migrated: 92, errors: 1, skipped: 7, skippedWhy: { 'merged as duplicates': 7 }, doctypes: ['Customer', 'Address'] },
      { name: evil, source: evil, sourceCount: 200, migrated: 198, errors: 2, skipped: 0, skippedWhy: {}, doctypes: ['Sales Order'] },
    ],
    doctypes: [{ doctype: 'Customer', drafts: 93, loaded: 92, refused: 1, skipped: 0, rows: 300 }],
    phases: [{ name: 'extract', wave: null, startSeconds: 0, seconds: 8, records: 300 }, { name: 'load', wave: 1, startSeconds: 8, seconds: 40, records: 290 }],
    checks: [
      { id: 'count:a', group: 'record_counts', title: 'customers', status: 'passed', compared: 100, failed: 0, summary: 'equal', failures: [] },
      { id: 'relations:a', group: 'relationships', title: evil, status: 'failed', compared: 9, failed: 1, summary: '1 of 9 differ', failures: [{ doctype: 'Sales Order', name: 'SAL-1', key: evil, detail: evil }] },
      { id: 'integrity:a', group: 'data_integrity', title: 'files', status: 'unchecked', compared: 0, failed: 0, summary: 'could not be read', failures: [] },
      { id: 'total:a', group: 'sum_totals', title: 'Orders', status: 'passed', compared: 200, failed: 0, summary: 'USD 10.00', failures: [] },
    ],
    totals: [{ name: 'Orders', group: 'USD', records: 200, documents: 198, legacy: '1234567.89', leftOut: '34.56', site: '1234533.33', difference: '0.00', passed: true }],
    ledgers: [
      { name: 'Trial balance', ledger: 'accounts', subject: `Cash - NT ${evil}`, period: '2026-09', currency: '', measure: 'balance', records: 1, legacy: '1500.00', site: '1490.50', difference: '9.50', passed: false,
        vouchers: [{ doctype: 'Sales Invoice', name: null, date: '2026-09-30', entity: 'invoices', key: evil, legacy: '9.5', site: null, why: `was refused: ${evil}` }] },
      { name: 'Open items', ledger: 'receivable', subject: 'Ana', period: '', currency: 'USD', measure: 'outstanding', records: 2, legacy: '20.00', site: '20.00', difference: '0.00', passed: true, vouchers: [] },
    ],
    books: {
      trialBalance: [{ company: 'Northwind Traders', period: '', account: `Cash - NT ${evil}`, rootType: 'Asset', debit: '1490.50', credit: '0', balance: '1490.50' }],
      open: [{ side: 'receivable', company: 'Northwind Traders', parties: 1, outstanding: '20.00', ages: ['20.00', '0.00', '0.00', '0.00', '0.00'] }], stock: [{ company: 'Northwind Traders', warehouse: `Stores ${evil}`, items: 3, value: '99.10' }],
    },
    errors: [{ cause: 'c1', type: 'LinkValidationError', doctype: 'Item', field: 'item_group', count: 3, message: `Could not find Item Group: ${evil}`, resolution: 'Map the value', examples: [{ key: 'A-1', value: evil, record: `{"x":"${evil}"}` }] }],
    warnings: [{ cause: 'c2', type: 'html-cleaned', doctype: 'Item', field: 'description', count: 2, message: 'HTML is cleaned', resolution: 'None needed', examples: [] }],
    gates: [{ id: 'error_rate', title: 'Error rate', value: '1.000%', limit: 'below 0.1%', passed: false }],
    merges: { clusters: 7, absorbed: 7, examples: [{ survivor: '1', absorbed: '2', entity: 'customers', rule: evil, score: 0.97 }] },
    placeholders: [{ doctype: 'Customer', name: evil, references: 2, key: '900' }], rollback: { seconds: 1.5, proven: true },
  }
}

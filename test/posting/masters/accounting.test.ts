import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Posting, type Doc } from './batch.ts'

let posting: Posting
beforeAll(async () => { posting = await Posting.open() })
afterAll(() => posting.close())

const COMPANY = 'Northwind Traders'

async function expectTypes(doctype: string, cases: [Doc, string | null][]): Promise<void> {
  expect(await posting.post(doctype, cases.map(([doc]) => doc))).toEqual(cases.map(([, type]) => type))
}

describe('accounting masters, many at once', () => {
  it('accounts take root and currency from above', async () => {
    const account = (name: string, more: Doc = {}): Doc => ({ account_name: name, company: COMPANY, parent_account: 'Indirect Expenses - NT', ...more })
    await expectTypes('Account', [
      [account('Group', { is_group: 1, account_number: '777' }), null], [account('Same number', { account_number: '777' }), 'ValidationError'],
        [account('Cash', { parent_account: 'Cash In Hand - NT' }), 'DuplicateEntryError'],
      [account('Below ledger', { parent_account: 'Cash - NT' }), 'ValidationError'], [account('Root', { parent_account: null }), 'ValidationError'],
        [account('Root group', { parent_account: null, is_group: 1 }), 'ValidationError'],
      [account('Lost', { parent_account: 'Nope - NT' }), 'LinkValidationError'], [account('Asset?', { root_type: 'Asset', report_type: 'Balance Sheet' }),
        null], [account('Euros', { account_currency: 'EUR' }), null],
    ])
    expect(await posting.post('Account', [account('Leaf', { parent_account: '777 - Group - NT' })])).toEqual([null])
    expect(await posting.rows('tabAccount', 'name, root_type, report_type, account_currency AS currency, lft, rgt')).toEqual([
      { name: '777 - Group - NT', root_type: 'Expense', report_type: 'Profit and Loss', currency: 'USD', lft: 131, rgt: 134 },
      { name: 'Asset? - NT', root_type: 'Expense', report_type: 'Profit and Loss', currency: 'USD', lft: 135, rgt: 136 },
      { name: 'Euros - NT', root_type: 'Expense', report_type: 'Profit and Loss', currency: 'EUR', lft: 137, rgt: 138 },
      { name: 'Leaf - NT', root_type: 'Expense', report_type: 'Profit and Loss', currency: 'USD', lft: 132, rgt: 133 },
    ])
    expect(await posting.warnings('Account')).toContain('root-type-overwritten')
  })

  it('cost centers, warehouses, modes of payment and payment terms', async () => {
    const center = (name: string, more: Doc = {}): Doc => ({ cost_center_name: name, company: COMPANY, parent_cost_center: 'Northwind Traders - NT', ...more })
    await expectTypes('Cost Center', [[center('North', { cost_center_number: '10' }), null], [center('Leafless', { parent_cost_center: 'Main - NT' }),
      'ValidationError'], [center('Parentless', { parent_cost_center: null }), 'ValidationError'],
      [center(COMPANY), 'ValidationError'], [center('Main'), 'DuplicateEntryError']])
    expect(await posting.rows('tabCost Center', 'name, old_parent')).toEqual([{ name: '10 - North - NT', old_parent: 'Northwind Traders - NT' }])
    await expectTypes('Warehouse', [[{ warehouse_name: 'Depot - NT', company: COMPANY }, null], [{ warehouse_name: 'East', company: COMPANY,
      parent_warehouse: 'Stores - NT' }, null], [{ warehouse_name: 'stores', company: COMPANY }, 'DuplicateEntryError']])
    expect(await posting.rows('tabWarehouse', 'name')).toEqual([{ name: 'Depot - NT' }, { name: 'East - NT' }])
    expect(await posting.warnings('Warehouse')).toContain('parent-is-no-group')
    const row = { company: COMPANY, default_account: 'Cash - NT' }
    await expectTypes('Mode of Payment', [[{ mode_of_payment: 'M1', accounts: [row] }, null], [{ mode_of_payment: 'M2', accounts: [row, row] },
      'ValidationError'], [{ mode_of_payment: 'M3', accounts: [{ company: COMPANY }] }, 'ValidationError']])
    await expectTypes('Payment Term', [[{ payment_term_name: 'Net 45', credit_days: 45 }, null], [{}, 'ValidationError'], [{ payment_term_name: 'Odd',
      due_date_based_on: 'Whenever' }, 'ValidationError']])
  })
})

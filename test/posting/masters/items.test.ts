import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Posting, type Doc } from './batch.ts'

let posting: Posting
beforeAll(async () => { posting = await Posting.open() })
afterAll(() => posting.close())

const COMPANY = 'Northwind Traders'
const item = (code: string, more: Doc = {}): Doc => ({ item_code: code, item_group: 'Products', stock_uom: 'Nos', ...more })

describe('items, many at once', () => {
  it('are refused one by one, each with the first error the site would raise', async () => {
    const cases: [Doc, string | null][] = [
      [item('A-plain'), null],
      [item('CHAI'), 'DuplicateEntryError'],
      [item(' '), 'ValidationError'],
      [item('A-uom', { stock_uom: 'Nope' }), 'LinkValidationError'],
      [item('A-uom-twice', { uoms: [{ uom: 'Box', conversion_factor: 1 }, { uom: 'Box', conversion_factor: 2 }] }), 'ValidationError'],
      [item('A-uom-factor', { uoms: [{ uom: 'Nos', conversion_factor: 2 }] }), 'ValidationError'],
      [item('A-serial', { has_serial_no: 1, is_stock_item: 0 }), 'ValidationError'],
      [item('A-series', { batch_number_series: 'SN####' }), 'ValidationError'],
      [item('A-ean', { barcodes: [{ barcode: '4006381333930', barcode_type: 'EAN' }] }), 'InvalidBarcode'],
      [item('A-reorder', { reorder_levels: [1, 2].map(() => ({ warehouse: 'Stores - NT', warehouse_reorder_level: 1, warehouse_reorder_qty: 1,
        material_request_type: 'Purchase' })) }), 'DuplicateReorderRows'],
      [item('A-reorder-qty', { reorder_levels: [{ warehouse: 'Stores - NT', warehouse_reorder_level: 1, material_request_type: 'Purchase' }] }),
        'ValidationError'],
      [item('A-reorder-group', { reorder_levels: [{ warehouse: 'Stores - NT', warehouse_group: 'Finished Goods - NT', warehouse_reorder_level: 1,
        warehouse_reorder_qty: 1, material_request_type: 'Purchase' }] }), 'ValidationError'],
      [item('A-variants', { has_variants: 1 }), 'ValidationError'],
      [item('A-asset', { is_fixed_asset: 1 }), 'ValidationError'],
      [item('A-sample', { has_batch_no: 1, retain_sample: 1 }), 'ValidationError'],
      [item('A-provided', { is_customer_provided_item: 1 }), 'ValidationError'],
      [item('A-companies', { item_defaults: [{ company: COMPANY }, { company: COMPANY }] }), 'ValidationError'],
      [item('A-tax', { taxes: [{ minimum_net_rate: 5, maximum_net_rate: 3 }] }), 'ValidationError'],
      [item('A-codes', { customer_items: [{ customer_name: 'Ana Trujillo' }] }), 'TypeError'],
      [item('A-open', { opening_stock: 1 }), 'ValidationError'],
      [item('A-open-part', { opening_stock: 1.5, valuation_rate: 2 }), 'UOMMustBeIntegerError'],
      [item('A-variant', { variant_of: 'CHAI', stock_uom: 'Box' }), 'ValidationError'],
    ]
    const refused = await posting.post('Item', cases.map(([doc]) => doc))
    expect(refused).toEqual(cases.map(([, type]) => type))
    expect(await posting.rows('tabItem', 'name')).toEqual([{ name: 'A-plain' }])
  })

  it('get names, descriptions, units and defaults', async () => {
    const refused = await posting.post('Item', [
      item('  B-1 ', { description: '<p class="x">One <b>two</b><script>x</script></p>' }),
      item('B-2', { stock_uom: 'Kg', uoms: [{ uom: 'Gram', conversion_factor: 5 }] }),
      item('B-3', { item_name: 'Three', description: '5 < 6', item_defaults: [{ company: COMPANY, default_warehouse: 'Finished Goods - NT' }] }),
    ])
    expect(refused).toEqual([null, null, null])
    expect(await posting.rows('tabItem', 'name, item_name, description', `name LIKE 'B-%'`)).toEqual([
      { name: 'B-1', item_name: 'B-1', description: '<p>One <b>two</b></p>' }, { name: 'B-2', item_name: 'B-2', description: 'B-2' }, { name: 'B-3',
        item_name: 'Three', description: '5 &lt; 6' },
    ])
    expect(await posting.rows('tabUOM Conversion Detail', 'parent, idx, uom, CAST(conversion_factor AS DOUBLE) AS f', `parent LIKE 'B-%'`)).toEqual([
      { parent: 'B-1', idx: 1, uom: 'Nos', f: 1 }, { parent: 'B-2', idx: 1, uom: 'Gram', f: 0.001 }, { parent: 'B-2', idx: 2, uom: 'Kg', f: 1 },
        { parent: 'B-3', idx: 1, uom: 'Nos', f: 1 },
    ])
    expect((await posting.rows('tabItem Default', 'parent, company, default_warehouse',
      `parent LIKE 'B-%'`)).map((row) => row['default_warehouse'])).toEqual(['Stores - NT', 'Stores - NT', 'Finished Goods - NT'])
    expect(await posting.warnings('Item')).toEqual(expect.arrayContaining(['factor-overwritten', 'markup-removed']))
  })

  it('with a standard rate get a price, with opening stock a stock entry', async () => {
    const refused = await posting.post('Item', [
      item('C-1', { standard_rate: 12.5 }), item('C-2', { opening_stock: 4, valuation_rate: 2.5 }), item('C-3', { opening_stock: -4, valuation_rate: 2.5 }),
        item('C-4', { opening_stock: 3, standard_rate: 2 }),
    ])
    expect(refused).toEqual([null, null, 'ValidationError', null])
    expect(await posting.rows('tabItem Price', 'item_code, price_list, currency, selling, CAST(price_list_rate AS DOUBLE) AS rate',
      `item_code LIKE 'C-%'`)).toEqual([
      { item_code: 'C-1', price_list: 'Standard Selling', currency: 'USD', selling: 1, rate: 12.5 }, { item_code: 'C-4', price_list: 'Standard Selling',
        currency: 'USD', selling: 1, rate: 2 },
    ])
    expect(await posting.rows('tabStock Entry', 'name, CAST(total_amount AS DOUBLE) AS amount')).toEqual([{ name: 'MAT-STE-2026-00001', amount: 10 },
      { name: 'MAT-STE-2026-00002', amount: 6 }])
    const ledger = await posting.staging.one(`SELECT count(*) AS n, CAST(sum(debit) AS DOUBLE) AS debit, CAST(sum(credit) AS DOUBLE) AS credit
      FROM rows."tabGL Entry"`)
    expect(ledger).toEqual({ n: 4, debit: 16, credit: 16 })
    expect(await posting.rows('tabSeries', 'name, "current"', `name = 'MAT-STE-2026-'`)).toEqual([{ name: 'MAT-STE-2026-', current: 2 }])
  })

  it('have each price once, whether it was there before or comes twice', async () => {
    const price = (more: Doc = {}): Doc => ({ item_code: 'BOXED', price_list: 'Standard Buying', price_list_rate: 3, ...more })
    const refused = await posting.post('Item Price', [
      price(), price({ price_list_rate: 4 }), price({ uom: 'Box' }), price({ supplier: 'Exotic Liquids', customer: 'Ana Trujillo' }),
        price({ item_code: 'NOPE' }),
      { item_code: 'CHAI', price_list: 'Standard Selling', price_list_rate: 9 }, price({ valid_from: '2025-12-31', valid_upto: '2025-01-01' }),
    ])
    expect(refused).toEqual([null, 'ItemPriceDuplicateItem', null, null, 'ValidationError', 'ItemPriceDuplicateItem', 'InvalidDates'])
    expect(await posting.rows('tabItem Price', 'supplier, customer, reference, item_name, buying', `supplier IS NOT NULL`)).toEqual([
      { supplier: 'Exotic Liquids', customer: null, reference: 'Exotic Liquids', item_name: 'Boxed goods', buying: 1 },
    ])
    expect(await posting.warnings('Item Price')).toContain('party-dropped')
  })

  it('are put in groups below the root, and price lists have a kind', async () => {
    expect(await posting.post('Item Group', [{ item_group_name: 'G1', is_group: 1 }, { item_group_name: 'G2', taxes: [{ item_tax_template: 'US ST 6% - NT' },
      { item_tax_template: 'US ST 6% - NT' }] }, { item_group_name: 'G3', parent_item_group: 'Nope' }]))
      .toEqual([null, 'ValidationError', 'LinkValidationError'])
    expect(await posting.rows('tabItem Group', 'name, parent_item_group, lft, rgt')).toEqual([{ name: 'G1', parent_item_group: 'All Item Groups', lft: 12,
      rgt: 13 }])
    expect(await posting.post('Price List', [{ price_list_name: 'P1', currency: 'USD' }, { price_list_name: 'P2', currency: 'EUR',
      buying: 1 }])).toEqual(['ValidationError', null])
    expect(await posting.post('UOM', [{ uom_name: 'Barrel of 12' }, { uom_name: 'nos' }])).toEqual([null, 'DuplicateEntryError'])
    expect(await posting.post('Brand', [{ brand: 'Acme' }, { description: 'x' }])).toEqual([null, 'ValidationError'])
  })
})

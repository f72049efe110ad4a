import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Site } from '../../src/site/site.ts'
import { duckType, RECORDED_AT, tableDoctypes } from '../../src/site/tables.ts'
import { Staging } from '../../src/staging/staging.ts'

const site = Site.load()
let staging: Staging
beforeAll(async () => { staging = await Staging.open(':memory:') })
afterAll(() => staging.close())

const columnsOf = async (relation: string) => (await staging.columnsOf(relation)).map((column) => [column.name, column.type])

describe('tables of a site', () => {
  it('are made for every DocType that has one, and filled', async () => {
    await site.createTables(staging, 'rows', 'all')
    await site.loadRecords(staging, 'rows')
    const tables = await staging.all<{ table_name: string }>(`SELECT table_name FROM duckdb_tables() WHERE schema_name = 'rows'`)
    expect(tables.map((t) => t.table_name).sort()).toEqual([...tableDoctypes(site).map((meta) => meta.table), 'tabSeries', 'tabSingles'].sort())
    for (const doctype of site.recordDoctypes()) {
      const found = await staging.one<{ n: number }>(`SELECT count(*) AS n FROM rows."tab${doctype}"`)
      if (doctype !== 'DefaultValue') expect(found?.n, doctype).toBe(site.records(doctype).length)
    }
    const meta = site.doctype('Sales Order')!
    const columns = await columnsOf('rows."tabSales Order"')
    expect(columns.map(([name]) => name)).toEqual([...meta.columns.map((column) => column.name), '_draft', '_doctype'])
    expect(Object.fromEntries(columns)).toMatchObject({ name: 'VARCHAR', creation: 'TIMESTAMP', transaction_date: 'DATE', docstatus: 'BIGINT',
      grand_total: 'DECIMAL(21,9)', _draft: 'BIGINT', _doctype: 'VARCHAR' })
  })

  it('hold records as recorded, with what a recording leaves out', async () => {
    const item = await staging.one(`SELECT owner, modified_by, CAST(creation AS VARCHAR) AS creation, item_group, is_stock_item, _draft FROM rows."tabItem"
      WHERE name = 'CHAI'`)
    expect(item).toEqual({ owner: 'Administrator', modified_by: 'Administrator', creation: RECORDED_AT.slice(0, 19),
      item_group: site.records('Item').find((r) => r['name'] === 'CHAI')!['item_group'], is_stock_item: 1, _draft: null })
    expect(await staging.one(`SELECT "current" FROM rows.tabSeries WHERE name = 'MAT-UOM-CNV-'`)).toEqual({ current: 235 })
    expect(await staging.one(`SELECT "value" FROM rows.tabSingles WHERE doctype = 'System Settings' AND field = 'language'`)).toEqual({ value: 'en' })
    expect(await staging.one(`SELECT defvalue FROM rows.tabDefaultValue WHERE defkey = 'company'
      AND parent = '__default'`)).toEqual({ defvalue: 'Northwind Traders' })
    expect(await staging.one(`SELECT CAST(exchange_rate AS VARCHAR) AS rate
      FROM rows."tabCurrency Exchange"`)).toEqual({ rate: expect.stringMatching(/^\d+\.\d{9}$/) })
  })

  it('can be some DocTypes only, with their children, in an attached database, and made twice', async () => {
    await staging.attach(':memory:', 'site')
    await site.createTables(staging, 'site.main', ['Item'])
    await site.createTables(staging, 'site.main', ['Item', 'Brand'])
    await site.loadRecords(staging, 'site.main')
    const tables = (await staging.all<{ table_name: string }>(`SELECT table_name FROM duckdb_tables() WHERE database_name = 'site'`)).map((t) => t.table_name)
    expect(tables).toEqual(expect.arrayContaining(['tabItem', 'tabItem Default', 'tabUOM Conversion Detail', 'tabBrand', 'tabSeries']))
    expect(tables).not.toContain('tabCustomer')
    expect((await columnsOf('site.main."tabItem"')).map(([name]) => name)).not.toContain('_draft')
    expect(await staging.one(`SELECT count(*) AS n FROM site.main."tabItem Default"`)).toEqual({ n: site.records('Item Default').length })
  })

  it('name the DocType that is not there and the type that has no place', async () => {
    await expect(site.createTables(staging, 'other', ['Itme'])).rejects.toMatchObject({ code: 'site-invalid', message: expect.stringContaining('Itme') })
    expect(() => duckType('geometry')).toThrow(/geometry/)
    expect([duckType('varchar(140)'), duckType('int(1)'), duckType('decimal(18,6)'), duckType('time(6)'), duckType('longtext')]).toEqual(['VARCHAR', 'BIGINT',
      'DECIMAL(18,6)', 'TIME', 'VARCHAR'])
  })
})

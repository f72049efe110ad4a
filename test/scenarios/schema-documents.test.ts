import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import ExcelJS from 'exceljs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Assessment } from '../../src/model/assessment.ts'
import { readDdl } from '../../src/phases/assess/ddl.ts'
import { readDictionary } from '../../src/phases/assess/dictionary.ts'
import { landfall } from './command-line.ts'

const SHARED = resolve(import.meta.dirname, '../../../shared')

describe('DDL', () => {
  test('of a public dump: tables, columns, keys and relations declared apart', () => {
    const tables = readDdl('northwind.sql', readFileSync(join(SHARED, 'legacy/northwind.sql'), 'utf8'))
    expect(tables.length).toBe(14)
    const references = tables.flatMap((table) => table.columns.filter((column) => column.references !== null).map((column) => `${table.name}.${column.name} > ${column.references!.table}`))
    expect(references.length).toBe(13)
    expect(references).toContain('employees.reports_to > employees')
    expect(tables.find((table) => table.name === 'order_details')!.columns.filter((column) => column.key).map((column) => column.name)).toEqual(['order_id', 'product_id'])
  })

  test('of other dialects: quoted names, comments, lists of values, keys within', () => {
    const [orders, people, note] = readDdl('x.sql', `
      -- CREATE TABLE ghost (a int);
      CREATE TABLE \`shop\`.\`orders\` (\`id\` int(11) unsigned NOT NULL AUTO_INCREMENT, \`state\` enum('new','it''s paid') DEFAULT 'new' COMMENT 'where; it stands',
        \`total\` decimal(12,2) NOT NULL, KEY \`k\` (\`state\`), PRIMARY KEY (\`id\`), CONSTRAINT \`c\` FOREIGN KEY (\`state\`, \`total\`) REFERENCES \`states\` (\`code\`, \`amount\`)) ENGINE=InnoDB COMMENT='all orders';
      /* CREATE TABLE ghost2 (a int); */
      SELECT broken from (;
      CREATE TABLE [dbo].[Person Names] ([Person Id] int IDENTITY(1,1) PRIMARY KEY, [key] nvarchar(20) NOT NULL CHECK ([key] IN ('A', 'B')), [Boss] int NULL REFERENCES [dbo].[Person Names]([Person Id]))
      GO
      CREATE GLOBAL TEMPORARY TABLE IF NOT EXISTS "Note" ("text" VARCHAR2(2000 CHAR), when_at timestamp with time zone, n number(9,2));
      COMMENT ON COLUMN "Note"."text" IS 'what was said';
      COMMENT ON TABLE "Note" IS 'notes';`)
    expect(orders).toMatchObject({ name: 'orders', where: 'x.sql:3', about: 'all orders' })
    expect(orders!.columns.map(({ name, type, required, key, references, values, about }) => ({ name, type, required, key, references, values, about }))).toEqual([
      { name: 'id', type: 'integer', required: true, key: true, references: null, values: [], about: '' },
      { name: 'state', type: 'text', required: false, key: false, references: { table: 'states', column: 'code' }, values: ['new', "it's paid"], about: 'where; it stands' },
      { name: 'total', type: 'decimal', required: true, key: false, references: { table: 'states', column: 'amount' }, values: [], about: '' },
    ])
    expect(people!.name).toBe('Person Names')
    expect(people!.columns.map(({ name, length, key, values, references }) => ({ name, length, key, values, references }))).toEqual([
      { name: 'Person Id', length: null, key: true, values: [], references: null },
      { name: 'key', length: 20, key: false, values: ['A', 'B'], references: null },
      { name: 'Boss', length: null, key: false, values: [], references: { table: 'Person Names', column: 'Person Id' } },
    ])
    expect(note).toMatchObject({ name: 'Note', about: 'notes', columns: [{ name: 'text', type: 'text', length: 2000, about: 'what was said' }, { name: 'when_at', type: 'timestamptz' }, { name: 'n', type: 'decimal' }] })
  })
})

test('a data dictionary as people write it; a list of names is none', () => {
  const tables = readDictionary('d.xlsx', 'Felder', ['Tabelle', 'Feldname', 'Datentyp', 'Länge', 'Pflicht', 'Verweis', 'Werte', 'Beschreibung'], [
    ['kunden', null, null, null, null, null, null, 'alle Kunden'], [null, 'nr', 'Zahl', null, 'ja', null, null, null], [null, 'art', 'Text', '1', null, 'arten.code', 'A = aktiv, G = gesperrt', 'Art']])
  expect(tables).toEqual([{ name: 'kunden', where: 'd.xlsx, Felder, line 2', about: 'alle Kunden', columns: [
    { name: 'nr', declared: 'Zahl', type: 'integer', length: null, required: true, key: false, references: null, values: [], about: '' },
    { name: 'art', declared: 'Text(1)', type: 'text', length: 1, required: false, key: false, references: { table: 'arten', column: 'code' }, values: ['A', 'G'], about: 'Art' },
  ] }])
  expect(readDictionary('d.xlsx', 'List', ['Name', 'City'], [['a', 'b']])).toBeNull()
})

describe('landfall assess --schema-docs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-documents-'))
  let assessment: Assessment
  beforeAll(async () => {
    mkdirSync(join(folder, 'exports'))
    writeFileSync(join(folder, 'exports/customers.csv'), `id,name,kind,since,credit,extra\n${Array.from({ length: 40 }, (_, i) => `${i + 1},${i === 3 ? '' : `Customer ${i + 1}${i === 5 ? ' with a very long name indeed' : ''}`},${i === 7 ? 'X' : i % 2 ? 'A' : 'B'},${i === 9 ? 'unknown' : 'soon'},${i}.50,e${i}`).join('\n')}\n`)
    writeFileSync(join(folder, 'exports/orders.csv'), `id,customer_id,agent\n${Array.from({ length: 60 }, (_, i) => `${i + 1},${(i % 40) + 1},${i % 7 === 0 ? 'ZZ' : `Q${i}`}`).join('\n')}\n`)
    writeFileSync(join(folder, 'schema.sql'), `CREATE TABLE customers (id int PRIMARY KEY, name varchar(20) NOT NULL, since date, credit decimal(10,2), fax varchar(30));\nCREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers(id), agent int REFERENCES customers(id));\nCREATE TABLE invoices (id int);`)
    const book = new ExcelJS.Workbook(), sheet = book.addWorksheet('customers')
    sheet.addRows([['Column', 'Type', 'Values', 'Description'], ['kind', 'char(1)', 'A = active, B = blocked', 'what kind of customer it is']])
    await book.xlsx.writeFile(join(folder, 'dictionary.xlsx'))
    const done = await landfall(['assess', 'exports', '--schema-docs', 'schema.sql', 'dictionary.xlsx', '--out', 'dossier'], { cwd: folder })
    expect(done.code, done.out + done.err).toBe(0)
    expect(done.out).toContain('Documentation (schema.sql, dictionary.xlsx): 3 tables, 10 columns')
    assessment = JSON.parse(readFileSync(join(folder, 'dossier/assessment.json'), 'utf8')) as Assessment
  }, 120_000)
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

  test('each difference is a finding, what is written stands beside the column', () => {
    const found = assessment.findings.filter((finding) => finding.kind.startsWith('documentation-')).map((finding) => `${finding.kind.slice(14)} ${finding.entity.split('.').at(-1)}.${finding.columns.join('+')} ${finding.records}`).sort()
    expect(found).toEqual([
      'documented-only customers. 0', 'documented-only invoices. 0', 'length customers.name 1', 'mandatory customers.name 1', 'relation orders.agent 60', 'type customers.since 40', 'type orders.agent 60', 'undocumented customers.extra 40', 'values customers.kind 1',
    ])
    expect(assessment.entities.find((entity) => entity.name === 'customers')!.columns.find((column) => column.name === 'kind')!.about).toBe('what kind of customer it is')
    expect(assessment.documentation).toEqual({ files: ['schema.sql', 'dictionary.xlsx'], tables: 3, columns: 10, found: 8, agreeing: 4 })
    expect(readFileSync(join(folder, 'dossier/assessment.html'), 'utf8')).toContain('Documentation of the schema')
  })

  test('a file that describes nothing is refused with the way out', async () => {
    const done = await landfall(['assess', 'exports', '--schema-docs', 'exports/orders.csv', '--out', 'other'], { cwd: folder })
    expect(done.code).toBe(2)
    expect(done.err).toContain('exports/orders.csv describes no table that could be read')
  }, 60_000)
})

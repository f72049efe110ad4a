import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/model/clock.ts'
import { openSource } from '../../../src/sources/registry.ts'
import type { Source } from '../../../src/sources/source.ts'
import type { SqliteSource } from '../../../src/sources/sqlite/source.ts'
import { collect, describeSource, standardEntities, type ExpectedEntity } from '../../../src/testing/source-conformance.ts'

const folder = mkdtempSync(join(tmpdir(), 'landfall-sqlite-'))
const env = { clock: systemClock, baseFolder: folder }
const open = (more: object = {}): Promise<Source> => openSource('lite', 'sqlite', { path: 'legacy.db', ...more }, env)

const q = (name: string) => `"${name.replaceAll('"', '""')}"`
const lit = (value: string | null) => value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`

/** Declared type, literal, text expected, column type expected. */
const TYPES: [string, string, string | null, string][] = [
  ['INTEGER', '9223372036854775807', '9223372036854775807', 'integer'], ['INTEGER', '-9223372036854775808', '-9223372036854775808', 'integer'], ['BIGINT', '9007199254740993', '9007199254740993', 'integer'],
  ['REAL', '0.1', '0.1', 'float'], ['DOUBLE', '12345678.901234567', '12345678.901234567', 'float'], ['REAL', '1e300', '1.0e+300', 'float'], ['REAL', '5', '5.0', 'float'],
  ['DECIMAL(12,2)', '1234.5', '1234.5', 'decimal'], ['TEXT', `'0.10'`, '0.10', 'text'], ['VARCHAR(20)', `''`, '', 'text'], ['BLOB', `x'00FF0a22'`, '00ff0a22', 'binary'], ['BLOB', `x''`, '', 'binary'],
  ['DATE', `'2024-00-15'`, '2024-00-15', 'date'], ['DATETIME', `'2024-01-15 13:45:01.123456'`, '2024-01-15 13:45:01.123456', 'timestamp'], ['BOOLEAN', '1', '1', 'integer'],
  ['', `'any"thing'`, 'any"thing', 'unknown'], ['INTEGER', `'not a number'`, 'not a number', 'integer'], ['JSON', `'{"a":1}'`, '{"a":1}', 'json'], ['TEXT', 'NULL', null, 'text'],
]

function expectations(): ExpectedEntity[] {
  return [
    ...standardEntities(),
    { name: 'torture', columns: TYPES.map(([, , , type], i) => ({ name: `c${i}`, type: type as never })), rows: [TYPES.map(([, , text]) => text), TYPES.map(() => null)], ordered: true },
    { name: 'order lines', columns: [{ name: 'no' }, { name: 'Select' }, { name: 'qty "x"' }], primaryKey: ['no', 'Select'], uniqueKeys: [['qty "x"']], ordered: true,
      foreignKeys: [{ columns: ['no'], references: { entity: 'single', columns: ['id'] } }], rows: [['1', 'A', '3'], ['1', 'a', null], ['2', "o'b", '1']], sums: { 'qty "x"': '4' } },
    { name: 'keyless', columns: [{ name: 'v' }], rows: [['b'], ['a'], [null], [''], ['a'], ...Array.from({ length: 40 }, (_, i) => [`n${i}`])], ordered: true, sums: { v: null } },
    { name: 'a view', columns: [{ name: 'no' }, { name: 'twice' }], rows: [['1', '6'], ['1', null], ['2', '2']] },
    { name: 'by hand', columns: [{ name: 'label' }, { name: 'n' }], rows: [['even', '501'], ['odd', '502']], ordered: true, primaryKey: ['label'], sums: { n: '1003' } },
  ]
}

beforeAll(() => {
  const database = new DatabaseSync(join(folder, 'legacy.db'), { enableForeignKeyConstraints: false })
  database.exec('PRAGMA synchronous = OFF; BEGIN')
  for (const entity of standardEntities()) {
    const type = (name: string) => name === 'id' ? 'INTEGER PRIMARY KEY' : 'TEXT'
    database.exec(`CREATE TABLE ${q(entity.name)} (${entity.columns.map((column) => `${q(column.name)} ${type(column.name)}`).join(', ')})`)
    for (const row of [...entity.rows].reverse()) database.prepare(`INSERT INTO ${q(entity.name)} VALUES (${row.map(() => '?').join(', ')})`).run(...row)
  }
  database.exec(`CREATE TABLE torture (${TYPES.map(([type], i) => `c${i} ${type}`).join(', ')}); INSERT INTO torture VALUES (${TYPES.map(([, value]) => value).join(', ')}), (${TYPES.map(() => 'NULL').join(', ')});
    CREATE TABLE "order lines" (no INTEGER REFERENCES single, "Select" TEXT, "qty ""x""" INTEGER UNIQUE, PRIMARY KEY (no, "Select")) WITHOUT ROWID;
    INSERT INTO "order lines" VALUES (2, 'o''b', 1), (1, 'a', NULL), (1, 'A', 3);
    CREATE TABLE keyless (v TEXT); INSERT INTO keyless VALUES ${['b', 'a', null, '', 'a', ...Array.from({ length: 40 }, (_, i) => `n${i}`)].map((value) => `(${lit(value)})`).join(', ')};
    CREATE VIEW "a view" AS SELECT no, "qty ""x""" * 2 AS twice FROM "order lines"; COMMIT`)
  database.close()
  writeFileSync(join(folder, 'not.db'), 'this is text, not a database, and long enough to be looked at '.repeat(50))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describeSource({ describe, it, beforeAll, afterAll }, 'SQLite', async () => ({
  open: () => open({ queries: { 'by hand': { query: `SELECT CASE id % 2 WHEN 0 THEN 'even' ELSE 'odd' END AS label, count(*) AS n FROM many GROUP BY 1;`, key: ['label'] } } }),
  entities: expectations(),
  write: async (source) => { (source as SqliteSource).query(`INSERT INTO single VALUES (99, 'written')`) },
  broken: [{ name: 'no such table', entity: 'gone', codes: ['source-failed'], open: () => open({ queries: { gone: 'SELECT * FROM nowhere' } }) }],
  refused: [
    { name: 'no file', codes: ['source-unreachable'], open: () => open({ path: 'absent.db' }) },
    { name: 'no database', codes: ['file-unreadable'], open: () => open({ path: 'not.db' }) },
    { name: 'a folder', codes: ['source-unreachable'], open: () => open({ path: '.' }) },
  ],
}))

describe('SQLite', () => {
  it('keeps bytes behind a NUL in a text', async () => {
    const database = new DatabaseSync(join(folder, 'nul.db'))
    database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)')
    database.prepare('INSERT INTO t VALUES (1, ?)').run('a\0b')
    database.close()
    const source = await open({ path: 'nul.db' })
    const found = await collect(source, 't')
    await source.close()
    expect(found.error).toBeNull()
    expect(found.rows).toEqual([['1', 'a\0b']])
  })
})

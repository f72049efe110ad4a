import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LandfallError } from '../../../src/errors/error.ts'
import { systemClock } from '../../../src/model/clock.ts'
import type { MysqlSource } from '../../../src/sources/mysql/source.ts'
import { openSource } from '../../../src/sources/registry.ts'
import type { Source } from '../../../src/sources/source.ts'
import { startCuttingProxy, type CuttingProxy } from '../../../src/testing/servers/cutting-proxy.ts'
import { startMariadb } from '../../../src/testing/servers/mariadb.ts'
import type { PrivateServer } from '../../../src/testing/servers/server.ts'
import { collect, describeSource, standardEntities, type ExpectedEntity } from '../../../src/testing/source-conformance.ts'

let server: PrivateServer, proxy: CuttingProxy, admin: mysql.Connection
const env = { clock: systemClock, baseFolder: '.' }
const open = (more: object = {}): Promise<Source> =>
  openSource('my', 'mariadb', { port: server.port, user: 'reader', password: 'reader-secret', database: 'legacy', schemas: ['second db'], ...more }, env)

const q = (name: string) => `\`${name.replaceAll('`', '``')}\``

/** type, literal in SQL, text expected, column type expected. */
const TYPES: [string, string, string | null, string][] = [
  ['tinyint', '-128', '-128', 'integer'], ['tinyint(1)', '1', '1', 'integer'], ['bigint', '-9223372036854775808', '-9223372036854775808', 'integer'],
  ['bigint unsigned', '18446744073709551615', '18446744073709551615', 'integer'], ['decimal(65,30)', '12345678901234567890123456789012345.123456789012345678901234567890', '12345678901234567890123456789012345.123456789012345678901234567890', 'decimal'],
  ['decimal(12,4)', '-1.5', '-1.5000', 'decimal'], ['float', '0.1', '0.1', 'float'], ['float', '16777217', '16777216', 'float'], ['float', '123456.78', '123456.78125', 'float'], ['double', '0.1', '0.1', 'float'],
  ['double', '12345678.901234567', '12345678.901234567', 'float'], ['date', `'2024-02-29'`, '2024-02-29', 'date'], ['date', `'0000-00-00'`, '0000-00-00', 'date'], ['date', `'2024-00-15'`, '2024-00-15', 'date'],
  ['datetime(6)', `'2024-01-15 13:45:01.123456'`, '2024-01-15 13:45:01.123456', 'timestamp'], ['datetime', `'0000-00-00 00:00:00'`, '0000-00-00 00:00:00', 'timestamp'], ['datetime', `'2024-03-31 02:30:00'`, '2024-03-31 02:30:00', 'timestamp'],
  ['timestamp(3) NULL', `'2024-07-01 10:00:00.5'`, '2024-07-01 04:30:00.500+00', 'timestamptz'], ['timestamp NULL', `'0000-00-00 00:00:00'`, '0000-00-00 00:00:00', 'timestamptz'], ['time(6)', `'-838:59:59'`, '-838:59:59.000000', 'time'], ['year', '2024', '2024', 'integer'],
  ['binary(4)', `x'00DEAD0a'`, '00dead0a', 'binary'], ['varbinary(10)', `''`, '', 'binary'], ['blob', `x'2c220a5c'`, '2c220a5c', 'binary'], ['longblob', `x'FF'`, 'ff', 'binary'],
  ['bit(8)', `b'00000101'`, '00000101', 'text'], ['bit(1)', `b'1'`, '1', 'text'], ['json', `'{"b":1,  "a":"x\\\\"y"}'`, '{"b":1,  "a":"x\\"y"}', 'text'], [`enum('a','b,"c"')`, `'b,"c"'`, 'b,"c"', 'text'],
  [`set('x','y','z')`, `'x,z'`, 'x,z', 'text'], ['uuid', `'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'uuid'], ['inet6', `'::1'`, '::1', 'text'],
  ['char(6)', `'ab'`, 'ab', 'text'], ['varchar(10)', `'  ab  '`, '  ab  ', 'text'], ['varchar(20) character set latin1', `'Ärger ß'`, 'Ärger ß', 'text'], ['varchar(10)', `'nul\\0in'`, 'nul\0in', 'text'],
  ['int(5) zerofill', '42', '00042', 'integer'], ['point', `ST_GeomFromText('POINT(1.5 2)')`, 'POINT(1.5 2)', 'unknown'], ['varchar(10) collate utf8mb4_bin', `''`, '', 'text'], ['text', 'NULL', null, 'text'],
]

function expectations(): ExpectedEntity[] {
  return [
    ...standardEntities(),
    { name: 'torture', columns: TYPES.map(([, , , type], i) => ({ name: `c${i}`, type: type as never })), rows: [TYPES.map(([, , text]) => text), TYPES.map(() => null)] },
    {
      name: 'order', columns: [{ name: 'order no', type: 'integer' }, { name: 'Select', type: 'text' }, { name: 'naïve "q`', type: 'decimal' }], primaryKey: ['order no', 'Select'],
      uniqueKeys: [['naïve "q`']], foreignKeys: [{ columns: ['order no'], references: { entity: 'second db.Odd "Täble"', columns: ['id'] } }], ordered: true,
      rows: [['1', 'a', '1.10'], ['1', 'B', '2.20'], ['2', "o'b\\", null], ['2', 'z', '-3.30']], sums: { 'naïve "q`': '0' },
    },
    { name: 'second db.Odd "Täble"', columns: [{ name: 'id' }, { name: 'name' }], rows: [['1', 'x'], ['18446744073709551615', '']], ordered: true, primaryKey: ['id'], sums: { id: '18446744073709551616' } },
    { name: 'keyless', columns: [{ name: 'v' }], rows: [['b'], ['a'], [null], [''], ['a'], ...Array.from({ length: 40 }, (_, i) => [`n${i}`])], ordered: true, sums: { v: null } },
    { name: 'view of order', columns: [{ name: 'no' }, { name: 'twice' }], rows: [['1', '2.20'], ['1', '4.40'], ['2', null], ['2', '-6.60']] },
    { name: 'by hand', columns: [{ name: 'label', type: 'text' }, { name: 'n', type: 'integer' }], rows: [['even', '501'], ['odd', '502']], ordered: true, primaryKey: ['label'], sums: { n: '1003' } },
    { name: 'made', columns: [{ name: 'id' }, { name: 'once' }, { name: 'twice', type: 'decimal' }, { name: 'label', type: 'text' }, { name: 'unseen', type: 'integer' }], rows: [['1', '1.50', '3.00', '1.50x', '7'], ['2', null, null, null, '7']], ordered: true, primaryKey: ['id'], sums: { twice: '3.00' } },
    { name: 'versioned', columns: [{ name: 'v' }], rows: [['2'], ['3']], ordered: true, sums: { v: '5' } },
    { name: 'odd keys', columns: [{ name: 'kind' }, { name: 'at' }, { name: 'raw' }, { name: 'flag' }], ordered: true, primaryKey: ['kind', 'at', 'raw', 'flag'],
      rows: [['apple', '0000-00-00 00:00:00', '00ff', '01'], ['apple', '2024-01-01 00:00:00+00', '00fe', '10'], ['apple', '2024-01-01 00:00:00+00', '00ff', '01'], ['zebra', '2024-01-01 00:00:00+00', '', '00']] },
  ]
}

beforeAll(async () => {
  server = await startMariadb()
  proxy = await startCuttingProxy(server.port)
  admin = await mysql.createConnection({ host: server.host, port: server.port, user: 'root', password: server.password, charset: 'utf8mb4', multipleStatements: true })
  await admin.query(`SET sql_mode = ''; SET time_zone = '+05:30'; CREATE DATABASE legacy; CREATE DATABASE \`second db\`; USE legacy; CREATE USER reader@'%' IDENTIFIED BY 'reader-secret'; GRANT ALL ON legacy.* TO reader@'%';
    GRANT SELECT ON \`second db\`.* TO reader@'%'`)
  for (const entity of standardEntities()) {
    const type = (name: string) => name === 'id' ? 'integer PRIMARY KEY' : name === 'amount' ? 'decimal(10,2)' : entity.name === 'long' ? 'longtext' : entity.name === 'wide' ? 'varchar(6)' : 'text'
    await admin.query(`CREATE TABLE ${q(entity.name)} (${entity.columns.map((column) => `${q(column.name)} ${type(column.name)}`).join(', ')})`)
    const rows = entity.rows.map((row) => `(${row.map((value) => mysql.escape(value)).join(', ')})`).reverse()
    if (rows.length > 0) await admin.query(`INSERT INTO ${q(entity.name)} VALUES ${rows.join(', ')}`)
  }
  await admin.query(`CREATE TABLE torture (${TYPES.map(([type], i) => `c${i} ${type}`).join(', ')}); INSERT INTO torture VALUES (${TYPES.map(([, value]) => value).join(', ')}), (${TYPES.map(() => 'NULL').join(', ')});
    CREATE TABLE \`second db\`.\`Odd "Täble"\` (id bigint unsigned PRIMARY KEY, name text); INSERT INTO \`second db\`.\`Odd "Täble"\` VALUES (18446744073709551615, ''), (1, 'x');
    CREATE TABLE \`order\` (\`order no\` bigint unsigned, \`Select\` varchar(50), \`naïve "q\`\`\` decimal(9,2) UNIQUE, PRIMARY KEY (\`order no\`, \`Select\`), FOREIGN KEY (\`order no\`) REFERENCES \`second db\`.\`Odd "Täble"\` (id)) CHARSET utf8mb4;
    SET foreign_key_checks = 0; INSERT INTO \`order\` VALUES (2, 'z', -3.3), (1, 'B', 2.2), (2, 'o''b\\\\', NULL), (1, 'a', 1.1); SET foreign_key_checks = 1;
    CREATE TABLE keyless (v varchar(20), KEY (v)); INSERT INTO keyless VALUES ('b'), ('a'), (NULL), (''), ('a'); INSERT INTO keyless SELECT CONCAT('n', seq) FROM seq_0_to_39;
    CREATE VIEW \`view of order\` AS SELECT \`order no\` AS no, \`naïve "q\`\`\` * 2 AS twice FROM \`order\`;
    CREATE TABLE \`odd keys\` (kind enum('zebra', 'apple'), at timestamp, raw varbinary(4), flag bit(2), PRIMARY KEY (kind, at, raw, flag)); SET time_zone = '+00:00';
    INSERT INTO \`odd keys\` VALUES ('zebra', '2024-01-01', '', 0), ('apple', '2024-01-01', x'00ff', 1), ('apple', '2024-01-01', x'00fe', 2), ('apple', 0, x'00ff', 1);
    CREATE TABLE made (id int AUTO_INCREMENT PRIMARY KEY, once decimal(10,2), twice decimal(12,2) AS (once * 2) VIRTUAL, label varchar(20) AS (CONCAT(once, 'x')) STORED, unseen int INVISIBLE DEFAULT 7); INSERT INTO made (once) VALUES (1.5), (NULL);
    CREATE TABLE versioned (v int) WITH SYSTEM VERSIONING; INSERT INTO versioned VALUES (1), (3); UPDATE versioned SET v = 2 WHERE v = 1;
    CREATE TABLE big (id bigint PRIMARY KEY, body text); INSERT INTO big SELECT seq, REPEAT('x', 500) FROM seq_1_to_20000;
    CREATE TABLE huge (id int PRIMARY KEY, a longtext, b longtext); INSERT INTO huge VALUES (1, REPEAT('y"yyyyyyy', 1000000), REPEAT('z', 9000000)), (2, 'small', NULL)`)
})

afterAll(async () => {
  await admin?.end()
  await proxy?.stop()
  await server?.stop()
})

const QUERIES = { 'by hand': { query: `SELECT IF(id % 2 = 0, 'even', 'odd') AS label, COUNT(*) AS n FROM many GROUP BY 1;`, key: ['label'] } }

describeSource({ describe, it, beforeAll, afterAll }, 'MariaDB', async () => ({
  open: () => open({ queries: QUERIES }),
  entities: expectations(),
  write: async (source) => {
    await (source as MysqlSource).query(`INSERT INTO single VALUES (99, 'written')`)
  },
  broken: [
    { name: 'cut', entity: 'big', batchRows: 500, codes: ['source-failed', 'source-short'], before: 500, open: () => { proxy.cutAfter(5_000_000); return open({ port: proxy.port }) } },
    { name: 'reset', entity: 'big', batchRows: 500, codes: ['source-failed', 'source-short'], open: () => { proxy.cutAfter(3_000_000, true); return open({ port: proxy.port }) } },
    { name: 'hang', entity: 'big', batchRows: 500, codes: ['source-failed'], before: 500, open: () => { proxy.freezeAfter(2_000_000); return open({ port: proxy.port, idleTimeoutMs: 300 }) } },
    { name: 'statement too slow', entity: 'slow', codes: ['source-failed'], open: () => open({ statementTimeoutMs: 200, queries: { slow: { query: 'SELECT id, SLEEP(0.01) AS s FROM many', key: ['id'] } } }) },
    { name: 'no such table', entity: 'gone', codes: ['source-failed'], open: () => open({ queries: { gone: 'SELECT * FROM nowhere' } }) },
  ],
  refused: [
    { name: 'wrong password', codes: ['source-denied'], secrets: ['wrong-secret'], open: () => open({ password: 'wrong-secret' }) },
    { name: 'nobody there', codes: ['source-unreachable'], open: () => open({ port: 1 }) },
    { name: 'no such database', codes: ['source-unreachable', 'source-denied'], open: () => open({ database: 'nowhere' }) },
    { name: 'no TLS to be had', codes: ['source-unreachable'], open: () => open({ tls: 'require' }) },
    { name: 'no such further database', codes: ['config-invalid'], open: () => open({ schemas: ['gone'] }) },
  ],
}))

describe('MariaDB', () => {
  it('gives lengths, precision and notes', async () => {
    const source = await open()
    const catalog = await source.describe()
    await source.close()
    const torture = catalog.entities.find((entity) => entity.name === 'torture')
    expect(torture?.columns[TYPES.findIndex(([type]) => type === 'decimal(12,4)')]).toMatchObject({ declared: 'decimal(12,4)', precision: 12, scale: 4, nullable: true })
    expect(torture?.columns[TYPES.findIndex(([type]) => type === 'varchar(10)')]).toMatchObject({ declared: 'varchar(10)', length: 10 })
    expect(catalog.entities.find((entity) => entity.name === 'view of order')).toMatchObject({ notes: ['view'], rowCount: { value: null, exact: false } })
    expect(catalog.version).toMatch(/^MariaDB \d+/)
  })

  it('reads records whose rendered line would not fit the server\'s packet', async () => {
    const source = await open()
    const found = await collect(source, 'huge')
    await source.close()
    expect(found.error).toBeNull()
    expect(found.rows[0]?.map((value) => value?.length)).toEqual([1, 9_000_000, 9_000_000])
    expect(found.rows[1]).toEqual(['2', 'small', null])
  })

  it('refuses to resume an entity without a key that changed meanwhile', async () => {
    await admin.query('CREATE TABLE shifting (v int); INSERT INTO shifting SELECT seq FROM seq_1_to_50')
    const source = await open()
    const head = await collect(source, 'shifting', { batchRows: 10, stopAfterBatches: 2 })
    await admin.query('INSERT INTO shifting VALUES (51)')
    const tail = await collect(source, 'shifting', { batchRows: 10, after: head.batches[1]?.cursor })
    await source.close()
    expect((tail.error as LandfallError).code).toBe('source-changed')
  })

  it('stops in the middle when told to', async () => {
    const source = await open()
    const stopper = new AbortController()
    const folder = mkdtempSync(join(tmpdir(), 'landfall-test-'))
    const reading = (async () => { for await (const batch of source.read({ entity: 'big', batchRows: 100, spoolFolder: folder, signal: stopper.signal })) if (batch.firstOrdinal > 300) stopper.abort() })()
    await expect(reading).rejects.toMatchObject({ code: 'interrupted' })
    await source.close()
    rmSync(folder, { recursive: true })
  })
})

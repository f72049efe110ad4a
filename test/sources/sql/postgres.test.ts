import { readFileSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LandfallError } from '../../../src/errors/error.ts'
import { systemClock } from '../../../src/model/clock.ts'
import { PostgresSource } from '../../../src/sources/postgres/source.ts'
import { openSource } from '../../../src/sources/registry.ts'
import type { Source } from '../../../src/sources/source.ts'
import { startCuttingProxy, type CuttingProxy } from '../../../src/testing/servers/cutting-proxy.ts'
import { startPostgres } from '../../../src/testing/servers/postgres.ts'
import type { PrivateServer } from '../../../src/testing/servers/server.ts'
import { collect, describeSource, standardEntities, type ExpectedEntity } from '../../../src/testing/source-conformance.ts'

let server: PrivateServer, proxy: CuttingProxy, admin: pg.Client
const env = { clock: systemClock, baseFolder: '.' }
const options = (more: object = {}) => ({ port: server.port, user: 'reader', password: 'reader-secret', database: 'legacy', schemas: ['public', 'Second Schema'], tls: 'off', ...more })
const open = (more: object = {}): Promise<Source> => openSource('pg', 'postgres', options(more), env)

const lit = (value: string | null) => value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`
const q = (name: string) => `"${name.replaceAll('"', '""')}"`

async function makeStandard(): Promise<void> {
  for (const entity of standardEntities()) {
    const type = (name: string) => name === 'id' ? 'integer PRIMARY KEY' : name === 'amount' ? 'numeric(10,2)' : 'text'
    await admin.query(`CREATE TABLE ${q(entity.name)} (${entity.columns.map((column) => `${q(column.name)} ${type(column.name)}`).join(', ')})`)
    // Inserted backwards: the order must come from the key.
    const rows = entity.rows.map((row) => `(${row.map(lit).join(', ')})`).reverse()
    if (rows.length > 0) await admin.query(`INSERT INTO ${q(entity.name)} VALUES ${rows.join(', ')}`)
  }
}

/** type, literal in SQL, text expected, column type expected. */
const TYPES: [string, string, string | null, string][] = [
  ['smallint', '-32768', '-32768', 'integer'], ['bigint', '9223372036854775807', '9223372036854775807', 'integer'], ['bigint', '-9223372036854775808', '-9223372036854775808', 'integer'],
  ['numeric', '123456789012345678901234567890.123456789012345678', '123456789012345678901234567890.123456789012345678', 'decimal'],
  ['numeric(12,4)', '-1.5', '-1.5000', 'decimal'], ['numeric', `'NaN'`, 'NaN', 'decimal'], ['real', '0.1', '0.1', 'float'], ['double precision', '0.1', '0.1', 'float'],
  ['double precision', '12345678.901234567', '12345678.901234567', 'float'], ['double precision', `'NaN'`, 'NaN', 'float'], ['double precision', `'-Infinity'`, '-Infinity', 'float'],
  ['boolean', 'true', 'true', 'boolean'], ['boolean', 'false', 'false', 'boolean'], ['date', `'2024-02-29'`, '2024-02-29', 'date'], ['date', `'infinity'`, 'infinity', 'date'],
  ['date', `'0044-03-15 BC'`, '0044-03-15 BC', 'date'], ['timestamp', `'2024-01-15 13:45:01.123456'`, '2024-01-15 13:45:01.123456', 'timestamp'], ['timestamp', `'-infinity'`, '-infinity', 'timestamp'],
  ['timestamp(0)', `'2024-01-15 13:45:01'`, '2024-01-15 13:45:01', 'timestamp'], ['timestamptz', `'2024-07-01 10:00:00.5+05:30'`, '2024-07-01 04:30:00.5+00', 'timestamptz'],
  ['time', `'23:59:59.999999'`, '23:59:59.999999', 'time'], ['time', `'24:00'`, '24:00:00', 'time'], ['interval', `'1 year 2 mons -3 days 04:05:06.7'`, '1 year 2 mons -3 days +04:05:06.7', 'text'],
  ['uuid', `'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'uuid'], ['bytea', `'\\x00DEADbeef0a22'`, '00deadbeef0a22', 'binary'], ['bytea', `''`, '', 'binary'],
  ['json', `'{"b":1,  "a":"x\\"y"}'`, '{"b":1,  "a":"x\\"y"}', 'json'], ['jsonb', `'{"n": 12345678901234567890.10}'`, '{"n": 12345678901234567890.10}', 'json'],
  ['integer[]', `'{1,NULL,3}'`, '[1,null,3]', 'json'], ['text[]', `'{"a,b","c\\"d",NULL,""}'`, '["a,b","c\\"d",null,""]', 'json'], ['integer[]', `'{}'`, '[]', 'json'],
  ['inet', `'10.0.0.1/8'`, '10.0.0.1/8', 'text'], ['macaddr', `'08:00:2b:01:02:03'`, '08:00:2b:01:02:03', 'text'], ['money', `'-1234.5'`, '-1234.50', 'decimal'], ['bit(5)', `B'00101'`, '00101', 'text'],
  ['char(6)', `'ab'`, 'ab', 'text'], ['varchar(10)', `'  ab  '`, '  ab  ', 'text'], ['int4range', `'[1,5)'`, '[1,5)', 'unknown'], ['point', `'(1.5,2)'`, '(1.5,2)', 'unknown'],
  ['mood', `'sad, "very"'`, 'sad, "very"', 'text'], ['positive', '7', '7', 'integer'], ['xml', `'<a>1</a>'`, '<a>1</a>', 'text'], ['text', 'NULL', null, 'text'], ['text', `''`, '', 'text'],
]

function expectations(): ExpectedEntity[] {
  return [
    ...standardEntities(),
    { name: 'torture', columns: TYPES.map(([, , , type], i) => ({ name: `c${i}`, type: type as never })), rows: [TYPES.map(([, , text]) => text), TYPES.map(() => null)] },
    {
      name: 'lines', columns: [{ name: 'order no', type: 'integer' }, { name: 'Select', type: 'text' }, { name: 'naïve "q"', type: 'decimal' }], primaryKey: ['order no', 'Select'],
      uniqueKeys: [['naïve "q"']], foreignKeys: [{ columns: ['order no'], references: { entity: 'Second Schema.Odd "Täble"', columns: ['id'] } }], ordered: true,
      rows: [['1', 'A', '1.10'], ['1', 'a', '2.20'], ['2', "o'b", null], ['2', 'z', '-3.30']], sums: { 'naïve "q"': '0' },
    },
    { name: 'Second Schema.Odd "Täble"', columns: [{ name: 'id' }, { name: 'name' }, { name: 'Name_2' }], rows: [['1', 'x', 'y'], ['2', null, '']], ordered: true, primaryKey: ['id'] },
    { name: 'keyless', columns: [{ name: 'v' }], rows: [['b'], ['a'], [null], [''], ['a'], ...Array.from({ length: 40 }, (_, i) => [`n${i}`])], ordered: true, sums: { v: null } },
    { name: 'view of lines', columns: [{ name: 'no' }, { name: 'twice' }], rows: [['1', '2.20'], ['1', '4.40'], ['2', null], ['2', '-6.60']] },
    { name: 'by hand', columns: [{ name: 'label', type: 'text' }, { name: 'n', type: 'integer' }], rows: [['even', '501'], ['odd', '502']], ordered: true, primaryKey: ['label'], sums: { n: '1003' } },
    { name: 'made', columns: [{ name: 'id', type: 'integer' }, { name: 'once', type: 'decimal' }, { name: 'twice', type: 'decimal' }, { name: 'object', type: 'integer' }], rows: [['1', '1.50', '3.00', '4294967295'], ['2', null, null, '1']], ordered: true, primaryKey: ['id'], sums: { twice: '3.00', object: '4294967296' } },
    { name: 'parted', columns: [{ name: 'id' }, { name: 'part' }], rows: [['1', '1'], ['2', '2'], ['3', '1']], ordered: false },
  ]
}

beforeAll(async () => {
  server = await startPostgres()
  proxy = await startCuttingProxy(server.port)
  const root = new pg.Client({ host: server.host, port: server.port, user: 'postgres', password: server.password, database: 'postgres' })
  await root.connect()
  await root.query('CREATE DATABASE legacy')
  await root.query('CREATE DATABASE northwind')
  await root.end()
  admin = new pg.Client({ host: server.host, port: server.port, user: 'postgres', password: server.password, database: 'legacy' })
  await admin.connect()
  await makeStandard()
  await admin.query(`CREATE TYPE mood AS ENUM ('sad, "very"', 'ok'); CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
    CREATE TABLE torture (${TYPES.map(([type], i) => `c${i} ${type}`).join(', ')});
    INSERT INTO torture VALUES (${TYPES.map(([, value]) => value).join(', ')}), (${TYPES.map(() => 'NULL').join(', ')});
    CREATE SCHEMA "Second Schema"; CREATE TABLE "Second Schema"."Odd ""Täble""" (id bigint PRIMARY KEY, name text, "Name" text);
    INSERT INTO "Second Schema"."Odd ""Täble""" VALUES (2, NULL, ''), (1, 'x', 'y');
    CREATE TABLE lines ("order no" bigint REFERENCES "Second Schema"."Odd ""Täble""", "Select" text, "naïve ""q""" numeric(9,2) UNIQUE, PRIMARY KEY ("order no", "Select"));
    INSERT INTO lines VALUES (2, 'z', -3.3), (1, 'a', 2.2), (2, 'o''b', NULL), (1, 'A', 1.1);
    CREATE TABLE keyless (v text); INSERT INTO keyless VALUES ('b'), ('a'), (NULL), (''), ('a'); INSERT INTO keyless SELECT 'n' || i FROM generate_series(0, 39) i;
    CREATE VIEW "view of lines" AS SELECT "order no" AS no, "naïve ""q""" * 2 AS twice FROM lines;
    CREATE TABLE parted (id int, part int) PARTITION BY LIST (part); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1); CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
    INSERT INTO parted VALUES (1, 1), (2, 2), (3, 1);
    CREATE TABLE made (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, once numeric(10,2), twice numeric GENERATED ALWAYS AS (once * 2) STORED, object oid); INSERT INTO made (once, object) VALUES (1.5, 4294967295), (NULL, 1);
    ALTER TABLE made ADD COLUMN gone int; ALTER TABLE made DROP COLUMN gone;
    CREATE TABLE big (id bigint PRIMARY KEY, body text); INSERT INTO big SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i;
    CREATE TABLE hidden (id int PRIMARY KEY); CREATE TABLE filtered (id int PRIMARY KEY); INSERT INTO filtered VALUES (1), (2); ALTER TABLE filtered ENABLE ROW LEVEL SECURITY;
    CREATE SEQUENCE s; CREATE POLICY part_of ON filtered USING (id = 1);
    CREATE ROLE reader LOGIN PASSWORD 'reader-secret'; GRANT USAGE ON SCHEMA public, "Second Schema" TO reader;
    GRANT ALL ON ALL TABLES IN SCHEMA public, "Second Schema" TO reader; GRANT ALL ON SEQUENCE s TO reader; REVOKE ALL ON hidden FROM reader; ALTER ROLE reader SET enable_sort = off;`)
})

afterAll(async () => {
  await admin?.end()
  await proxy?.stop()
  await server?.stop()
})

const QUERIES = { 'by hand': { query: `SELECT CASE id % 2 WHEN 0 THEN 'even' ELSE 'odd' END AS label, count(*) AS n FROM many GROUP BY 1;`, key: ['label'] } }

describeSource({ describe, it, beforeAll, afterAll }, 'PostgreSQL', async () => ({
  open: () => open({ queries: QUERIES }),
  entities: expectations(),
  write: async (source) => {
    await (source as PostgresSource).query(`INSERT INTO single VALUES (99, 'written')`)
  },
  broken: [
    { name: 'cut', entity: 'big', batchRows: 500, codes: ['source-failed', 'source-short'], before: 100, open: () => { proxy.cutAfter(5_000_000); return open({ port: proxy.port }) } },
    { name: 'reset', entity: 'big', batchRows: 500, codes: ['source-failed', 'source-short'], open: () => { proxy.cutAfter(3_000_000, true); return open({ port: proxy.port }) } },
    { name: 'hang', entity: 'big', batchRows: 500, codes: ['source-failed'], before: 100, open: () => { proxy.freezeAfter(2_000_000); return open({ port: proxy.port, idleTimeoutMs: 300 }) } },
    { name: 'error in the middle', entity: 'division', codes: ['source-failed'], before: 490, open: () => open({ queries: { division: { query: 'SELECT id, 1 / (id - 500) AS x FROM many', key: ['id'] } } }) },
    { name: 'a query that writes', entity: 'sneaky', codes: ['source-failed'], open: () => open({ queries: { sneaky: `SELECT setval('s', 5) FROM (SELECT 1) x` } }) },
    { name: 'no right', entity: 'hidden', codes: ['source-denied'], open: () => open() },
    { name: 'row-level security', entity: 'filtered', codes: ['source-denied'], open: () => open() },
  ],
  refused: [
    { name: 'wrong password', codes: ['source-denied'], secrets: ['wrong-secret'], open: () => open({ password: 'wrong-secret' }) },
    { name: 'nobody there', codes: ['source-unreachable'], open: () => open({ port: 1 }) },
    { name: 'no such database', codes: ['source-unreachable'], open: () => open({ database: 'nowhere' }) },
    { name: 'no TLS to be had', codes: ['source-unreachable'], open: () => open({ tls: 'require' }) },
    { name: 'no such schema', codes: ['config-invalid'], open: () => open({ schemas: ['gone'] }) },
    { name: 'unknown option', codes: ['config-invalid'], open: () => open({ hots: 'x' }) },
  ],
}))

describe('PostgreSQL', () => {
  it('gives lengths, precision, notes and estimates', async () => {
    await admin.query('ANALYZE big')
    const source = await open()
    const catalog = await source.describe()
    await source.close()
    const torture = catalog.entities.find((entity) => entity.name === 'torture')
    expect(torture?.columns[TYPES.findIndex(([type]) => type === 'numeric(12,4)')]).toMatchObject({ declared: 'numeric(12,4)', precision: 12, scale: 4, nullable: true })
    expect(torture?.columns[TYPES.findIndex(([type]) => type === 'varchar(10)')]).toMatchObject({ declared: 'character varying(10)', length: 10 })
    expect(catalog.entities.find((entity) => entity.name === 'view of lines')).toMatchObject({ notes: ['view'], rowCount: { value: null, exact: false } })
    expect(catalog.entities.find((entity) => entity.name === 'big')?.rowCount).toEqual({ value: 20000, exact: true })
    expect(catalog.entities.map((entity) => entity.name)).not.toContain('parted_1')
    expect(catalog.version).toMatch(/^PostgreSQL \d+/)
  })

  it('refuses to resume an entity without a key that changed meanwhile', async () => {
    await admin.query('CREATE TABLE shifting (v int); INSERT INTO shifting SELECT generate_series(1, 50); GRANT SELECT ON shifting TO reader')
    const source = await open()
    const head = await collect(source, 'shifting', { batchRows: 10, stopAfterBatches: 2 })
    await admin.query('INSERT INTO shifting VALUES (51)')
    const tail = await collect(source, 'shifting', { batchRows: 10, after: head.batches[1]?.cursor })
    await source.close()
    expect((tail.error as LandfallError).code).toBe('source-changed')
  })

  it('reads one snapshot of an entity while others write', async () => {
    await admin.query('CREATE TABLE busy (id int PRIMARY KEY, body text); GRANT SELECT ON busy TO reader')
    await admin.query(`INSERT INTO busy SELECT i, repeat('y', 2000) FROM generate_series(1, 5000) i`)
    const source = await open()
    const folder = mkdtempSync(join(tmpdir(), 'landfall-test-'))
    let count = 0
    for await (const batch of source.read({ entity: 'busy', batchRows: 500, spoolFolder: folder })) {
      if (count === 0) await admin.query(`DELETE FROM busy WHERE id % 2 = 0; INSERT INTO busy SELECT i, 'late' FROM generate_series(6000, 7000) i`)
      count += batch.count
    }
    await source.close()
    rmSync(folder, { recursive: true })
    expect(count).toBe(5000)
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

  it('reads the Northwind database whole', async () => {
    const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', password: server.password, database: 'northwind' })
    await client.connect()
    await client.query(readFileSync('../shared/legacy/northwind.sql', 'utf8'))
    await client.end()
    const source = await openSource('nw', 'postgres', { port: server.port, user: 'postgres', password: server.password, database: 'northwind' }, env)
    const catalog = await source.describe()
    const counts: Record<string, number> = {}
    for (const entity of catalog.entities) {
      const found = await collect(source, entity.name, { batchRows: 500 })
      expect(found.error).toBeNull()
      counts[entity.name] = found.rows.length
      const measure = await source.measure(entity.name, [])
      expect(measure?.count).toBe(found.rows.length)
    }
    const orders = catalog.entities.find((entity) => entity.name === 'orders')
    const sum = await source.measure('order_details', ['quantity', 'unit_price'])
    const lines = await collect(source, 'order_details', { columns: ['unit_price', 'quantity', 'discount'] })
    await source.close()
    expect(counts).toMatchObject({ customers: 91, suppliers: 29, categories: 8, products: 77, employees: 9, territories: 53, shippers: 6, orders: 830, order_details: 2155 })
    expect(orders?.primaryKey).toEqual(['order_id'])
    expect(orders?.foreignKeys.map((key) => key.references.entity).sort()).toEqual(['customers', 'employees', 'shippers'])
    expect(sum?.sums['quantity']).toBe('51317')
    expect(lines.rows.reduce((total, row) => total + Math.round(Number(row[0]) * 10_000) * Number(row[1]), 0) / 10_000).toBeCloseTo(1354458.59, 2)
  })
})

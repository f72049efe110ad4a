import { expect, test } from 'vitest'
import { Staging } from '../../src/staging/staging.ts'

const ROWS = 5000

test('columns come back as they were appended, chunk after chunk', async () => {
  const staging = await Staging.open(':memory:')
  await staging.run('CREATE TEMP TABLE given (i BIGINT, n INTEGER, x DOUBLE, y DOUBLE, t VARCHAR, b BOOLEAN)')
  const every = <T>(nth: number, make: (i: number) => T) => Array.from({ length: ROWS }, (_, i) => (i % nth === nth - 1 ? null : make(i)))
  const big = [-(2 ** 53) + 1, 2 ** 53 - 1, -1, 0, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, 2 ** 31]
  const columns = {
    i: every(7, (i) => (i % 11 === 3 ? 9_007_199_254_740_993n + BigInt(i) : i < big.length ? big[i]! : i * 7_919_000_017 - 5e12)), n: every(5, (i) => i - 2500), x: Float64Array.from({ length: ROWS }, (_, i) => i / 3),
    y: every(3, (i) => (i === 0 ? NaN : -i / 7)), t: every(4, (i) => ['', 'short', 'größer', 'a text that is longer than twelve bytes', `long and its own: ${i} — ünï\u{1F600}`, '\ufeffmark'][i % 6]!), b: every(6, (i) => i % 2 === 0),
  }
  const kinds = { i: 'BIGINT', n: 'INTEGER', x: 'DOUBLE', y: 'DOUBLE', t: 'VARCHAR', b: 'BOOLEAN' } as const
  await staging.appendColumns({ database: 'temp', schema: 'main', table: 'given' }, Object.entries(columns).map(([name, values]) => ({ name, kind: kinds[name as keyof typeof kinds], values })))
  const read: unknown[][] = [[], [], [], [], [], []]
  for await (const chunk of staging.scan('SELECT * FROM temp.given ORDER BY rowid')) chunk.columns.forEach((values, c) => { for (const value of values) read[c]!.push(value) })
  expect(read).toEqual(Object.values(columns).map((values) => [...values]))
  const rows = await staging.all('SELECT * FROM temp.given ORDER BY rowid')
  expect(rows.map((row) => row['t'])).toEqual(columns.t)
  expect(rows[2]).toEqual({ i: -1, n: -2498, x: 2 / 3, y: null, t: 'größer', b: true })
  await staging.close()
})

test('values of other types are texts, wide integers numbers where they fit', async () => {
  const staging = await Staging.open(':memory:')
  expect(await staging.one(`SELECT 1.50::DECIMAL(21,9) AS "decimal", DATE '2024-02-29' AS day, TIMESTAMP '2024-02-29 01:02:03.4' AS moment, TIME '01:02:03' AS hour, NULL::DATE AS none, 5::HUGEINT AS wide, 7::UTINYINT AS tiny, 1.5::FLOAT AS single, [1, 2] AS list, 9007199254740993 AS beyond`)).toEqual({
    decimal: '1.500000000', day: '2024-02-29', moment: '2024-02-29 01:02:03.4', hour: '01:02:03', none: null, wide: 5, tiny: 7, single: 1.5, list: expect.anything(), beyond: 9007199254740993n,
  })
  await expect(staging.appendColumns({ database: 'temp', schema: 'main', table: 'none' }, [{ name: 'a', kind: 'BIGINT', values: [1] }])).rejects.toThrow()
  await staging.close()
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prove } from '../../src/checks/reconcile/suite.ts'
import type { ProofContext } from '../../src/checks/reconcile/proof.ts'
import type { Staging } from '../../src/staging/staging.ts'
import { finishedLoad } from './business.ts'

let staging: Staging, context: ProofContext
beforeAll(async () => { ({ staging, context } = await finishedLoad()) })
afterAll(async () => { await staging.close() })

/** Faults as they happen to real loads, each with the check that must find it and what its failures must name. */
const FAULTS: { fault: string; sql: string; check: string; names: string }[] = [
  { fault: 'a document lost', sql: `DELETE FROM site.main."tabCustomer" WHERE name = 'Gamma'`, check: 'count:documents:Customer', names: 'Gamma' },
  { fault: 'a document lost together with its ledger row', sql: `DELETE FROM site.main."tabCustomer" WHERE name = 'Gamma'; DELETE FROM site.ledger.documents WHERE name = 'Gamma'`, check: 'count:documents:Customer', names: 'C' },
  { fault: 'a document loaded twice', sql: `INSERT INTO site.ledger.documents SELECT * FROM site.ledger.documents WHERE name = 'Beta'`, check: 'count:documents:Customer', names: 'B' },
  { fault: 'a document nobody loaded', sql: `INSERT INTO site.main."tabCustomer" BY NAME SELECT 'Stray' AS name, 'Stray' AS customer_name`, check: 'equal:tabCustomer', names: 'Stray' },
  { fault: 'a name twice', sql: `INSERT INTO site.main."tabCustomer" SELECT * FROM site.main."tabCustomer" WHERE name = 'Beta'`, check: 'integrity:Customer', names: 'Beta' },
  { fault: 'a cent changed', sql: `UPDATE site.main."tabSales Order" SET grand_total = grand_total + 0.01 WHERE name = 'SAL-ORD-2026-00001'`, check: 'total:Orders', names: 'SAL-ORD-2026-00001' },
  { fault: 'two amounts exchanged, the sum right', sql: `UPDATE site.main."tabSales Order" SET grand_total = CASE name WHEN 'SAL-ORD-2026-00001' THEN 20 ELSE 118.5 END`, check: 'equal:tabSales Order', names: 'SAL-ORD-2026-00002' },
  { fault: 'a currency changed', sql: `UPDATE site.main."tabSales Order" SET currency = 'EUR' WHERE name = 'SAL-ORD-2026-00002'`, check: 'total:Orders', names: 'EUR' },
  { fault: 'a link to nothing', sql: `UPDATE site.main."tabSales Order" SET customer = 'Nobody' WHERE name = 'SAL-ORD-2026-00001'`, check: 'relations:Sales Order', names: 'Nobody' },
  { fault: 'a link to another customer', sql: `UPDATE site.main."tabSales Order" SET customer = 'Gamma' WHERE name = 'SAL-ORD-2026-00001'`, check: 'fields:Sales Order', names: 'SAL-ORD-2026-00001' },
  { fault: 'a child row lost', sql: `DELETE FROM site.main."tabSales Order Item" WHERE parent = 'SAL-ORD-2026-00001' AND idx = 1`, check: 'integrity:Sales Order Item', names: 'numbered' },
  { fault: 'the last child row lost', sql: `DELETE FROM site.main."tabSales Order Item" WHERE parent = 'SAL-ORD-2026-00001' AND idx = 2`, check: 'fields:Sales Order', names: 'row 2 is missing' },
  { fault: 'a child row under a parent that is not there', sql: `UPDATE site.main."tabSales Order Item" SET parent = 'SAL-ORD-2026-09999' WHERE parent = 'SAL-ORD-2026-00002'`, check: 'relations:Sales Order Item', names: 'SAL-ORD-2026-09999' },
  { fault: 'a child row submitted alone', sql: `UPDATE site.main."tabSales Order" SET docstatus = 0 WHERE name = 'SAL-ORD-2026-00002'`, check: 'integrity:Sales Order Item', names: 'docstatus' },
  { fault: 'an accent lost', sql: `UPDATE site.main."tabCustomer" SET customer_name = 'Alpha' WHERE name = 'Älpha'`, check: 'fields:Customer', names: 'Alpha' },
  { fault: 'a quantity changed', sql: `UPDATE site.main."tabSales Order Item" SET qty = 3 WHERE parent = 'SAL-ORD-2026-00002' AND idx = 2`, check: 'fields:Sales Order', names: 'qty' },
  { fault: 'a date shifted by a day', sql: `UPDATE site.main."tabSales Order" SET transaction_date = DATE '2025-05-31' WHERE name = 'SAL-ORD-2026-00002'`, check: 'fields:Sales Order', names: 'transaction_date' },
  { fault: 'a mandatory value emptied', sql: `UPDATE site.main."tabCustomer" SET customer_name = NULL WHERE name = 'Beta'`, check: 'integrity:Customer', names: 'mandatory' },
  { fault: 'NULL turned into an empty text', sql: `UPDATE site.main."tabCustomer" SET tax_id = '' WHERE name = 'Beta'`, check: 'equal:tabCustomer', names: 'tax_id' },
  { fault: 'a tree bent', sql: `UPDATE site.main."tabCustomer Group" SET rgt = lft WHERE name = 'South'`, check: 'integrity:Customer Group', names: 'South' },
  { fault: 'a leaf outside its parent', sql: `UPDATE site.main."tabCustomer Group" SET lft = 901, rgt = 902 WHERE name = 'South'`, check: 'integrity:Customer Group', names: 'outside' },
  { fault: 'records the source has and staging has not', sql: `UPDATE ops.cursors SET read = 2, staged = 2 WHERE entity = 'orders'`, check: 'count:source:orders', names: 'source 3' },
  { fault: 'an old row changed by the way', sql: `UPDATE site.main."tabTerritory" SET territory_name = 'X' WHERE name = 'United States'`, check: 'equal:tabTerritory', names: 'United States' },
]

describe('proofs', () => {
  test('a good load passes every check', async () => {
    const proof = await prove(staging, context)
    expect(proof.results.filter((result) => result.status !== 'passed').map((result) => [result.id, result.summary, result.failures[0]?.detail])).toEqual([])
    expect(proof.results.length).toBeGreaterThan(20)
    expect(proof.totals).toEqual([{ name: 'Orders', group: 'USD', records: 3, documents: 2, legacy: '146.27', leftOut: '7.77', site: '138.50', difference: '0.00', passed: true }])
  })

  test.each(FAULTS)('$fault is found and named', async ({ sql, check, names }) => {
    // Faults go to the staging side too (cursors), and one transaction writes one database only: break, look, put back.
    const touched = /ops\./.test(sql) ? [['ops', 'cursors']] : [...new Set([...sql.matchAll(/site\.(main\."[^"]+"|ledger\.documents)/g)].map((m) => m[1]!))].map((t) => ['site', t])
    for (const [, table] of touched) await staging.run(`CREATE OR REPLACE TABLE work.keep_${touched.indexOf(touched.find((t) => t[1] === table)!)} AS SELECT * FROM ${touched[0]![0] === 'ops' ? 'ops.cursors' : `site.${table}`}`)
    for (const statement of sql.split('; ')) await staging.run(statement)
    const proof = await prove(staging, context)
    for (const [i, [home, table]] of touched.entries()) {
      const full = home === 'ops' ? 'ops.cursors' : `site.${table}`
      await staging.run(`DELETE FROM ${full}`)
      await staging.run(`INSERT INTO ${full} SELECT * FROM work.keep_${i}`)
    }
    const failed = proof.results.find((result) => result.id === check)
    expect(failed?.status, proof.results.filter((r) => r.status === 'failed').map((r) => r.id).join(', ')).toBe('failed')
    expect(JSON.stringify(failed!.failures)).toContain(names)
    expect(proof.passed).toBe(false)
  })
})

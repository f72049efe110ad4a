import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { DirtEntry, DirtKind } from '../../src/cli/demo/dirt.ts'
import { SUPPLIER_NAMES } from '../../src/cli/demo/vocabulary.ts'
import { Staging } from '../../src/staging/staging.ts'
import { landfall, type Finished } from './command-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'landfall-demo-'))
let run: Finished, summary: any, staging: Staging
beforeAll(async () => {
  run = await landfall(['demo', '--records', '2000', '--out', folder, '--seed', '11'], { cwd: folder })
  summary = (parse(readFileSync(join(folder, 'report.yaml'), 'utf8')) as { migration_summary: unknown }).migration_summary
  staging = await Staging.open(join(folder, '.landfall/staging.duckdb'))
  await staging.attach(join(folder, '.landfall/site.duckdb'), 'site')
}, 400_000)
afterAll(async () => {
  await staging.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What a migration must say about each kind of dirt: SQL that counts where it was noticed, for the records planted. */
const NOTICED: Partial<Record<DirtKind, string>> = {
  duplicate_case: `SELECT absorbed_key AS key FROM ops.merge_log WHERE entity = 'customers'`, duplicate_accent: `SELECT absorbed_key AS key FROM ops.merge_log WHERE entity = 'customers'`,
  duplicate_space: `SELECT absorbed_key AS key FROM ops.merge_log WHERE entity = 'customers'`, duplicate_typo: `SELECT absorbed_key AS key FROM ops.merge_log WHERE entity = 'customers'`,
  orphan_line: `SELECT split_part("key", chr(31), 1) AS key FROM ops.left_out WHERE entity = 'sales_order_lines' AND reason = 'orphan'`,
  orphan_activity: `SELECT "key" AS key FROM ops.left_out WHERE entity = 'activities'`,
  bad_number: `SELECT "key" AS key FROM ops.findings WHERE type = 'type-mismatch' AND entity = 'customers'`, short_month: `SELECT "key" AS key FROM ops.findings WHERE type = 'type-mismatch' AND entity = 'customers'`,
  long_text: `SELECT "key" AS key FROM ops.findings WHERE type = 'value-truncated'`, unmapped_value: `SELECT "key" AS key FROM ops.findings WHERE type = 'transform-failed' AND field = 'country'`,
  early_delivery: `SELECT "key" AS key FROM ops.findings WHERE severity = 'blocking' AND doctype = 'Sales Order'`,
}

describe('the demo business', () => {
  test('is migrated and proven, every record accounted for', () => {
    const { statistics, by_entity: entities, validation_results: results } = summary
    expect(statistics.total_records).toBe(2000)
    expect(statistics.total_records).toBe(statistics.successful + statistics.failed + statistics.skipped)
    for (const entity of Object.values<any>(entities)) expect(entity.source_count).toBe(entity.migrated + entity.errors + entity.skipped)
    expect(Object.values<any>(results).map((result) => [result.status, result.failures])).toEqual([['passed', []], ['passed', []], ['passed', []], ['passed', []]])
    expect([run.code, statistics.failed], run.out).toEqual([0, 0])
  })

  test('every planted piece of dirt was noticed', async () => {
    const planted = JSON.parse(readFileSync(join(folder, 'exports/dirt.json'), 'utf8')) as DirtEntry[]
    const missed: string[] = []
    for (const [kind, sql] of Object.entries(NOTICED)) {
      const noticed = new Set((await staging.all<{ key: string }>(sql)).map((row) => String(row.key)))
      missed.push(...planted.filter((entry) => entry.kind === kind && !noticed.has(entry.key)).map((entry) => `${kind} ${entry.entity} ${entry.key}: ${entry.value}`))
    }
    expect(missed).toEqual([])
    expect(new Set(planted.map((entry) => entry.kind)).size).toBeGreaterThanOrEqual(17)
  })

  test('nothing dangerous reached the site, nothing was mangled on the way', async () => {
    const [texts] = await staging.all<{ scripts: number; formulas: number; umlauts: number }>(`SELECT
      (SELECT count(*) FROM site.main."tabCustomer" WHERE customer_details ILIKE '%<script%') + (SELECT count(*) FROM site.main."tabItem" WHERE description ILIKE '%<script%') AS scripts,
      (SELECT count(*) FROM site.main."tabCustomer" WHERE starts_with(customer_details, '=')) + (SELECT count(*) FROM site.main."tabItem" WHERE starts_with(description, '=')) AS formulas,
      (SELECT count(*) FROM site.main."tabCustomer" WHERE regexp_matches(customer_name, '[äöüßéø]')) AS umlauts`)
    expect(texts).toMatchObject({ scripts: 0, formulas: 0 })
    expect(texts!.umlauts).toBeGreaterThan(30)
    const suppliers = await staging.all<{ name: string }>(`SELECT DISTINCT regexp_replace(supplier_name, ' \\d+$', '') AS name FROM site.main."tabSupplier" WHERE regexp_matches(supplier_name, ' \\d+$')`)
    expect(suppliers.length).toBeGreaterThan(5)
    for (const { name } of suppliers) expect(SUPPLIER_NAMES).toContain(name)
  })
})

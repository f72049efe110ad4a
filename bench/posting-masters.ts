import { parseArgs } from 'node:util'
import { fixedClock } from '../src/model/clock.ts'
import { PostingEngine } from '../src/posting/engine.ts'
import { Site } from '../src/site/site.ts'
import { Staging } from '../src/staging/staging.ts'

/**
 * Posting of masters: drafts made by SQL, posted, and the predicted rows copied once more as they are (what the database takes for rows that
 * nobody computed). Prints documents a second and the ratio. `--documents N` (default 100,000), `--json`.
 */
const { values } = parseArgs({ options: { documents: { type: 'string', default: '100000' }, json: { type: 'boolean', default: false } } })
const documents = Number(values.documents)
const staging = await Staging.open(':memory:', { memoryLimit: '2GB' })
const engine = await PostingEngine.open(staging, Site.load(), fixedClock('2026-11-22'))

const DRAFTS: Record<string, string[]> = {
  Customer: [`CREATE TABLE drafts."Customer" AS SELECT i AS _id, 'customers' AS _entity, i::VARCHAR AS _key, i AS _source_row, 'Customer ' || i AS customer_name, 'Company' AS customer_type, 'Commercial' AS customer_group,
      'United States' AS territory, CASE WHEN i % 3 = 0 THEN 'EUR' END AS default_currency, 'x' || i || '@example.com' AS email_id FROM range(1, ${documents + 1}) t(i)`],
  Item: [`CREATE TABLE drafts."Item" AS SELECT i AS _id, 'items' AS _entity, i::VARCHAR AS _key, i AS _source_row, 'IT-' || i AS item_code, 'Item ' || i AS item_name, 'Products' AS item_group, 'Nos' AS stock_uom, 'Item number ' || i AS description
      FROM range(1, ${documents + 1}) t(i)`],
  Address: [`CREATE TABLE drafts."Address" AS SELECT i AS _id, 'customers' AS _entity, i::VARCHAR AS _key, i AS _source_row, 'Customer ' || i AS address_title, 'Billing' AS address_type, 'Street ' || i AS address_line1, 'Berlin' AS city, 'Germany' AS country
      FROM range(1, ${documents + 1}) t(i)`,
  `CREATE TABLE drafts."Address.links" AS SELECT i AS _parent, 1 AS _idx, 'Customer' AS link_doctype, 'Customer ' || i AS link_name FROM range(1, ${documents + 1}) t(i)`],
}

const results: { doctype: string; documents: number; refused: number; perSecond: number; copyPerSecond: number; ratio: number }[] = []
for (const [doctype, statements] of Object.entries(DRAFTS)) {
  for (const statement of statements) await staging.run(statement)
  let at = performance.now()
  const counts = await engine.post(doctype)
  const seconds = (performance.now() - at) / 1000
  at = performance.now()
  await staging.run(`CREATE TABLE work.copy AS SELECT * FROM rows."tab${doctype}"`)
  const copy = (performance.now() - at) / 1000
  await staging.run('DROP TABLE work.copy')
  results.push({ doctype, documents: counts.posted, refused: counts.refused, perSecond: Math.round(counts.posted / seconds), copyPerSecond: Math.round(documents / copy), ratio: copy / seconds })
}
await staging.close()
if (values.json) console.log(JSON.stringify(results))
else {
  console.log('posting of masters          documents/s    plain copy of the rows/s    ratio')
  for (const r of results) console.log(`  ${r.doctype.padEnd(22)} ${r.perSecond.toLocaleString('en-US').padStart(14)} ${r.copyPerSecond.toLocaleString('en-US').padStart(26)} ${r.ratio.toFixed(3).padStart(9)}${r.refused > 0 ? `   ${r.refused} refused` : ''}`)
}

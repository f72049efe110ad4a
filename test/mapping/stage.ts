import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { mappingSchema, type LoadedMapping } from '../../src/config/mapping-schema.ts'
import { compileMapping, type CompileOptions } from '../../src/mapping/compile.ts'
import { buildDrafts, prepareDrafts, type BuiltDrafts } from '../../src/mapping/drafts.ts'
import type { SourceEntity } from '../../src/mapping/entity.ts'
import type { MappingPlan } from '../../src/mapping/plan.ts'
import { cleanse } from '../../src/mapping/accounting.ts'
import type { ColumnType } from '../../src/model/entity.ts'
import { draftRelation } from '../../src/model/draft.ts'
import { Site } from '../../src/site/site.ts'
import { Staging, ident, literal } from '../../src/staging/staging.ts'

export const site = Site.load()
const root = fileURLToPath(new URL('../../', import.meta.url))

/** A raw table as extraction leaves it: texts. Columns are `name` or `name:type`. */
export async function stageRaw(staging: Staging, name: string, columns: string[], rows: (string | number | null)[][], primaryKey: string[] = []): Promise<SourceEntity> {
  const typed = columns.map((column) => { const [field = '', type = 'text'] = column.split(':'); return { name: field, type: type as ColumnType, declared: '', nullable: true } })
  await staging.run(`CREATE OR REPLACE TABLE raw.${ident(`legacy.${name}`)} (_row BIGINT NOT NULL${typed.map((column) => `, ${ident(column.name)} VARCHAR`).join('')})`)
  if (rows.length > 0) await staging.run(`INSERT INTO raw.${ident(`legacy.${name}`)} VALUES ${rows.map((row, i) => `(${i + 1}${row.map((value) => `, ${value === null ? 'NULL' : literal(String(value))}`).join('')})`).join(', ')}`)
  return { source: 'legacy', entity: { name, namespace: '', columns: typed, primaryKey, uniqueKeys: [], foreignKeys: [], rowCount: { value: rows.length, exact: true }, notes: [] } }
}

/** A mapping from YAML text. */
export function mapping(text: string, file = 'mappings/test.yaml'): LoadedMapping {
  return { file, mapping: mappingSchema.parse(parse(text)) }
}

export function compile(texts: string[], entities: SourceEntity[], options: Partial<CompileOptions> = {}): MappingPlan {
  return compileMapping(texts.map((text, i) => mapping(text, `mappings/${i}.yaml`)), { site, entities, ...options })
}

/** Stands for posting: every draft becomes a row named `<DocType>-<id>`, its child rows `<DocType>-<id>/<idx>`, but for those whose key is in `refuse`. */
export async function postAll(staging: Staging, doctype: string, refuse: string[] = []): Promise<void> {
  const rows = `rows.${ident(`tab${doctype}`)}`
  await staging.run(`CREATE TABLE IF NOT EXISTS ${rows} (name VARCHAR, _draft BIGINT, _doctype VARCHAR)`)
  await staging.run('CREATE TABLE IF NOT EXISTS ops.refused (doctype VARCHAR, id BIGINT, type VARCHAR, message VARCHAR)')
  const fresh = `FROM ${draftRelation(doctype)} d WHERE NOT EXISTS (SELECT 1 FROM ${rows} r WHERE r._draft = d._id)`
  const refused = refuse.length === 0 ? 'false' : `d._key IN (${refuse.map(literal).join(', ')})`
  await staging.run(`INSERT INTO ops.refused SELECT ${literal(doctype)}, d._id, 'MandatoryError', 'no' ${fresh} AND ${refused}`)
  await staging.run(`INSERT INTO ${rows} SELECT ${literal(doctype)} || '-' || d._id, d._id, ${literal(doctype)} ${fresh} AND NOT (${refused})`)
  for (const table of site.doctype(doctype)?.tableFields() ?? []) {
    const drafts = draftRelation(doctype, table.fieldname), children = `rows.${ident(`tab${table.options}`)}`
    if (!await staging.exists(drafts)) continue
    await staging.run(`CREATE TABLE IF NOT EXISTS ${children} (name VARCHAR, parent VARCHAR, parenttype VARCHAR, parentfield VARCHAR, idx BIGINT)`)
    await staging.run(`INSERT INTO ${children} SELECT r.name || '/' || d._idx, r.name, ${literal(doctype)}, ${literal(table.fieldname)}, d._idx FROM ${drafts} d JOIN ${rows} r ON r._draft = d._parent WHERE NOT EXISTS (SELECT 1 FROM ${children} c WHERE c.parent = r.name)`)
  }
}

/** Cleanses everything and maps every target, posting in between. */
export async function mapAll(staging: Staging, plan: MappingPlan, refuse: Record<string, string[]> = {}): Promise<BuiltDrafts[]> {
  await cleanse(staging, plan)
  await prepareDrafts(staging, plan)
  const built: BuiltDrafts[] = []
  for (const target of plan.targets) {
    for (let more = true; more;) {
      const result = await buildDrafts(staging, plan, target.doctype)
      built.push(result)
      more = result.more
      if (built.length > 200) throw new Error('mapping does not end')
      await postAll(staging, target.doctype, refuse[target.doctype])
    }
  }
  return built
}

const PG: [RegExp, ColumnType][] = [[/^(small|big)?int/, 'integer'], [/^real|^double/, 'float'], [/^numeric/, 'decimal'], [/^date/, 'date'], [/^bytea/, 'binary']]

/** The Northwind database as raw tables. */
export async function stageNorthwind(staging: Staging): Promise<SourceEntity[]> {
  const text = readFileSync(`${root}../shared/legacy/northwind.sql`, 'utf8')
  const entities: SourceEntity[] = []
  for (const [, name = '', body = ''] of text.matchAll(/CREATE TABLE (\w+) \(\n([\s\S]*?)\n\);/g)) {
    const columns = body.split('\n').map((line) => line.trim().replace(/,$/, '')).filter((line) => /^\w+ /.test(line)).map((line) => {
      const [field = '', ...rest] = line.split(' ')
      return { name: field, type: PG.find(([form]) => form.test(rest.join(' ')))?.[1] ?? 'text' as ColumnType, declared: rest.join(' '), nullable: true }
    })
    const key = new RegExp(`ALTER TABLE ONLY ${name}\\s+ADD CONSTRAINT \\w+ PRIMARY KEY \\(([^)]*)\\)`).exec(text)?.[1]?.split(', ') ?? []
    await staging.run(`CREATE OR REPLACE TABLE raw.${ident(`northwind.${name}`)} (_row BIGINT${columns.map((column) => `, ${ident(column.name)} VARCHAR`).join('')})`)
    const values = [...text.matchAll(new RegExp(`^INSERT INTO ${name} VALUES \\((.*)\\);$`, 'gm'))].map((match, i) => `(${i + 1}, ${match[1]})`)
    if (values.length > 0) await staging.run(`INSERT INTO raw.${ident(`northwind.${name}`)} SELECT ${['col0', ...columns.map((column, i) => (column.type === 'float' ? `CAST(CAST(col${i + 1} AS FLOAT) AS VARCHAR)` : `CAST(col${i + 1} AS VARCHAR)`))].join(', ')} FROM (VALUES ${values.join(', ')})`)
    entities.push({ source: 'northwind', entity: { name, namespace: 'public', columns, primaryKey: key, uniqueKeys: [], foreignKeys: [], rowCount: { value: values.length, exact: true }, notes: [] } })
  }
  entities.push(await stageOrdersWithAmounts(staging, entities.find(({ entity }) => entity.name === 'orders')!))
  entities.push(await stageQuery(staging, 'years', ['year:integer'], `SELECT DISTINCT left(order_date, 4) FROM raw."northwind.orders" ORDER BY 1`))
  entities.push(await stageQuery(staging, 'billed', ['month', 'sales:decimal'], `SELECT left(shipped_date, 7), CAST(-sum(round(CAST(unit_price AS DECIMAL(12, 2)) * CAST(quantity AS INT) * (1 - CAST(discount AS DECIMAL(4, 2))), 2)) AS VARCHAR)
    FROM raw."northwind.orders" JOIN raw."northwind.order_details" USING (order_id) WHERE shipped_date IS NOT NULL GROUP BY 1 ORDER BY 1`))
  return entities
}

/** An entity that a query of examples/northwind/landfall.yaml answers; its first column is the key. */
async function stageQuery(staging: Staging, name: string, columns: string[], query: string): Promise<SourceEntity> {
  const typed = columns.map((column) => { const [field = '', type = 'text'] = column.split(':'); return { name: field, type: type as ColumnType, declared: '', nullable: true } })
  await staging.run(`CREATE OR REPLACE TABLE raw.${ident(`northwind.${name}`)} AS SELECT row_number() OVER () AS _row, q.* FROM (${query}) q(${typed.map((column) => ident(column.name)).join(', ')})`)
  return { source: 'northwind', entity: { name, namespace: '', columns: typed, primaryKey: [typed[0]!.name], uniqueKeys: [], foreignKeys: [], rowCount: { value: 0, exact: false }, notes: [] } }
}

/** What the query of examples/northwind/landfall.yaml answers. */
async function stageOrdersWithAmounts(staging: Staging, orders: SourceEntity): Promise<SourceEntity> {
  const amounts = ['discount_amount', 'net_amount', 'order_total', 'paid_total']
  await staging.run(`CREATE OR REPLACE TABLE raw."northwind.orders_with_amounts" AS SELECT o.*, CAST(d.gross - d.net AS VARCHAR) AS discount_amount, CAST(d.net AS VARCHAR) AS net_amount,
    CAST(d.net + CAST(o.freight AS DECIMAL(12, 2)) AS VARCHAR) AS order_total,
    CASE WHEN o.shipped_date IS NOT NULL THEN CAST(d.net + CAST(o.freight AS DECIMAL(12, 2)) AS VARCHAR) END AS paid_total FROM raw."northwind.orders" o JOIN (SELECT order_id, sum(round(CAST(unit_price AS DECIMAL(12, 2)) * CAST(quantity AS INT), 2)) AS gross,
      sum(round(CAST(unit_price AS DECIMAL(12, 2)) * CAST(quantity AS INT) * (1 - CAST(discount AS DECIMAL(4, 2))), 2)) AS net FROM raw."northwind.order_details" GROUP BY order_id) d USING (order_id)`)
  const columns = [...orders.entity.columns, ...amounts.map((name) => ({ name, type: 'decimal' as const, declared: 'numeric', nullable: true }))]
  return { ...orders, entity: { ...orders.entity, name: 'orders_with_amounts', namespace: '', columns, primaryKey: ['order_id'] } }
}

/** The mapping files of an example. */
export function exampleMappings(name: string): LoadedMapping[] {
  const folder = `${root}examples/${name}/mappings`
  return readdirSync(folder).filter((file) => file.endsWith('.yaml')).sort().map((file) => ({ file: `${folder}/${file}`, mapping: mappingSchema.parse(parse(readFileSync(`${folder}/${file}`, 'utf8'))) }))
}

import { ident, literal, type Staging } from '../staging/staging.ts'
import { isChild, type ChildSpec } from '../config/mapping-schema.ts'
import { referencesOf, type CompiledBlock } from './block.ts'
import { compileTarget, prepareDrafts } from './drafts.ts'
import { stageBlock } from './draft-rows.ts'
import type { MappedEntity } from './entity.ts'
import type { Block, MappingPlan } from './plan.ts'
import { fillReferenceTables } from './reference-tables.ts'

/** Documents that all records together would become, by DocType: what a sample is projected to. */
export type WholeDocuments = Record<string, number>

/**
 * Finds what every record needs beside it: records its references, joins, parents, children and merged duplicates are. Leaves `work.needs(entity, row, other, orow)` (ordinals
 * in raw), which `closeSample` follows, and answers how many documents the whole will be. Call it when all entities are cleansed and nothing is posted.
 */
export async function findNeeds(staging: Staging, plan: MappingPlan): Promise<WholeDocuments> {
  await prepareDrafts(staging, plan)
  await staging.run('CREATE OR REPLACE TABLE work.needs (entity VARCHAR, row BIGINT, other VARCHAR, orow BIGINT)')
  // Which record a key stands for: its own, that of a document keyed otherwise, or the survivor it was merged into.
  await staging.run('CREATE OR REPLACE TABLE work.holders (entity VARCHAR, "key" VARCHAR, row BIGINT)')
  await staging.run('CREATE OR REPLACE TABLE work.wanted (entity VARCHAR, row BIGINT, other VARCHAR, "key" VARCHAR)')
  for (const entity of plan.entities.values()) await staging.run(`INSERT INTO work.holders SELECT ${literal(entity.name)}, _key, _row FROM ${entity.clean} WHERE _key IS NOT NULL`)
  const whole: WholeDocuments = {}
  for (const target of plan.targets) {
    const compiled = compileTarget(plan, target)
    await fillReferenceTables(staging, compiled.flatMap(referencesOf))
    whole[target.doctype] = 0
    for (const [i, block] of target.blocks.entries()) {
      const staged = await stageBlock(staging, block, compiled[i]!, i), name = literal(block.entity.name)
      const counted = await staging.one<{ n: number }>(`SELECT count(DISTINCT _key) AS n FROM ${staged.table}`)
      whole[target.doctype]! += Number(counted?.n ?? 0)
      await staging.run(`INSERT INTO work.holders SELECT ${name}, _key, _row FROM ${staged.table} WHERE _key IS NOT NULL`)
      for (const [k, reference] of compiled[i]!.references.entries()) await want(staging, name, staged.table, reference.entity, `k${k}`)
      for (const [c, child] of staged.children.entries()) {
        const own = literal(child.from ?? block.entity.name)
        for (const [k, reference] of compiled[i]!.children[c]!.references.entries()) await want(staging, own, child.table, reference.entity, `k${k}`)
        if (child.from !== null) await staging.run(`INSERT INTO work.needs SELECT ${name}, _prow, ${own}, _row FROM ${child.table} UNION ALL SELECT ${own}, _row, ${name}, _prow FROM ${child.table}`)
      }
      await firstOfParty(staging, target.doctype, block, compiled[i]!, staged.table)
      await joinNeeds(staging, plan, block)
    }
  }
  await staging.run(`INSERT INTO work.needs SELECT DISTINCT w.entity, w.row, w.other, h.row FROM work.wanted w LEFT JOIN (SELECT entity, absorbed_key, any_value(survivor_key) AS survivor FROM ops.key_alias WHERE doctype IS NULL GROUP BY ALL) a ON a.entity = w.other AND a.absorbed_key = w."key" `
    + `JOIN work.holders h ON h.entity = w.other AND h."key" = coalesce(a.survivor, w."key")`)
  // Goods that are sold must have been there: with an item comes its opening stock.
  const stocked = plan.targets.filter((target) => target.doctype === 'Stock Reconciliation').flatMap((target) => target.blocks.map((block) => literal(block.entity.name)))
  if (stocked.length > 0) await staging.run(`INSERT INTO work.needs SELECT other, orow, entity, row FROM work.needs WHERE entity IN (${stocked.join(', ')})`)
  await staging.run('INSERT INTO work.needs SELECT entity, survivor_row, entity, absorbed_row FROM ops.merge_log WHERE active')
  for (const table of ['wanted', 'holders']) await staging.run(`DROP TABLE work.${table}`)
  return whole
}

async function want(staging: Staging, entity: string, table: string, other: string, column: string): Promise<void> {
  await staging.run(`INSERT INTO work.wanted SELECT DISTINCT ${entity}, _row, ${literal(other)}, ${column} FROM ${table} WHERE ${column} IS NOT NULL`)
}

/** What a party's first invoice decides (the currency of its account) holds for all that follow: that one comes along. */
async function firstOfParty(staging: Staging, doctype: string, block: Block, compiled: CompiledBlock, table: string): Promise<void> {
  const party = { 'Sales Invoice': 'customer', 'Purchase Invoice': 'supplier' }[doctype], k = compiled.references.findIndex((reference) => reference.field === party)
  if (party === undefined || k < 0) return
  const date = compiled.fields.findIndex((field) => field.name === 'posting_date'), first = date < 0 ? '_row' : `(CAST(f${date} AS VARCHAR), _row)`, entity = literal(block.entity.name)
  const survivors = `SELECT absorbed_key, any_value(survivor_key) AS survivor FROM ops.key_alias WHERE doctype IS NULL AND entity = ${literal(compiled.references[k]!.entity)} GROUP BY absorbed_key`
  await staging.run(`INSERT INTO work.needs SELECT ${entity}, _row, ${entity}, arg_min(_row, ${first}) OVER (PARTITION BY coalesce(a.survivor, t.k${k})) FROM ${table} t LEFT JOIN (${survivors}) a ON a.absorbed_key = t.k${k} WHERE t.k${k} IS NOT NULL`)
}

/** Records that a block's joins, and those of its child tables, take columns from. */
async function joinNeeds(staging: Staging, plan: MappingPlan, { entity, document }: Block): Promise<void> {
  const add = async (own: MappedEntity, joins: Record<string, { entity: string; on: Record<string, string> }> | undefined): Promise<void> => {
    for (const join of Object.values(joins ?? {})) {
      const other = plan.entities.get(join.entity)
      if (!other) continue
      const on = Object.entries(join.on).map(([left, right]) => `CAST(a.${ident(left)} AS VARCHAR) = CAST(b.${ident(right)} AS VARCHAR)`).join(' AND ')
      const rights = Object.values(join.on).map(ident).join(', ')
      await staging.run(`INSERT INTO work.needs SELECT ${literal(own.name)}, a._row, ${literal(other.name)}, b._row FROM ${own.clean} a JOIN (SELECT * FROM ${other.clean} QUALIFY row_number() OVER (PARTITION BY ${rights} ORDER BY _row) = 1) b ON ${on}`)
    }
  }
  await add(entity, document.joins)
  for (const spec of Object.values(document.fields)) {
    if (!isChild(spec)) continue
    for (const child of [spec].flat() as ChildSpec[]) await add(child.from === undefined ? entity : plan.entities.get(child.from) ?? entity, child.joins)
  }
}

/** A record that must be in, because it is of a class of findings: by key, or by its ordinal. */
export interface ClassRecord { entity: string; key: string | null; row: number | null; cause: string }

export interface SampleSize { asked: number; seeds: { classes: number; values: number; random: number }; classes: number; values: number; valuesLeftOut: number; records: number; byEntity: Record<string, number> }

const RARE = { most: 30, perEntity: 60 }

/**
 * Draws a sample into `work.sample(entity, row)`: up to two records of every class of findings, one of every value of columns with few values, and others at random until `asked` are in, spread
 * over the entities by the square root of their size; then closed under `work.needs`. The same seed draws the same.
 */
export async function drawSample(staging: Staging, plan: MappingPlan, options: { asked: number; seed: number; classes: ClassRecord[] }): Promise<SampleSize> {
  const { asked, seed } = options
  await staging.run('CREATE OR REPLACE TABLE work.sample (entity VARCHAR, row BIGINT)')
  const sources = [...new Map(plan.targets.flatMap((target) => target.blocks.map((block) => [block.entity.name, block.entity]))).values()]
  const size: SampleSize = { asked, seeds: { classes: 0, values: 0, random: 0 }, classes: 0, values: 0, valuesLeftOut: 0, records: 0, byEntity: {} }
  size.seeds.classes = await addClasses(staging, plan, options.classes)
  size.classes = new Set(options.classes.map((one) => one.cause)).size
  const room = Math.max(0, Math.floor((asked - size.seeds.classes) * 0.6))
  Object.assign(size, await addRareValues(staging, sources, seed, room, size))
  const left = Math.max(0, asked - size.seeds.classes - size.seeds.values), weights = await Promise.all(sources.map(async (entity) => Math.sqrt(await countOf(staging, entity.clean))))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  for (const [i, entity] of sources.entries()) {
    const n = total === 0 ? 0 : Math.round(left * weights[i]! / total)
    if (n > 0) size.seeds.random += await staging.run(`INSERT INTO work.sample SELECT ${literal(entity.name)}, _row FROM ${entity.clean} c WHERE NOT EXISTS (SELECT 1 FROM work.sample s WHERE s.entity = ${literal(entity.name)} AND s.row = c._row) ORDER BY hash(_row, ${seed}) LIMIT ${n}`)
  }
  await closeSample(staging)
  for (const row of await staging.all<{ entity: string; n: number }>('SELECT entity, count(*) AS n FROM work.sample GROUP BY entity ORDER BY entity')) size.byEntity[row.entity] = Number(row.n)
  size.records = Object.values(size.byEntity).reduce((sum, n) => sum + n, 0)
  return size
}

const countOf = async (staging: Staging, relation: string): Promise<number> => Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${relation}`))?.n ?? 0)

/** Records of the classes given, and two of each class that cleansing itself found. */
async function addClasses(staging: Staging, plan: MappingPlan, classes: ClassRecord[]): Promise<number> {
  for (const { entity, key, row } of classes) {
    const known = plan.entities.get(entity)
    if (!known) continue
    if (row !== null) await staging.run(`INSERT INTO work.sample VALUES (${literal(entity)}, ${row})`)
    else await staging.run(`INSERT INTO work.sample SELECT ${literal(entity)}, _row FROM ${known.clean} WHERE _key = ${literal(key)}`)
  }
  await staging.run(`INSERT INTO work.sample SELECT entity, id FROM ops.findings WHERE starts_with(doctype, 'entity:') AND type <> 'record-unread' QUALIFY row_number() OVER (PARTITION BY cause, type, doctype ORDER BY id) <= 2`)
  await staging.run('CREATE OR REPLACE TABLE work.sample AS SELECT DISTINCT entity, row FROM work.sample')
  return countOf(staging, 'work.sample')
}

/** One record of each value of columns that have few, the rarest values first, as far as there is room. */
async function addRareValues(staging: Staging, entities: MappedEntity[], seed: number, room: number, before: SampleSize): Promise<Pick<SampleSize, 'values' | 'valuesLeftOut' | 'seeds'>> {
  const parts: string[] = []
  for (const entity of entities) {
    const columns = entity.columns.slice(0, RARE.perEntity)
    if (columns.length === 0) continue
    const distinct = await staging.one<Record<string, number>>(`SELECT count(*) AS n, ${columns.map((column, i) => `approx_count_distinct(${ident(column.name)}) AS d${i}`).join(', ')} FROM ${entity.clean}`)
    columns.forEach((column, i) => {
      const n = Number(distinct?.[`d${i}`] ?? 0)
      if (n >= 2 && n <= RARE.most && n < Number(distinct?.['n'] ?? 0) / 2) parts.push(`SELECT ${literal(entity.name)} AS entity, arg_min(_row, hash(_row, ${seed})) AS row, count(*) AS n FROM ${entity.clean} GROUP BY ${ident(column.name)}`)
    })
  }
  if (parts.length === 0) return { values: 0, valuesLeftOut: 0, seeds: before.seeds }
  await staging.run(`CREATE OR REPLACE TABLE work.rare AS ${parts.join(' UNION ALL ')}`)
  const values = await countOf(staging, 'work.rare')
  const added = await staging.run(`INSERT INTO work.sample SELECT entity, row FROM (SELECT entity, row, min(n) AS n FROM work.rare r WHERE NOT EXISTS (SELECT 1 FROM work.sample s WHERE s.entity = r.entity AND s.row = r.row) GROUP BY entity, row ORDER BY min(n), entity, row LIMIT ${room})`)
  const out = await staging.one<{ n: number }>('SELECT count(*) AS n FROM work.rare r WHERE NOT EXISTS (SELECT 1 FROM work.sample s WHERE s.entity = r.entity AND s.row = r.row)')
  await staging.run('DROP TABLE work.rare')
  return { values, valuesLeftOut: Number(out?.n ?? 0), seeds: { ...before.seeds, values: added } }
}

/** Adds what the sample needs, and what that needs, until nothing is missing. */
async function closeSample(staging: Staging): Promise<void> {
  await staging.run('CREATE OR REPLACE TABLE work.fresh AS SELECT DISTINCT entity, row FROM work.sample; CREATE OR REPLACE TABLE work.sample AS SELECT * FROM work.fresh')
  for (let more = await countOf(staging, 'work.fresh'); more > 0;) {
    await staging.run('CREATE OR REPLACE TABLE work.fresh AS SELECT DISTINCT n.other AS entity, n.orow AS row FROM work.needs n JOIN work.fresh f ON f.entity = n.entity AND f.row = n.row ANTI JOIN work.sample s ON s.entity = n.other AND s.row = n.orow')
    more = await staging.run('INSERT INTO work.sample SELECT entity, row FROM work.fresh')
  }
  await staging.run('DROP TABLE work.fresh')
}

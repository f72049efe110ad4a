import { draftRelation } from '../../model/draft.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { featureTables, featureTexts, type FeatureTable } from './features.ts'

/** Documents that are alike: same DocType, fields and child tables in use, flags, choices, currency. `shape` is a short stable name of `features`. */
export interface Shape { doctype: string; shape: string; features: string[]; documents: number }

const SHAPES = 'doctype VARCHAR, id BIGINT, shape VARCHAR'

/**
 * Sorts the drafts of a DocType that have rows predicted (`rows.*`) by shape, in `ops.shapes` (doctype, id, shape), and answers the shapes, the most frequent first.
 * A child table is part of it by how many rows there are (none, one, several) and by what features they have together.
 */
export async function findShapes(staging: Staging, site: Site, doctype: string): Promise<Shape[]> {
  await staging.run(`CREATE TABLE IF NOT EXISTS ops.shapes (${SHAPES}); CREATE TABLE IF NOT EXISTS ops.shape_features (doctype VARCHAR, shape VARCHAR, features VARCHAR)`)
  const name = literal(doctype)
  await staging.run(`DELETE FROM ops.shapes WHERE doctype = ${name}; DELETE FROM ops.shape_features WHERE doctype = ${name}`)
  const tables = await featureTables(staging, site, doctype)
  if (tables.length === 0 || !await staging.exists(`rows.${ident(`tab${doctype}`)}`)) return []
  await staging.run(`CREATE OR REPLACE TEMP TABLE shape_texts AS SELECT s.id, s.text, substr(md5(s.text), 1, 12) AS shape FROM (${textOfShapes(tables)}) s `
    + `SEMI JOIN rows.${ident(`tab${doctype}`)} r ON r._draft = s.id AND r._doctype = ${name}`)
  await staging.run(`INSERT INTO ops.shapes SELECT ${name}, id, shape FROM temp.shape_texts; INSERT INTO ops.shape_features SELECT DISTINCT ${name}, shape, text FROM temp.shape_texts; DROP TABLE temp.shape_texts`)
  const rows = await staging.all<{ shape: string; features: string; n: number }>(
    `SELECT f.shape, f.features, (SELECT count(*) FROM ops.shapes s WHERE s.doctype = ${name} AND s.shape = f.shape) AS n FROM ops.shape_features f WHERE f.doctype = ${name} ORDER BY n DESC, f.shape`)
  return rows.map((row) => ({ doctype, shape: row.shape, features: row.features.split('|').filter((feature) => feature !== ''), documents: Number(row.n) }))
}

/** `id`, `text`: the strong features of each document and of its child rows. */
function textOfShapes([documents, ...children]: FeatureTable[]): string {
  const parts = [list(featureTexts(documents!, true)), ...children.map((_, i) => `c${i}.text`)]
  const joins = children.map((child, i) => ` LEFT JOIN (${textOfRows(child)}) c${i} ON c${i}.id = t._id`)
  return `SELECT t._id AS id, concat_ws('|', ${parts.join(', ')}) AS text FROM ${documents!.relation} t${joins.join('')}`
}

function textOfRows(child: FeatureTable): string {
  const texts = featureTexts(child, true)
  const features = texts.length === 0 ? 'NULL::VARCHAR' : `array_to_string(list_sort(list_distinct(flatten(list(list_filter([${texts.join(', ')}], x -> x IS NOT NULL))))), '|')`
  return `SELECT t._parent AS id, concat_ws('|', CASE WHEN count(*) = 1 THEN ${literal(`${child.prefix}1`)} ELSE ${literal(`${child.prefix}n`)} END, nullif(${features}, '')) AS text FROM ${child.relation} t GROUP BY t._parent`
}

const list = (texts: string[]) => (texts.length === 0 ? 'NULL::VARCHAR' : texts.join(', '))

/** How canaries are chosen. */
export interface CanaryOptions {
  /** At least so many for each shape, where it has as many documents (default 3). */
  each?: number
  /** At most so many for each shape (default 12). */
  most?: number
  /** Draws the random ones; the same seed chooses the same documents. */
  seed: number
}

/**
 * Documents to be tried for each shape: first those that have what is rarest in it (a text with markup, a link few others have), until everything that occurs is
 * covered or `most` is reached, then others drawn at random.
 */
export async function chooseCanaries(staging: Staging, site: Site, doctype: string, options: CanaryOptions): Promise<Map<string, number[]>> {
  const each = options.each ?? 3, most = options.most ?? 12, tables = await featureTables(staging, site, doctype), name = literal(doctype)
  const chosen = new Map<string, number[]>()
  const drawn = (id: string) => `hash(${id} + ${options.seed})`
  const traits = `SELECT x.id, s.shape, x.text FROM (${traitsOf(site, doctype, tables)}) x JOIN ops.shapes s ON s.doctype = ${name} AND s.id = x.id`
  await staging.run(`CREATE OR REPLACE TEMP TABLE traits AS SELECT DISTINCT * FROM (${traits})`)
  const rarest = await staging.all<{ shape: string; id: number }>(`SELECT shape, arg_min(id, ${drawn('id')}) AS id FROM temp.traits GROUP BY shape, text ORDER BY shape, count(*), text`)
  const covered = new Map<number, Set<string>>()
  for (const row of await staging.all<{ id: number; text: string }>(`SELECT id, text FROM temp.traits WHERE id IN (SELECT unnest([${[...new Set(rarest.map((row) => row.id))].join(', ')}]::BIGINT[]))`)) {
    covered.set(row.id, (covered.get(row.id) ?? new Set()).add(row.text))
  }
  const seen = new Map<string, Set<string>>()
  for (const { shape, id } of rarest) {
    const ids = chosen.get(shape) ?? [], known = seen.get(shape) ?? new Set<string>()
    const fresh = [...covered.get(id) ?? []].filter((text) => !known.has(text))
    if (ids.length >= most || ids.includes(id) || fresh.length === 0) continue
    ids.push(id)
    for (const text of fresh) known.add(text)
    chosen.set(shape, ids)
    seen.set(shape, known)
  }
  const random = await staging.all<{ shape: string; id: number }>(`SELECT shape, id FROM ops.shapes WHERE doctype = ${name} QUALIFY row_number() OVER (PARTITION BY shape ORDER BY ${drawn('id')}) <= ${each + most} ORDER BY shape, ${drawn('id')}`)
  for (const { shape, id } of random) {
    const ids = chosen.get(shape) ?? []
    chosen.set(shape, ids)
    if (!ids.includes(id) && ids.length < each) ids.push(id)
  }
  await staging.run('DROP TABLE temp.traits')
  return chosen
}

/** Values of a link that many documents share are traits; those that each document has its own of are not. */
const FEW_VALUES = 40

/** `id`, `text`: the weak features, and the values of links that have few of them. */
function traitsOf(site: Site, doctype: string, tables: FeatureTable[]): string {
  const meta = site.doctype(doctype)!
  return tables.flatMap((table) => {
    const owner = table.prefix === '' ? meta : site.doctype(meta.field(table.prefix.slice(0, -1))?.options ?? '')
    const weak = featureTexts(table, false).map((text) => `SELECT id, text FROM (SELECT t.${table.parent} AS id, ${text} AS text FROM ${table.relation} t) WHERE text IS NOT NULL`)
    const links = table.features.filter((feature) => feature.strong && owner?.field(feature.text.slice(table.prefix.length))?.fieldtype === 'Link').map((feature) => {
      const value = `CAST(t.${ident(feature.text.slice(table.prefix.length))} AS VARCHAR)`
      return `SELECT t.${table.parent} AS id, ${literal(`${feature.text}=`)} || ${value} AS text FROM ${table.relation} t WHERE ${value} <> '' AND (SELECT approx_count_distinct(${value}) FROM ${table.relation} t) <= ${FEW_VALUES}`
    })
    return [...weak, ...links]
  }).concat(`SELECT _id AS id, 'any' AS text FROM ${draftRelation(doctype)}`).join(' UNION ALL ')
}

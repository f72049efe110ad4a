import { ident, literal } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'
import { isText } from './coerce.ts'
import type { DraftRelation, DraftSource } from './build.ts'
import { STANDARD, type DocTypePlan } from './plan.ts'

/** Says what the site would do to the given values without a word: unknown fields dropped, empty text over a default. */
export async function reportSilent(batch: Batch, source: DraftSource, where: string): Promise<void> {
  for (const field of batch.extras) {
    const col = ident(field)
    await batch.find({
      severity: 'warning', type: 'unknown-field', field, hint: 'The site drops what it does not know: add a Custom Field, or leave the column out of the mapping.',
      message: `${batch.meta.name} has no field ${field}`, select: `SELECT _id AS id, CAST(${col} AS VARCHAR) AS "value" FROM ${source.documents.relation} d WHERE ${where} AND ${col} IS NOT NULL`,
    })
  }
  await reportTable(batch, batch.plan, source.documents, null, where)
  for (const { field, plan } of batch.plan.children) {
    const given = source.children.get(field.fieldname)
    if (given !== undefined && batch.childCount(field.fieldname) > 0) await reportTable(batch, plan, given, field.fieldname, `_parent IN (SELECT _id FROM ${batch.doc})`)
  }
}

async function reportTable(batch: Batch, plan: DocTypePlan, given: DraftRelation, child: string | null, where: string): Promise<void> {
  const id = child === null ? '_id' : '_parent', idx = child === null ? 'NULL' : '_idx'
  const parts: string[] = []
  const defaults = batch.options.import ? new Map<string, string>() : await batch.defaults(plan, child)
  for (const [name, type] of given.columns) {
    const column = plan.byName.get(name)
    if (column === undefined || STANDARD.has(name) || !isText(type)) continue
    const col = ident(name), field = literal(child === null ? name : `${child}.${name}`)
    if (column.kind === 'text' && defaults.has(name) && defaults.get(name) !== "''") {
      parts.push(`SELECT ${field} AS f, ${id} AS id, ${idx} AS idx, ${col} AS v FROM ${given.relation} d WHERE ${where} AND ${col} = ''`)
    }
  }
  if (parts.length === 0) return
  const scratch = batch.scratch('silent')
  await batch.staging.run(`CREATE TEMP TABLE ${scratch.slice(5)} AS ${parts.join(' UNION ALL ')}`)
  for (const { f } of await batch.staging.all<{ f: string }>(`SELECT DISTINCT f FROM ${scratch} ORDER BY f`)) {
    await batch.find({
      severity: 'warning', type: 'empty-over-default', field: f, hint: 'Use null instead of empty text where the default is wanted.', message: 'Empty text is kept: the default does not step in',
      select: `SELECT id AS id, idx AS idx, v AS "value" FROM ${scratch} WHERE f = ${literal(f)}`,
    })
  }
}

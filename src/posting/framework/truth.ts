import { ident } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'
import { isText } from './coerce.ts'
import type { DraftRelation, DraftSource } from './build.ts'
import type { DocTypePlan } from './plan.ts'

/**
 * Text given for a Check is true to a controller whatever it says (`"no"`, `"0"`); only the row that is written holds the number it stands for. The working tables hold what
 * the controller sees; `batch.lies` remembers the rows whose column is written as 0.
 */
export async function believeChecks(batch: Batch, source: DraftSource): Promise<void> {
  await believeTable(batch, batch.plan, source.documents, batch.doc, null)
  for (const { field, plan } of batch.plan.children) {
    const given = source.children.get(field.fieldname)
    if (given !== undefined && batch.childCount(field.fieldname) > 0) await believeTable(batch, plan, given, batch.child(field.fieldname), field.fieldname)
  }
}

async function believeTable(batch: Batch, plan: DocTypePlan, given: DraftRelation, relation: string, child: string | null): Promise<void> {
  const rule = batch.run.rule(batch.meta.name)
  // Whether a parent in a tree is a group is asked of its row.
  const read = new Set([...(rule?.counted ?? []), ...(rule?.tree === undefined ? [] : ['is_group'])])
  const columns = plan.columns.filter((column) => column.kind === 'check' && column.field !== undefined && given.columns.has(column.name) && isText(given.columns.get(column.name)!) &&
    !read.has(child === null ? column.name : `${child}.${column.name}`))
  if (columns.length === 0) return
  const keys = child === null ? ['_id'] : ['_parent', '_idx'], join = keys.map((key) => `w.${key} = d.${key}`).join(' AND ')
  const lie = (name: string) => `w.${ident(name)} = 0 AND d.${ident(name)} <> ''`
  const counts = (await batch.staging.one<Record<string, number>>(`SELECT ${columns.map(({ name }, i) => `COUNT(*) FILTER (${lie(name)}) AS c${i}`).join(', ')} FROM ${given.relation} d JOIN ${relation} w ON ${join}`))!
  for (const [i, { name }] of columns.entries()) {
    if (counts[`c${i}`] === 0) continue
    const rows = batch.scratch('lies'), same = keys.map((key) => `t.${key} = s.${key}`).join(' AND ')
    await batch.staging.run(`CREATE TEMP TABLE ${rows.slice(5)} AS SELECT ${keys.map((key) => `w.${key}`).join(', ')} FROM ${given.relation} d JOIN ${relation} w ON ${join} WHERE ${lie(name)};
      UPDATE ${relation} AS t SET ${ident(name)} = 1 FROM ${rows} s WHERE ${same}`)
    if (child === null) batch.notice(name)
    // Words that are read as 0 are warned of already.
    await batch.find({
      severity: 'warning', type: 'text-for-check', field: child === null ? name : `${child}.${name}`, causeByValue: true, hint: 'Give 0 or 1 as a number (a transform to a number or a boolean).',
      message: 'The site takes any text for yes while it works on the document, and stores no', select: `SELECT d.${keys[0]} AS id, ${child === null ? '' : 'd._idx AS idx, '}d.${ident(name)} AS "value" FROM ${given.relation} d JOIN ${rows} r ON ${keys.map((key) => `r.${key} = d.${key}`).join(' AND ')} WHERE regexp_full_match(d.${ident(name)}, '[\\s+0.,_-]*')`,
    })
    batch.lies.push({ child, column: name, rows })
  }
}

/** SQL by column of what is written instead of the working tables' values (`alias`: the working table). */
export function honestValues(batch: Batch, child: string | null, alias: string): Record<string, string> {
  return Object.fromEntries(batch.lies.filter((lie) => lie.child === child).map(({ column, rows }) => [column,
    `CASE WHEN ${child === null ? `${alias}._id IN (SELECT _id FROM ${rows})` : `(${alias}._parent, ${alias}._idx) IN (SELECT (_parent, _idx) FROM ${rows})`} THEN 0 ELSE COALESCE(${alias}.${ident(column)}, 0) END`]))
}

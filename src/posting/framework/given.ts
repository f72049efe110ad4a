import { ident, literal } from '../../staging/staging.ts'
import type { Batch } from './batch.ts'
import type { Stage, TextField } from './rule.ts'

/** What Python calls values of a DuckDB type that is no text, or null for text. */
export function pythonType(type: string | undefined): 'int' | 'float' | 'bool' | null {
  if (type === undefined) return null
  if (type === 'BOOLEAN') return 'bool'
  if (/INT(EGER)?$/.test(type)) return 'int'
  return type === 'DOUBLE' || type === 'FLOAT' || type.startsWith('DECIMAL') ? 'float' : null
}

/** Numbers given for fields whose text the controller, or the framework, takes apart: Python raises where the site does so. */
export async function findNumbers(batch: Batch, fields: readonly TextField[], stage: Stage): Promise<void> {
  for (const { field, call, error, zero, whole } of fields) {
    const [table, name] = field.includes('.') ? field.split('.') as [string, string] : [null, field]
    const given = table === null ? batch.source.documents : batch.source.children.get(table), python = pythonType(given?.columns.get(name))
    if (given === undefined || python === null || (whole && python === 'float')) continue
    const { type, message } = error ?? { type: 'AttributeError', message: `'${python}' object has no attribute '${call}'` }
    const value = `d.${ident(name)}`, [id, idx] = table === null ? ['_id', ''] : ['_parent', ', d._idx AS idx']
    await batch.find({
      type, stage, field, causeByValue: true, hint: 'Give text: the site takes this field apart as one (a transform to text).',
      select: `SELECT d.${id} AS id${idx}, CAST(${value} AS VARCHAR) AS "value", ${literal(message)} AS message FROM ${given.relation} d JOIN ${batch.doc} w ON w._id = d.${id} ` +
        `WHERE ${value} IS NOT NULL${zero ? '' : ` AND CAST(${value} AS DOUBLE) <> 0`}`,
    })
  }
}

/** Frappe looks for pictures in every text of an editor. */
export async function findNumbersInEditors(batch: Batch): Promise<void> {
  const error = { type: 'TypeError', message: 'expected string or bytes-like object' }
  const tables = [{ prefix: '', plan: batch.plan }, ...batch.plan.children.map(({ field, plan }) => ({ prefix: `${field.fieldname}.`, plan }))]
  const replaced = batch.run.rule(batch.meta.name)?.replaced ?? {}
  const fields = tables.flatMap(({ prefix, plan }) => plan.columns.filter((column) => column.field?.fieldtype === 'Text Editor' && !(`${prefix}${column.name}` in replaced)).map((column) => ({ field: `${prefix}${column.name}`, error })))
  await findNumbers(batch, fields, 'framework_checks')
}

/** Text fields of the documents for which drafts give numbers, which 0 is none of to Python. */
function numbered(batch: Batch): string[] {
  const replaced = batch.run.rule(batch.meta.name)?.replaced ?? {}
  return batch.plan.columns.filter((column) => column.kind === 'text' && column.field !== undefined && !(column.name in replaced) && pythonType(batch.source.documents.columns.get(column.name)) !== null).map((column) => column.name)
}

/** The number 0 given for a text is nothing to a controller that asks whether the text is there: until the checks the working table holds ''. */
export async function forgetZeros(batch: Batch): Promise<void> {
  for (const name of numbered(batch)) await batch.staging.run(`UPDATE ${batch.doc} AS w SET ${ident(name)} = '' FROM ${batch.drafts} d WHERE d._id = w._id AND d.${ident(name)} = 0 AND w.${ident(name)} = '0'`)
}

/** What no controller replaced is a 0 again: it is content, and stored. */
export async function recallZeros(batch: Batch): Promise<void> {
  for (const name of numbered(batch)) await batch.staging.run(`UPDATE ${batch.doc} AS w SET ${ident(name)} = '0' FROM ${batch.drafts} d WHERE d._id = w._id AND d.${ident(name)} = 0 AND w.${ident(name)} = ''`)
}

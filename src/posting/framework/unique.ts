import { ident } from '../../staging/staging.ts'
import type { Value } from '../../model/value.ts'
import type { Batch } from './batch.ts'
import { fold } from './collation.ts'
import { storedUnder } from './names.ts'
import type { DocTypePlan } from './plan.ts'

/** Finds values of unique fields that a row has already, or an earlier document of the batch (under the site's collation). */
export async function checkUnique(batch: Batch): Promise<void> {
  await checkTable(batch, batch.plan, batch.doc, '_id', null)
  for (const { field, plan } of batch.plan.children) if (batch.childCount(field.fieldname) > 0) await checkTable(batch, plan, batch.child(field.fieldname), '_parent', field.fieldname)
}

async function checkTable(batch: Batch, plan: DocTypePlan, relation: string, id: string, child: string | null): Promise<void> {
  const autoname = plan.meta.autoname?.startsWith('field:') ? plan.meta.autoname.slice(6) : null
  // The field a document is named after cannot clash without its name clashing first.
  const columns = plan.columns.filter((column) => column.field?.unique && column.name !== autoname)
  for (const column of columns) {
    const col = ident(column.name)
    const rows: { id: number; v: string }[] = []
    for await (const chunk of batch.staging.scan(`SELECT ${id}, CAST(${col} AS VARCHAR) FROM ${relation} WHERE py_strip(CAST(${col} AS VARCHAR)) <> '' AND ${id} NOT IN (${batch.refused}) ORDER BY ${id}${child === null ? '' : ', _idx'}`)) {
      for (let i = 0; i < chunk.count; i++) rows.push({ id: chunk.columns[0]![i] as number, v: chunk.columns[1]![i] as Value as string })
    }
    if (rows.length === 0) continue
    const taken = new Set((await storedUnder(batch.staging, `rows.${ident(plan.meta.table)}`, column.name, rows.map((row) => row.v))).keys())
    const refused = new Set<number>(), clashes: { id: number; value: string; message: string }[] = []
    for (const row of rows) {
      const key = fold(row.v)
      if (refused.has(row.id)) continue
      if (taken.has(key)) {
        refused.add(row.id)
        clashes.push({ id: row.id, value: row.v, message: `${column.field!.label || column.name} must be unique` })
      } else taken.add(key)
    }
    await batch.findAll({ type: 'UniqueValidationError', field: child === null ? column.name : `${child}.${column.name}`, causeByValue: true, hint: 'Merge the records, or give them different values.' }, clashes)
  }
}

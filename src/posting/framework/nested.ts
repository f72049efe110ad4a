import { Batch } from './batch.ts'
import type { DraftRelation, DraftSource } from './build.ts'
import type { NestedDrafts } from './rule.ts'
import { finishBatch, prepareBatch } from './run-batch.ts'

/** Posts documents another document causes; their findings are that document's. Answers a relation `_id`, `_root`, `name` of those written. */
export async function postNested(parent: Batch, drafts: NestedDrafts, unsupported: (doctype: string) => string | null): Promise<string> {
  const { staging, run } = parent, depth = parent.depth + 1
  const documents = parent.scratch('nested'), children = new Map<string, DraftRelation>()
  // The causing document's own cause counts: findings of any depth belong to the document that was posted.
  await staging.run(`CREATE TEMP TABLE ${documents.slice(5)} AS SELECT s.* REPLACE (n._root AS _root), s._root AS _cause FROM (${drafts.documents}) s JOIN ${parent.doc} n ON n._id = s._root`)
  const describe = async (relation: string): Promise<DraftRelation> => {
    const columns = new Map((await staging.columnsOf(relation)).map((column) => [column.name, column.type]))
    columns.delete('_cause')
    return { relation, columns }
  }
  for (const [field, select] of Object.entries(drafts.children ?? {})) {
    const table = parent.scratch(`nested ${field}`)
    await staging.run(`CREATE TEMP TABLE ${table.slice(5)} AS ${select}`)
    children.set(field, await describe(table))
  }
  const names = parent.scratch('names')
  const reason = unsupported(drafts.doctype)
  if (reason !== null) {
    await parent.find({ type: 'unsupported', message: reason, select: `SELECT _cause AS id FROM ${documents}` })
    await staging.run(`CREATE TEMP TABLE ${names.slice(5)} AS SELECT _id, _cause AS _root, CAST(NULL AS VARCHAR) AS name FROM ${documents} WHERE FALSE`)
    return names
  }
  const source: DraftSource = { documents: await describe(documents), children }
  const batch = new Batch(run, run.plan(drafts.doctype), depth, `${parent.unit}>${drafts.doctype}`, source)
  const before = run.late
  await prepareBatch(batch, source, 'TRUE')
  await finishBatch(batch)
  run.late = before
  await staging.run(`CREATE TEMP TABLE ${names.slice(5)} AS SELECT d._id, s._cause AS _root, d.name FROM ${batch.live} d JOIN ${documents} s ON s._id = d._id`)
  await batch.dispose()
  await staging.run([documents, ...[...children.values()].map((child) => child.relation)].map((table) => `DROP TABLE ${table}`).join(';'))
  return names
}

import { ident, literal } from '../../staging/staging.ts'
import { Batch, type Run } from './batch.ts'
import { buildTables, type DraftSource } from './build.ts'
import { reportChanged } from './changed.ts'
import { checkDocuments } from './checks.ts'
import { findNumbers, findNumbersInEditors, forgetZeros, recallZeros } from './given.ts'
import { readLeftovers } from './leftovers.ts'
import { resolveLinks } from './links.ts'
import { nameDocuments } from './naming.ts'
import { reportSilent } from './silent.ts'
import { findBadPositions, placeInTree } from './tree.ts'
import { believeChecks } from './truth.ts'
import { checkUnique } from './unique.ts'
import { writeRows, writeSeries } from './write.ts'
import { STAGES, type Pass, type Step, type StepStage } from './rule.ts'

/**
 * Runs one batch of documents, from drafts to rows. Only what writes rows is a transaction: DuckDB reads tables made within one on a single thread. Leaves findings in `temp.found`; `run.lateFound` above 0
 * means that the attempt is void.
 */
export async function runBatch(run: Run, doctype: string, source: DraftSource, where: string): Promise<void> {
  const batch = new Batch(run, run.plan(doctype), 0, doctype, source)
  await prepareBatch(batch, source, where)
  await run.staging.transaction(() => finishBatch(batch))
  if (run.lateFound === 0) await reportChanged(batch, source)
  await batch.dispose()
}

/**
 * What the site would refuse of documents whose rows cannot be predicted. Every insert begins with Frappe's own defaults and links, whatever the controller does; with `known`, the DocType's rule says what the
 * controller refuses on top of that, and Frappe's checks follow. Writes no rows.
 */
export async function findRefusals(run: Run, doctype: string, source: DraftSource, where: string, known: boolean): Promise<void> {
  const batch = new Batch(run, run.plan(doctype), 0, doctype, source)
  if (known) {
    await prepareBatch(batch, source, where)
    batch.stage = 'autoname'
    if (!(batch.meta.controller ?? []).includes('autoname')) await nameDocuments(batch, undefined)
    await tellRefusedNames(batch)
  } else {
    await beginBatch(batch, source, where)
    // What Frappe would find later may be too late: the controller comes first.
    await run.staging.run(`DELETE FROM temp.found WHERE severity = 'blocking' AND stage > ${STAGES.indexOf('framework_links')}`)
  }
  await batch.dispose()
}

/** Everything up to the last thing that does not need a name. */
export async function prepareBatch(batch: Batch, source: DraftSource, where: string): Promise<void> {
  await beginBatch(batch, source, where)
  await findNumbers(batch, batch.run.rule(batch.meta.name)?.texts?.autoname ?? [], 'autoname')
  await forgetZeros(batch)
  for (const stage of ['before_insert', 'before_validate', 'validate', 'before_save'] as const) await steps(batch, stage)
  await recallZeros(batch)
  await setTitle(batch)
  await checkDocuments(batch)
  await findNumbersInEditors(batch)
  const tree = batch.run.rule(batch.meta.name)?.tree
  if (tree !== undefined) await findBadPositions(batch, tree)
}

/** Defaults, links and what they fetch: where every insert begins. */
async function beginBatch(batch: Batch, source: DraftSource, where: string): Promise<void> {
  batch.stage = 'framework_defaults'
  await buildTables(batch, source, where)
  await batch.measure()
  await reportSilent(batch, source, where)
  await readLeftovers(batch, source, where)
  await believeChecks(batch, source)
  await checkStatus(batch, source, where)
  batch.stage = 'framework_links'
  await resolveLinks(batch)
}

/** Names, keys, the second pass of submitted documents, rows and effects. */
export async function finishBatch(batch: Batch): Promise<void> {
  const rule = batch.run.rule(batch.meta.name)
  batch.stage = 'autoname'
  await nameDocuments(batch, rule?.naming)
  await tellRefusedNames(batch)
  await syncAutonameField(batch)
  for (const change of batch.afterNaming.splice(0)) await change()
  // From here on a refusal comes too late: a number or a name has been used up, and the batch is posted again without the document.
  batch.run.late = true
  await steps(batch, 'named')
  if (batch.submits > 0) {
    batch.pass = 'submit'
    for (const stage of ['before_validate', 'validate', 'before_submit'] as const) await steps(batch, stage)
    await checkDocuments(batch)
    for (const change of batch.afterNaming.splice(0)) await change()
    batch.pass = 'insert'
  }
  batch.stage = 'framework_insert'
  await checkUnique(batch)
  if (batch.run.lateFound > 0) return
  await writeRows(batch)
  await steps(batch, 'after_insert')
  await steps(batch, 'on_update')
  if (batch.submits > 0) {
    batch.pass = 'submit'
    await steps(batch, 'on_submit')
    batch.pass = 'insert'
  }
  await steps(batch, 'on_change')
  // What touches rows of earlier documents comes last, when the attempt is known to stand.
  if (batch.run.lateFound > 0) return
  if (rule?.tree !== undefined) await placeInTree(batch, rule.tree)
  if (batch.depth === 0) await writeSeries(batch)
}

/** An exception may say the name of the document it refuses. */
async function tellRefusedNames(batch: Batch): Promise<void> {
  const names = batch.options.refusedNames
  if (names === null || batch.depth > 0) return
  for (const row of await batch.staging.all<{ id: number; name: string }>(`SELECT _id AS id, name FROM ${batch.doc} WHERE name IS NOT NULL AND _id IN (${batch.refused})`)) names.set(row.id, row.name)
}

const TWICE = new Set<StepStage>(['before_validate', 'validate'])

function runsIn(step: Step, pass: Pass): boolean {
  const wanted = step.pass ?? (TWICE.has(step.stage) ? 'both' : step.stage === 'before_submit' || step.stage === 'on_submit' ? 'submit' : 'insert')
  return wanted === 'both' || wanted === pass
}

async function steps(batch: Batch, stage: StepStage): Promise<void> {
  const rule = batch.run.rule(batch.meta.name)
  if (rule === undefined) return
  batch.stage = stage as (typeof STAGES)[number]
  if (batch.pass === 'insert') await findNumbers(batch, rule.texts?.[stage] ?? [], stage)
  for (const step of rule.steps) if (step.stage === stage && runsIn(step, batch.pass)) await step.run(batch)
}

/** A new document cannot begin as cancelled. */
async function checkStatus(batch: Batch, source: DraftSource, where: string): Promise<void> {
  const column = ['_docstatus', 'docstatus'].find((name) => source.documents.columns.has(name))
  if (column === undefined || batch.depth > 0) return
  const status = `TRY_CAST(d.${column} AS BIGINT)`
  await batch.find({
    type: 'DocstatusTransitionError', field: 'docstatus', message: 'Cannot change docstatus from 0 (Draft) to 2 (Cancelled)', hint: 'Load the document as submitted and cancel it on the site.',
    select: `SELECT d._id AS id FROM ${source.documents.relation} d WHERE ${where} AND ${status} = 2`,
  })
}

/** `set_title_field`: a title with a template in its options or default. */
async function setTitle(batch: Batch): Promise<void> {
  const field = batch.meta.title_field === 'title' ? batch.meta.field('title') : undefined
  if (field === undefined || !batch.plan.byName.has('title')) return
  const template = field.options || field.default
  if (!template) return
  const value = template.split(/(\{[A-Za-z_][A-Za-z0-9_]*\})/).filter((part) => part !== '').map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    return name !== undefined && batch.plan.byName.has(name) ? `COALESCE(CAST(${ident(name)} AS VARCHAR), '')` : literal(part)
  }).join(' || ')
  await batch.staging.run(`UPDATE ${batch.doc} SET title = ${value}${field.options ? '' : ` WHERE COALESCE(title, '') = ''`}`)
}

/** A DocType named after a field keeps the two alike. */
async function syncAutonameField(batch: Batch): Promise<void> {
  const field = /^field:(.+)$/.exec(batch.meta.autoname ?? '')?.[1]
  if (field === undefined || !batch.plan.byName.has(field)) return
  await batch.staging.run(`UPDATE ${batch.doc} SET ${ident(field)} = name WHERE name <> '' AND ${ident(field)} IS DISTINCT FROM name`)
}

import { draftRelation } from '../model/draft.ts'
import { LandfallError } from '../errors/error.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import { blocksByDoctype, compileBlock, referencesOf, type CompiledBlock, type Surroundings } from './block.ts'
import { insertDrafts, stageBlock, type StagedBlock } from './draft-rows.ts'
import { createMappingTables } from './ops-tables.ts'
import { addPlaceholders } from './placeholders.ts'
import { targetOf, type MappingPlan, type MappingTarget } from './plan.ts'
import { Problems } from './problems.ts'
import { fillReferenceTables } from './reference-tables.ts'

/** What one call of buildDrafts made. `from..to`: `_id` of the new drafts (to < from: none). `more`: post these, then call again. */
export interface BuiltDrafts { doctype: string; from: number; to: number; drafts: number; children: number; skipped: number; failed: number; placeholders: number; more: boolean }

/** Makes empty draft tables for every target (dropping what was there) and the tables of `ops` that mapping writes. */
export async function prepareDrafts(staging: Staging, plan: MappingPlan): Promise<void> {
  await createMappingTables(staging)
  for (const target of plan.targets) {
    const fields = (list: { name: string; sqlType: string }[]) => list.map((field) => `, ${ident(field.name)} ${field.sqlType}`).join('')
    await staging.run(`CREATE OR REPLACE TABLE ${draftRelation(target.doctype)} (_id BIGINT, _entity VARCHAR, _key VARCHAR, _source_row BIGINT${fields(target.fields)})`)
    for (const child of target.children) await staging.run(`CREATE OR REPLACE TABLE ${draftRelation(target.doctype, child.table)} (_parent BIGINT, _idx BIGINT${fields(child.fields)})`)
    await staging.run(`DELETE FROM ops.mapped WHERE doctype = ${literal(target.doctype)}`)
    for (const table of ['placeholders', 'deferred', 'unmapped_values', 'left_out', 'child_rows']) await staging.run(`DELETE FROM ops.${table} WHERE doctype = ${literal(target.doctype)}`)
    await staging.run(`DROP TABLE IF EXISTS ops.${ident(`match ${target.doctype}`)}`)
    await staging.run(`DELETE FROM ops.key_alias WHERE doctype = ${literal(target.doctype)}`)
  }
}

/**
 * Maps the records of all blocks of a DocType to drafts, as far as that can be done now. Call it when the DocTypes it depends on have been
 * posted; while `more` is true, post the new drafts and call again (documents that refer to others of the same DocType come after them).
 * Runs in a transaction. Throws `usage` for a DocType the plan does not have.
 */
export async function buildDrafts(staging: Staging, plan: MappingPlan, doctype: string): Promise<BuiltDrafts> {
  const target = targetOf(plan, doctype)
  if (!target) throw new LandfallError('usage', `No mapping makes documents of ${doctype}.`, { where: { doctype } })
  return staging.transaction(() => build(staging, plan, target))
}

/** Compiles the blocks of a target, with the links that wait for a second pass. */
export function compileTarget(plan: MappingPlan, target: MappingTarget): CompiledBlock[] {
  const problems = new Problems()
  const around: Surroundings = {
    plan, problems, targets: blocksByDoctype(plan.targets),
    deferred: (doctype, field, to) => targetOf(plan, doctype)?.references.some((reference) => reference.field === field && reference.doctype === to && reference.deferred) ?? false,
  }
  const compiled = target.blocks.map((block, i) => compileBlock(block, around, `m${i}`))
  problems.throwIfAny()
  return compiled
}

async function build(staging: Staging, plan: MappingPlan, target: MappingTarget): Promise<BuiltDrafts> {
  const compiled = compileTarget(plan, target)
  await fillReferenceTables(staging, compiled.flatMap(referencesOf))
  const wave = Number((await staging.one<{ n: number }>(`SELECT coalesce(max(wave), 0) + 1 AS n FROM ops.mapped WHERE doctype = ${literal(target.doctype)}`))?.n ?? 1)
  const staged: StagedBlock[] = []
  for (const [i, block] of target.blocks.entries()) staged.push(await stageBlock(staging, block, compiled[i]!, i))
  const waiting = target.itself ? await holdBack(staging, target, staged) : 0
  const first = Number((await staging.one<{ n: number }>(`SELECT coalesce(max(_id), 0) + 1 AS n FROM ${draftRelation(target.doctype)}`))?.n ?? 1)
  const built: BuiltDrafts = { doctype: target.doctype, from: first, to: first - 1, drafts: 0, children: 0, skipped: 0, failed: 0, placeholders: 0, more: waiting > 0 }
  for (const block of staged) {
    const counts = await insertDrafts(staging, target, block, wave)
    built.drafts += counts.drafts
    built.children += counts.children
    built.skipped += counts.skipped
    built.failed += counts.failed
  }
  if (wave === 1) {
    built.placeholders = await addPlaceholders(staging, plan, target)
    // Documents that refer to a placeholder of their own DocType wait until it has a name.
    built.drafts += built.placeholders
  }
  built.to = first - 1 + built.drafts
  return built
}

/** Keeps back records that refer to documents of the same DocType which have no name yet. Where only circles are left, their links wait for the second pass. Answers how many were kept back. */
async function holdBack(staging: Staging, target: MappingTarget, staged: StagedBlock[]): Promise<number> {
  const pending = staged.map((block) => `SELECT ${literal(block.block.entity.name)} AS e, _key AS k FROM ${block.table}`).join(' UNION ALL ')
  const unnamed = `SELECT _entity AS e, _key AS k FROM ${draftRelation(target.doctype)} d WHERE NOT EXISTS (SELECT 1 FROM ops.refused f WHERE f.doctype = ${literal(target.doctype)} AND f.id = d._id) AND NOT EXISTS (SELECT 1 FROM rows.${ident(`tab${target.doctype}`)} r WHERE r._draft = d._id)`
  const posted = await staging.exists(`rows.${ident(`tab${target.doctype}`)}`) && await staging.exists('ops.refused')
  await staging.run(`CREATE OR REPLACE TABLE work.pending AS SELECT DISTINCT e, k FROM (${pending}${posted ? ` UNION ALL ${unnamed}` : ''}) WHERE k IS NOT NULL`)
  // Wanted in placeholders count as pending too: they are made with the first wave and named after it.
  const wants = staged.map((block) => `(${block.itself.map((reference) => `SELECT ${block.index} AS b, _row, ${literal(reference.entity)} AS e, ${reference.column} AS k, ${reference.missing === 'create_placeholder'} AS p FROM ${reference.table}`).join(' UNION ALL ') || 'SELECT 0 AS b, 0 AS _row, NULL AS e, NULL AS k, false AS p WHERE false'})`)
  const first = Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ops.mapped WHERE doctype = ${literal(target.doctype)}`))?.n ?? 0) === 0
  await staging.run(`CREATE OR REPLACE TABLE work.wanting AS SELECT DISTINCT w.b, w._row FROM (${wants.join(' UNION ALL ')}) w LEFT JOIN (SELECT entity, absorbed_key, any_value(survivor_key) AS survivor_key FROM ops.key_alias WHERE doctype IS NULL GROUP BY ALL) a ON a.entity = w.e AND a.absorbed_key = w.k
    LEFT JOIN work.pending p ON p.e = w.e AND p.k = coalesce(a.survivor_key, w.k) LEFT JOIN (SELECT DISTINCT _entity, _key FROM ${draftRelation(target.doctype)}) d ON d._entity = w.e AND d._key = coalesce(a.survivor_key, w.k)
    WHERE w.k IS NOT NULL AND (p.k IS NOT NULL OR (w.p AND ${first} AND d._key IS NULL))`)
  const total = Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM (${pending})`))?.n ?? 0)
  const held = Number((await staging.one<{ n: number }>('SELECT count(*) AS n FROM work.wanting'))?.n ?? 0)
  if (held === 0) return 0
  if (held === total && !(first && staged.some((block) => block.itself.some((reference) => reference.missing === 'create_placeholder')))) {
    for (const block of staged) block.deferItself = true
    return 0
  }
  for (const block of staged) await staging.run(`DELETE FROM ${block.table} WHERE _row IN (SELECT _row FROM work.wanting WHERE b = ${block.index})`)
  return held
}

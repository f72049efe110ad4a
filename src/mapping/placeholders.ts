import { isChild, type DocumentSpec, type FieldSpec } from '../config/mapping-schema.ts'
import { LandfallError } from '../errors/error.ts'
import { draftRelation } from '../model/draft.ts'
import { displayKey } from '../model/key.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import { blocksByDoctype, compileBlock, referencesOf, type CompiledBlock, type Surroundings } from './block.ts'
import { compileField } from './field.ts'
import { fillLookups } from './lookup-tables.ts'
import type { Block, MappingPlan, MappingTarget } from './plan.ts'
import { Problems } from './problems.ts'
import { fillReferenceTables } from './reference-tables.ts'
import { Relation } from './relation.ts'
import { Scope } from './scope.ts'

/** A stand-in for a record that is referred to but not there. */
export interface Placeholder { doctype: string; id: number; entity: string; key: string; wantedBy: string; references: number; resolved: boolean }

/** Adds a stand-in draft for every key that a reference with the policy `create_placeholder` wants and no draft of the target has. Answers how many. */
export async function addPlaceholders(staging: Staging, plan: MappingPlan, target: MappingTarget): Promise<number> {
  let added = 0
  const wanting = plan.targets.flatMap((other) => other.blocks.map((block) => ({ other, block }))).filter(({ other }) => other.references.some((reference) => reference.doctype === target.doctype && reference.missing === 'create_placeholder'))
  if (wanting.length === 0) return 0
  await staging.run('CREATE OR REPLACE TABLE work.wanted (entity VARCHAR, k VARCHAR, wanted_by VARCHAR, n BIGINT)')
  for (const [i, { other, block }] of wanting.entries()) await gatherKeys(staging, plan, target, other, block, `w${i}`)
  for (const entity of [...new Set(target.blocks.map((block) => block.entity.name))]) added += await insertFor(staging, plan, target, entity)
  await staging.run('DROP TABLE work.wanted')
  return added
}

/** The keys a block's references to the target ask for. Only the references are compiled, not the rest of the block. */
async function gatherKeys(staging: Staging, plan: MappingPlan, target: MappingTarget, other: MappingTarget, block: Block, scratch: string): Promise<void> {
  const onlyRefs = (fields: Record<string, FieldSpec>) => Object.fromEntries(Object.entries(fields).filter(([, spec]) => typeof spec === 'object' && 'ref' in spec))
  const document: DocumentSpec = {
    ...block.document, match: undefined, submit: undefined, docstatus: undefined, placeholder: undefined,
    fields: Object.fromEntries(Object.entries(block.document.fields).flatMap(([name, spec]): [string, DocumentSpec['fields'][string]][] => {
      if (!isChild(spec)) return typeof spec === 'object' && 'ref' in spec ? [[name, spec]] : []
      const rows = (Array.isArray(spec) ? spec : [spec]).map((child) => ({ ...child, order_by: undefined, fields: onlyRefs(child.fields) })).filter((child) => Object.keys(child.fields).length > 0)
      return rows.length === 0 ? [] : [[name, rows]]
    })),
  }
  const around: Surroundings = { plan, problems: new Problems(), targets: blocksByDoctype(plan.targets), deferred: () => true }
  const compiled: CompiledBlock = compileBlock({ ...block, document }, around, scratch)
  await fillReferenceTables(staging, referencesOf(compiled))
  for (const part of [compiled, ...compiled.children]) {
    const wanted = part.references.filter((reference) => reference.doctype === target.doctype && reference.missing === 'create_placeholder')
    if (wanted.length === 0) continue
    await fillLookups(staging, part.relation)
    for (const reference of wanted) {
      await staging.run(`INSERT INTO work.wanted SELECT ${literal(reference.entity)}, ${reference.key}, ${literal(`${other.doctype}.${reference.field}`)}, count(*) FROM (${part.relation.sql()}) s WHERE ${part.when} AND ${reference.key} IS NOT NULL GROUP BY ALL`)
    }
  }
}

async function insertFor(staging: Staging, plan: MappingPlan, target: MappingTarget, entity: string): Promise<number> {
  const relation = draftRelation(target.doctype), name = literal(entity)
  const pending = target.itself ? ` AND NOT EXISTS (SELECT 1 FROM work.pending p WHERE p.e = ${name} AND p.k = w.k)` : ''
  await staging.run(`CREATE OR REPLACE TABLE work.lacking AS SELECT k, row_number() OVER (ORDER BY k) AS n, string_agg(DISTINCT wanted_by, ', ' ORDER BY wanted_by) AS wanted_by, sum(n) AS refs FROM work.wanted w WHERE w.entity = ${name}
    AND NOT EXISTS (SELECT 1 FROM ${relation} d WHERE d._entity = ${name} AND d._key = w.k) AND NOT EXISTS (SELECT 1 FROM ops.key_alias a WHERE a.entity = ${name} AND a.absorbed_key = w.k AND (a.doctype IS NULL OR a.doctype = ${literal(target.doctype)}))${pending} GROUP BY k`)
  const count = Number((await staging.one<{ n: number }>('SELECT count(*) AS n FROM work.lacking'))?.n ?? 0)
  if (count === 0) return 0
  const block = target.blocks.find((item) => item.entity.name === entity && item.document.placeholder !== undefined) ?? target.blocks.find((item) => item.entity.name === entity)!
  const parts = Math.max(block.document.key?.length ?? block.entity.key.length, 1)
  const shown = `replace(k, chr(31), ' / ')`
  const relationOf = new Relation(`SELECT n, k AS "~key", ${shown} AS "key"${Array.from({ length: parts }, (_, i) => `, string_split(k, chr(31))[${i + 1}] AS "key${i + 1}"`).join('')} FROM work.lacking`, 'placeholder')
  const scope = new Scope(relationOf, plan.registry, ['key', ...Array.from({ length: parts }, (_, i) => `key${i + 1}`)].map((column) => ({ name: column, type: 'text' as const })))
  const fields = Object.entries(block.document.placeholder ?? standIn(plan, block)).filter(([field]) => target.fields.some((item) => item.name === field)).map(([field, spec]) => ({
    field, sql: compileField(field, spec, { scope, registerMap: () => '', readText: () => '', reference: () => { throw new LandfallError('mapping-invalid', 'a placeholder cannot refer to another document', { hint: 'Give constants and expressions over `key`.' }) }, typeMismatch: 'null' }).value.sql, type: target.fields.find((item) => item.name === field)?.sqlType ?? 'VARCHAR',
  }))
  await fillLookups(staging, relationOf)
  const first = Number((await staging.one<{ n: number }>(`SELECT coalesce(max(_id), 0) AS n FROM ${relation}`))?.n ?? 0)
  await staging.run(`INSERT INTO ${relation} (_id, _entity, _key, _source_row${fields.map(({ field }) => `, ${ident(field)}`).join('')}) SELECT ${first} + n, ${name}, "~key", NULL${fields.map(({ sql, type }) => `, TRY_CAST(${sql} AS ${type})`).join('')} FROM (${relationOf.sql()}) ORDER BY n`)
  await staging.run(`INSERT INTO ops.placeholders SELECT ${literal(target.doctype)}, ${first} + n, ${name}, k, wanted_by, refs FROM work.lacking`)
  await staging.run(`INSERT INTO ops.findings SELECT 'warning', 'placeholder', ${literal(target.doctype)}, ${first} + n, ${name}, k, NULL, NULL, ${literal(`A placeholder stands for a record of ${entity} that is referred to but not there: `)} || ${shown}, ${shown}, ${literal(`placeholder ${target.doctype} ${entity}`)}, 'Complete it on the site, or bring the record in and run again.', 0, n FROM work.lacking`)
  await staging.run('DROP TABLE work.lacking')
  return count
}

/** Fields of a stand-in when the mapping does not say: the block's constants, and a name that tells what it is. */
function standIn(plan: MappingPlan, block: Block): Record<string, FieldSpec> {
  const meta = plan.site.doctype(block.document.doctype)
  const named: FieldSpec = { expr: `${quote(`Placeholder ${block.entity.name} `)} || key` }
  const fields: Record<string, FieldSpec> = {}
  for (const [name, spec] of Object.entries(block.document.fields)) if (typeof spec === 'object' && 'value' in spec) fields[name] = spec
  const titles = [/^field:(.+)$/.exec(meta?.autoname ?? '')?.[1], meta?.title_field, ...(meta?.fields ?? []).filter((field) => field.reqd && field.fieldtype === 'Data').map((field) => field.fieldname)]
  for (const title of titles) if (title && !(title in fields) && meta?.field(title)?.fieldtype === 'Data') fields[title] = named
  return fields
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** All placeholders, and which of them are resolved: the record they stand for has come into `clean` since. */
export async function listPlaceholders(staging: Staging): Promise<Placeholder[]> {
  if (!await staging.exists('ops.placeholders')) return []
  const rows = await staging.all<{ doctype: string; id: number; entity: string; key: string; wanted_by: string; references: number }>('SELECT * FROM ops.placeholders ORDER BY doctype, id')
  const found = new Set<string>()
  for (const entity of new Set(rows.map((row) => row.entity))) {
    if (!await staging.exists(`clean.${ident(entity)}`)) continue
    for (const row of await staging.all<{ k: string }>(`SELECT c._key AS k FROM clean.${ident(entity)} c JOIN ops.placeholders p ON p.entity = ${literal(entity)} AND p."key" = c._key`)) found.add(`${entity}\0${row.k}`)
  }
  return rows.map((row) => ({ doctype: row.doctype, id: Number(row.id), entity: row.entity, key: displayKey(row.key), wantedBy: row.wanted_by, references: Number(row.references), resolved: found.has(`${row.entity}\0${row.key}`) }))
}

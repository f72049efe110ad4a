import { ident, literal } from '../../staging/staging.ts'
import { coerce } from './coerce.ts'
import { DUCK_TYPES, OPTIONAL, STANDARD, type DocTypePlan, type PlannedColumn } from './plan.ts'
import type { Batch } from './batch.ts'

/** Where drafts come from: a relation and the types of its columns. */
export interface DraftRelation { relation: string; columns: Map<string, string> }
export interface DraftSource { documents: DraftRelation; children: Map<string, DraftRelation> }

const SYSTEM = new Set(['_id', '_entity', '_key', '_source_row', '_root', '_parent', '_idx', '_docstatus', '_whole'])
/** Keys a document may carry that are no fields and mean nothing to an insert. */
const QUIET = new Set(['doctype', '__newname', '__islocal', '__unsaved', '__onload', 'name', ...STANDARD, ...OPTIONAL])

/** Columns of the draft relation that are fields the DocType has not. */
export function extraFields(plan: DocTypePlan, given: DraftRelation): string[] {
  const tables = new Set(plan.children.map((child) => child.field.fieldname))
  return [...given.columns.keys()].filter((name) => !SYSTEM.has(name) && !QUIET.has(name) && !plan.byName.has(name) && !tables.has(name))
}

/** Name of a child row: a hash, or where the database numbers the rows (`autoincrement`) the next number. */
function childName(column: PlannedColumn, batch: Batch, plan: DocTypePlan, child: string): string {
  if (column.kind !== 'int') return batch.hash(child, 'd._parent', 'd._idx')
  return `(COALESCE((SELECT max(name) FROM rows.${ident(plan.meta.table)}), 0) + row_number() OVER (ORDER BY d._parent, d._idx))::BIGINT`
}

function systemColumn(column: PlannedColumn, batch: Batch, plan: DocTypePlan, given: DraftRelation, child: string | null): string | null {
  const { moment } = batch
  switch (column.name) {
    case 'name': {
      if (child !== null) return childName(column, batch, plan, child)
      const type = given.columns.get('name')
      return type === undefined ? 'CAST(NULL AS VARCHAR)' : coerce('d."name"', type, column)
    }
    case 'creation': case 'modified': return `TIMESTAMP ${literal(moment.now)}`
    case 'owner': case 'modified_by': return literal(moment.user)
    case 'docstatus': return '0::BIGINT'
    case 'idx': {
      const type = given.columns.get('idx')
      const value = type === undefined ? null : coerce('d."idx"', type, column)
      return child === null ? `COALESCE(${value ?? 'NULL'}, 0)::BIGINT` : `COALESCE(NULLIF(${value ?? 'NULL'}, 0), d._idx)::BIGINT`
    }
    case 'parent': return 'CAST(NULL AS VARCHAR)'
    case 'parenttype': return literal(batch.plan.meta.name)
    case 'parentfield': return literal(child)
    default: return OPTIONAL.has(column.name) ? `CAST(NULL AS ${DUCK_TYPES[column.kind]})` : null
  }
}

async function selectColumns(batch: Batch, plan: DocTypePlan, given: DraftRelation, child: string | null): Promise<string> {
  const defaults = batch.options.import ? new Map<string, string>() : await batch.defaults(plan, child)
  const named = child !== null && given.columns.has('name') ? `COALESCE(CAST(d."name" AS VARCHAR) NOT IN ('', '0'), FALSE)` : null
  return plan.columns.map((column) => {
    const system = systemColumn(column, batch, plan, given, child)
    if (system !== null) return `${system} AS ${ident(column.name)}`
    const type = given.columns.get(column.name), fallback = named === null || !defaults.has(column.name) ? defaults.get(column.name) : `CASE WHEN NOT ${named} THEN ${defaults.get(column.name)} END`
    const own = type === undefined ? null : coerce(`d.${ident(column.name)}`, type, column)
    // A row that brings a name is no new one to Frappe, which gives defaults to new ones only.
    // A text that is no date is not None: the default does not step in for it.
    const value = own === null ? fallback ?? 'NULL' : fallback === undefined ? own : `CASE WHEN d.${ident(column.name)} IS NULL THEN ${fallback} ELSE ${own} END`
    return `CAST(${value} AS ${DUCK_TYPES[column.kind]}) AS ${ident(column.name)}`
  }).join(', ')
}

/**
 * Makes the working tables of a batch from its drafts: `_id`, `_root`, `_submit` (it ends submitted), `_once` (it is inserted as submitted, which validates once and tells nobody),
 * `_saved` (it is submitted after its insert) and every column, coerced, with defaults.
 */
export async function buildTables(batch: Batch, source: DraftSource, range: string): Promise<void> {
  const { documents } = source
  const root = documents.columns.has('_root') ? 'd._root' : 'd._id'
  const status = documents.columns.get('docstatus')
  const saved = status === undefined ? 'FALSE' : `COALESCE(${coerce('d."docstatus"', status, { kind: 'int' })}, 0) = 1`
  const own = documents.columns.get('_docstatus'), once = own === undefined ? 'FALSE' : `COALESCE(${coerce('d."_docstatus"', own, { kind: 'int' })}, 0) = 1`
  const statements = [`CREATE OR REPLACE TEMP TABLE ${batch.local('doc')} AS SELECT d._id, ${root} AS _root, (${saved} OR ${once}) AS _submit, ${once} AS _once, ${saved} AS _saved, ` +
    `${await selectColumns(batch, batch.plan, documents, null)} FROM ${documents.relation} d WHERE ${range}`]
  for (const { field, plan } of batch.plan.children) {
    const given = source.children.get(field.fieldname), table = batch.local(field.fieldname)
    if (given === undefined) {
      statements.push(`CREATE OR REPLACE TEMP TABLE ${table} (_parent BIGINT, _idx BIGINT, ${plan.columns.map((column) => `${ident(column.name)} ${DUCK_TYPES[column.kind]}`).join(', ')})`)
      continue
    }
    statements.push(`CREATE OR REPLACE TEMP TABLE ${table} AS SELECT d._parent, d._idx, ${await selectColumns(batch, plan, given, field.fieldname)} ` +
      `FROM ${given.relation} d JOIN ${batch.doc} p ON p._id = d._parent`)
  }
  await batch.staging.run(statements.join(';\n'))
}


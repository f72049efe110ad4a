import type { FieldSpec, RefSpec, TransformStep } from '../config/mapping-schema.ts'
import { LandfallError } from '../errors/error.ts'
import { didYouMean } from '../model/closest.ts'
import { literal } from '../staging/staging.ts'
import { compileExpression } from './expression.ts'
import { keySql } from './key-sql.ts'
import type { Scope } from './scope.ts'
import { applyChain } from './transform-chain.ts'
import { asText, type Typed } from './value-type.ts'
import { parseValueMap } from './value-map.ts'

/** Something to be watched while mapping: rows where `when` holds get a finding with `value`; `effect` says what becomes of the document (or child row). */
export interface Check { type: 'transform-failed' | 'unmapped-value' | 'value-truncated' | 'missing-reference'; field: string; when: string; value: string; effect: 'keep' | 'skip' | 'fail'; severity: 'blocking' | 'warning' | 'info'; message: string; hint: string; became?: string }

/** A compiled reference: the canonical key looked for, and whether its document is of the same DocType. */
/** `row`: the reference is to a row of a child table of `doctype` that a record of `entity` became. */
export interface FieldReference { field: string; key: string; doctype: string; entity: string; itself: boolean; deferred: boolean; missing: 'create_placeholder' | 'skip' | 'fail'; row: RowOf | null }
/** A child DocType and the table field it stands in. */
export interface RowOf { doctype: string; table: string }

export interface CompiledField { value: Typed; checks: Check[]; reference: FieldReference | null }

/** What a field needs to know of its place. `reference` resolves entity and Link field to a DocType (throws with a reason). */
export interface FieldContext {
  scope: Scope
  registerMap(entries: Map<string, string | null>, ignoreCase: boolean): string
  readText(name: string): string
  reference(field: string, spec: RefSpec): { doctype: string; entity: string; itself: boolean; deferred: boolean; missing: FieldReference['missing']; table: string; row: RowOf | null }
  typeMismatch: 'transform' | 'null' | 'reject'
}

/** Compiles one field of a mapping. `name` is the target field as findings show it. Throws LandfallErrors about the mapping. */
export function compileField(name: string, spec: FieldSpec, context: FieldContext): CompiledField {
  const { scope } = context
  if (typeof spec === 'string') return { value: columnValue(spec, scope), checks: [], reference: null }
  if ('value' in spec) return { value: constant(spec.value), checks: [], reference: null }
  if ('ref' in spec) return compileReference(name, spec, context)
  const start = 'field' in spec ? columnValue(spec.field, scope) : compileExpression(spec.expr, scope)
  const checks: Check[] = []
  let value = spec.transform === undefined ? start : transformed(name, start, spec.transform, context, checks)
  if (spec.map !== undefined) value = mapped(name, value, spec, context, checks)
  if (spec.default !== undefined && spec.default !== null) value = withDefault(value, constant(spec.default))
  return { value: { sql: scope.relation.compute(value.sql), type: value.type }, checks, reference: null }
}

function columnValue(name: string, scope: Scope): Typed {
  const column = scope.field(name)
  if (column) return column
  const names = scope.names()
  throw new LandfallError('mapping-invalid', `there is no column \`${name}\`${didYouMean(name, names)}`, { hint: `Columns here: ${names.slice(0, 40).join(', ')}. For an expression write {expr: ...}, for a constant {value: ...}.` })
}

/** A constant of a mapping file: numbers stay numbers, true is 1. */
function constant(value: string | number | boolean | null): Typed {
  if (value === null) return { sql: 'CAST(NULL AS VARCHAR)', type: 'text' }
  if (typeof value === 'boolean') return { sql: `CAST(${value ? 1 : 0} AS BIGINT)`, type: 'integer' }
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return { sql: `CAST(${value} AS BIGINT)`, type: 'integer' }
    return /^-?\d+\.\d{1,9}$/.test(String(value)) ? { sql: `CAST(${value} AS DECIMAL(38,9))`, type: 'decimal' } : { sql: literal(String(value)), type: 'text' }
  }
  return { sql: literal(value), type: 'text' }
}

function withDefault(value: Typed, fallback: Typed): Typed {
  if (value.type === fallback.type && value.type !== 'text') return { sql: `coalesce(${value.sql}, ${fallback.sql})`, type: value.type }
  if (value.type === 'boolean' && fallback.type === 'integer') return { sql: `coalesce(CAST(${value.sql} AS BIGINT), ${fallback.sql})`, type: 'integer' }
  if (value.type === 'decimal' && fallback.type === 'integer') return { sql: `coalesce(${value.sql}, CAST(${fallback.sql} AS DECIMAL(38,9)))`, type: 'decimal' }
  const text = asText(value)
  return { sql: `CASE WHEN ${text} IS NULL OR ${text} = '' THEN ${asText(fallback)} ELSE ${text} END`, type: 'text' }
}

function transformed(name: string, start: Typed, steps: TransformStep[], context: FieldContext, checks: Check[]): Typed {
  const { relation, registry } = context.scope
  const { value, applied } = applyChain(start, steps, registry, relation)
  const effect = context.typeMismatch === 'reject' ? 'skip' : 'keep'
  for (const step of applied) {
    if (step.failed !== null) {
      checks.push({ type: 'transform-failed', field: name, when: relation.compute(`coalesce(${step.failed}, false)`), value: step.input, effect, severity: 'warning',
        message: `${name}: the value cannot be transformed by ${step.by}${effect === 'skip' ? '; the document was left out' : ' and was left empty'}`, hint: 'Correct the record, or give the transform what it needs (formats, locale, region).' })
    }
    if (step.lossy !== null) {
      checks.push({ type: 'value-truncated', field: name, when: relation.compute(`coalesce(${step.lossy}, false)`), value: step.input, effect: 'keep', severity: 'warning', message: `${name}: the value was too long and was cut`, hint: 'Shorten it in the source, or map it to a longer field.' })
    }
  }
  return value
}

function mapped(name: string, value: Typed, spec: { map?: unknown; ignore_case?: boolean; unmapped?: string; default?: unknown }, context: FieldContext, checks: Check[]): Typed {
  const { relation } = context.scope
  const given = spec.map as string | Record<string, string | number | boolean | null>
  const entries = typeof given === 'string' ? parseValueMap(given, context.readText(given)) : new Map(Object.entries(given).map(([from, to]) => [from, to === null ? null : typeof to === 'boolean' ? (to ? '1' : '0') : String(to)]))
  const folded = spec.ignore_case === true
  const text = relation.compute(asText(value))
  const found = relation.joined(context.registerMap(entries, folded), folded ? relation.compute(`lower(trim(${text}))`) : text)
  const policy = spec.unmapped ?? (spec.default === undefined ? 'reject' : 'null')
  const missing = relation.compute(`(${text} IS NOT NULL AND trim(${text}) <> '' AND ${found} IS NULL)`)
  if (spec.unmapped !== undefined || spec.default === undefined) {
    const became = { reject: 'the document was left out', keep: 'the value was kept', null: 'it was left empty' }[policy] ?? ''
    checks.push({ type: 'unmapped-value', field: name, when: missing, value: text, effect: policy === 'reject' ? 'skip' : 'keep', severity: policy === 'keep' ? 'info' : 'warning', message: `${name}: the value map has no entry for the value; ${became}`, hint: 'Add the value to the map, or set `default` or `unmapped`.', became: policy })
  }
  // Found entries carry a mark before the value, so that an entry that maps to nothing is told from no entry.
  return { sql: `CASE WHEN ${found} IS NOT NULL THEN CASE WHEN left(${found}, 1) = 'v' THEN substring(${found}, 2) END${policy === 'keep' ? ` ELSE ${text}` : ''} END`, type: 'text' }
}

function compileReference(name: string, spec: RefSpec, context: FieldContext): CompiledField {
  const { scope } = context
  const target = context.reference(name, spec)
  const parts = spec.key.map((part) => scope.field(part) ?? compileExpression(part, scope))
  const key = scope.relation.compute(keySql(parts))
  const found = target.deferred ? 'CAST(NULL AS VARCHAR)' : scope.relation.joined(target.table, key)
  const checks: Check[] = []
  if (!target.deferred) {
    const skip = target.missing === 'skip'
    checks.push({ type: 'missing-reference', field: name, when: `(${key} IS NOT NULL AND ${found} IS NULL)`, value: key, effect: skip ? 'skip' : 'fail', severity: skip ? 'warning' : 'blocking',
      message: `${name}: there is no ${target.row === null ? target.doctype : `row of ${target.doctype}`} made of ${target.entity}`, hint: 'The record is missing, was left out or refused. The policy missing_reference can make a placeholder or skip the document.' })
  }
  const value: Typed = { sql: found, type: 'text' }
  return {
    value: spec.default === undefined || spec.default === null ? value : { sql: `CASE WHEN ${key} IS NULL THEN ${asText(constant(spec.default))} ELSE ${found} END`, type: 'text' },
    checks, reference: { field: name, key, doctype: target.doctype, entity: target.entity, itself: target.itself, deferred: target.deferred, missing: target.missing, row: target.row },
  }
}

/** Registers the tables of value maps of a relation; `(k, r)` with `r` = `v` + value, or `n` for null. */
export function mapTables(scratch: string, tables: { table: string; entries: Map<string, string> }[]): FieldContext['registerMap'] {
  return (entries, ignoreCase) => {
    const table = `work."${scratch}_map_${tables.length + 1}"`
    const rows = new Map<string, string>()
    for (const [from, to] of entries) {
      const key = ignoreCase ? from.trim().toLowerCase() : from
      if (!rows.has(key)) rows.set(key, to === null ? 'n' : `v${to}`)
    }
    tables.push({ table, entries: rows })
    return table
  }
}

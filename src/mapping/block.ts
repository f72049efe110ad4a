import { isChild, type ChildSpec, type FieldSpec, type RefSpec } from '../config/mapping-schema.ts'
import { LandfallError } from '../errors/error.ts'
import { didYouMean } from '../model/closest.ts'
import { ident, literal } from '../staging/staging.ts'
import { cleanColumns, type MappedEntity } from './entity.ts'
import { compileCondition, compileExpression } from './expression.ts'
import { compileField, mapTables, type Check, type FieldContext, type FieldReference, type RowOf } from './field.ts'
import { keySql } from './key-sql.ts'
import type { Block, MappingPlan, MappingTarget } from './plan.ts'
import type { Path, Problems } from './problems.ts'
import { Relation } from './relation.ts'
import { Scope, type ScopeColumn } from './scope.ts'
import type { Typed } from './value-type.ts'

/** A relation with what is to be taken from it. `when`: condition of the records that count. */
export interface Compiled {
  relation: Relation
  maps: { table: string; entries: Map<string, string> }[]
  fields: { name: string; value: Typed }[]
  checks: Check[]
  references: FieldReference[]
  when: string
}

export interface CompiledBlock extends Compiled { key: string; children: CompiledChild[]; match: string | null }
/** `parent`: column with the parent record's `_row`; `order`: ORDER BY within the parent. */
export interface CompiledChild extends Compiled { table: string; position: number; from: string | null; order: string; orphans: string | null }

/** What compiling needs besides the block. `deferred` names links that are set in a second pass. */
export interface Surroundings { plan: Pick<MappingPlan, 'entities' | 'registry' | 'site' | 'readText'>; targets: Map<string, Block[]>; deferred: (doctype: string, field: string, target: string) => boolean; problems: Problems }

/** The table that names documents of an entity by legacy key, made before drafts are built. */
export function referenceTable(doctype: string, entity: string): string {
  return `work.${ident(`ref ${doctype} ${entity}`)}`
}

/** Compiles a block of a mapping to relations over `clean`. Problems are gathered; what has one is left out of the result. */
export function compileBlock(block: Block, around: Surroundings, scratch: string): CompiledBlock {
  const { document } = block
  const at = placeOf(block)
  const { relation, scope } = openRelation(block, around, at, scratch)
  const place = new Place(block, around, scope, scratch, at)
  const when = document.when === undefined ? 'true' : relation.compute(place.attempt(['when'], () => compileCondition(document.when ?? 'true', scope)) ?? 'false')
  const key = document.key === undefined ? '"_key"' : relation.compute(keySql(document.key.map((name) => place.attempt(['key'], () => scope.field(name) ?? compileExpression(name, scope)) ?? { sql: 'NULL', type: 'null' as const })))
  const children: CompiledChild[] = []
  for (const [name, spec] of Object.entries(document.fields)) {
    if (isChild(spec)) children.push(...compileChildren(block, around, name, spec, at, scratch))
    else place.field(name, spec, ['fields', name])
  }
  for (const [name, wanted] of [['docstatus', document.docstatus], ['submit', document.submit]] as const) {
    if (wanted === undefined || wanted === false) continue
    const value = place.attempt([name], (): Typed => wanted === true ? { sql: 'CAST(1 AS BIGINT)', type: 'integer' } : name === 'submit' ? { sql: `CASE WHEN ${compileCondition(String(wanted), scope)} THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END`, type: 'integer' } : compileExpression(String(wanted), scope))
    if (value) place.fields.push({ name: 'docstatus', value: { sql: relation.compute(value.sql), type: value.type } })
  }
  const match = document.match === undefined ? null : relation.compute(place.attempt(['match'], () => keySql(document.match!.map((part) => compileExpression(part, scope)))) ?? 'NULL')
  return { relation, maps: place.maps, fields: place.fields, checks: place.checks, references: place.references, when, key, children, match }
}

/** Paths in the file: the short form has the document at the top, which the schema's output no longer shows. */
function placeOf(block: Block): (...rest: Path) => Path {
  const { locate } = block.loaded
  const top = locate?.([]), listed = locate?.(['documents', 0])
  const short = top !== undefined && listed !== undefined && top.line === listed.line && top.column === listed.column
  return (...rest) => (short ? rest : ['documents', block.index, ...rest])
}

/** Collects what fields of one place compile to. */
class Place {
  readonly fields: Compiled['fields'] = []
  readonly checks: Check[] = []
  readonly references: FieldReference[] = []
  readonly maps: Compiled['maps'] = []
  readonly #block: Block
  readonly #around: Surroundings
  readonly #context: FieldContext
  readonly #at: (...rest: Path) => Path
  readonly #child: { table: string; doctype: string } | null

  constructor(block: Block, around: Surroundings, scope: Scope, scratch: string, at: (...rest: Path) => Path, child: { table: string; doctype: string } | null = null) {
    this.#block = block
    this.#around = around
    this.#at = at
    this.#child = child
    this.#context = {
      scope, registerMap: mapTables(scratch, this.maps), readText: (name) => around.plan.readText(block.loaded.file, name),
      reference: (field, spec) => this.#reference(field, spec), typeMismatch: block.entity.mapping.policies.type_mismatch,
    }
  }

  attempt<T>(path: Path, task: () => T): T | null {
    return this.#around.problems.attempt(this.#block.loaded, this.#at(...path), task)
  }

  field(name: string, spec: FieldSpec, path: Path): void {
    const doctype = this.#child?.doctype ?? this.#block.document.doctype
    const problem = fieldProblem(this.#around, this.#block, doctype, name)
    if (problem !== null) { this.#around.problems.add(this.#block.loaded, this.#at(...path), problem); return }
    const shown = this.#child === null ? name : `${this.#child.table}.${name}`
    const compiled = this.attempt(path, () => compileField(shown, spec, this.#context))
    if (!compiled) return
    const value = compiled.value.type === 'boolean' ? { sql: `CAST(${compiled.value.sql} AS BIGINT)`, type: 'integer' as const } : compiled.value
    this.fields.push({ name, value: { sql: this.#context.scope.relation.compute(value.sql), type: value.type } })
    this.checks.push(...compiled.checks)
    if (compiled.reference) this.references.push(compiled.reference)
  }

  #reference(field: string, spec: RefSpec): ReturnType<FieldContext['reference']> {
    const own = this.#block.document.doctype
    const name = field.split('.').at(-1) ?? field
    const link = this.#around.plan.site.doctype(this.#child?.doctype ?? own)?.field(name)
    const made = [...this.#around.targets].filter(([, blocks]) => blocks.some((block) => block.entity.name === spec.ref)).map(([doctype]) => doctype)
    const entities = [...this.#around.plan.entities.keys()]
    if (!this.#around.plan.entities.has(spec.ref)) throw new LandfallError('mapping-invalid', `there is no entity \`${spec.ref}\`${didYouMean(spec.ref, entities)}`)
    const linked = link?.fieldtype === 'Link' ? link.options : null
    const row = linked === null ? this.#rowOf(spec, made) : null
    if (row !== null) {
      if (spec.missing === 'create_placeholder') throw new LandfallError('mapping-invalid', 'a row of another document cannot have a placeholder')
      const missing = spec.missing ?? this.#block.entity.mapping.policies.missing_reference
      return { doctype: row.parent, entity: spec.ref, itself: false, deferred: false, missing: missing === 'create_placeholder' ? 'fail' : missing, table: referenceTable(row.doctype, spec.ref), row }
    }
    const doctype = spec.doctype ?? (linked !== null && made.includes(linked) ? linked : made.length === 1 ? made[0] : undefined)
    if (doctype === undefined || !made.includes(doctype)) {
      throw new LandfallError('mapping-invalid', made.length === 0 ? `no mapping makes documents of \`${spec.ref}\`` : `\`${spec.ref}\` becomes ${made.join(', ')}${doctype === undefined ? ': say which with `doctype`' : `, not ${doctype}`}`)
    }
    if (linked !== null && linked !== doctype) throw new LandfallError('mapping-invalid', `${name} links to ${linked}, but \`${spec.ref}\` becomes ${made.join(', ')}`)
    const deferred = this.#child === null && doctype !== own && this.#around.deferred(own, name, doctype)
    return { doctype, entity: spec.ref, itself: doctype === own, deferred, missing: spec.missing ?? this.#block.entity.mapping.policies.missing_reference, table: referenceTable(doctype, spec.ref), row: null }
  }

  /** The child table whose rows records of the entity became, where they became rows and no documents, or `doctype` names a child DocType. */
  #rowOf(spec: RefSpec, made: string[]): (RowOf & { parent: string }) | null {
    const { site } = this.#around.plan
    if (spec.doctype === undefined ? made.length > 0 : !site.doctype(spec.doctype)?.istable) return null
    const found = [...this.#around.targets].flatMap(([parent, blocks]) => blocks.flatMap((block) => Object.entries(block.document.fields).flatMap(([table, child]) => {
      const doctype = isChild(child) && [child].flat().some((one) => one.from === spec.ref) ? site.doctype(parent)?.field(table)?.options : undefined
      return doctype === undefined || doctype === null ? [] : [{ parent, table, doctype }]
    })))
    const fits = [...new Map(found.filter((one) => spec.doctype === undefined || one.doctype === spec.doctype).map((one) => [`${one.parent}.${one.table}`, one])).values()]
    if (fits.length > 1) throw new LandfallError('mapping-invalid', `records of \`${spec.ref}\` become rows of ${fits.map((one) => one.doctype).join(', ')}: say which with \`doctype\``)
    if (fits.length === 0 && spec.doctype !== undefined) throw new LandfallError('mapping-invalid', `no record of \`${spec.ref}\` becomes a row of ${spec.doctype}`)
    return fits[0] ?? null
  }
}

/** Why a field cannot be given, or null. */
function fieldProblem(around: Surroundings, block: Block, doctype: string, name: string): string | null {
  if (name === 'name' || name === 'docstatus' || name === '__newname') return null
  const meta = around.plan.site.doctype(doctype)
  if (!meta) return `the site has no DocType ${doctype}`
  const field = meta.field(name)
  if (Object.entries(block.document.custom_fields ?? {}).some(([fieldname, spec]) => fieldname === name && (spec.doctype ?? block.document.doctype) === doctype)) return null
  if (!field) {
    const custom = meta.column(name) ? null : didYouMean(name, [...meta.fields.map((item) => item.fieldname), 'name'])
    return custom === null ? null : `${doctype} has no field \`${name}\`${custom}; a field of your own is declared under custom_fields`
  }
  if (meta.tableFields().includes(field)) return `${name} is a table of ${field.options}: give it \`fields\` (and \`from\`, \`on\`)`
  return meta.valueFields().includes(field) ? null : `${name} is a ${field.fieldtype} and holds no value`
}

/** The base of a block: its entity, one record per document key, with joined entities as `alias.column`. */
function openRelation(block: Block, around: Surroundings, at: (...rest: Path) => Path, scratch: string): { relation: Relation; scope: Scope } {
  const { sql, joined } = withJoins(parentBase(block, around), block.entity, block.document.joins ?? {}, around, block, at)
  const relation = new Relation(sql, scratch)
  return { relation, scope: new Scope(relation, around.plan.registry, cleanColumns(block.entity), joined) }
}

/** Records of the entity; with a key of the document's own, only the first of each key (and only where the block applies). */
function parentBase(block: Block, around: Surroundings): string {
  const { entity, document } = block
  if (document.key === undefined) return `SELECT * FROM ${entity.clean}`
  const relation = new Relation(`SELECT * FROM ${entity.clean}`, 'first')
  const scope = new Scope(relation, around.plan.registry, cleanColumns(entity))
  try {
    const key = relation.compute(keySql(document.key.map((name) => scope.field(name) ?? compileExpression(name, scope))))
    const when = document.when === undefined || document.joins !== undefined ? 'true' : compileCondition(document.when, scope)
    if (relation.lookups.length > 0) throw new LandfallError('mapping-invalid', 'the key of a document cannot use a transform that runs outside the database')
    return `SELECT _row, _key, ${entity.columns.map((column) => ident(column.name)).join(', ')} FROM (${relation.sql()}) WHERE ${when} AND ${key} IS NOT NULL QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY _row) = 1`
  } catch (error) {
    if (!(error instanceof LandfallError)) throw error
    around.problems.add(block.loaded, placeOf(block)('key'), error)
    return `SELECT * FROM ${entity.clean}`
  }
}

function withJoins(base: string, own: MappedEntity, joins: Record<string, { entity: string; on: Record<string, string> }>, around: Surroundings, block: Block, at: (...rest: Path) => Path): { sql: string; joined: { alias: string; columns: ScopeColumn[] }[] } {
  let sql = base
  const joined: { alias: string; columns: ScopeColumn[] }[] = []
  for (const [alias, join] of Object.entries(joins)) {
    const other = around.plan.entities.get(join.entity)
    if (!other) { around.problems.add(block.loaded, at('joins', alias, 'entity'), `there is no entity \`${join.entity}\`${didYouMean(join.entity, around.plan.entities.keys())}`); continue }
    const on = joinColumns(join.on, own, other, (message) => { around.problems.add(block.loaded, at('joins', alias, 'on'), message) })
    if (on.length === 0) continue
    const unique = `SELECT * FROM ${other.clean} QUALIFY row_number() OVER (PARTITION BY ${on.map(([, right]) => ident(right.name)).join(', ')} ORDER BY _row) = 1`
    sql = `SELECT b.*${other.columns.map((column) => `, j.${ident(column.name)} AS ${ident(`${alias}.${column.name}`)}`).join('')} FROM (${sql}) b LEFT JOIN (${unique}) j ON ${on.map(([left, right]) => equal('b', left, 'j', right)).join(' AND ')}`
    joined.push({ alias, columns: other.columns })
  }
  return { sql, joined }
}

function joinColumns(on: Record<string, string>, own: MappedEntity, other: MappedEntity, complain: (message: string) => void): [ScopeColumn, ScopeColumn][] {
  const found: [ScopeColumn, ScopeColumn][] = []
  for (const [left, right] of Object.entries(on)) {
    const a = own.columns.find((column) => column.name.toLowerCase() === left.toLowerCase()), b = other.columns.find((column) => column.name.toLowerCase() === right.toLowerCase())
    if (!a) complain(`\`${own.name}\` has no column \`${left}\`${didYouMean(left, own.columns.map((column) => column.name))}`)
    else if (!b) complain(`\`${other.name}\` has no column \`${right}\`${didYouMean(right, other.columns.map((column) => column.name))}`)
    else found.push([a, b])
  }
  return found
}

function equal(a: string, left: ScopeColumn, b: string, right: ScopeColumn): string {
  if (left.type === right.type) return `${a}.${ident(left.name)} = ${b}.${ident(right.name)}`
  return `CAST(${a}.${ident(left.name)} AS VARCHAR) = CAST(${b}.${ident(right.name)} AS VARCHAR)`
}

function compileChildren(block: Block, around: Surroundings, table: string, spec: ChildSpec | ChildSpec[], at: (...rest: Path) => Path, scratch: string): CompiledChild[] {
  const meta = around.plan.site.doctype(block.document.doctype)
  const field = meta?.tableFields().find((item) => item.fieldname === table)
  const custom = block.document.custom_fields?.[table]
  const doctype = field?.options ?? (custom?.fieldtype === 'Table' ? custom.options : undefined)
  if (meta && !doctype) {
    around.problems.add(block.loaded, at('fields', table), `${block.document.doctype} has no table \`${table}\`${didYouMean(table, meta.tableFields().map((item) => item.fieldname))}`)
    return []
  }
  const list = Array.isArray(spec) ? spec : [spec]
  return list.flatMap((child, position) => {
    const path = Array.isArray(spec) ? (...rest: Path) => at('fields', table, position, ...rest) : (...rest: Path) => at('fields', table, ...rest)
    return compileChild(block, around, { table, doctype: doctype ?? '' }, child, position, path, `${scratch}_${table}_${position}`) ?? []
  })
}

function compileChild(block: Block, around: Surroundings, child: { table: string; doctype: string }, spec: ChildSpec, position: number, at: (...rest: Path) => Path, scratch: string): CompiledChild | null {
  const parent = block.entity
  const from = spec.from === undefined ? null : around.plan.entities.get(spec.from)
  if (from === undefined) {
    around.problems.add(block.loaded, at('from'), `there is no entity \`${spec.from}\`${didYouMean(spec.from ?? '', around.plan.entities.keys())}`)
    return null
  }
  let base: string, own: MappedEntity, orphans: string | null = null
  const joined: { alias: string; columns: ScopeColumn[] }[] = []
  const shown = parent.columns.map((column) => `p.${ident(column.name)} AS ${ident(`${parent.name}.${column.name}`)}`).join(', ')
  if (from === null) {
    own = parent
    base = `SELECT *, _row AS "_parent_row" FROM (${parentBase(block, around)})`
  } else {
    own = from
    const on = joinColumns(spec.on ?? {}, parent, from, (message) => { around.problems.add(block.loaded, at('on'), message) })
    if (on.length === 0) return null
    const link = childJoin(parent, from, on)
    base = `SELECT c.*, p._row AS "_parent_row"${shown === '' ? '' : `, ${shown}`} FROM ${link.child} c JOIN (${parentBase(block, around)}) p ON ${link.on}`
    orphans = `SELECT c._row, c._key FROM ${link.child} c WHERE NOT EXISTS (SELECT 1 FROM ${parent.clean} p WHERE ${link.on})`
    joined.push({ alias: parent.name, columns: parent.columns })
  }
  const more = withJoins(base, own, { ...(from === null ? block.document.joins : {}), ...spec.joins }, around, block, at)
  const relation = new Relation(more.sql, scratch)
  const scope = new Scope(relation, around.plan.registry, cleanColumns(own), [...joined, ...more.joined])
  const place = new Place(block, around, scope, scratch, at, child)
  const when = spec.where === undefined ? 'true' : relation.compute(place.attempt(['where'], () => compileCondition(spec.where ?? 'true', scope)) ?? 'false')
  for (const [name, field] of Object.entries(spec.fields)) place.field(name, field, ['fields', name])
  const order = (spec.order_by ?? []).map((text, i) => {
    const descending = / desc$/i.test(text.trim())
    const value = place.attempt(['order_by', i], () => compileExpression(text.trim().replace(/ (asc|desc)$/i, ''), scope))
    return `${value === null ? 'NULL' : relation.compute(value.sql)}${descending ? ' DESC' : ''} NULLS LAST`
  })
  return { relation, maps: place.maps, fields: place.fields, checks: place.checks, references: place.references, when, table: child.table, position, from: from?.name ?? null, order: [...order, '_row'].join(', '), orphans }
}

/** How child records find their parent: by its key, so that children of merged records follow the survivor, or by other columns. */
function childJoin(parent: MappedEntity, from: MappedEntity, on: [ScopeColumn, ScopeColumn][]): { child: string; on: string } {
  const byKey = parent.key.map((name) => on.find(([left]) => left.name.toLowerCase() === name.toLowerCase()))
  if (parent.key.length === 0 || parent.key.length !== on.length || byKey.includes(undefined)) return { child: from.clean, on: on.map(([left, right]) => equal('p', left, 'c', right)).join(' AND ') }
  const key = keySql(byKey.map((pair) => ({ sql: ident(pair![1].name), type: pair![1].type })))
  const keyed = `(SELECT *, ${key} AS "_to" FROM ${from.clean})`
  return {
    child: `(SELECT k.* EXCLUDE ("_to"), coalesce(a.survivor_key, k."_to") AS "_to" FROM ${keyed} k LEFT JOIN (SELECT absorbed_key, any_value(survivor_key) AS survivor_key FROM ops.key_alias WHERE entity = ${literal(parent.name)} AND doctype IS NULL GROUP BY absorbed_key) a ON a.absorbed_key = k."_to")`,
    on: 'p._key = c."_to"',
  }
}

/** Distinct references of a compiled block, children's included. */
export function referencesOf(compiled: CompiledBlock): FieldReference[] {
  return [...compiled.references, ...compiled.children.flatMap((child) => child.references)]
}

/** Every target by DocType with its blocks. */
export function blocksByDoctype(targets: MappingTarget[]): Map<string, Block[]> {
  return new Map(targets.map((target) => [target.doctype, target.blocks]))
}

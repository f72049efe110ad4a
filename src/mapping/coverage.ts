import { parseExpression, type Node } from './expression-syntax.ts'
import { isChild, type ChildSpec, type FieldSpec } from '../config/mapping-schema.ts'
import type { Field } from '../site/doctype.ts'
import type { MappedEntity } from './entity.ts'
import type { MappingPlan } from './plan.ts'

/** What becomes of a source column. `by`: target fields (`Customer.customer_name`) and other uses (key, where, join). */
export interface ColumnCoverage { column: string; state: 'mapped' | 'ignored' | 'open'; by: string[]; reason: string | null }
export interface EntityCoverage { entity: string; source: string; table: string; ignored: string | null; columns: ColumnCoverage[]; mapped: number; ignoredColumns: number; open: number }
/** A mandatory field of a document (or child row: `items.item_code`) that a mapping does not give and ERPNext has no default for. */
export interface MissingField { doctype: string; entity: string; field: string; label: string }
export interface Coverage { entities: EntityCoverage[]; missing: MissingField[]; share: number }

/** Every column of every mapped entity: mapped, ignored on purpose, or open; and mandatory target fields that nothing gives. Reads no data. */
export function coverage(plan: MappingPlan): Coverage {
  const uses = new Map([...plan.entities.keys()].map((name) => [name, new Map<string, Set<string>>()]))
  const use = (entity: string, column: string, by: string) => {
    const known = plan.entities.get(entity)?.columns.find((item) => item.name.toLowerCase() === column.toLowerCase())
    const columns = uses.get(entity)
    if (known && columns) columns.set(known.name, (columns.get(known.name) ?? new Set()).add(by))
  }
  for (const entity of plan.entities.values()) entityUses(entity, use)
  for (const target of plan.targets) for (const block of target.blocks) blockUses(block.entity, block.document, target.doctype, use)
  const entities = [...plan.entities.values()].map((entity) => entityCoverage(entity, uses.get(entity.name) ?? new Map()))
  const total = entities.reduce((sum, entity) => sum + entity.columns.length, 0), open = entities.reduce((sum, entity) => sum + entity.open, 0)
  return { entities, missing: missingFields(plan), share: total === 0 ? 1 : (total - open) / total }
}

type Use = (entity: string, column: string, by: string) => void

function entityCoverage(entity: MappedEntity, uses: Map<string, Set<string>>): EntityCoverage {
  const { ignore } = entity.mapping
  const whole = typeof ignore === 'string' ? ignore : null
  const reasons = new Map(Object.entries(typeof ignore === 'object' ? ignore : {}).map(([name, why]) => [name.toLowerCase(), why]))
  const columns = entity.columns.map(({ name }): ColumnCoverage => {
    const by = [...uses.get(name) ?? []].sort()
    const reason = whole ?? reasons.get(name.toLowerCase()) ?? null
    return { column: name, state: by.length > 0 && whole === null ? 'mapped' : reason !== null ? 'ignored' : 'open', by, reason }
  })
  const count = (state: string) => columns.filter((column) => column.state === state).length
  return { entity: entity.name, source: entity.source, table: entity.table, ignored: whole, columns, mapped: count('mapped'), ignoredColumns: count('ignored'), open: count('open') }
}

/** Columns an expression names: `[alias or null, column]`. */
export function columnsIn(text: string): [string | null, string][] {
  const found: [string | null, string][] = []
  const walk = (node: Node): void => {
    if (node.kind === 'column') found.push([node.alias, node.name])
    for (const value of Object.values(node)) {
      for (const item of Array.isArray(value) ? value : [value]) {
        if (item !== null && typeof item === 'object') walk('kind' in item ? item as Node : { ...(item as object), kind: 'arm' } as unknown as Node)
      }
    }
  }
  try {
    walk(parseExpression(text))
  } catch {
    found.push([null, text])
  }
  return found
}

function entityUses(entity: MappedEntity, use: Use): void {
  const { mapping, name } = entity
  for (const column of entity.key) use(name, column, 'key')
  const all = (texts: (string | undefined)[], by: string) => { for (const text of texts) if (text !== undefined) for (const [, column] of columnsIn(text)) use(name, column, by) }
  all([mapping.where], 'where')
  for (const rule of mapping.duplicates ?? []) all([...(rule.exact ?? []), rule.fuzzy?.compare, ...(rule.fuzzy?.block ?? [])], 'duplicates')
}

function blockUses(entity: MappedEntity, document: { when?: string; key?: string[]; joins?: ChildSpec['joins']; match?: string[]; submit?: boolean | string; docstatus?: string; fields: Record<string, unknown> }, doctype: string, use: Use): void {
  const aliases = joinAliases(entity.name, document.joins, use)
  const texts = (list: (string | undefined)[], by: string, own = entity.name, names = aliases) => {
    for (const text of list) if (text !== undefined) for (const [alias, column] of columnsIn(text)) use(alias === null ? own : names.get(alias.toLowerCase()) ?? own, column, by)
  }
  texts([document.when], `${doctype} when`)
  texts([...(document.key ?? []), ...(document.match ?? []), document.docstatus, typeof document.submit === 'string' ? document.submit : undefined], doctype)
  for (const [name, spec] of Object.entries(document.fields) as [string, FieldSpec | ChildSpec | ChildSpec[]][]) {
    if (!isChild(spec)) { leafUses(spec, `${doctype}.${name}`, entity.name, aliases, use); continue }
    for (const child of Array.isArray(spec) ? spec : [spec]) {
      const own = child.from ?? entity.name
      for (const [left, right] of Object.entries(child.on ?? {})) { use(entity.name, left, `${doctype}.${name}`); use(own, right, `${doctype}.${name}`) }
      const names = new Map([...aliases, [entity.name.toLowerCase(), entity.name], ...joinAliases(own, child.joins, use)])
      texts([child.where, ...(child.order_by ?? []).map((text) => text.replace(/ (asc|desc)$/i, ''))], `${doctype}.${name}`, own, names)
      for (const [field, leaf] of Object.entries(child.fields)) leafUses(leaf, `${doctype}.${name}.${field}`, own, names, use)
    }
  }
}

function joinAliases(own: string, joins: ChildSpec['joins'], use: Use): Map<string, string> {
  const aliases = new Map<string, string>()
  for (const [alias, join] of Object.entries(joins ?? {})) {
    aliases.set(alias.toLowerCase(), join.entity)
    for (const [left, right] of Object.entries(join.on)) { use(own, left, 'join'); use(join.entity, right, 'join') }
  }
  return aliases
}

function leafUses(spec: FieldSpec, by: string, own: string, aliases: Map<string, string>, use: Use): void {
  const column = (name: string) => {
    const dot = name.indexOf('.')
    const joined = dot < 0 ? undefined : aliases.get(name.slice(0, dot).toLowerCase())
    if (joined === undefined) use(own, name, by)
    else use(joined, name.slice(dot + 1), by)
  }
  const text = (expression: string) => { for (const [alias, name] of columnsIn(expression)) use(alias === null ? own : aliases.get(alias.toLowerCase()) ?? own, name, by) }
  if (typeof spec === 'string') column(spec)
  else if ('field' in spec) column(spec.field)
  else if ('expr' in spec) text(spec.expr)
  else if ('ref' in spec) for (const part of spec.key) { column(part); text(part) }
}

/** True for a mandatory field that ERPNext neither defaults nor fetches. */
export function needsValue(field: Pick<Field, 'fieldname' | 'reqd' | 'default' | 'fetch_from' | 'read_only'>): boolean {
  return field.reqd && (field.default === null || field.default === '') && field.fetch_from === null && !field.read_only && field.fieldname !== 'naming_series'
}

function missingFields(plan: MappingPlan): MissingField[] {
  const missing: MissingField[] = []
  const seen = (list: MissingField, all: MissingField[]) => all.some((other) => other.doctype === list.doctype && other.entity === list.entity && other.field === list.field)
  for (const target of plan.targets) {
    for (const block of target.blocks) {
      const given = block.document.fields
      const check = (doctype: string, fields: Record<string, unknown>, prefix: string) => {
        for (const field of plan.site.doctype(doctype)?.fields ?? []) {
          if (!needsValue(field) || Object.hasOwn(fields, field.fieldname)) continue
          const entry = { doctype: target.doctype, entity: block.entity.name, field: `${prefix}${field.fieldname}`, label: field.label }
          if (!seen(entry, missing)) missing.push(entry)
        }
      }
      check(target.doctype, given, '')
      for (const [name, spec] of Object.entries(given)) {
        if (!isChild(spec)) continue
        const doctype = plan.site.doctype(target.doctype)?.field(name)?.options ?? ''
        for (const child of Array.isArray(spec) ? spec : [spec]) check(doctype, child.fields, `${name}.`)
      }
    }
  }
  return missing
}

import { ident } from '../staging/staging.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import type { Relation } from './relation.ts'
import type { Typed, ValueType } from './value-type.ts'

/** A column as a mapping sees it. */
export interface ScopeColumn { name: string; type: ValueType }

/**
 * What names mean in the expressions of one place: the columns of the record, of joined entities (`alias.column`), and the relation that
 * they are computed in. Names are compared without case, as in DuckDB.
 */
export class Scope {
  readonly relation: Relation
  readonly registry: TransformRegistry
  readonly #columns = new Map<string, { shown: string; typed: Typed }>()

  constructor(relation: Relation, registry: TransformRegistry, own: ScopeColumn[], joined: { alias: string; columns: ScopeColumn[] }[] = []) {
    this.relation = relation
    this.registry = registry
    for (const column of own) this.#add(column.name, column.name, column.type)
    for (const { alias, columns } of joined) for (const column of columns) this.#add(`${alias}.${column.name}`, `${alias}.${column.name}`, column.type)
  }

  #add(shown: string, flat: string, type: ValueType): void {
    const key = shown.toLowerCase()
    if (!this.#columns.has(key)) this.#columns.set(key, { shown, typed: { sql: ident(flat), type } })
  }

  column(alias: string | null, name: string): Typed | undefined {
    return this.#columns.get((alias === null ? name : `${alias}.${name}`).toLowerCase())?.typed
  }

  /** `name` or `alias.name`, as the short form `field: name` writes it; a column whose own name holds a dot is found too. */
  field(name: string): Typed | undefined {
    return this.#columns.get(name.toLowerCase())?.typed
  }

  names(): string[] {
    return [...this.#columns.values()].map((column) => column.shown)
  }
}

import { ident } from '../staging/staging.ts'
import type { BoundTransform } from '../transforms/registry.ts'

/** A transform that runs in this process over the distinct values of a column; its answers are joined back. */
export interface Lookup { table: string; input: string; bound: BoundTransform; below: () => string }

/** A table `(k, r)` joined on a key. */
interface Join { table: string; key: string }

type Step = { kind: 'compute'; columns: { name: string; sql: string }[] } | { kind: 'join'; join: Join; name: string }

/**
 * A query that grows in layers: a base with flat column names (own columns as they are, those of joins as `alias.column`), then computed
 * columns named `~1`, `~2`..., each of which may use those before it. Layers keep SQL small where transforms mention their input often.
 */
export class Relation {
  readonly #base: string
  readonly #steps: Step[] = []
  readonly #known = new Map<string, string>()
  readonly #scratch: string
  readonly lookups: Lookup[] = []
  #count = 0

  /** `base` is a SELECT; `scratch` a prefix for lookup tables in schema work. */
  constructor(base: string, scratch: string) {
    this.#base = base
    this.#scratch = scratch
  }

  /** A computed column (the same for the same SQL); gives its quoted name. A bare column stays what it is. */
  compute(sql: string): string {
    if (/^"(?:[^"]|"")+"$/.test(sql)) return sql
    const known = this.#known.get(sql)
    if (known !== undefined) return known
    const name = ident(`~${++this.#count}`)
    const last = this.#steps.at(-1)
    if (last?.kind === 'compute' && !last.columns.some((column) => sql.includes(column.name))) last.columns.push({ name, sql })
    else this.#steps.push({ kind: 'compute', columns: [{ name, sql }] })
    this.#known.set(sql, name)
    return name
  }

  /** Applies a transform of this process to a column. */
  lookup(input: string, bound: BoundTransform): string {
    const id = `lookup ${input} ${bound.transform.name} ${JSON.stringify(bound.options)}`
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const table = `work.${ident(`${this.#scratch}_lookup_${this.lookups.length + 1}`)}`
    const upTo = this.#steps.length
    this.lookups.push({ table, input, bound, below: () => this.#render(upTo) })
    return this.#join(id, { table, key: input })
  }

  /** Joins the column `r` of `table` where its `k` equals the key column; `k` must be unique. */
  joined(table: string, key: string): string {
    const id = `join ${table} ${key}`
    return this.#known.get(id) ?? this.#join(id, { table, key })
  }

  #join(id: string, join: Join): string {
    const name = ident(`~${++this.#count}`)
    this.#steps.push({ kind: 'join', join, name })
    this.#known.set(id, name)
    return name
  }

  /** The whole query as a SELECT of all columns. */
  sql(): string {
    return this.#render(this.#steps.length)
  }

  #render(steps: number): string {
    return this.#steps.slice(0, steps).reduce((below, step) => {
      if (step.kind === 'compute') return `SELECT *, ${step.columns.map((column) => `${column.sql} AS ${column.name}`).join(', ')} FROM (${below})`
      return `SELECT b.*, j.r AS ${step.name} FROM (${below}) b LEFT JOIN ${step.join.table} j ON j.k = b.${step.join.key}`
    }, this.#base)
  }
}

import { literal, type Staging } from '../../staging/staging.ts'

/** Which documents may be loaded by the express lane: those of shapes whose canaries proved equal. Everything else is refused with `unproven-shape`. */
export interface Permits {
  /** Ids (draft `_id`) of a DocType that may, of those in [from, to]. */
  allowed(doctype: string, from: number, to: number): Promise<ReadonlySet<number>>
}

/** Permits from a table or view of staging with columns `doctype` and `id`. */
export function permitsFrom(staging: Staging, relation: string): Permits {
  return {
    async allowed(doctype, from, to) {
      const ids = new Set<number>()
      if (!await staging.exists(relation)) return ids
      for await (const chunk of staging.scan(`SELECT DISTINCT id FROM ${relation} WHERE doctype = ${literal(doctype)} AND id BETWEEN ${from} AND ${to}`)) for (const id of chunk.columns[0]!) ids.add(Number(id))
      return ids
    },
  }
}

/** Permits as a list, for few documents. */
export function permitsOf(lists: Record<string, Iterable<number>>): Permits {
  const sets = new Map(Object.entries(lists).map(([doctype, ids]) => [doctype, new Set(ids)]))
  return { allowed: async (doctype) => sets.get(doctype) ?? new Set() }
}

import type { DocTypeMeta } from '../../site/doctype.ts'
import type { Value } from '../../model/value.ts'

/** What posting asks of the site's description; `Site` of the site room is one. */
export interface SiteView {
  /** The DocType, or undefined when the site has none of that name. */
  doctype(name: string): DocTypeMeta | undefined
  /** Fields of a single DocType as `tabSingles` holds them; empty when it was never saved. */
  single(name: string): Record<string, Value>
  /** A global default (`frappe.defaults.get_defaults()[key]`), or null. */
  default(key: string): string | null
  /** Counters of `tabSeries` before posting: prefix to the last number given. */
  readonly series: Record<string, number>
}

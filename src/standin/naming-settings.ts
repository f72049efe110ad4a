import { literal } from '../staging/staging.ts'
import type { Json } from '../model/value.ts'
import { unsupported } from './exception.ts'
import type { ServedSite } from './served-site.ts'

/** `run_doc_method` for the counters of naming series, which no list shows: `get_current` and `update_series_start` of Document Naming Settings. */
export async function runNamingMethod(served: ServedSite, docs: Json | undefined, method: Json | undefined): Promise<unknown> {
  const doc = (typeof docs === 'string' ? JSON.parse(docs) : docs ?? {}) as Record<string, Json>, prefix = String(doc['prefix'] ?? '')
  if (doc['doctype'] !== 'Document Naming Settings') throw unsupported(`The stand-in runs no methods of ${String(doc['doctype'])}`)
  if (method === 'get_current') return Number((await served.staging.one<{ n: number }>(`SELECT "current" AS n FROM rows."tabSeries" WHERE name = ${literal(prefix)}`))?.n ?? 0)
  if (method !== 'update_series_start') throw unsupported(`The stand-in has no method ${String(method)} of Document Naming Settings`)
  const changed = await served.staging.run(`UPDATE rows."tabSeries" SET "current" = ${Number(doc['current_value'])} WHERE name = ${literal(prefix)}`)
  if (changed === 0) await served.staging.run(`INSERT INTO rows."tabSeries" (name, "current") VALUES (${literal(prefix)}, ${Number(doc['current_value'])})`)
  served.messages.push({ message: `Series counter for ${prefix} updated to ${Number(doc['current_value'])} successfully`, title: 'Message', indicator: 'green', alert: 1 })
  return null
}

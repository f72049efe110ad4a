import type { DocTypeMeta } from '../../site/doctype.ts'
import type { Site } from '../../site/site.ts'
import { draftRelation } from '../../model/draft.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { settled } from '../embedded/settling.ts'
import type { LaneOutcome } from '../lane.ts'
import type { LoadBatch } from '../target.ts'

/** `ops.absent(doctype, name, reason)`: names that were predicted and that the site does not have. */
const TABLE = 'CREATE TABLE IF NOT EXISTS ops.absent (doctype VARCHAR, name VARCHAR, reason VARCHAR)'

/** Names that were predicted and are not on the site: who links to one must not be sent, because the site would refuse it or link it to somebody else's. */
export class Absent {
  readonly #site: Site
  readonly #names: Map<string, string>

  private constructor(site: Site, names: Map<string, string>) {
    this.#site = site
    this.#names = names
  }

  static async load(staging: Staging, site: Site): Promise<Absent> {
    await staging.run(TABLE)
    const rows = await staging.all<{ doctype: string; name: string; reason: string }>('SELECT doctype, name, reason FROM ops.absent')
    return new Absent(site, new Map(rows.map((row) => [`${row.doctype}\u001f${row.name}`, row.reason])))
  }

  /** Why a document cannot be sent, or null. */
  reasonFor(meta: DocTypeMeta, doc: Record<string, unknown>): string | null {
    if (this.#names.size === 0) return null
    for (const field of meta.fields) {
      const value = doc[field.fieldname]
      if (Array.isArray(value)) {
        const child = this.#site.doctype(field.options ?? '')
        for (const row of child ? value : []) {
          const reason = this.reasonFor(child!, row as Record<string, unknown>)
          if (reason !== null) return reason
        }
      }
      const linked = field.fieldtype === 'Link' ? field.options : field.fieldtype === 'Dynamic Link' ? doc[field.options ?? ''] : null
      const reason = typeof value === 'string' && typeof linked === 'string' ? this.#names.get(`${linked}\u001f${value}`) : undefined
      if (reason !== undefined) return `${field.label ?? field.fieldname} ${String(value)} is not there: ${reason}`
    }
    return null
  }
}

/**
 * Says plainly what the site did otherwise than predicted: a refused document is a blocking finding and leaves `rows` with all it would have written; one that got
 * another name is a warning. Both names are absent for those that come after. May be repeated for a batch.
 */
export async function noteSurprises(staging: Staging, batch: LoadBatch, tables: string[], outcomes: LaneOutcome[], predicted: Map<number, string>): Promise<void> {
  const refused = outcomes.filter((outcome) => outcome.status === 'refused')
  const renamed = outcomes.filter((outcome) => outcome.status !== 'refused' && outcome.name !== predicted.get(outcome.id))
  if (refused.length + renamed.length === 0) return
  const ids = refused.map((outcome) => outcome.id).join(', ') || 'NULL', all = [...refused, ...renamed]
  const rows = all.map(({ id, name, reason }) => [String(id), reason?.type ?? 'name-differs', reason?.message ?? `The site named it ${name}, predicted was ${predicted.get(id)}: what links to it is held back`, predicted.get(id) ?? '', reason === null ? 'warning' : 'blocking'])
  const given = `(SELECT v[1]::BIGINT AS id, v[2] AS type, v[3] AS message, v[4] AS name, v[5] AS severity FROM (SELECT unnest(from_json(${literal(JSON.stringify(rows))}, '[["VARCHAR"]]')) AS v))`
  const doctype = literal(batch.doctype)
  await staging.transaction(async () => {
    await staging.run(TABLE)
    const hint = literal('The site itself said so while loading. Correct the record, the mapping or the site, then: landfall retry --cause.')
    await staging.run(`DELETE FROM ops.findings WHERE doctype = ${doctype} AND stage = ${LOADING} AND id IN (SELECT id FROM ${given})`)
    await staging.run(`INSERT INTO ops.findings SELECT g.severity, g.type, ${doctype}, g.id, d._entity, d._key, NULL, NULL, g.message, NULL, g.type || ' at the site: ' || left(regexp_replace(g.message, '[0-9]+', '#', 'g'), 80), ${hint}, ${LOADING}, g.id FROM ${given} g JOIN ${draftRelation(batch.doctype)} d ON d._id = g.id`)
    await staging.run(`DELETE FROM ops.refused WHERE doctype = ${doctype} AND id IN (${ids})`)
    await staging.run(`INSERT INTO ops.refused SELECT ${doctype}, id, type, message FROM ${given} g WHERE g.severity = 'blocking'`)
    await staging.run(`INSERT INTO ops.absent SELECT ${doctype}, g.name, g.type || ': ' || g.message FROM ${given} g WHERE g.name <> '' AND g.name NOT IN (SELECT name FROM ops.absent WHERE doctype = ${doctype})`)
    await takeBackRows(staging, batch, tables, ids)
  })
  await staging.run(`INSERT INTO ${settled(batch.doctype)} SELECT id, 'refused', NULL, type, message FROM ${given} g WHERE g.severity = 'blocking' AND g.id NOT IN (SELECT id FROM ${settled(batch.doctype)})`)
}

/** The place of these findings behind all that posting found. */
const LOADING = 1000

async function takeBackRows(staging: Staging, batch: LoadBatch, tables: string[], ids: string): Promise<void> {
  for (const table of tables) await staging.run(`DELETE FROM rows.${ident(table)} WHERE _doctype = ${literal(batch.doctype)} AND _draft IN (${ids})`)
  const mine = `u.doctype = ${literal(batch.doctype)} AND u.id IN (${ids})`
  for (const { tbl, col } of await staging.all<{ tbl: string; col: string }>(`SELECT DISTINCT tbl, col FROM ops.updates u WHERE ${mine}`)) {
    if (tbl === 'tabSeries' || tbl === 'tabSingles') continue
    // A change that others build on stays, and shows as a difference.
    const last = `(SELECT "key" AS k, arg_min("before", seq) FILTER (${mine}) AS v FROM ops.updates u WHERE u.tbl = ${literal(tbl)} AND u.col = ${literal(col)} GROUP BY "key" HAVING max(seq) = max(seq) FILTER (${mine}))`
    const type = (await staging.columnsOf(`rows.${ident(tbl)}`)).find((column) => column.name === col)?.type ?? 'VARCHAR'
    await staging.run(`UPDATE rows.${ident(tbl)} t SET ${ident(col)} = CAST(json_extract_string(coalesce(u.v, 'null'), '$') AS ${type}) FROM ${last} u WHERE t.name = u.k`)
  }
  await staging.run(`DELETE FROM ops.updates u WHERE ${mine} AND u.tbl <> 'tabSeries'`)
}

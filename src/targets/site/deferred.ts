import type { Ledger } from '../../ledger/ledger.ts'
import { draftRelation } from '../../model/draft.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { SITE_DATABASE } from '../embedded/site-file.ts'
import type { Lane } from '../lane.ts'
import { applyChanges, alignChangeStamps, type RowChange } from './changes.ts'

interface Waiting { id: number; name: string; value: string; entity: string; key: string }

/**
 * Sets links that had to wait (`ops.deferred`) on documents of the site, now that what they point to is there, and puts them into the mirror. A link the site refuses is a
 * warning; the proof names the field then. `seq`: the batch under which the mirror notes the changes. Answers how many were set.
 */
export async function setWaitingLinks(staging: Staging, ledger: Ledger, lane: Lane, run: string, seq: number, touched: Set<string>): Promise<number> {
  if (!await staging.exists('ops.deferred')) return 0
  let set = 0
  for (const { doctype, field, ref } of await staging.all<{ doctype: string; field: string; ref: string }>('SELECT DISTINCT doctype, field, ref_doctype AS ref FROM ops.deferred WHERE name IS NOT NULL ORDER BY ALL')) {
    const table = `${SITE_DATABASE}.main.${ident(`tab${doctype}`)}`
    const waiting = await staging.all<Waiting>(`SELECT any_value(f.id) AS id, l.name, any_value(f.name) AS value, l.entity, l."key" FROM ops.deferred f JOIN ${draftRelation(doctype)} d ON d._id = f.id `
      + `JOIN ${ledger.table('documents')} l ON l.doctype = ${literal(doctype)} AND l.entity = d._entity AND l."key" = d._key AND l.outcome = 'loaded' JOIN ${table} s ON s.name = l.name `
      + `WHERE f.doctype = ${literal(doctype)} AND f.field = ${literal(field)} AND f.ref_doctype = ${literal(ref)} AND s.${ident(field)} IS DISTINCT FROM f.name AND f.name IN (SELECT name FROM ${SITE_DATABASE}.main.${ident(`tab${ref}`)}) GROUP BY l.name, l.entity, l."key"`)
    if (waiting.length === 0) continue
    const answers = await lane.change(waiting.map((link) => ({ doctype, name: link.name, values: { [field]: link.value } })), run)
    const refused = waiting.flatMap((link, i) => (answers[i] ? [{ link, reason: answers[i] }] : []))
    if (refused.length > 0) {
      await staging.run(`INSERT INTO ops.findings (severity, type, doctype, id, entity, "key", field, message, "value", cause, hint, stage, seq) VALUES ${refused.map(({ link, reason }) =>
        `('warning', 'deferred-link', ${[doctype, link.id, link.entity, link.key, field, `${field} stays empty, the site refuses ${link.value}: ${reason.type}: ${reason.message}`, link.value, `deferred-link ${doctype}.${field}`, 'Set the link by hand, or correct what the site says.'].map(literal).join(', ')}, 1000, ${link.id})`).join(', ')}`)
    }
    const names = waiting.filter((_, i) => answers[i] === null).map((link) => link.name)
    const rows = await lane.read(`tab${doctype}`, 'name', names) ?? []
    const changes: RowChange[] = rows.flatMap((row) => [field, 'modified', 'modified_by'].flatMap((col) => (row[col] === undefined ? [] : [{ tbl: `tab${doctype}`, key: String(row['name']), col, after: JSON.stringify(row[col]) }])))
    await alignChangeStamps(staging, changes)
    await staging.transaction(() => applyChanges(staging, ledger, { run, seq }, changes, touched))
    set += names.length
  }
  return set
}

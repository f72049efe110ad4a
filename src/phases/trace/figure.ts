import type { ProjectConfig } from '../../config/schema.ts'
import { LandfallError } from '../../errors/error.ts'
import { draftRelation } from '../../model/draft.ts'
import { displayKey } from '../../model/key.ts'
import { ident, literal } from '../../staging/staging.ts'
import { recordAt, type LegacyRecord, type TraceContext } from './trace.ts'

/** A number of the report with what it is made of. `count`: how many there are; `items`: the first of them. */
export interface FigureTrace { figure: string; value: string; of: string; count: number; items: { document: string | null; key: string; legacy: string | null; site: string | null; reason: string | null; record: LegacyRecord | null }[] }

/** How figures are named, for `--help` and errors. */
export const FIGURES = ['entity.NAME.migrated, entity.NAME.errors, entity.NAME.skipped: records of an entity', 'doctype.NAME.loaded: documents of a DocType', 'total.NAME: a total of proof.totals, document by document, largest difference first'] as const

/** Goes from a number of the report to the documents and legacy records it counts. `work.fates` must be there. Throws `usage` for a figure there is not. */
export async function traceFigure(ctx: TraceContext, totals: ProjectConfig['proof']['totals'], figure: string, limit: number): Promise<FigureTrace> {
  const fates = /^entity\.(.+)\.(migrated|errors|skipped)$/.exec(figure), loaded = /^doctype\.(.+)\.loaded$/.exec(figure), total = /^total\.(.+)$/.exec(figure)
  if (fates) return recordsOf(ctx, figure, fates[1]!, fates[2] === 'errors' ? 'error' : fates[2]!, limit)
  if (loaded) return documentsOf(ctx, figure, loaded[1]!, limit)
  const wanted = total === null ? undefined : totals.find((one) => one.name === total[1])
  if (wanted !== undefined) return totalOf(ctx, figure, wanted, limit)
  throw new LandfallError('usage', `The report has no figure "${figure}".`, { hint: `Figures: ${FIGURES.join('; ')}.${totals.length > 0 ? ` Totals: ${totals.map((one) => one.name).join(', ')}.` : ''}` })
}

async function recordsOf(ctx: TraceContext, figure: string, entity: string, fate: string, limit: number): Promise<FigureTrace> {
  const from = `FROM work.fates WHERE entity = ${literal(entity)} AND fate = ${literal(fate)}`
  const count = Number((await ctx.staging.one<{ n: number }>(`SELECT count(*) AS n ${from}`))?.n)
  const clean = `clean.${ident(entity)}`, keyed = await ctx.staging.exists(clean)
  const items: FigureTrace['items'] = []
  for (const { row, reason, key } of await ctx.staging.all<{ row: number; reason: string | null; key: string | null }>(`SELECT f.row, f.reason, ${keyed ? 'c._key' : 'NULL'} AS key FROM (SELECT row, reason ${from}) f ${keyed ? `LEFT JOIN ${clean} c ON c._row = f.row` : ''} ORDER BY f.row LIMIT ${limit}`)) {
    const document = key === null ? undefined : await ctx.staging.one<{ doctype: string; name: string }>(`SELECT doctype, name FROM ${ctx.target.documents} WHERE entity = ${literal(entity)} AND "key" = ${literal(key)} AND outcome = 'loaded' LIMIT 1`)
    items.push({ document: document === undefined ? null : `${document.doctype} ${document.name}`, key: key === null ? `record ${row}` : displayKey(key), legacy: null, site: null, reason: fate === 'migrated' ? null : reason, record: await recordAt(ctx, entity, Number(row), key ?? String(row)) })
  }
  return { figure, value: String(count), of: `records of ${entity}`, count, items }
}

async function documentsOf(ctx: TraceContext, figure: string, doctype: string, limit: number): Promise<FigureTrace> {
  const from = `FROM ${ctx.target.documents} l WHERE doctype = ${literal(doctype)} AND outcome = 'loaded'`
  const count = Number((await ctx.staging.one<{ n: number }>(`SELECT count(*) AS n ${from}`))?.n), items: FigureTrace['items'] = []
  const rows = await ctx.staging.all<{ name: string; entity: string; key: string; row: number | null }>(`SELECT l.name, l.entity, l."key" AS key, d._source_row AS row FROM (SELECT * ${from}) l LEFT JOIN ${draftRelation(doctype)} d ON d._entity = l.entity AND d._key = l."key" ORDER BY l.name LIMIT ${limit}`)
  for (const { name, entity, key, row } of rows) items.push({ document: `${doctype} ${name}`, key: displayKey(key), legacy: null, site: null, reason: null, record: row === null ? null : await recordAt(ctx, entity, Number(row), key) })
  return { figure, value: String(count), of: `documents of ${doctype}`, count, items }
}

/** Legacy amount and field of each document, in exact decimals. */
async function totalOf(ctx: TraceContext, figure: string, total: ProjectConfig['proof']['totals'][number], limit: number): Promise<FigureTrace> {
  const clean = `clean.${ident(total.entity)}`, decimal = (value: string): string => `TRY_CAST(CAST(${value} AS VARCHAR) AS DECIMAL(38,9))`
  const joined = `FROM ${clean} c LEFT JOIN ${ctx.target.documents} l ON l.entity = ${literal(total.entity)} AND l."key" = c._key AND l.doctype = ${literal(total.doctype)} AND l.outcome = 'loaded' LEFT JOIN ${ctx.target.tables}.${ident(`tab${total.doctype}`)} s ON s.name = l.name`
  const legacy = decimal(`c.${ident(total.sum)}`), site = decimal(`s.${ident(total.field)}`)
  const sums = await ctx.staging.one<{ legacy: string; site: string; n: number }>(`SELECT coalesce(sum(${legacy}), 0)::VARCHAR AS legacy, coalesce(sum(${site}), 0)::VARCHAR AS site, count(*) AS n ${joined}`)
  const rows = await ctx.staging.all<{ name: string | null; key: string; row: number; legacy: string | null; site: string | null }>(`SELECT l.name, c._key AS key, c._row AS row, ${legacy}::VARCHAR AS legacy, ${site}::VARCHAR AS site ${joined} ORDER BY abs(coalesce(${legacy}, 0) - coalesce(${site}, 0)) DESC, c._row LIMIT ${limit}`)
  const items: FigureTrace['items'] = []
  for (const one of rows) items.push({ document: one.name === null ? null : `${total.doctype} ${one.name}`, key: displayKey(one.key), legacy: one.legacy, site: one.site, reason: one.name === null ? 'no document stands for it' : null, record: await recordAt(ctx, total.entity, Number(one.row), one.key) })
  return { figure, value: `legacy ${sums?.legacy}, site ${sums?.site}`, of: `${total.sum} of ${total.entity}, ${total.field} of ${total.doctype}`, count: Number(sums?.n), items }
}

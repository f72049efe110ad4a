import { ident, literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { given } from './conditions.ts'

const MOST = 100

/** Python's json.dumps of text: ASCII only. */
function jsonText(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function shortened(content: string): string {
  const chars = [...content]
  return chars.length > MOST ? `${chars.slice(0, 97).join('')}...` : content
}

/** Adds the batch's comments to `_comments` of the records they are about (`where`: which of them; `by`: column with the author). */
export async function noteOnRecords(ctx: PostingContext, where: string, by: string): Promise<void> {
  if (!ctx.has('reference_name')) return
  const rows = await ctx.staging.all<{ id: number; name: string; t: string; r: string; content: string; by: string }>(
    `SELECT _id AS id, name, reference_doctype AS t, reference_name AS r, content, COALESCE(NULLIF(${ident(by)}, ''), owner) AS "by" FROM ${ctx.live} WHERE ${where} AND ${given('reference_doctype')} AND ${given('reference_name')} ORDER BY _id`)
  for (const doctype of new Set(rows.map((row) => row.t))) {
    const meta = ctx.site.doctype(doctype)
    if (meta?.istable) {
      await ctx.find({
        type: 'OperationalError', field: 'reference_doctype', message: `(1054, "Unknown column '_comments' in 'SET'")`, hint: 'Refer to the document the row is in.',
        select: `SELECT _id AS id FROM ${ctx.live} l WHERE reference_doctype = ${literal(doctype)} AND ${given('reference_name')} AND ${where}`,
      })
    }
    if (meta === undefined || meta.issingle || meta.column('_comments') === undefined) continue
    const mine = rows.filter((row) => row.t === doctype), scratch = ctx.scratch('comments')
    const before = await ctx.staging.all<{ name: string; c: string | null }>(`SELECT t.name, t._comments AS c FROM rows.${ident(meta.table)} t WHERE t.name IN (SELECT reference_name FROM ${ctx.live} WHERE reference_doctype = ${literal(doctype)})`)
    const lists = new Map(before.map((row) => [row.name, { id: 0, items: parse(row.c) }]))
    for (const row of mine) {
      const list = lists.get(row.r)
      if (list === undefined) continue
      list.id = row.id
      list.items.push({ comment: shortened(row.content), by: row.by, name: row.name })
    }
    const changed = [...lists].filter(([, list]) => list.id !== 0)
    await ctx.staging.run(`CREATE TEMP TABLE ${scratch.slice(5)} (id BIGINT, "key" VARCHAR, "after" VARCHAR)`)
    await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: scratch.slice(6, -1) }, [
      { name: 'id', kind: 'BIGINT', values: changed.map(([, list]) => list.id) }, { name: 'key', kind: 'VARCHAR', values: changed.map(([name]) => name) },
      { name: 'after', kind: 'VARCHAR', values: changed.map(([, list]) => `[${list.items.slice(-MOST).map((item) => `{${Object.entries(item).map(([key, value]) => `${jsonText(key)}: ${jsonText(String(value))}`).join(', ')}}`).join(', ')}]`) },
    ])
    await ctx.updateRows(meta.table, '_comments', `SELECT id, "key", "after" FROM ${scratch}`)
  }
}

function parse(text: string | null): Record<string, unknown>[] {
  if (!text) return []
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? (value as Record<string, unknown>[]) : []
  } catch {
    return []
  }
}

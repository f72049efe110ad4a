import { ident, literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'

/** Links of an Address or Contact must name a record; a row without one stops the site when it looks the record up. */
async function findUnnamed(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValueError', field: 'links.link_doctype', message: 'First non keyword argument must be a string or dict', hint: 'Name the linked record or leave the row out.',
    select: `SELECT _parent AS id, idx AS idx FROM ${ctx.child('links')} WHERE COALESCE(link_doctype, '') = ''`,
  })
  await ctx.find({
    type: 'DoesNotExistError', field: 'links.link_name', hint: 'Name the linked record or leave the row out.',
    select: `SELECT _parent AS id, idx AS idx, link_doctype || ' None not found' AS message FROM ${ctx.child('links')} WHERE link_doctype IS NOT NULL AND link_doctype <> '' AND COALESCE(link_name, '') = ''`,
  })
}

/** `link_title` is the title of the linked record. */
export async function setLinkTitles(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('links') === 0) return
  await findUnnamed(ctx)
  const links = ctx.child('links')
  for (const { d } of await ctx.staging.all<{ d: string }>(`SELECT DISTINCT link_doctype AS d FROM ${links} WHERE link_doctype <> '' AND link_name <> ''`)) {
    const meta = ctx.site.doctype(d)
    if (meta === undefined || meta.columns.length === 0) continue
    const title = [meta.title_field, 'title', 'name'].find((name) => name !== null && name !== '' && meta.column(name) !== undefined && (name !== 'title' || meta.field('title') !== undefined))!
    const value = `COALESCE(CAST(t.${ident(title)} AS VARCHAR), '')`
    await ctx.staging.run(`UPDATE ${links} AS l SET link_title = CASE WHEN ${value} = '' THEN l.link_name ELSE ${value} END FROM rows.${ident(meta.table)} t WHERE l.link_doctype = ${literal(d)} AND t.name = l.link_name`)
  }
}

/** Where a link is named twice the site makes all links of the document anew, once each and without their titles. */
export async function dropRepeatedLinks(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('links') === 0) return
  const links = ctx.child('links')
  const twice = await ctx.staging.all<{ p: number }>(`SELECT DISTINCT _parent AS p FROM (SELECT _parent FROM ${links} GROUP BY _parent, link_doctype, link_name HAVING COUNT(*) > 1)`)
  if (twice.length === 0) return
  const scratch = ctx.scratch('repeated'), parents = `SELECT p FROM ${scratch}`
  await ctx.staging.run(`CREATE TEMP TABLE ${scratch.slice(5)} AS SELECT DISTINCT _parent AS p FROM (SELECT _parent FROM ${links} GROUP BY _parent, link_doctype, link_name HAVING COUNT(*) > 1);
    DELETE FROM ${links} WHERE _parent IN (${parents}) AND (_parent, _idx) NOT IN (SELECT (_parent, min(_idx)) FROM ${links} GROUP BY _parent, link_doctype, link_name);
    UPDATE ${links} AS l SET link_title = NULL, idx = r.n FROM (SELECT _parent, _idx, row_number() OVER (PARTITION BY _parent ORDER BY _idx) AS n FROM ${links}) r WHERE l._parent IN (${parents}) AND r._parent = l._parent AND r._idx = l._idx`)
}

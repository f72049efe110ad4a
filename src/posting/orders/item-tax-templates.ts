import type { PostingContext } from '../framework/rule.ts'
import { filled, type OrderKind } from './kind.ts'

/** The template each line's tax rows are made of, where it is not the line's own: by batch (`_parent`, `_idx`, `template`). */
const appended = new WeakMap<PostingContext, string>()

/** SQL: the template that gives the tax rows of a line called `i` (joined by `appendJoin`). */
export const appendTemplate = (ctx: PostingContext) => (appended.has(ctx) ? 'COALESCE(own_tax.template, i.item_tax_template)' : 'i.item_tax_template')
export const appendJoin = (ctx: PostingContext) => (appended.has(ctx) ? `LEFT JOIN ${appended.get(ctx)!} own_tax ON own_tax._parent = i._parent AND own_tax._idx = i._idx` : '')

/**
 * SQL: templates the items of the batch have of their own (level 0; a variant without any has its template's) or by their group and the groups above it (the nearest
 * first): `item_code`, `level`, `idx`, `template`, `company`, `category`, `valid_from`, `ranged`.
 */
function candidates(ctx: PostingContext): string {
  return `WITH used AS (SELECT DISTINCT i.item_code FROM ${ctx.child('items')} i WHERE ${filled('i.item_code')}),
      own AS (SELECT m.name AS item_code, m.item_group, CASE WHEN EXISTS (SELECT 1 FROM rows."tabItem Tax" x WHERE x.parent = m.name AND x.parenttype = 'Item') THEN m.name ELSE m.variant_of END AS holder
        FROM used u JOIN rows."tabItem" m ON m.name = u.item_code),
      places AS (SELECT item_code, 0 AS level, 'Item' AS parenttype, holder AS parent FROM own
        UNION ALL SELECT o.item_code, 1000000000 - u.lft, 'Item Group', u.name FROM own o JOIN rows."tabItem Group" g ON g.name = o.item_group JOIN rows."tabItem Group" u ON u.lft <= g.lft AND u.rgt >= g.rgt)
    SELECT p.item_code, p.level, x.idx, x.item_tax_template AS template, t.company, COALESCE(x.tax_category, '') AS category, x.valid_from, COALESCE(x.maximum_net_rate, 0) <> 0 AS ranged
    FROM places p JOIN rows."tabItem Tax" x ON x.parent = p.parent AND x.parenttype = p.parenttype JOIN rows."tabItem Tax Template" t ON t.name = x.item_tax_template`
}

/** Lines take the tax template of their item or its group that is valid for the order's date and tax category, and lose one that is none of those. */
export async function takeItemTaxTemplates(ctx: PostingContext, kind: OrderKind): Promise<void> {
  if (await ctx.staging.one(`SELECT 1 FROM rows."tabItem Tax" LIMIT 1`) === undefined) return
  const items = ctx.child('items'), possible = ctx.scratch('tax_candidates'), lines = ctx.scratch('tax_lines')
  await ctx.staging.run(`CREATE TEMP TABLE ${possible.slice(5)} AS ${candidates(ctx)}`)
  if (await ctx.staging.one(`SELECT 1 FROM ${possible} LIMIT 1`) === undefined) return
  await ctx.find({
    type: 'unsupported', field: 'items.item_code', message: 'Tax templates of items for a range of rates are not predicted', hint: 'Load such orders through the site itself.',
    select: `SELECT DISTINCT i._parent AS id, i._idx AS idx, i.item_code AS "value" FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN ${possible} c ON c.item_code = i.item_code AND c.company = d.company WHERE c.ranged`,
  })
  // Templates with a day they begin to be valid go before those without, the latest first; within one place, and over all places when the line's template is checked.
  await ctx.staging.run(`CREATE TEMP TABLE ${lines.slice(5)} AS
    WITH valid AS (SELECT i._parent, i._idx, i.item_tax_template AS given, c.level, c.template, c.category = COALESCE(d.tax_category, '') AS fits, c.valid_from IS NOT NULL AS dated,
        row_number() OVER (PARTITION BY i._parent, i._idx ORDER BY c.valid_from DESC NULLS LAST, c.level, c.idx) AS nth
      FROM ${items} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN ${possible} c ON c.item_code = i.item_code AND c.company = d.company WHERE c.valid_from IS NULL OR c.valid_from <= d.transaction_date),
      levels AS (SELECT _parent, _idx, level, CASE WHEN bool_or(template = given) THEN any_value(given) ELSE arg_min(template, nth) FILTER (fits) END AS template
        FROM (SELECT * FROM valid QUALIFY dated OR NOT bool_or(dated) OVER (PARTITION BY _parent, _idx, level)) GROUP BY ALL),
      got AS (SELECT _parent, _idx, arg_min(template, level) AS template FROM levels WHERE template IS NOT NULL GROUP BY ALL),
      allowed AS (SELECT _parent, _idx, list(template ORDER BY nth) FILTER (fits) AS templates FROM (SELECT * FROM valid QUALIFY dated OR NOT bool_or(dated) OVER (PARTITION BY _parent, _idx)) GROUP BY ALL)
    SELECT a._parent, a._idx, g.template, COALESCE(i.item_tax_template, g.template) AS held, COALESCE(a.templates, []) AS allowed
    FROM allowed a JOIN ${items} i ON i._parent = a._parent AND i._idx = a._idx LEFT JOIN got g ON g._parent = a._parent AND g._idx = a._idx`)
  // What takes back another document keeps its templates unchecked.
  const checked = ctx.meta.column('return_against') === undefined ? 'TRUE' : `i._parent NOT IN (SELECT _id FROM ${ctx.doc} WHERE COALESCE(is_return, 0) <> 0 AND ${filled('return_against')})`
  await ctx.find({
    type: 'tax-template-changed', severity: 'warning', field: 'items.item_tax_template', causeByValue: true, hint: `Give the template that is valid for the item, the date and the tax category of the ${kind.doctype}.`,
    message: 'The template is none of the item\'s: the site takes another', select: `SELECT _parent AS id, _idx AS idx, held AS "value" FROM ${lines} WHERE ${filled('held')} AND len(allowed) > 0 AND NOT list_contains(allowed, held) AND ${checked.replace('i._parent', '_parent')}`,
  })
  await ctx.staging.run(`UPDATE ${items} AS i SET item_tax_template = CASE WHEN ${filled('s.held')} AND len(s.allowed) > 0 AND NOT list_contains(s.allowed, s.held) AND ${checked} THEN s.allowed[1] ELSE s.held END
    FROM ${lines} s WHERE s._parent = i._parent AND s._idx = i._idx`)
  appended.set(ctx, lines)
}

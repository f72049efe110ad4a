import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { findRepeated, given } from './conditions.ts'

/** What an item without defaults of its own takes over from its group. */
const TAKEN = ['company', 'default_warehouse', 'default_price_list', 'buying_cost_center', 'default_supplier', 'expense_account', 'selling_cost_center',
  'income_account']

/** An item without defaults gets those of its group, or else the site's company and warehouse where these belong together. */
export async function fillGroupDefaults(ctx: PostingContext): Promise<void> {
  const table = ctx.child('item_defaults'), columns = TAKEN.join(', ')
  const lacking = `SELECT _id, item_group FROM ${ctx.doc} WHERE ${given('item_group')} AND _id NOT IN (SELECT _parent FROM ${table})`
  const head = '_parent, _idx, name, idx, docstatus, parentfield, parenttype, owner, modified_by, creation, modified'
  const now = `TIMESTAMP ${literal(ctx.now)}`
  const values = (id: string, idx: string) => `${id}, ${idx}, ${ctx.hash('item_defaults', id,
    idx)}, ${idx}, 0, 'item_defaults', 'Item', ${literal(ctx.user)}, ${literal(ctx.user)}, ${now}, ${now}`
  const company = ctx.site.default('company'), warehouse = ctx.site.default('default_warehouse')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE lacking_defaults AS ${lacking}`)
  await ctx.staging.run(`INSERT INTO ${table} (${head}, ${columns}) SELECT ${values('_id', 'nth')}, ${columns} FROM (
    SELECT l._id, row_number() OVER (PARTITION BY l._id ORDER BY g.idx, g.name) AS nth, ${TAKEN.map((column) => `g.${column}`).join(', ')}
      FROM lacking_defaults l JOIN rows."tabItem Default" g ON g.parent = l.item_group)`)
  if (company !== null && warehouse !== null) {
    await ctx.staging.run(`INSERT INTO ${table} (${head}, company, default_warehouse) SELECT ${values('l._id', '1')}, ${literal(company)},
      ${literal(warehouse)} FROM lacking_defaults l
      WHERE l.item_group NOT IN (SELECT parent FROM rows."tabItem Default" WHERE parent IS NOT NULL) AND EXISTS (SELECT 1 FROM rows.tabWarehouse w
        WHERE w.name = ${literal(warehouse)} AND w.company = ${literal(company)})`)
  }
  await ctx.staging.run('DROP TABLE lacking_defaults')
  await ctx.recount('item_defaults')
}

/** One row of defaults per company. */
export async function findRepeatedCompanies(ctx: PostingContext): Promise<void> {
  await findRepeated(ctx, 'item_defaults', ['company'], { type: 'ValidationError', message: 'Cannot set multiple Item Defaults for a company.',
    hint: 'Keep one row per company.' })
}

import { literal } from '../../staging/staging.ts'
import { STAGES, type PostingContext } from '../framework/rule.ts'
import { filled, type OrderKind } from './kind.ts'

/**
 * Sets `price` of each line from Item Price, per unit of the line: first the party's own price, then the general one for the line's unit,
 * then the general one for the stock unit. NULL where there is none, or where the party's price is for full packages only.
 */
export async function makePrices(ctx: PostingContext, kind: OrderKind, lines: string): Promise<void> {
  const price = `rows."tabItem Price"`
  const any = await ctx.staging.one(`SELECT 1 FROM ${price} p WHERE p.item_code IN (SELECT item_code FROM ${lines} UNION ALL SELECT variant_of FROM ${lines}) LIMIT 1`)
  if (any !== undefined) await takePrices(ctx, kind, lines, price)
  await findDisabledLists(ctx, lines)
  await seeNewPrices(ctx, lines)
  if (ctx.tells) await tellNewPrices(ctx, lines)
}

/** A line without a price would leave one behind (Stock Settings, auto insert), which a disabled list does not take. */
async function findDisabledLists(ctx: PostingContext, lines: string): Promise<void> {
  if (Number(ctx.site.single('Stock Settings')['auto_insert_price_list_rate_if_missing'] ?? 0) === 0) return
  if ((await ctx.staging.one('SELECT 1 FROM rows."tabPrice List" WHERE COALESCE(enabled, 0) = 0 LIMIT 1')) === undefined) return
  await ctx.find({
    type: 'ValidationError', field: 'items.price_list_rate', hint: 'Enable the price list for the migration, or name another.',
    select: `SELECT l._parent AS id, l._idx AS idx, l.price_list AS "value", 'The price list ' || l.price_list || ' does not exist or is disabled' AS message FROM ${lines} l
      JOIN rows."tabPrice List" pl ON pl.name = l.price_list AND pl.currency = l.currency AND COALESCE(pl.enabled, 0) = 0 WHERE l.price IS NULL AND COALESCE(l.rate, 0) <> 0
      AND NOT EXISTS (SELECT 1 FROM rows."tabItem Price" p WHERE p.item_code = l.item_code AND p.price_list = l.price_list AND p.currency = l.currency AND p.uom = l.stock_uom)`,
  })
}

/** The site adds a missing price while it fills in the lines, and says so even where it refuses the document later: for want of a supplier, for one. */
async function tellNewPrices(ctx: PostingContext, lines: string): Promise<void> {
  if (Number(ctx.site.single('Stock Settings')['auto_insert_price_list_rate_if_missing'] ?? 0) === 0) return
  const rows = await ctx.staging.all<{ id: number; item_code: string; price_list: string }>(`SELECT l._parent AS id, l.item_code, l.price_list FROM ${lines} l JOIN rows."tabPrice List" pl ON pl.name = l.price_list AND pl.currency = l.currency AND pl.enabled = 1
    JOIN rows."tabItem" m ON m.name = l.item_code WHERE l.price IS NULL AND COALESCE(l.rate, 0) <> 0 AND l._parent NOT IN (SELECT id FROM temp.found WHERE severity = 'blocking' AND stage <= ${STAGES.indexOf('validate')} AND NOT (type = 'DoesNotExistError' AND field = 'supplier'))
    AND NOT EXISTS (SELECT 1 FROM rows."tabItem Price" p WHERE p.item_code = l.item_code AND p.price_list = l.price_list AND p.currency = l.currency AND p.uom = l.stock_uom) ORDER BY l._parent, l._idx`)
  for (const row of rows) ctx.tell(row.id, `Item Price added for ${row.item_code} in Price List ${row.price_list}`)
}

/** Prices that earlier lines of the batch leave behind count for orders from today on: they are valid from today. */
async function seeNewPrices(ctx: PostingContext, lines: string): Promise<void> {
  const today = `DATE ${literal(ctx.today)}`, stock = ctx.site.single('Stock Settings')
  if (Number(stock['auto_insert_price_list_rate_if_missing'] ?? 0) === 0) return
  if ((await ctx.staging.one(`SELECT 1 FROM ${lines} WHERE price IS NULL AND transaction_date >= ${today} LIMIT 1`)) === undefined) return
  const offered = stock['update_price_list_based_on'] === 'Price List Rate' ? 'COALESCE(NULLIF(l.given_price, 0), l.rate)' : 'l.rate'
  await ctx.staging.run(`UPDATE ${lines} AS t SET price = n.rate * CASE WHEN t.uom = t.stock_uom THEN 1 ELSE t.factor END FROM (
      SELECT l.item_code, l.price_list, l.currency, l.stock_uom, arg_min(struct_pack(p := l._parent, i := l._idx), (l._parent, l._idx)) AS first, arg_min(${offered} / l.factor, (l._parent, l._idx)) AS rate
      FROM ${lines} l JOIN rows."tabPrice List" pl ON pl.name = l.price_list AND pl.currency = l.currency AND pl.enabled = 1 WHERE l.price IS NULL AND l.rate <> 0
        AND NOT EXISTS (SELECT 1 FROM rows."tabItem Price" p WHERE p.item_code = l.item_code AND p.price_list = l.price_list AND p.currency = l.currency AND p.uom = l.stock_uom) GROUP BY ALL) n
    WHERE n.item_code = t.item_code AND n.price_list = t.price_list AND n.stock_uom = t.stock_uom AND t.price IS NULL AND t.transaction_date >= ${today} AND (t._parent, t._idx) > (n.first.p, n.first.i)`)
}

async function takePrices(ctx: PostingContext, kind: OrderKind, lines: string, price: string): Promise<void> {
  const general = `COALESCE(p.customer, '') = '' AND COALESCE(p.supplier, '') = ''`, unit = (uom: string) => `COALESCE(p.uom, '') IN ('', ${uom})`
  await ctx.staging.run(`UPDATE ${lines} AS t SET price = s.price FROM (SELECT l._parent, l._idx,
      CASE WHEN p.tier IN (1, 11) AND p.packing <> 0 AND fmod(l.qty, p.packing) <> 0 THEN NULL WHEN p.uom = l.uom THEN p.rate ELSE p.rate * l.factor END AS price
    FROM ${lines} l JOIN (SELECT l._parent, l._idx, p.uom, CAST(p.price_list_rate AS DOUBLE) AS rate, COALESCE(p.packing_unit, 0) AS packing,
        CASE WHEN p.item_code = l.item_code THEN 0 ELSE 10 END + CASE WHEN ${filled('l.party')} AND p.${kind.party} = l.party AND ${unit('l.uom')} THEN 1
          WHEN NOT ${filled('l.party')} AND ${general} AND ${unit('l.uom')} THEN 1 WHEN ${general} AND ${unit('l.uom')} THEN 2 WHEN ${general} AND l.uom <> l.stock_uom AND ${unit('l.stock_uom')} THEN 3 ELSE 99 END AS tier
      FROM (SELECT *, item_code AS priced FROM ${lines} UNION ALL SELECT *, variant_of FROM ${lines} WHERE variant_of IS NOT NULL AND variant_of <> item_code) l
        JOIN ${price} p ON p.price_list = l.price_list AND p.item_code = l.priced
      WHERE COALESCE(p.batch_no, '') = '' AND COALESCE(p.valid_from, DATE '2000-01-01') <= l.transaction_date AND COALESCE(p.valid_upto, DATE '2500-12-31') >= l.transaction_date AND tier < 50
      QUALIFY row_number() OVER (PARTITION BY l._parent, l._idx ORDER BY tier, p.valid_from DESC NULLS LAST, p.uom DESC NULLS LAST, p.name) = 1) p ON p._parent = l._parent AND p._idx = l._idx) s
    WHERE s._parent = t._parent AND s._idx = t._idx`)
}

/**
 * The price a line without one leaves behind (Stock Settings, auto insert): one per item, list and stock unit, from the first line that has a
 * rate. A line whose rate comes of its price and discount has none before the submit, so a draft leaves nothing.
 */
export async function insertMissingPrices(ctx: PostingContext, kind: OrderKind, lines: string): Promise<void> {
  const stock = ctx.site.single('Stock Settings')
  if (Number(stock['auto_insert_price_list_rate_if_missing'] ?? 0) === 0) return
  const byPrice = stock['update_price_list_based_on'] === 'Price List Rate'
  const rate = (pass: string, own: string, listed: string) => `SELECT l.*, ${pass} AS pass, ${byPrice ? `COALESCE(NULLIF(${listed}, 0), ${own})` : own} AS offered, ${own} AS own_rate`
  await ctx.insertRows('tabItem Price', `SELECT c._parent AS _id, ${ctx.hash('Item Price', 'c._parent', 'c._idx')} AS name, TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified,
      ${literal(ctx.user)} AS owner, ${literal(ctx.user)} AS modified_by, 0 AS docstatus, 0 AS idx, c.item_code, c.stock_uom AS uom, 0 AS packing_unit, m.item_name, m.brand, m.description AS item_description,
      c.price_list, pl.buying, pl.selling, pl.currency, c.offered / CASE WHEN c.used_factor = 0 THEN 1 ELSE c.used_factor END AS price_list_rate, DATE ${literal(ctx.today)} AS valid_from, 0 AS lead_time_days
    FROM (SELECT * FROM (${rate('1', 'l.rate', 'l.given_price')}, l.factor AS used_factor FROM ${lines} l
        UNION ALL ${rate('2', 'i.rate', 'i.price_list_rate')}, i.conversion_factor AS used_factor FROM ${lines} l JOIN ${ctx.child('items')} i ON i._parent = l._parent AND i._idx = l._idx WHERE l.submitted)
      WHERE price IS NULL AND own_rate <> 0 AND _parent IN (SELECT _id FROM ${ctx.live})
      QUALIFY row_number() OVER (PARTITION BY item_code, price_list, stock_uom, currency ORDER BY _parent, pass, _idx) = 1) c
    JOIN rows."tabPrice List" pl ON pl.name = c.price_list AND pl.currency = c.currency AND pl.enabled = 1 JOIN rows."tabItem" m ON m.name = c.item_code
    WHERE NOT EXISTS (SELECT 1 FROM rows."tabItem Price" p WHERE p.item_code = c.item_code AND p.price_list = c.price_list AND p.currency = c.currency AND p.uom = c.stock_uom)`)
}

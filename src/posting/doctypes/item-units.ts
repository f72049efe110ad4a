import type { PostingContext } from '../framework/rule.ts'
import { given } from './conditions.ts'

/** The stock unit is among the units of every item, last where it was not given. */
export async function addStockUnit(ctx: PostingContext): Promise<void> {
  const units = ctx.child('uoms')
  await ctx.staging.run(`INSERT INTO ${units} (_parent, _idx, name, idx, docstatus, parentfield, parenttype, owner, modified_by, creation, modified, uom,
    conversion_factor)
    SELECT d._id, COALESCE(u.last, 0) + 1, ${ctx.hash('uoms', 'd._id', 'COALESCE(u.last, 0) + 1')}, COALESCE(u.last, 0) + 1, 0, 'uoms', 'Item', d.owner,
      d.modified_by, d.creation, d.modified, d.stock_uom, 1
    FROM ${ctx.doc} d LEFT JOIN (SELECT _parent, max(_idx) AS last FROM ${units} GROUP BY _parent) u ON u._parent = d._id
    WHERE NOT EXISTS (SELECT 1 FROM ${units} c WHERE c._parent = d._id AND c.uom IS NOT DISTINCT FROM d.stock_uom)`)
  await ctx.recount('uoms')
}

/** A unit stands there once, and the stock unit with the factor 1. */
export async function findWrongUnits(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('uoms') === 0) return
  await ctx.find({
    type: 'ValidationError', field: 'uoms.uom', hint: 'Keep one row per unit; the stock unit has the factor 1.',
    select: `SELECT c._parent AS id, c._idx AS idx, c.uom AS "value",
      CASE WHEN c.nth > 1 THEN 'Unit of Measure ' || COALESCE(c.uom, 'None') || ' has been entered more than once in Conversion Factor Table'
        ELSE 'Conversion factor for default Unit of Measure must be 1 in row ' || c._idx END AS message
      FROM (SELECT *, row_number() OVER (PARTITION BY _parent, COALESCE(uom, '') ORDER BY _idx) AS nth FROM ${ctx.child('uoms')}) c
        JOIN ${ctx.doc} d ON d._id = c._parent
      WHERE c.nth > 1 OR (${given('c.uom')} AND c.uom = d.stock_uom AND COALESCE(c.conversion_factor, 0) <> 1)`,
  })
}

/**
 * Where the site knows how two units convert (directly, the other way round, or through a third one), its factor replaces the one given. Each
 * pair of units is looked up once, whatever the number of items.
 */
export async function takeKnownFactors(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('uoms') === 0) return
  const pairs = ctx.scratch('pairs'), local = pairs.replace(/^temp\./, ''), factors = 'rows."tabUOM Conversion Factor"'
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${local} AS SELECT u, s,
    COALESCE(CASE WHEN u = s THEN 1 END, direct, 1 / NULLIF(inverse, 0), middle) AS factor FROM (SELECT p.u, p.s,
      (SELECT first(f.value::DOUBLE ORDER BY f.name) FROM ${factors} f WHERE f.from_uom = p.u AND f.to_uom = p.s) AS direct,
      (SELECT first(f.value::DOUBLE ORDER BY f.name) FROM ${factors} f WHERE f.from_uom = p.s AND f.to_uom = p.u) AS inverse,
      (SELECT first(a.value::DOUBLE / NULLIF(b.value, 0)::DOUBLE ORDER BY b.name, a.name) FROM ${factors} a JOIN ${factors} b ON b.from_uom = a.from_uom
        WHERE a.to_uom = p.s AND b.to_uom = p.u) AS middle
      FROM (SELECT DISTINCT c.uom AS u, d.stock_uom AS s FROM ${ctx.child('uoms')} c JOIN ${ctx.doc} d ON d._id = c._parent) p)`)
  await ctx.find({
    type: 'factor-overwritten', severity: 'warning', field: 'uoms.conversion_factor', hint: 'Use another unit, or change the conversion factor on the site.',
    select: `SELECT c._parent AS id, c._idx AS idx, c.uom || ' = ' || CAST(c.conversion_factor AS VARCHAR) AS "value",
      'The site replaces the factor by its own: ' || CAST(round(p.factor, 9) AS VARCHAR) AS message
      FROM ${ctx.child('uoms')} c JOIN ${ctx.doc} d ON d._id = c._parent JOIN ${pairs} p ON p.u = c.uom AND p.s = d.stock_uom
      WHERE p.factor <> 0 AND COALESCE(c.conversion_factor, 0) <> 0 AND abs(c.conversion_factor - p.factor) > 5e-10`,
  })
  await ctx.staging.run(`UPDATE ${ctx.child('uoms')} AS t SET conversion_factor = p.factor FROM ${ctx.doc} d, ${pairs} p
    WHERE d._id = t._parent AND p.u IS NOT DISTINCT FROM t.uom AND p.s IS NOT DISTINCT FROM d.stock_uom AND p.factor <> 0`)
}

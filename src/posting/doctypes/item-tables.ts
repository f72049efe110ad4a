import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { validBarcode } from './barcode.ts'
import { given, missing, on } from './conditions.ts'

/** A barcode belongs to one item; where its kind is one the site knows, it must be one of that kind. An unknown kind is dropped. */
export async function checkBarcodes(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('barcodes') === 0) return
  const table = ctx.child('barcodes')
  await ctx.find({
    type: 'ValidationError', field: 'barcodes.barcode', causeByValue: true, hint: 'Find out which item the barcode belongs to.',
    select: `SELECT c._parent AS id, c._idx AS idx, c.barcode AS "value", 'Barcode ' || c.barcode || ' already used in Item ' || r.parent AS message
      FROM ${table} c JOIN rows."tabItem Barcode" r ON lower(rtrim(r.barcode)) = lower(rtrim(c.barcode)) JOIN ${ctx.doc} d ON d._id = c._parent
        WHERE ${given('c.barcode')} AND r.parent IS DISTINCT FROM d.item_code`,
  })
  const kinds = (ctx.site.doctype('Item Barcode')?.field('barcode_type')?.options ?? '').split('\n')
  const unknown = `${given('barcode')} AND COALESCE(barcode_type, 'None') NOT IN (${kinds.map(literal).join(', ')})`
  await ctx.find({
    type: 'barcode-type-dropped', severity: 'warning', field: 'barcodes.barcode_type', causeByValue: true,
      message: 'The site does not know this kind of barcode and drops it', hint: `Use one of ${kinds.filter(Boolean).join(', ')}.`,
    select: `SELECT _parent AS id, _idx AS idx, barcode_type AS "value" FROM ${table} WHERE ${unknown} AND ${given('barcode_type')}`,
  })
  await ctx.staging.run(`UPDATE ${table} SET barcode_type = '' WHERE ${unknown}`)
  const rows = await ctx.staging.all<{ id: number; idx: number; barcode: string; kind: string }>(
    `SELECT _parent AS id, _idx AS idx, barcode, barcode_type AS kind FROM ${table} WHERE ${given('barcode')} AND ${given('barcode_type')}`)
  await ctx.findAll({ type: 'InvalidBarcode', field: 'barcodes.barcode', hint: 'Correct the barcode, or leave its kind empty.' },
    rows.filter((row) => !validBarcode(row.kind, row.barcode)).map((row) => ({ id: row.id, idx: row.idx, value: row.barcode,
      message: `Barcode ${row.barcode} is not a valid ${row.kind} code` })))
}

/** One reorder level per warehouse and kind of request, with a quantity, and below the group it is watched in. */
export async function checkReorderLevels(ctx: PostingContext): Promise<void> {
  if (ctx.childCount('reorder_levels') === 0) return
  const table = ctx.child('reorder_levels')
  await ctx.staging.run(`UPDATE ${table} SET warehouse_group = warehouse WHERE ${missing('warehouse_group')}`)
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE reorder_problems AS SELECT c._parent AS id, c._idx AS idx, c.warehouse AS "value",
    row_number() OVER (PARTITION BY c._parent, c.warehouse, c.material_request_type ORDER BY c._idx) > 1 AS repeated,
    ${on('c.warehouse_reorder_level')} AND NOT ${on('c.warehouse_reorder_qty')} AS without_qty,
    ${given('c.warehouse_group')} AND ${given('c.warehouse')} AND c.warehouse <> c.warehouse_group AND NOT EXISTS (
      SELECT 1 FROM rows.tabWarehouse g JOIN rows.tabWarehouse w ON w.lft > g.lft AND w.rgt < g.rgt WHERE g.name = c.warehouse_group
        AND w.name = c.warehouse) AS elsewhere
    FROM ${table} c`)
  // Row by row, each through all its checks: only the first problem of an item has a type of its own.
  const first = `FROM reorder_problems QUALIFY row_number() OVER (PARTITION BY id ORDER BY NOT (repeated OR without_qty OR elsewhere), idx) = 1`
  await ctx.find({
    type: 'DuplicateReorderRows', field: 'reorder_levels.warehouse', message: 'A reorder entry already exists for this warehouse and kind of request',
      hint: 'Keep one row per warehouse.',
    select: `SELECT id AS id, idx AS idx, "value" AS "value" FROM (SELECT * ${first}) WHERE repeated`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'reorder_levels', hint: 'Give the reorder quantity, and a warehouse below its group.',
    select: `SELECT id AS id, idx AS idx, "value" AS "value", CASE WHEN without_qty THEN 'Please set reorder quantity'
      ELSE 'The warehouse is not a child warehouse of its group warehouse' END AS message
      FROM (SELECT * ${first}) WHERE NOT repeated AND (without_qty OR elsewhere)`,
  })
  await ctx.staging.run('DROP TABLE reorder_problems')
  if (ctx.site.single('Stock Settings')['auto_indent'] !== '1') await ctx.find({
    type: 'reorder-disabled', severity: 'warning', field: 'reorder_levels',
      message: 'Reorder levels have no effect until auto re-order is enabled in Stock Settings', hint: 'Enable auto re-order.',
    select: `SELECT DISTINCT _parent AS id FROM ${table}`,
  })
}

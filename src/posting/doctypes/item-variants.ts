import { literal } from '../../staging/staging.ts'
import { flt } from '../framework/coerce.ts'
import type { PostingContext } from '../framework/rule.ts'
import { floatRepr, floorRemainder } from '../orders/python-number.ts'
import { given } from './conditions.ts'

const variants = `${given('variant_of')} AND variant_based_on = 'Item Attribute'`

interface Row { id: number; idx: number; item: string; template: string; attribute: string; value: string }

/** Attributes without a value go; those that stay must have values the attribute knows, or numbers within its range. Before that no other variant may have the same. */
export async function checkVariantAttributes(ctx: PostingContext): Promise<void> {
  if (!ctx.has('variant_of')) return
  const table = ctx.child('attributes'), mine = `_parent IN (SELECT _id FROM ${ctx.doc} WHERE ${variants})`
  await ctx.staging.run(`DELETE FROM ${table} WHERE ${mine} AND COALESCE(py_strip(attribute_value), '') = '';
    UPDATE ${table} AS t SET idx = s.nth, variant_of = d.variant_of FROM (SELECT _parent, _idx, row_number() OVER (PARTITION BY _parent ORDER BY _idx) AS nth FROM ${table} WHERE ${mine}) s, ${ctx.doc} d
      WHERE s._parent = t._parent AND s._idx = t._idx AND d._id = t._parent`)
  await ctx.recount('attributes')
  await ctx.find({
    type: 'ValidationError', field: 'attributes', message: 'Please specify at least one attribute in the Attributes table', hint: 'Give the values that tell the variant from others.',
    select: `SELECT _id AS id FROM ${ctx.doc} WHERE ${variants} AND _id NOT IN (SELECT _parent FROM ${table})`,
  })
  const rows = await ctx.staging.all<Row>(`SELECT c._parent AS id, c._idx AS idx, d.item_code AS item, d.variant_of AS template, c.attribute, c.attribute_value AS "value" FROM ${table} c JOIN ${ctx.doc} d ON d._id = c._parent
    WHERE c.${mine} AND ${given('c.attribute')} ORDER BY c._parent, c._idx`)
  await findTaken(ctx, `SELECT d._id, d.item_code, d.variant_of, list(struct_pack(a := c.attribute, v := c.attribute_value) ORDER BY c.attribute, c.attribute_value) AS attributes
    FROM ${ctx.doc} d JOIN ${table} c ON c._parent = d._id WHERE ${variants.replace('variant_of', 'd.variant_of')} GROUP BY ALL`)
  if (Number(ctx.site.single('Item Variant Settings')['allow_rename_attribute_value'] ?? 0) === 0 || await hasNumbers(ctx)) await findWrongValues(ctx, rows)
}

/** A variant of the site with exactly these attributes and values. */
async function findTaken(ctx: PostingContext, own: string): Promise<void> {
  await ctx.find({
    type: 'ItemVariantExistsError', field: 'attributes', hint: 'Merge the two variants, or tell them apart by an attribute.',
    select: `SELECT DISTINCT o._id AS id, 'Item variant ' || v.name || ' exists with same attributes' AS message FROM (${own}) o JOIN (SELECT m.name, m.variant_of,
      list(struct_pack(a := c.attribute, v := c.attribute_value) ORDER BY c.attribute, c.attribute_value) AS attributes FROM rows."tabItem" m JOIN rows."tabItem Variant Attribute" c ON c.parent = m.name AND c.parenttype = 'Item'
      WHERE ${given('m.variant_of')} GROUP BY ALL) v ON v.variant_of = o.variant_of AND v.attributes = o.attributes AND v.name IS DISTINCT FROM o.item_code`,
  })
}

/** Of variants of one batch with the same attributes the first stays. For the `named` stage. */
export async function findTwinVariants(ctx: PostingContext): Promise<void> {
  if (!ctx.has('variant_of')) return
  await ctx.find({
    type: 'ItemVariantExistsError', field: 'attributes', stage: 'validate', hint: 'Merge the two variants, or tell them apart by an attribute.',
    select: `SELECT _id AS id, 'Item variant ' || first_value(name) OVER w || ' exists with same attributes' AS message FROM (SELECT d._id, d.name, d.variant_of,
      list(struct_pack(a := c.attribute, v := c.attribute_value) ORDER BY c.attribute, c.attribute_value) AS attributes FROM ${ctx.live} d JOIN ${ctx.child('attributes')} c ON c._parent = d._id
      WHERE ${variants.replace('variant_of', 'd.variant_of')} GROUP BY ALL) WINDOW w AS (PARTITION BY variant_of, attributes ORDER BY _id) QUALIFY row_number() OVER w > 1`,
  })
}

async function hasNumbers(ctx: PostingContext): Promise<boolean> {
  return (await ctx.staging.one(`SELECT 1 FROM rows."tabItem Variant Attribute" WHERE numeric_values = 1 LIMIT 1`)) !== undefined
}

interface Range { from: number; to: number; step: number }

async function findWrongValues(ctx: PostingContext, rows: Row[]): Promise<void> {
  const free = Number(ctx.site.single('Item Variant Settings')['allow_rename_attribute_value'] ?? 0) !== 0
  const known = new Map<string, Set<string>>(), ranges = new Map<string, Range>(), key = (template: string, attribute: string) => `${template}\u0000${attribute.toLowerCase()}`
  for (const row of await ctx.staging.all<{ a: string; v: string }>(`SELECT parent AS a, attribute_value AS v FROM rows."tabItem Attribute Value"`)) {
    const values = known.get(row.a.toLowerCase()) ?? new Set<string>()
    known.set(row.a.toLowerCase(), values.add(row.v))
  }
  const templates = [...new Set(rows.map((row) => row.template)), ''].map((name) => literal(name)).join(', ')
  for (const row of await ctx.staging.all<{ t: string; a: string } & Range>(`SELECT parent AS t, attribute AS a, CAST(from_range AS DOUBLE) AS "from", CAST(to_range AS DOUBLE) AS "to", CAST(increment AS DOUBLE) AS step
    FROM rows."tabItem Variant Attribute" WHERE numeric_values = 1 AND parent IN (${templates})`)) ranges.set(key(row.t, row.a), row)
  const wrong: { id: number; idx: number; value: string; message: string }[] = [], still: typeof wrong = []
  for (const { id, idx, item, template, attribute, value } of rows) {
    const range = ranges.get(key(template, attribute))
    if (range?.step === 0) still.push({ id, idx, value, message: `Increment for Attribute ${attribute} cannot be 0` })
    else if (range !== undefined && !fits(range, value)) wrong.push({ id, idx, value, message: `Value for Attribute ${attribute} must be within the range of ${floatRepr(range.from)} to ${floatRepr(range.to)} in the increments of ${floatRepr(range.step)} for Item ${item}` })
    else if (range === undefined && !free && !known.get(attribute.toLowerCase())?.has(value)) wrong.push({ id, idx, value, message: `${value} is not a valid Value for Attribute ${attribute} of Item ${item}.` })
  }
  await ctx.findAll({ type: 'ValidationError', field: 'attributes.attribute_value', hint: 'Give the attribute of the template an increment.' }, still)
  await ctx.findAll({ type: 'InvalidItemAttributeValueError', field: 'attributes.attribute_value', causeByValue: true, hint: 'Add the value to the Item Attribute, or map it to one that is there.' }, wrong)
}

/** A number in steps from the beginning of the range, as far as the decimals of value and step tell. */
function fits({ from, to, step }: Range, value: string): boolean {
  const number = flt(value), places = Math.max(...[value, floatRepr(step)].map((text) => text.split('.').at(-1)!.replace(/0+$/, '').length))
  const rest = Number(floorRemainder(number - from, step).toFixed(Math.min(places, 20)))
  return from <= number && number <= to && (rest === 0 || rest === step)
}

import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findReversedDates, on } from './conditions.ts'

interface Year { id: number | null; name: string; start: string | null; end: string | null; companies: string[] }

/** A year of exactly a year, unless it is a short one. Missing dates count as today, as getdate does with nothing. */
async function findUnusualYears(ctx: PostingContext): Promise<void> {
  const today = `DATE ${literal(ctx.today)}`, start = `COALESCE(year_start_date, ${today})`
  await ctx.find({
    type: 'InvalidDates', field: 'year_end_date', message: 'Fiscal Year End Date should be one year after Fiscal Year Start Date', hint: 'Correct the dates, or mark it as a short year.',
    select: `SELECT _id AS id, CAST(year_end_date AS VARCHAR) AS "value" FROM ${ctx.doc} WHERE NOT ${on('is_short_year')} AND COALESCE(year_end_date, ${today}) <> CAST(${start} + INTERVAL 1 YEAR AS DATE) - 1`,
  })
}

const overlaps = (a: Year, b: Year): boolean => a.start !== null && a.end !== null && b.start !== null && b.end !== null
  && ((a.start >= b.start && a.start <= b.end) || (a.end >= b.start && a.end <= b.end) || (b.start >= a.start && b.start <= a.end) || (b.end >= a.start && b.end <= a.end))

/** Two years share a company where one of them names none. */
const share = (a: Year, b: Year): boolean => a.companies.length === 0 || b.companies.length === 0 || a.companies.some((company) => b.companies.includes(company))

/** Years that lie over another, one after the other: a year that was refused stands in nobody's way. */
async function findOverlaps(ctx: PostingContext): Promise<void> {
  const companies = (table: string, owner: string): string => `COALESCE((SELECT list(c.company) FROM ${table} c WHERE c.${owner} AND c.company IS NOT NULL), [])`
  const dates = (alias: string): string => `${alias}.name AS name, CAST(${alias}.year_start_date AS VARCHAR) AS "start", CAST(${alias}.year_end_date AS VARCHAR) AS "end"`
  const known = await ctx.staging.all<Year>(`SELECT NULL AS id, ${dates('y')}, ${companies('rows."tabFiscal Year Company"', 'parent = y.name')} AS companies FROM rows."tabFiscal Year" y ORDER BY y.name`)
  const wanted = await ctx.staging.all<Year>(`SELECT d._id AS id, COALESCE(d.year, '') AS name, CAST(d.year_start_date AS VARCHAR) AS "start", CAST(d.year_end_date AS VARCHAR) AS "end",
    ${ctx.childCount('companies') === 0 ? '[]' : companies(ctx.child('companies'), '_parent = d._id')} AS companies FROM ${ctx.doc} d WHERE d._id NOT IN (${ctx.refused}) ORDER BY d._id`)
  const refused: string[] = []
  for (const year of wanted) {
    const other = known.find((one) => one.name.toLowerCase() !== year.name.toLowerCase() && overlaps(year, one) && share(year, one))
    if (other) refused.push(`(${year.id}, ${literal(`Year start date or end date is overlapping with ${other.name}. To avoid please set company`)}, 'NameError')`)
    else {
      const same = known.find((one) => one.name.toLowerCase() !== year.name.toLowerCase() && one.start === year.start && one.end === year.end)
      if (same) refused.push(`(${year.id}, ${literal(`Fiscal Year Start Date and Fiscal Year End Date are already set in Fiscal Year ${same.name}`)}, 'ValidationError')`)
      else known.push(year)
    }
  }
  for (const type of ['NameError', 'ValidationError']) {
    if (!refused.some((row) => row.endsWith(`'${type}')`))) continue
    await ctx.find({ type, field: 'year_start_date', hint: 'Leave the year out, or give both years their companies.', select: `SELECT id, message FROM (VALUES ${refused.join(', ')}) v(id, message, type) WHERE type = '${type}'` })
  }
}

export const rule: PostingRule = {
  doctype: 'Fiscal Year',
  reads: ['Fiscal Year', 'Fiscal Year Company'],
  steps: [
    { stage: 'validate', id: 'order-of-dates', pass: 'insert', run: (ctx) => findReversedDates(ctx, [['year_start_date', 'year_end_date']]) },
    { stage: 'validate', id: 'length', pass: 'insert', run: findUnusualYears },
    { stage: 'validate', id: 'overlaps', pass: 'insert', run: findOverlaps },
  ],
}

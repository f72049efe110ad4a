import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { truthy } from '../orders/kind.ts'

/**
 * Date and time of posting: now, unless the document says that it sets them. Time goes on between documents, so that each is a little later than the one before.
 */
export async function settlePostingTime(ctx: PostingContext): Promise<void> {
  const { staging } = ctx, now = `TIME ${literal(ctx.now.slice(11))}`
  if (ctx.import) await staging.run(`UPDATE ${ctx.doc} SET set_posting_time = 1 WHERE posting_date IS NOT NULL`)
  await staging.run(`UPDATE ${ctx.doc} SET posting_date = DATE ${literal(ctx.today)}, posting_time = ${now} WHERE NOT ${truthy('set_posting_time')}`)
  await staging.run(`UPDATE ${ctx.doc} SET posting_time = posting_time + to_microseconds(abs(_id) % 1000000) WHERE posting_time = ${now}`)
}

/** SQL over documents `alias`: the moment of posting. */
export const postingMoment = (alias: string): string => `(${alias}.posting_date + COALESCE(${alias}.posting_time, TIME '00:00:00'))`

/** SQL over documents `alias`: the fiscal year, the last one where several hold the date. */
export function fiscalYear(alias: string): string {
  return `(SELECT arg_max(y.name, y.year_start_date) FROM rows."tabFiscal Year" y WHERE COALESCE(y.disabled, 0) = 0 AND ${alias}.posting_date BETWEEN y.year_start_date AND y.year_end_date
    AND (NOT EXISTS (SELECT 1 FROM rows."tabFiscal Year Company" c WHERE c.parent = y.name) OR EXISTS (SELECT 1 FROM rows."tabFiscal Year Company" c WHERE c.parent = y.name AND c.company = ${alias}.company)))`
}

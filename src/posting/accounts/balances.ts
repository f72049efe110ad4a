import type { PostingContext } from '../framework/rule.ts'
import { numberFormat } from '../orders/money-in-words.ts'
import { ledgerOf } from './gl-map.ts'

/** What is asked of the ledger for a document: the balance of an account, or of a party in a company, up to a date. `into` is the column that gets it. */
export interface BalanceQuestion { into: string; /** SQL over the working table `d`: `a|account` or `p|type|party|company`; NULL asks nothing. */ key: string }

/** Sums by day, for prefix sums while amounts are still added (a Fenwick tree). In whole units of the currency's precision. */
class Days {
  readonly #dates: string[]
  readonly #sums: number[]
  constructor(dates: Iterable<string>) {
    this.#dates = [...new Set(dates)].sort()
    this.#sums = new Array<number>(this.#dates.length + 1).fill(0)
  }
  /** Number of days up to and including `date`. */
  #until(date: string): number {
    let low = 0, high = this.#dates.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#dates[middle]! <= date) low = middle + 1
      else high = middle
    }
    return low
  }
  add(date: string, amount: number): void {
    for (let i = this.#until(date); i > 0 && i < this.#sums.length; i += i & -i) this.#sums[i]! += amount
  }
  sum(date: string): number {
    let total = 0
    for (let i = this.#until(date); i > 0; i -= i & -i) total += this.#sums[i]!
    return total
  }
}

/**
 * Balances in account currency as the site finds them when it validates each document: what the ledger holds, and what documents before it in the batch (as `makeLedger` settled
 * them) wrote to it. Sets the columns of the questions where they are 0 or NULL.
 */
export async function takeBalances(ctx: PostingContext, questions: readonly BalanceQuestion[]): Promise<void> {
  const places = Number(ctx.site.default('currency_precision') ?? 0) || numberFormat(ctx.site.default('number_format'))[2], scale = 10 ** places
  const asked = await ctx.staging.all<Record<string, string | number | null>>(`SELECT d._id AS id, strftime(d.posting_date, '%Y-%m-%d') AS day, ${questions.map(({ key }, i) => `${key} AS k${i}`).join(', ')} FROM ${ctx.live} d ORDER BY d._id`)
  const keys = new Set(asked.flatMap((row) => questions.map((_, i) => row[`k${i}`])).filter((key): key is string => typeof key === 'string'))
  const amount = (alias: string) => `CAST(round(COALESCE(${alias}.debit_in_account_currency, 0) * ${scale}) - round(COALESCE(${alias}.credit_in_account_currency, 0) * ${scale}) AS DOUBLE)`
  const both = (alias: string, from: string, where: string, extra: string) => `SELECT 'a|' || ${alias}.account AS "key", strftime(${alias}.posting_date, '%Y-%m-%d') AS day, ${amount(alias)} AS amount${extra} FROM ${from} WHERE ${where}
    UNION ALL SELECT 'p|' || ${alias}.party_type || '|' || ${alias}.party || '|' || ${alias}.company, strftime(${alias}.posting_date, '%Y-%m-%d'), ${amount(alias)}${extra} FROM ${from} WHERE ${where} AND ${alias}.party <> ''`
  type Movement = { key: string; day: string; amount: number; id: number }
  const there = (await ctx.staging.all<Movement>(`SELECT "key", day, SUM(amount) AS amount FROM (${both('g', 'rows."tabGL Entry" g', 'g.is_cancelled = 0', '')}) GROUP BY ALL`)).filter((row) => keys.has(row.key))
  const own = (await ctx.staging.all<Movement>(`${both('l', ledgerOf(ctx) + ' l', `l._id IN (SELECT _id FROM ${ctx.live})`, ', l._id AS id')}`)).filter((row) => keys.has(row.key)).sort((a, b) => a.id - b.id)
  const days = new Map<string, Set<string>>()
  for (const movements of [there, own]) {
    for (const { key, day } of movements) {
      const known = days.get(key)
      if (known === undefined) days.set(key, new Set([day]))
      else known.add(day)
    }
  }
  const trees = new Map([...days].map(([key, dates]) => [key, new Days(dates)]))
  for (const { key, day, amount: moved } of there) trees.get(key)!.add(day, moved)
  const found = questions.map(() => new Float64Array(asked.length))
  let next = 0
  asked.forEach((row, n) => {
    while (next < own.length && own[next]!.id < Number(row['id'])) {
      trees.get(own[next]!.key)!.add(own[next]!.day, own[next]!.amount)
      next++
    }
    questions.forEach((_, i) => {
      const key = row[`k${i}`]
      if (typeof key === 'string') found[i]![n] = (trees.get(key)?.sum(String(row['day'])) ?? 0) / scale
    })
  })
  const table = ctx.scratch('balances'), ids = { name: '_id', kind: 'BIGINT' as const, values: asked.map((row) => Number(row['id'])) }
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} (_id BIGINT, ${questions.map((_, i) => `b${i} DOUBLE`).join(', ')})`)
  await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: table.slice(6, -1).replaceAll('""', '"') }, [ids, ...found.map((values, i) => ({ name: `b${i}`, kind: 'DOUBLE' as const, values }))])
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET ${questions.map(({ into }, i) => `${into} = CASE WHEN COALESCE(d.${into}, 0) = 0 THEN s.b${i} ELSE d.${into} END`).join(', ')} FROM ${table} s WHERE s._id = d._id`)
}

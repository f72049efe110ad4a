import type { PostingContext } from '../framework/rule.ts'
import type { StockLedger } from './ledger.ts'

const ledgers = new WeakMap<PostingContext, StockLedger>()

/** Keeps the stock ledger of a batch between the steps of its rule. */
export function keepLedger(ctx: PostingContext, ledger: StockLedger): void {
  ledgers.set(ctx, ledger)
}

/** The stock ledger of a batch after all its documents, as `keepLedger` left it. */
export function ledgerOf(ctx: PostingContext): StockLedger | undefined {
  return ledgers.get(ctx)
}

import type { CheckResult } from '../check.ts'
import { bookTotals, type BookTotals } from '../ledgers/books.ts'
import { ledgerConsistency } from '../ledgers/consistency.ts'
import { proveFigures } from '../ledgers/prove-ledgers.ts'
import type { LedgerLine } from '../ledgers/spec.ts'
import type { Staging } from '../../staging/staging.ts'
import { documentCounts, sourceCounts } from './counts.ts'
import { fieldValues } from './fields.ts'
import { constraints, prediction } from './integrity.ts'
import { relationships } from './relations.ts'
import { totals, type TotalLine } from './totals.ts'
import type { ProofContext } from './proof.ts'

export interface Proof { results: CheckResult[]; totals: TotalLine[]; ledgers: LedgerLine[]; books: BookTotals; passed: boolean }

/**
 * All proofs of a finished load, over the staging database with the rehearsal site attached. Reads the data only; failures are kept in
 * `ops.check_failures`. A check that could not be carried out is `unchecked`, which is not a pass but no failure of the load either.
 */
export async function prove(staging: Staging, context: ProofContext, onCheck?: (done: CheckResult[]) => void): Promise<Proof> {
  const results: CheckResult[] = []
  const add = (more: CheckResult[]): void => {
    results.push(...more)
    onCheck?.(more)
  }
  add(await sourceCounts(staging, context))
  add(await documentCounts(staging, context))
  const sums = await totals(staging, context)
  add(sums.results)
  const figures = await proveFigures(staging, context.ledgers, context.tolerance)
  add(figures.results)
  add(await ledgerConsistency(staging, context.tolerance))
  add(await relationships(staging, context))
  add(await constraints(staging, context))
  add(await prediction(staging))
  add(await fieldValues(staging, context))
  return { results, totals: sums.lines, ledgers: figures.lines, books: await bookTotals(staging, null), passed: results.every((result) => result.status !== 'failed') }
}

import type { CheckFailure, CheckResult } from '../check.ts'
import { displayKey } from '../../model/key.ts'
import type { Staging } from '../../staging/staging.ts'
import { result } from '../reconcile/proof.ts'
import { compareSides, layOut, unreadable } from './figures.ts'
import { documentsBehind } from './drill-down.ts'
import type { LedgerLine, LedgerSpec } from './spec.ts'

/** Differences that are followed to their documents; the others are named without. */
const FOLLOWED = 100

/** Holds the legacy system's own figures against the site's ledgers; each difference is followed to its documents and legacy records. Reads the data only. */
export async function proveFigures(staging: Staging, specs: LedgerSpec[], tolerance: string): Promise<{ results: CheckResult[]; lines: LedgerLine[] }> {
  const results: CheckResult[] = [], lines: LedgerLine[] = []
  for (const spec of specs) {
    const check = { id: `ledger:${spec.name}`, group: 'sum_totals' as const, title: spec.name }
    if (!(await layOut(staging, spec))) {
      results.push(result(check, 'unchecked', 0, 0, [], `the site has no ${spec.ledger === 'stock' ? 'stock' : spec.ledger === 'accounts' ? 'general' : 'payment'} ledger`))
      continue
    }
    const found = await compareSides(staging, spec, tolerance), odd = await unreadable(staging, spec)
    const bad = found.filter((line) => !line.passed)
    for (const line of bad.slice(0, FOLLOWED)) line.vouchers = await documentsBehind(staging, spec, line)
    const failures: CheckFailure[] = [
      ...odd.map((one) => ({ doctype: spec.entity, name: null, key: one.key, detail: one.why })),
      ...bad.map((line) => ({ doctype: spec.ledger, name: line.subject, key: null, detail: sentence(line) })),
    ]
    // Nothing on both sides proves nothing.
    const status = failures.length > 0 ? 'failed' : found.length === 0 ? 'unchecked' : 'passed'
    results.push(result(check, status, found.length, failures.length, failures, status === 'passed' ? `${found.length} figures equal` : status === 'unchecked' ? 'no figure on either side' : `${failures.length} of ${found.length} figures differ`))
    lines.push(...found)
  }
  for (const table of ['ledger_records', 'ledger_legacy', 'ledger_site']) await staging.run(`DROP TABLE IF EXISTS work.${table}`)
  return { results, lines }
}

function sentence(line: LedgerLine): string {
  const what = [line.measure, line.period, line.currency].filter((part) => part !== '').join(' ')
  const behind = line.vouchers.slice(0, 3).map((one) => `${one.doctype} ${one.name ?? ''}${one.key === null ? '' : ` (${one.entity ?? ''} ${displayKey(one.key)})`} ${one.why}`)
  return `${what}: legacy ${line.legacy}, site ${line.site}, difference ${line.difference}${behind.length === 0 ? '' : `; ${behind.join('; ')}`}`
}

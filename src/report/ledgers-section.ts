import { displayKey } from '../model/key.ts'
import { cell, escape, mark, money, number, row, section, table } from './html.ts'
import type { LedgerView, RunView } from './run-view.ts'

/** Lines of one proof shown; the rest is in the workbook of `landfall verify --ledgers`. */
const SHOWN = 300
const AGES = ['0-30', '31-60', '61-90', '91-120', '121 and more']

/** The ledgers of both sides: every figure the legacy system gave, and the site's own trial balance, open items and stock. Nothing where the site has no ledgers. */
export function ledgers(view: RunView): string {
  const { trialBalance, open, stock } = view.books
  if (view.ledgers.length + trialBalance.length + open.length + stock.length === 0) return ''
  const proofs = [...Map.groupBy(view.ledgers, (line) => line.name)].map(([name, lines]) => proof(name, lines))
  return section('Ledgers', proofs.join('') + balances(view) + openItems(view) + stockValues(view))
}

function proof(name: string, lines: LedgerView[]): string {
  const bad = lines.filter((line) => !line.passed), shown = [...bad, ...lines.filter((line) => line.passed)].slice(0, SHOWN)
  const total = bad.length === 0 ? `${lines.length} figures equal` : `${bad.length} of ${lines.length} figures differ`
  const anyHas = (pick: (line: LedgerView) => string): boolean => lines.some((line) => pick(line) !== '')
  const periods = anyHas((line) => line.period), currencies = anyHas((line) => line.currency)
  const rows = shown.map((line) => row([`<td>${mark(line.passed ? 'passed' : 'failed')}</td>`, `<td>${escape(line.subject)}${documents(line)}</td>`, ...(periods ? [cell(line.period)] : []), ...(currencies ? [cell(line.currency)] : []),
    cell(line.measure, 'soft'), cell(money(line.legacy), 'n'), cell(money(line.site), 'n'), cell(money(line.difference), line.passed ? 'n' : 'n bad')]))
  const cut = lines.length > shown.length ? `<p class="soft">The first ${shown.length} of ${lines.length}.</p>` : ''
  return `<details${bad.length > 0 ? ' open' : ''}><summary>${mark(bad.length > 0 ? 'failed' : 'passed')} <b>${escape(name)}</b> <span class="soft">${total}</span></summary>${table(['', 'Of', ...(periods ? ['Period'] : []), ...(currencies ? ['Currency'] : []), 'Figure', '#Legacy', '#Site', '#Difference'], rows)}${cut}</details>`
}

/** The documents behind a difference. */
function documents(line: LedgerView): string {
  if (line.vouchers.length === 0) return ''
  const rows = line.vouchers.map((one) => row([cell(`${one.doctype} ${one.name ?? ''}`.trim()), cell(one.date ?? '', 'soft'), cell(one.key === null ? '' : `${one.entity ?? ''} ${displayKey(one.key)}`.trim()), cell(one.legacy === null ? '' : money(one.legacy), 'n'), cell(one.site === null ? '' : money(one.site), 'n'), cell(one.why)]))
  return `<details><summary>${line.vouchers.length} documents</summary>${table(['Document', 'Date', 'Legacy record', '#Legacy', '#Site', 'Why'], rows)}</details>`
}

function balances(view: RunView): string {
  return [...Map.groupBy(view.books.trialBalance, (line) => line.company)].map(([company, lines]) => {
    const rows = lines.map((line) => row([cell(line.account), cell(line.rootType, 'soft'), cell(money(line.debit), 'n'), cell(money(line.credit), 'n'), cell(money(line.balance), 'n')]))
    return `<details><summary><b>Trial balance of the site</b> <span class="soft">${escape(company)}, ${lines.length} accounts</span></summary>${table(['Account', 'Root type', '#Debit', '#Credit', '#Balance'], rows)}</details>`
  }).join('')
}

function openItems(view: RunView): string {
  if (view.books.open.length === 0) return ''
  const rows = view.books.open.map((line) => row([cell(line.side === 'receivable' ? 'Accounts receivable' : 'Accounts payable'), cell(line.company), number(line.parties), ...line.ages.map((amount) => cell(money(amount), 'n')), cell(money(line.outstanding), 'n')]))
  return `<details><summary><b>Open amounts by age in days</b></summary>${table(['', 'Company', '#Parties', ...AGES.map((age) => `#${age}`), '#Outstanding'], rows)}</details>`
}

function stockValues(view: RunView): string {
  if (view.books.stock.length === 0) return ''
  const rows = view.books.stock.map((line) => row([cell(line.warehouse), cell(line.company, 'soft'), number(line.items), cell(money(line.value), 'n')]))
  return `<details><summary><b>Stock by warehouse</b></summary>${table(['Warehouse', 'Company', '#Items', '#Value'], rows)}</details>`
}

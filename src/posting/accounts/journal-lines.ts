import { textSetOrder } from '../framework/python-set.ts'
import type { PostingContext } from '../framework/rule.ts'
import { GAIN } from './journal-checks.ts'
import { formatMoney } from '../orders/money-in-words.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { roundingFor } from '../orders/rounding.ts'
import type { Round } from '../orders/totals-batch.ts'
import { formatDate, inWords, moneyFormat, readCurrencies } from './site-text.ts'

interface Line {
  idx: number; account: string | null; accountType: string; currency: string | null; party: string | null; partyType: string | null; customerName: string | null; supplierName: string | null
  debitOwn: number; creditOwn: number; rate: number; debit: number; credit: number; against: string | null; reference: string | null; referenceName: string | null; bill: string | null; billDate: string | null
}
interface Journal {
  id: number; gain: boolean; companyCurrency: string; userRemark: string | null; chequeNo: string | null; chequeDate: string | null; remark: string | null; payTo: string | null; lines: Line[]
}
interface Places { debit: number; credit: number; debitOwn: number; creditOwn: number; totalDebit: number; totalCredit: number }

/** Amounts in company currency, counter accounts, totals, remark and amount in words of every journal, in the site's order of operations. */
export async function settleJournals(ctx: PostingContext): Promise<void> {
  const journals = await readJournals(ctx), meta = ctx.meta, child = ctx.site.doctype('Journal Entry Account')
  const places: Places = {
    debit: fieldPrecision(ctx, child, 'debit'), credit: fieldPrecision(ctx, child, 'credit'), debitOwn: fieldPrecision(ctx, child, 'debit_in_account_currency'), creditOwn: fieldPrecision(ctx, child, 'credit_in_account_currency'),
    totalDebit: fieldPrecision(ctx, meta, 'total_debit'), totalCredit: fieldPrecision(ctx, meta, 'total_credit'),
  }
  const round = roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null)
  const zero: { id: number; idx: number; message: string }[] = [], both: { id: number; idx: number }[] = []
  const totals: Totals[] = []
  for (const journal of journals) {
    if (!journal.gain) convert(journal, places, round)
    for (const line of journal.gain ? [] : journal.lines) if (line.debit === 0 && line.credit === 0) zero.push({ id: journal.id, idx: line.idx, message: `Row ${line.idx}: Both Debit and Credit values cannot be zero` })
    for (const line of journal.lines) if (line.debit !== 0 && line.credit !== 0) both.push({ id: journal.id, idx: line.idx })
    totals.push(total(journal, places, round))
    setAgainst(journal)
  }
  await ctx.findAll({ type: 'ValidationError', field: 'accounts.debit_in_account_currency', hint: 'Leave lines without an amount out.' }, zero)
  await ctx.findAll({ type: 'ValidationError', field: 'accounts.debit_in_account_currency', message: 'You cannot credit and debit same account at the same time', hint: 'Map the balance of the two.' }, both)
  await writeLines(ctx, journals)
  await writeTotals(ctx, journals, totals)
}

async function readJournals(ctx: PostingContext): Promise<Journal[]> {
  const journals: Journal[] = [], text = (value: unknown) => (value === null || value === undefined ? null : String(value))
  for await (const { count, columns: c } of ctx.staging.scan(`SELECT d._id, co.default_currency, d.user_remark, d.cheque_no, strftime(d.cheque_date, '%Y-%m-%d'), d.remark, d.pay_to_recd_from, a._idx, a.account, COALESCE(a.account_type, ''),
      a.account_currency, a.party, a.party_type, cu.customer_name, su.supplier_name, COALESCE(a.debit_in_account_currency, 0), COALESCE(a.credit_in_account_currency, 0),
      COALESCE(a.exchange_rate, 0), a.reference_type, a.reference_name, pi.bill_no, strftime(pi.bill_date, '%Y-%m-%d'), d.voucher_type = '${GAIN}' AND COALESCE(d.multi_currency, 0) <> 0, COALESCE(a.debit, 0), COALESCE(a.credit, 0)
    FROM ${ctx.doc} d LEFT JOIN rows."tabCompany" co ON co.name = d.company LEFT JOIN ${ctx.child('accounts')} a ON a._parent = d._id LEFT JOIN rows."tabCustomer" cu ON cu.name = a.party
      LEFT JOIN rows."tabSupplier" su ON su.name = a.party LEFT JOIN rows."tabPurchase Invoice" pi ON a.reference_type = 'Purchase Invoice' AND pi.name = a.reference_name ORDER BY d._id, a._idx`)) {
    for (let r = 0; r < count; r++) {
      const id = Number(c[0]![r])
      let journal = journals.at(-1)
      if (journal?.id !== id) {
        journals.push(journal = {
          id, gain: c[22]![r] === true, companyCurrency: text(c[1]![r]) ?? '', userRemark: text(c[2]![r]), chequeNo: text(c[3]![r]), chequeDate: text(c[4]![r]), remark: text(c[5]![r]), payTo: text(c[6]![r]), lines: [],
        })
      }
      if (c[7]![r] === null) continue
      journal.lines.push({
        idx: Number(c[7]![r]), account: text(c[8]![r]), accountType: String(c[9]![r]), currency: text(c[10]![r]), party: text(c[11]![r]), partyType: text(c[12]![r]), customerName: text(c[13]![r]), supplierName: text(c[14]![r]),
        debitOwn: Number(c[15]![r]), creditOwn: Number(c[16]![r]), rate: Number(c[17]![r]), debit: Number(c[23]![r]), credit: Number(c[24]![r]), against: null, reference: text(c[18]![r]), referenceName: text(c[19]![r]), bill: text(c[20]![r]), billDate: text(c[21]![r]),
      })
    }
  }
  return journals
}

function convert(journal: Journal, places: Places, round: Round): void {
  for (const line of journal.lines) {
    line.debitOwn = round(line.debitOwn, places.debitOwn)
    line.creditOwn = round(line.creditOwn, places.creditOwn)
    line.debit = round(line.debitOwn * line.rate, places.debit)
    line.credit = round(line.creditOwn * line.rate, places.credit)
  }
}

interface Totals { debit: number; credit: number; difference: number }

function total(journal: Journal, places: Places, round: Round): Totals {
  let debit = 0, credit = 0
  for (const line of journal.lines) {
    debit += round(line.debit, places.debit)
    credit += round(line.credit, places.credit)
  }
  return { debit, credit, difference: round(debit, places.totalDebit) - round(credit, places.totalCredit) }
}

/** What each side is against: the parties or accounts of the other side, as Python lists a set of them. */
function setAgainst(journal: Journal): void {
  const names = (side: 'debit' | 'credit') => textSetOrder(journal.lines.filter((line) => line[side] > 0).map((line) => line.party || line.account || '')).join(', ')
  const debited = names('debit'), credited = names('credit')
  for (const line of journal.lines) {
    if (line.debit > 0) line.against = credited
    if (line.credit > 0) line.against = debited
  }
}

async function writeLines(ctx: PostingContext, journals: Journal[]): Promise<void> {
  const all = journals.flatMap((journal) => journal.lines.map((line) => ({ id: journal.id, line })))
  const number = (name: string, pick: (line: Line) => number) => ({ name, kind: 'DOUBLE' as const, values: all.map(({ line }) => pick(line)) })
  await ctx.push(ctx.child('accounts'), [{ name: '_parent', kind: 'BIGINT', values: all.map(({ id }) => id) }, { name: '_idx', kind: 'BIGINT', values: all.map(({ line }) => line.idx) }], [
    number('debit_in_account_currency', (line) => line.debitOwn), number('credit_in_account_currency', (line) => line.creditOwn), number('debit', (line) => line.debit), number('credit', (line) => line.credit),
  ])
  const against = all.filter(({ line }) => line.against !== null)
  await ctx.push(ctx.child('accounts'), [{ name: '_parent', kind: 'BIGINT', values: against.map(({ id }) => id) }, { name: '_idx', kind: 'BIGINT', values: against.map(({ line }) => line.idx) }],
    [{ name: 'against_account', kind: 'VARCHAR', values: against.map(({ line }) => line.against) }])
}

/** The remark the site writes: the user's, the reference, then each invoice or order that is settled. */
function remarkOf(ctx: PostingContext, journal: Journal, money: (amount: number) => string): string | null {
  const parts: string[] = []
  if (journal.userRemark) parts.push(`Note: ${journal.userRemark}`)
  if (journal.chequeNo && journal.chequeDate) parts.push(`Reference #${journal.chequeNo} dated ${formatDate(ctx, journal.chequeDate)}`)
  for (const line of journal.lines) {
    if ((line.reference === 'Sales Invoice' || line.reference === 'Sales Order') && line.credit !== 0) parts.push(`${money(line.credit)} against ${line.reference} ${line.referenceName}`)
    if (line.reference === 'Purchase Invoice' && line.debit !== 0 && line.bill && !['na', 'not applicable', 'none'].includes(line.bill.toLowerCase().trim())) {
      parts.push(`${money(line.debit)} against Bill ${line.bill} dated ${line.billDate === null ? 'None' : formatDate(ctx, line.billDate)}`)
    }
    // The site names the credit here, which is zero.
    if (line.reference === 'Purchase Order' && line.debit !== 0) parts.push(`${money(line.credit)} against Purchase Order ${line.referenceName}`)
  }
  return parts.length > 0 ? parts.join('\n') : journal.remark
}

/** Whom the journal pays or is paid by, and how much: what went through the bank, else what the first party's lines come to. */
function payment(journal: Journal): { payTo: string | null; amount: number; currency: string | null } {
  let bank = 0, owed = 0, bankCurrency: string | null = null, partyCurrency: string | null = null, first: Line | null = null, type = ''
  for (const line of journal.lines) {
    if ((line.partyType === 'Customer' || line.partyType === 'Supplier') && line.party) {
      first ??= line
      type = line.partyType
      if (first.party === line.party) {
        owed += line.debitOwn || line.creditOwn
        partyCurrency = line.currency
      }
    } else if (line.accountType === 'Bank' || line.accountType === 'Cash') {
      bank += line.debitOwn || line.creditOwn
      bankCurrency = line.currency
    }
  }
  if (first === null) return { payTo: journal.payTo, amount: 0, currency: null }
  // The first party's name is looked up among parties of the last one's kind.
  const name = type === 'Customer' ? first.customerName : first.supplierName
  return bank !== 0 ? { payTo: name, amount: bank, currency: bankCurrency } : { payTo: name, amount: owed, currency: partyCurrency }
}

async function writeTotals(ctx: PostingContext, journals: Journal[], totals: Totals[]): Promise<void> {
  const currencies = await readCurrencies(ctx), format = moneyFormat(ctx), paid = journals.map(payment)
  const remarks = journals.map((journal) => {
    const currency = currencies.get(journal.companyCurrency)
    return remarkOf(ctx, journal, (amount) => (currency === undefined ? '' : formatMoney(amount, currency, format)))
  })
  const number = (name: string, values: number[]) => ({ name, kind: 'DOUBLE' as const, values }), text = (name: string, values: (string | null)[]) => ({ name, kind: 'VARCHAR' as const, values })
  await ctx.push(ctx.doc, [{ name: '_id', kind: 'BIGINT', values: journals.map((journal) => journal.id) }], [
    number('total_debit', totals.map((t) => t.debit)), number('total_credit', totals.map((t) => t.credit)), number('difference', totals.map((t) => t.difference)), text('remark', remarks),
    text('pay_to_recd_from', paid.map((p) => p.payTo)), number('total_amount', paid.map((p) => p.amount)), text('total_amount_currency', paid.map((p) => p.currency)),
    text('total_amount_in_words', paid.map((p) => inWords(ctx, currencies, p.amount, p.currency))), text('title', journals.map((journal, i) => paid[i]!.payTo || (journal.lines[0]?.account ?? null))),
  ])
}

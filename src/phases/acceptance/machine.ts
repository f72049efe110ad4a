import type { Json } from '../../model/value.ts'
import type { Clock } from '../../model/clock.ts'
import { today } from '../../model/clock.ts'
import { PostingEngine } from '../../posting/engine.ts'
import { postOne } from '../../posting/replay.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { AcceptanceScript } from './scripts.ts'
import { plain } from './scripts.ts'

/** What a machine found when it did what a script says. `unchecked`: it has no way to, which is no pass. */
export interface MachineResult { script: string; status: 'passed' | 'failed' | 'unchecked'; detail: string }

/** How the machine gets at the site. `read` answers a document's fields or null; `print` its print as text, absent where nothing prints. */
export interface SiteHands { read(doctype: string, name: string): Promise<Record<string, Json> | null>; print?(doctype: string, name: string): Promise<string>; where: string }

export interface MachineOptions { staging: Staging; site: Site; clock: Clock; hands: SiteHands; scripts: AcceptanceScript[] }

/** Does what the scripts say: reads documents from the site, prints where it prints, and posts payments in a transaction that is taken back. */
export async function runScripts(options: MachineOptions): Promise<MachineResult[]> {
  const results: MachineResult[] = []
  for (const script of options.scripts) {
    const result = script.kind === 'pay' ? await pay(options, script) : script.kind === 'print' ? await print(options, script) : await open(options, script)
    results.push({ script: script.id, ...result })
  }
  return results
}

type Found = Omit<MachineResult, 'script'>

async function open({ staging, hands }: MachineOptions, script: AcceptanceScript): Promise<Found> {
  const doc = await hands.read(script.doctype, script.name)
  if (doc === null) return { status: 'failed', detail: `${script.doctype} ${script.name} is not on the site` }
  const wrong: string[] = [], changed: string[] = []
  for (const one of script.expected) {
    const value = doc[one.field]
    if (same(value, one.expected)) continue
    // What the site changes silently was said before the load; it is no surprise here.
    const said = await staging.exists('ops.findings') && await staging.one(`SELECT 1 AS found FROM ops.findings WHERE doctype = ${literal(script.doctype)} AND field = ${literal(one.field)} AND severity <> 'blocking' LIMIT 1`) !== undefined
    ;(said ? changed : wrong).push(`${one.label}: ${String(value ?? '')} instead of ${one.expected}`)
  }
  if (wrong.length > 0) return { status: 'failed', detail: wrong.join('; ') }
  return { status: 'passed', detail: `${script.expected.length} values as expected on ${hands.where}${changed.length > 0 ? `, ${changed.length} of them changed as pre-flight said` : ''}` }
}

async function print({ hands }: MachineOptions, script: AcceptanceScript): Promise<Found> {
  if (hands.print === undefined) return { status: 'unchecked', detail: `${hands.where} does not print: a person does this on the site` }
  const html = await hands.print(script.doctype, script.name)
  return html.includes(script.name) ? { status: 'passed', detail: `printed, ${html.length} characters` } : { status: 'failed', detail: 'the print does not show the name' }
}

/** Pays the invoice in the predicted books and looks at what is left of it. */
async function pay({ staging, site, clock }: MachineOptions, script: AcceptanceScript): Promise<Found> {
  const table = `rows.${ident(`tab${script.doctype}`)}`, where = `WHERE name = ${literal(script.name)}`
  if (!await staging.exists(table)) return { status: 'unchecked', detail: 'what was predicted is not staged any more' }
  const sales = script.doctype === 'Sales Invoice', engine = await PostingEngine.open(staging, site, clock)
  const invoice = await staging.one<{ company: string; party: string; account: string; outstanding: number; date: string }>(`SELECT company, ${sales ? 'customer' : 'supplier'} AS party, ${sales ? 'debit_to' : 'credit_to'} AS account, CAST(outstanding_amount AS DOUBLE) AS outstanding, CAST(posting_date AS VARCHAR) AS date FROM ${table} ${where}`)
  if (!invoice) return { status: 'failed', detail: `${script.doctype} ${script.name} is not in the books` }
  const cash = await staging.one<{ name: string }>(`SELECT name FROM rows."tabAccount" WHERE company = ${literal(invoice.company)} AND account_type IN ('Cash', 'Bank') AND is_group = 0 AND account_currency = (SELECT account_currency FROM rows."tabAccount" WHERE name = ${literal(invoice.account)}) ORDER BY account_type DESC LIMIT 1`)
  if (!cash) return { status: 'unchecked', detail: 'the company has no cash or bank account in the currency of the invoice' }
  const day = invoice.date > today(clock) ? invoice.date : today(clock)
  let found: Found = { status: 'failed', detail: '' }
  await staging.rehearse(async () => {
    await staging.run(`DELETE FROM ops.findings WHERE doctype = 'Payment Entry'; DELETE FROM ops.refused WHERE doctype = 'Payment Entry'; UPDATE rows."tabPayment Entry" SET _draft = NULL, _doctype = NULL WHERE _draft = 999999999`)
    const made = await postOne(engine, {
      doctype: 'Payment Entry', payment_type: sales ? 'Receive' : 'Pay', company: invoice.company, posting_date: day, party_type: sales ? 'Customer' : 'Supplier', party: invoice.party,
      paid_from: sales ? invoice.account : cash.name, paid_to: sales ? cash.name : invoice.account, paid_amount: invoice.outstanding, received_amount: invoice.outstanding, reference_no: 'acceptance', reference_date: day,
      references: [{ reference_doctype: script.doctype, reference_name: script.name, allocated_amount: invoice.outstanding }],
    }, true, 999_999_999)
    if ('error' in made) {
      found = { status: made.error.type === 'Unsupported' ? 'unchecked' : 'failed', detail: `${made.error.type}: ${made.error.message}` }
      return
    }
    const after = await staging.one<{ outstanding: string; status: string }>(`SELECT CAST(outstanding_amount AS VARCHAR) AS outstanding, status FROM ${table} ${where}`)
    found = Number(after?.outstanding) === 0 && after?.status === 'Paid' ? { status: 'passed', detail: `${plain(String(invoice.outstanding))} paid in the predicted books: Paid, nothing outstanding` } : { status: 'failed', detail: `${after?.outstanding} outstanding, status ${after?.status}` }
  })
  await engine.afterRollback()
  return found
}

/** Equal as people compare: numbers by value, days without time, texts as they are. */
function same(value: Json | undefined, expected: string): boolean {
  const text = value === null || value === undefined ? '' : plain(String(value))
  return text === expected || text.trim() === expected.trim() || (text !== '' && expected !== '' && Number(text) === Number(expected)) || (/^\d{4}-\d{2}-\d{2}/.test(text) && /^\d{4}-\d{2}-\d{2}/.test(expected) && text.replace(/\.0+$/, '').startsWith(expected.replace(/\.0+$/, '')))
    || (text === '1' && expected === 'true') || (text === '0' && expected === 'false')
}

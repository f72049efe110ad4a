import { literal, type ColumnData } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { roundingFor } from '../orders/rounding.ts'
import { AMOUNTS, settleVouchers, type GlBatch } from './gl-merge.ts'

/**
 * Columns of a ledger map: one row per line the voucher gives the ledger (`_seq` in the order of the site, unique within `_id`), before the site merges and balances
 * them. `against_self`: the line is settled against the voucher itself. A voucher's select names those it has; others are NULL or 0.
 */
const COLUMNS: Record<string, string> = {
  account: 'VARCHAR', account_currency: 'VARCHAR', party_type: 'VARCHAR', party: 'VARCHAR', against: 'VARCHAR', ...Object.fromEntries(AMOUNTS.map((amount) => [amount, 'DOUBLE'])),
  transaction_currency: 'VARCHAR', transaction_exchange_rate: 'DOUBLE', against_voucher_type: 'VARCHAR', against_voucher: 'VARCHAR', voucher_detail_no: 'VARCHAR', voucher_subtype: 'VARCHAR',
  cost_center: 'VARCHAR', project: 'VARCHAR', finance_book: 'VARCHAR', due_date: 'DATE', is_opening: 'VARCHAR', remarks: 'VARCHAR', against_self: 'BOOLEAN', net: 'BOOLEAN', apart: 'BOOLEAN',
}

/** What the site does to a ledger map of a voucher's kind. */
export interface LedgerOptions {
  /** Lines alike in account, dimensions, party and reference become one. */
  merge: boolean
  /** Difference of debit and credit that goes to the rounding account: true for vouchers whose lines are given (journals, payments). */
  strict: boolean
  /** The site merges the lines twice. */
  twice?: boolean
}

const maps = new WeakMap<PostingContext, { lines: string; settled: string }>()

/** The relation of settled ledger lines `makeLedger` made for this batch. */
export function ledgerOf(ctx: PostingContext): string {
  return maps.get(ctx)!.settled
}

/** True when a ledger was made for this batch. */
export function hasLedger(ctx: PostingContext): boolean {
  return maps.has(ctx)
}

/** SQL over companies `c`: the account rounding differences go to. */
const ROUND_OFF = `COALESCE(NULLIF(c.round_off_account, ''), c.default_expense_account)`

/**
 * Merges and balances the ledger lines of the batch's documents. `select` yields `_id`, `_seq` and columns of COLUMNS. Documents whose debit and credit differ by more than
 * allowed are found. Makes the relation of what goes into the ledger: the same columns, `company`, `posting_date`, and `owed`, `owed_in_account_currency` (debit
 * less credit as the payment ledger takes it, NULL for the rounding line).
 */
export async function makeLedger(ctx: PostingContext, select: string, options: LedgerOptions): Promise<void> {
  const { staging } = ctx, lines = ctx.scratch('ledger_lines'), settled = ctx.scratch('ledger')
  const given = new Set((await staging.columnsOf(`(${select})`)).map((column) => column.name))
  const column = ([name, type]: [string, string]) => (given.has(name) ? `CAST(${AMOUNTS.includes(name as never) ? `COALESCE(s.${name}, 0)` : `s.${name}`} AS ${type})` : AMOUNTS.includes(name as never) ? 'CAST(0 AS DOUBLE)' : `CAST(NULL AS ${type})`) + ` AS ${name}`
  const keys = ['account', 'cost_center', 'party', 'party_type', 'voucher_detail_no', 'against_voucher', 'against_voucher_type', 'project', 'finance_book', 'against_self']
  await staging.run(`CREATE OR REPLACE TEMP TABLE ${lines.slice(5)} AS SELECT *, CASE WHEN COALESCE(apart, FALSE) THEN _seq ELSE min(_seq) OVER (PARTITION BY _id, COALESCE(apart, FALSE), ${keys.join(', ')}) END AS _into
    FROM (SELECT s._id, CAST(s._seq AS BIGINT) AS _seq, ${Object.entries(COLUMNS).map(column).join(', ')} FROM (${select}) s) ORDER BY _id, _seq`)
  const batch = await readLines(ctx, lines)
  const precision = fieldPrecision(ctx, ctx.site.doctype('GL Entry'), 'debit')
  settleVouchers(batch, { round: roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null), precision, allowance: options.strict ? 5 / 10 ** precision : 0.5, merge: options.merge, twice: options.twice ?? false })
  await ctx.findAll({ type: 'ValidationError', field: 'debit', stage: 'on_submit', seq: 40, hint: 'Look at the amounts and accounts of the document.' }, batch.ids.flatMap((id, v) => (batch.error[v] === null ? [] : [{ id, message: batch.error[v]! }])))
  await writeLines(ctx, batch, lines, settled)
  maps.set(ctx, { lines, settled })
}

async function readLines(ctx: PostingContext, lines: string): Promise<GlBatch> {
  const batch: GlBatch = {
    ids: [], start: [], seq: [], into: [], amounts: Object.fromEntries(AMOUNTS.map((amount) => [amount, [] as number[]])) as GlBatch['amounts'], net: new Uint8Array(0), roundOff: new Uint8Array(0),
    kept: new Uint8Array(0), owed: { amount: new Float64Array(0), inAccountCurrency: new Float64Array(0) }, difference: [], error: [],
  }
  const net: number[] = [], roundOff: number[] = []
  let at = new Map<number, number>()
  for await (const { count, columns } of ctx.staging.scan(`SELECT l._id, l._seq, l._into, COALESCE(l.net, FALSE), COALESCE(l.account = CASE WHEN o._id IS NULL THEN ${ROUND_OFF} ELSE c.round_off_for_opening END, FALSE),
    ${AMOUNTS.map((amount) => `l.${amount}`).join(', ')} FROM ${lines} l JOIN ${ctx.doc} d ON d._id = l._id LEFT JOIN rows."tabCompany" c ON c.name = d.company
    LEFT JOIN (SELECT DISTINCT _id FROM ${lines} WHERE is_opening = 'Yes') o ON o._id = l._id ORDER BY l._id, l._seq`)) {
    for (let r = 0; r < count; r++) {
      const id = Number(columns[0]![r]), line = batch.seq.length
      if (batch.ids.at(-1) !== id) {
        batch.ids.push(id)
        batch.start.push(line)
        at = new Map()
      }
      const seq = Number(columns[1]![r])
      at.set(seq, line)
      batch.seq.push(seq)
      batch.into.push(at.get(Number(columns[2]![r])) ?? line)
      net.push(columns[3]![r] ? 1 : 0)
      roundOff.push(columns[4]![r] ? 1 : 0)
      AMOUNTS.forEach((amount, n) => batch.amounts[amount].push(Number(columns[5 + n]![r])))
    }
  }
  const size = batch.seq.length
  batch.start.push(size)
  batch.net = Uint8Array.from(net)
  batch.roundOff = Uint8Array.from(roundOff)
  batch.kept = new Uint8Array(size)
  batch.owed = { amount: new Float64Array(size), inAccountCurrency: new Float64Array(size) }
  batch.difference = batch.ids.map(() => null)
  batch.error = batch.ids.map(() => null)
  return batch
}

const doubles = (name: string, values: ArrayLike<number>): ColumnData => ({ name, kind: 'DOUBLE', values })

async function writeLines(ctx: PostingContext, batch: GlBatch, lines: string, settled: string): Promise<void> {
  const { staging } = ctx, amounts = ctx.scratch('ledger_amounts'), lineIds: number[] = [], seqs: number[] = [], kept: number[] = []
  for (let v = 0; v < batch.ids.length; v++) {
    for (let i = batch.start[v]!; i < batch.start[v + 1]!; i++) {
      if (batch.kept[i] === 0) continue
      lineIds.push(batch.ids[v]!)
      seqs.push(batch.seq[i]!)
      kept.push(i)
    }
  }
  const pick = (values: ArrayLike<number>) => Float64Array.from(kept, (i) => values[i]!)
  await fill(ctx, amounts, [
    { name: '_id', kind: 'BIGINT', values: lineIds }, { name: '_seq', kind: 'BIGINT', values: seqs }, ...AMOUNTS.map((amount) => doubles(amount, pick(batch.amounts[amount]))),
    doubles('owed', pick(batch.owed.amount)), doubles('owed_in_account_currency', pick(batch.owed.inAccountCurrency)),
  ])
  const others = Object.keys(COLUMNS).filter((name) => !AMOUNTS.includes(name as never)).map((name) => `l.${name}`).join(', ')
  await staging.run(`CREATE OR REPLACE TEMP TABLE ${settled.slice(5)} AS SELECT l._id, l._seq, d.company, d.posting_date, ${others}, ${AMOUNTS.map((amount) => `a.${amount}`).join(', ')}, a.owed, a.owed_in_account_currency
    FROM ${amounts} a JOIN ${lines} l ON l._id = a._id AND l._seq = a._seq JOIN ${ctx.doc} d ON d._id = l._id ORDER BY l._id, l._seq`)
  await appendRoundOff(ctx, batch, settled)
  // An account that names no currency is kept in its company's.
  await staging.run(`UPDATE ${settled} AS l SET account_currency = c.default_currency FROM rows."tabAccount" k, rows."tabCompany" c WHERE k.name = l.account AND c.name = k.company AND COALESCE(l.account_currency, '') = ''`)
}

/** The line that takes what debit and credit differ by. */
async function appendRoundOff(ctx: PostingContext, batch: GlBatch, settled: string): Promise<void> {
  const off = batch.ids.flatMap((id, v) => (batch.difference[v] === null || batch.error[v] !== null ? [] : [{ id, ...batch.difference[v]! }]))
  if (off.length === 0) return
  const table = ctx.scratch('round_off'), center = ctx.meta.column('cost_center') === undefined ? 'NULL' : `NULLIF(d.cost_center, '')`
  await fill(ctx, table, [{ name: '_id', kind: 'BIGINT', values: off.map((row) => row.id) }, doubles('amount', off.map((row) => row.amount)), doubles('in_transaction', off.map((row) => row.inTransactionCurrency))])
  const opening = `EXISTS (SELECT 1 FROM ${settled} o WHERE o._id = r._id AND o.is_opening = 'Yes')`
  const account = `CASE WHEN ${opening} THEN NULLIF(c.round_off_for_opening, '') ELSE ${ROUND_OFF} END`, from = `FROM ${table} r JOIN ${ctx.doc} d ON d._id = r._id LEFT JOIN rows."tabCompany" c ON c.name = d.company`
  await ctx.find({
    type: 'ValidationError', field: 'company', stage: 'on_submit', seq: 41, message: 'Please set the round off account and cost center in Company', hint: 'Company, Accounts: Round Off Account and Round Off Cost Center.',
    select: `SELECT r._id AS id ${from} WHERE ${account} IS NULL OR COALESCE(${center}, NULLIF(c.round_off_cost_center, '')) IS NULL`,
  })
  const side = (column: string, sign: string) => `CASE WHEN ${column} ${sign} 0 THEN abs(${column}) ELSE 0 END`
  await ctx.staging.run(`INSERT INTO ${settled} (_id, _seq, company, posting_date, account, account_currency, debit, credit, debit_in_account_currency, credit_in_account_currency, debit_in_transaction_currency,
      credit_in_transaction_currency, cost_center, is_opening, remarks)
    SELECT r._id, 1000000, d.company, d.posting_date, ${account}, (SELECT k.account_currency FROM rows."tabAccount" k WHERE k.name = ${account}), ${side('r.amount', '<')}, ${side('r.amount', '>')}, ${side('r.amount', '<')}, ${side('r.amount', '>')},
      ${side('r.in_transaction', '<')}, ${side('r.in_transaction', '>')}, COALESCE(${center}, c.round_off_cost_center), CASE WHEN ${opening} THEN 'Yes' ELSE 'No' END,
      (SELECT arg_min(f.remarks, f._seq) FROM ${settled} f WHERE f._id = r._id) ${from}`)
}

async function fill(ctx: PostingContext, table: string, columns: ColumnData[]): Promise<void> {
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} (${columns.map((column) => `${column.name} ${column.kind}`).join(', ')})`)
  await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: table.slice(6, -1).replaceAll('""', '"') }, columns)
}

/** Writes the ledger of the submitted documents: GL Entry and Payment Ledger Entry. For the stage on_submit. */
export async function writeLedger(ctx: PostingContext): Promise<void> {
  const settled = ledgerOf(ctx), name = ctx.meta.name
  const standard = `TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified, ${literal(ctx.user)} AS owner, ${literal(ctx.user)} AS modified_by, 1 AS docstatus, 0 AS idx`
  const from = `FROM ${settled} l JOIN ${ctx.live} d ON d._id = l._id`
  const year = `(SELECT arg_max(y.name, y.year_start_date) FROM rows."tabFiscal Year" y WHERE COALESCE(y.disabled, 0) = 0 AND l.posting_date BETWEEN y.year_start_date AND y.year_end_date)`
  const others = ['account', 'account_currency', 'party_type', 'party', 'cost_center', 'finance_book', 'due_date', 'voucher_detail_no', 'remarks', 'company', 'posting_date'].map((column) => `l.${column}`).join(', ')
  await ctx.insertRows('tabGL Entry', `SELECT l._id AS _id, ${ctx.hash('GL Entry', 'l._id', 'l._seq')} AS name, ${standard}, ${others}, ${AMOUNTS.map((amount) => `to_stored(l.${amount}) AS ${amount}`).join(', ')},
    ${year} AS fiscal_year, l.against, ${literal(name)} AS voucher_type, d.name AS voucher_no, l.voucher_subtype, l.transaction_currency, to_stored(COALESCE(l.transaction_exchange_rate, 0)) AS transaction_exchange_rate,
    CASE WHEN l.against_self THEN ${literal(name)} ELSE l.against_voucher_type END AS against_voucher_type, CASE WHEN l.against_self THEN d.name ELSE l.against_voucher END AS against_voucher, l.project,
    l.is_opening, 'No' AS is_advance, 1 AS to_rename, 0 AS is_cancelled ${from} ORDER BY l._id, l._seq`)
  const sign = `CASE WHEN k.account_type = 'Payable' THEN -1 ELSE 1 END`
  await ctx.insertRows('tabPayment Ledger Entry', `SELECT l._id AS _id, ${ctx.hash('Payment Ledger Entry', 'l._id', 'l._seq')} AS name, ${standard}, ${others}, k.account_type, ${literal(name)} AS voucher_type, d.name AS voucher_no,
    CASE WHEN l.against_self OR COALESCE(l.against_voucher_type, '') = '' THEN ${literal(name)} ELSE l.against_voucher_type END AS against_voucher_type,
    CASE WHEN l.against_self OR COALESCE(l.against_voucher, '') = '' THEN d.name ELSE l.against_voucher END AS against_voucher_no, to_stored(${sign} * l.owed) AS amount, to_stored(${sign} * l.owed_in_account_currency) AS amount_in_account_currency, 0 AS delinked
    ${from} JOIN rows."tabAccount" k ON k.name = l.account AND k.company = l.company AND k.account_type IN ('Receivable', 'Payable') WHERE l.owed IS NOT NULL ORDER BY l._id, l._seq`)
}

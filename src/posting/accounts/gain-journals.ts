import type { PostingContext } from '../framework/rule.ts'

/** SQL over the references `r` of submitted payments `d`: those paid at another rate than the invoice's. */
const GAINS = (ctx: PostingContext) => `FROM ${ctx.child('references')} r JOIN ${ctx.live} d ON d._id = r._parent JOIN rows."tabCompany" c ON c.name = d.company WHERE d._submit AND COALESCE(r.exchange_gain_loss, 0) <> 0`

/** The site books what a payment gains or loses by its rate in a journal, for which the company names an account in its own currency. For the `named` stage. */
export async function findGainRefusals(ctx: PostingContext): Promise<void> {
  const base = { type: 'ValidationError', stage: 'on_submit' as const, field: 'references.exchange_gain_loss' }
  await ctx.find({
    ...base, hint: 'Company, Accounts.', select: `SELECT d._id AS id, r._idx AS idx, 'Please set default Exchange Gain/Loss Account in Company ' || d.company AS message ${GAINS(ctx)} AND COALESCE(c.exchange_gain_loss_account, '') = ''`,
  })
  await ctx.find({
    ...base, hint: 'Use an account in the company\'s currency.', select: `SELECT d._id AS id, r._idx AS idx, 'Currency for ' || c.exchange_gain_loss_account || ' must be ' || c.default_currency AS message ${GAINS(ctx)}
      AND (SELECT k.account_currency FROM rows."tabAccount" k WHERE k.name = c.exchange_gain_loss_account) <> c.default_currency`,
  })
}

/** A journal for each of them, between the party's account and the company's, in no currency but the company's. For the stage on_submit. */
export async function bookGains(ctx: PostingContext): Promise<void> {
  if (await ctx.staging.one(`SELECT 1 ${GAINS(ctx)} LIMIT 1`) === undefined) return
  const gains = ctx.scratch('gains'), account = `CASE WHEN d.payment_type = 'Receive' THEN d.paid_from ELSE d.paid_to END`
  const payable = `(r.reference_doctype IN ('Purchase Invoice', 'Landed Cost Voucher') OR r.reference_doctype = 'Journal Entry' AND (SELECT k.account_type FROM rows."tabAccount" k WHERE k.name = ${account}) = 'Payable')`
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${gains.slice(5)} AS SELECT d._id * 10000 + r._idx AS nth, d._id AS payment, d.name, d.company, d.posting_date, d.party_type, d.party, ${account} AS account, r.reference_doctype, r.reference_name, CAST(r._idx AS VARCHAR) AS place,
    abs(r.exchange_gain_loss) AS amount, (r.exchange_gain_loss > 0) <> ${payable} AS debited, c.exchange_gain_loss_account AS gain_account, COALESCE(NULLIF(d.cost_center, ''), c.cost_center) AS cost_center ${GAINS(ctx)}`)
  const line = (idx: number, account: string, party: string, reference: string, rate: number, debited: string) => `SELECT nth AS _parent, ${idx} AS _idx, ${account} AS account, ${party}, cost_center, ${rate} AS exchange_rate, ${reference}, place AS reference_detail_no,
    CASE WHEN ${debited} THEN amount ELSE 0.0::DOUBLE END AS debit, CASE WHEN ${debited} THEN 0.0::DOUBLE ELSE amount END AS credit FROM ${gains}`
  await ctx.post({
    doctype: 'Journal Entry',
    documents: `SELECT nth AS _id, payment AS _root, 1 AS docstatus, 'Exchange Gain Or Loss' AS voucher_type, company, posting_date, 1 AS multi_currency, 1 AS is_system_generated FROM ${gains}`,
    children: {
      accounts: `${line(1, 'account', 'party_type, party', 'reference_doctype AS reference_type, reference_name', 0, 'debited')} UNION ALL
        ${line(2, 'gain_account', 'NULL::VARCHAR AS party_type, NULL::VARCHAR AS party', `'Payment Entry' AS reference_type, name AS reference_name`, 1, 'NOT debited')} ORDER BY 1, 2`,
    },
  })
}

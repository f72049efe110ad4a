import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findUnsupported, given, missing, on } from './conditions.ts'
import { numberedNaming } from './numbered-name.ts'

/** Types only a group above may have. */
const PARENT_TYPES = ['Direct Income', 'Indirect Income', 'Current Asset', 'Current Liability', 'Direct Expense', 'Indirect Expense']
const BALANCE_SHEET = ['Asset', 'Liability', 'Equity']

const list = (values: readonly string[]) => values.map(literal).join(', ')
const parentOf = (ctx: PostingContext) => `${ctx.doc} d JOIN rows."tabAccount" p ON p.name = d.parent_account`

async function findWrongParent(ctx: PostingContext): Promise<void> {
  const about = (text: string) => `'Parent account ' || d.parent_account || ${literal(text)}`
  await ctx.find({
    type: 'ValidationError', field: 'parent_account', causeByValue: true, hint: 'Name a group account of the same company as parent.',
    select: `SELECT d._id AS id, d.parent_account AS "value", CASE WHEN NOT ${on('p.is_group')} THEN ${about(' can not be a ledger')}
      ELSE ${about(' does not belong to company: ')} || COALESCE(d.company, 'None') END AS message
      FROM ${parentOf(ctx)} WHERE NOT ${on('p.is_group')} OR p.company IS DISTINCT FROM d.company`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'account_type', causeByValue: true, hint: 'Leave the account type of the ledger empty.',
    select: `SELECT d._id AS id, d.account_type AS "value", 'Only Parent can be of type ' || d.account_type AS message
      FROM ${parentOf(ctx)} WHERE d.account_type IN (${list(PARENT_TYPES)}) AND p.account_type = d.account_type`,
  })
  await ctx.find({
    type: 'ValidationError', field: 'is_group', message: 'The root account must be a group', hint: 'Give the account a parent.',
    select: `SELECT _id AS id, account_name AS "value" FROM ${ctx.doc} WHERE ${missing('parent_account')} AND NOT ${on('is_group')}`,
  })
}

async function findTakenNumber(ctx: PostingContext): Promise<void> {
  if (!ctx.has('account_number')) return
  await ctx.find({
    type: 'ValidationError', field: 'account_number', causeByValue: true, hint: 'Give the account another number.',
    select: `SELECT DISTINCT d._id AS id, d.account_number AS "value", 'Account Number ' || d.account_number || ' already used in another account' AS message
      FROM ${ctx.doc} d JOIN rows."tabAccount" r ON r.account_number = d.account_number AND r.company = d.company WHERE ${given('d.account_number')}`,
  })
}

async function inherit(ctx: PostingContext): Promise<void> {
  if (ctx.has('root_type')) await ctx.find({
    type: 'root-type-overwritten', severity: 'warning', field: 'root_type',
      message: 'The site gives the account the root type of its parent, whatever is given', hint: 'Put the account below a parent of that root type.',
    select: `SELECT d._id AS id, d.root_type AS "value" FROM ${parentOf(ctx)} WHERE ${given('p.root_type')} AND ${given('d.root_type')}
      AND p.root_type <> d.root_type`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET root_type = COALESCE(NULLIF(p.root_type, ''), t.root_type), report_type = COALESCE(NULLIF(p.report_type,
    ''), t.report_type)
    FROM rows."tabAccount" p WHERE p.name = t.parent_account`)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET report_type = CASE WHEN root_type IN (${list(BALANCE_SHEET)}) THEN 'Balance Sheet' ELSE 'Profit and Loss' END
    WHERE ${given('root_type')} AND ${missing('report_type')}`)
  for (const [field, label] of [['root_type', 'Root Type'], ['report_type', 'Report Type']] as const) await ctx.find({
    type: 'ValidationError', field, message: `${label} is mandatory`, hint: 'Put the account below a parent that has one.', select: `SELECT _id AS id
      FROM ${ctx.doc} WHERE ${missing(field)}`,
  })
}

async function checkCompanyTree(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET account_currency = c.default_currency FROM rows."tabCompany" c WHERE c.name = t.company
    AND ${missing('t.account_currency')}`)
  await ctx.find({
    type: 'ValidationError', field: 'company', message: 'Please add the account to root level Company',
      hint: 'Load the account for the company at the root first.',
    select: `SELECT d._id AS id, d.company AS "value" FROM ${ctx.doc} d JOIN rows."tabCompany" c ON c.name = d.company
      WHERE NOT ${on('c.allow_account_creation_against_child_company')}
      AND EXISTS (SELECT 1 FROM rows."tabCompany" a WHERE a.lft < c.lft AND a.rgt > c.rgt)
      AND NOT EXISTS (SELECT 1 FROM rows."tabAccount" r WHERE r.account_name = d.account_name AND r.company =
        (SELECT a.name FROM rows."tabCompany" a WHERE a.lft < c.lft AND a.rgt > c.rgt ORDER BY a.lft LIMIT 1))`,
  })
  await findUnsupported(ctx, `${given('parent_account')} AND EXISTS (SELECT 1 FROM rows."tabCompany" c, rows."tabCompany" below WHERE c.name = company
    AND below.lft > c.lft AND below.rgt < c.rgt)`,
    'accounts of a company with child companies are copied to these, which is not predicted', 'company')
}

/** An account takes its root from its parent group and its currency from the company; numbers are unique within a company. */
export const rule: PostingRule = {
  doctype: 'Account',
  reads: ['Company', 'Account'],
  naming: numberedNaming('account_number', 'account_name'),
  tree: { parentField: 'parent_account' },
  texts: { autoname: [{ field: 'account_name', call: 'strip', zero: true }] },
  steps: [
    { stage: 'validate', id: 'parent', run: findWrongParent },
    { stage: 'validate', id: 'number', run: findTakenNumber },
    { stage: 'validate', id: 'inherit', run: inherit },
    { stage: 'validate', id: 'company', run: checkCompanyTree },
    {
      stage: 'named', id: 'number-twins',
      async run(ctx) {
        if (!ctx.has('account_number')) return
        await ctx.find({
          type: 'ValidationError', field: 'account_number', stage: 'validate', causeByValue: true, hint: 'Give the account another number.',
          select: `SELECT l._id AS id, l.account_number AS "value", 'Account Number ' || l.account_number || ' already used in another account' AS message
            FROM ${ctx.live} l
            WHERE ${given('l.account_number')} QUALIFY row_number() OVER (PARTITION BY l.company, l.account_number ORDER BY l._id) > 1`,
        })
      },
    },
  ],
}

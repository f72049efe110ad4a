import type { PostingRule } from '../framework/rule.ts'

/** Customer: named after itself (or by series), checks of accounts and teams, primary contact and address made on the way. */
export const rule: PostingRule = {
  doctype: 'Customer',
  reads: ['Account', 'Company', 'Customer Group'],
  writes: ['Contact', 'Address'],
  naming: {
    columns: ['customer_name'],
    wish: (values, ctx) => {
      const how = ctx.site.default('cust_master_name'), name = values['customer_name'] as string | null
      if (how === 'Customer Name') return { name, taken: ctx.import ? 'refuse' : 'customer' }
      return { name: null }
    },
  },
  steps: [],
}

import { leaveVersion } from '../accounts/traces.ts'
import { fold } from '../framework/collation.ts'
import type { NamingRule, PostingContext, PostingRule } from '../framework/rule.ts'
import { filled, truthy } from '../orders/kind.ts'
import { costBills, nameBills, settleDefaults } from '../manufacturing/bom-steps.ts'
import { findUnsupported } from './conditions.ts'

const NAME_LENGTH = 140

/** The number behind the last `-` or `/` of a bill's name, as Python's cint reads it. */
const numberOf = (name: string): number => Number(/^\s*[+-]?\d+\s*$/.exec(name.split(/[-/]/).at(-1)!)?.[0] ?? 0)

/** Names that begin as an item's bills do, as the site asks its database: `%` and `_` of the item's code stand for whatever there is. */
function alike(item: string): RegExp {
  const folded = fold(`BOM-${item}|`).slice(0, -1)
  return new RegExp(`^${folded.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('%', '.*').replaceAll('_', '.')}`, 's')
}

/** Bills are numbered within what begins like their own name. */
function naming(): NamingRule {
  let numbered: { key: string; number: number }[] = [], taken = new Set<string>()
  return {
    columns: ['item'],
    computed: { refused: (ctx) => `n._id IN (${ctx.refused})` },
    async prepare(ctx) {
      const rows = await ctx.staging.all<{ name: string; amended: string | null }>('SELECT name, amended_from AS amended FROM rows."tabBOM"')
      taken = new Set(rows.map(({ name }) => fold(name)))
      numbered = rows.filter(({ amended }) => !amended).map(({ name }) => ({ key: fold(name), number: numberOf(name) }))
    },
    wish(values) {
      const item = String(values['item'] ?? 'None')
      let name = `BOM-${item}-001`
      if (name.length > NAME_LENGTH) {
        const cut = item.slice(0, NAME_LENGTH - 8), space = cut.lastIndexOf(' ')
        name = `BOM-${space < 0 ? cut : cut.slice(0, space)}-001`
      }
      if (taken.has(fold(name))) {
        const like = alike(item), highest = numbered.filter(({ key }) => like.test(key)).reduce((most, { number }) => Math.max(most, number), 0)
        name = `BOM-${item}-${String(highest + 1).padStart(3, '0')}`
      }
      if (values['refused'] !== true) {
        taken.add(fold(name))
        numbered.push({ key: fold(name), number: numberOf(name) })
      }
      return { name, taken: 'refuse' }
    },
  }
}

async function findOtherKinds(ctx: PostingContext): Promise<void> {
  for (const field of ['amended_from', 'bom_creator', 'bom_creator_item']) if (ctx.has(field)) await findUnsupported(ctx, filled(field), `bills with a ${ctx.meta.field(field)?.label ?? field} are not predicted`, field)
  if (ctx.has('routing')) await findUnsupported(ctx, `${filled('routing')} AND ${truthy('with_operations')} AND _id NOT IN (SELECT _parent FROM ${ctx.child('operations')})`, 'operations taken from a routing are not predicted', 'routing')
}

/** BOM: materials with rates by the method asked for, operations, scrap, costs in both currencies, all bills below taken apart; on submit the item's default. */
export const rule: PostingRule = {
  doctype: 'BOM',
  reads: ['Item', 'Item Price', 'Price List', 'Bin', 'Warehouse', 'Stock Ledger Entry', 'Company', 'Currency Exchange', 'UOM', 'Operation', 'Workstation', 'BOM Item', 'BOM Scrap Item', 'BOM Explosion Item', 'BOM Operation'],
  writes: ['tabBOM', 'tabItem', 'tabVersion'],
  naming: naming(),
  steps: [
    { stage: 'before_validate', pass: 'insert', id: 'kinds', run: findOtherKinds },
    { stage: 'validate', pass: 'insert', id: 'costs', run: costBills },
    { stage: 'named', id: 'costs', run: nameBills },
    { stage: 'on_submit', id: 'defaults', run: settleDefaults },
    { stage: 'on_submit', id: 'version', run: leaveVersion },
  ],
}

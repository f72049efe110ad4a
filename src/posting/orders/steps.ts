import type { Step } from '../framework/rule.ts'
import { takeAddresses } from './addresses.ts'
import { takeItemDetails, scratchOf } from './item-details.ts'
import type { OrderKind } from './kind.ts'
import { findBadDiscount, findBadLines, findBlockedSupplier, findForeignParts, findZeroQuantity } from './order-checks.ts'
import { findMissingParty, takePartyDetails } from './party-details.ts'
import { takeItemTaxTemplates } from './item-tax-templates.ts'
import { makePaymentSchedule } from './payment-schedule.ts'
import { shareCommission } from './sales-team.ts'
import { takeLetterHead } from './submit-effects.ts'
import { appendItemTaxRows, findBadCharges, findBadTaxes } from './tax-rows-step.ts'
import { calculateOrders } from './totals-step.ts'
import { findUnsupportedItems, findUnsupportedOrders } from './unsupported.ts'

/**
 * What orders of both kinds do in validate(), in the site's order. A submit validates a second time; what that changes is computed here as
 * well (see totals-step.ts), so these steps run once.
 */
export function orderSteps(kind: OrderKind): Step[] {
  const step = (id: string, run: Step['run']): Step => ({ stage: 'validate', pass: 'insert', id, run })
  return [
    step('unsupported', (ctx) => findUnsupportedOrders(ctx, kind)),
    step('quantity', (ctx) => findZeroQuantity(ctx, kind)),
    step('party-exists', (ctx) => findMissingParty(ctx, kind)),
    step('party', (ctx) => takePartyDetails(ctx, kind)),
    step('addresses', (ctx) => takeAddresses(ctx, kind)),
    step('item-tax-templates', (ctx) => takeItemTaxTemplates(ctx, kind)),
    step('items', (ctx) => takeItemDetails(ctx, kind)),
    step('unsupported-items', (ctx) => findUnsupportedItems(ctx, kind, scratchOf(ctx).facts)),
    step('supplier-on-hold', (ctx) => findBlockedSupplier(ctx, kind)),
    step('tax-accounts', (ctx) => findBadTaxes(ctx, kind)),
    step('item-taxes', (ctx) => appendItemTaxRows(ctx, kind)),
    step('charges', (ctx) => findBadCharges(ctx, kind)),
    step('discount', (ctx) => findBadDiscount(ctx, kind)),
    step('totals', (ctx) => calculateOrders(ctx, kind)),
    ...(kind.selling ? [step('sales-team', shareCommission)] : []),
    step('schedule', (ctx) => makePaymentSchedule(ctx, kind)),
    step('party-checks', (ctx) => findForeignParts(ctx, kind)),
    step('letter-head', takeLetterHead),
    step('line-checks', (ctx) => findBadLines(ctx, kind)),
  ]
}

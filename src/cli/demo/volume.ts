/** How many legacy records of each entity a demo business of `records` records has. The parts add up to `records` exactly. */
export interface Volume {
  customerGroups: number; territories: number; customers: number; deliveryAddresses: number; suppliers: number
  itemGroups: number; items: number; prices: number; employees: number; projects: number; tasks: number
  salesOrders: number; salesOrderLines: number; purchaseOrders: number; purchaseOrderLines: number
  invoices: number; payments: number; journals: number; journalLines: number; stock: number; openItems: number; trialBalance: number; tickets: number; activities: number
}

/** Accounts of the legacy system's trial balance. */
export const ACCOUNTS = ['1000', '1200', '1400', '1500', '1776', '2900', '4110', '4120', '4910', '8400', '9000'] as const

/** Of so many payments, every one in this many leaves half of its invoice open. */
export const PARTLY_PAID = 50

export const SMALLEST_BUSINESS = 1000

export function volumeOf(records: number, customerGroups: number, territories: number): Volume {
  const part = (share: number, least: number): number => Math.max(least, Math.round(records * share))
  const invoices = part(4 / 15, 200), payments = part(7 / 30, 170), journals = part(0.004, 6)
  const volume: Volume = {
    customerGroups, territories,
    customers: part(0.035, 40), deliveryAddresses: part(0.015, 10), suppliers: part(0.004, 12), itemGroups: 10, items: part(0.02, 30), prices: part(0.04, 40),
    employees: part(0.002, 8), projects: part(0.0013, 4), tasks: part(0.01, 8), salesOrders: part(0.045, 30), salesOrderLines: part(0.12, 90),
    purchaseOrders: part(0.01, 10), purchaseOrderLines: part(0.025, 20), invoices, payments, journals, journalLines: 2 * journals, stock: part(0.0133, 12),
    openItems: invoices - payments + Math.ceil(payments / PARTLY_PAID), trialBalance: ACCOUNTS.length, tickets: part(0.015, 15), activities: 0,
  }
  volume.activities = records - Object.values(volume).reduce((sum, n) => sum + n, 0)
  return volume
}

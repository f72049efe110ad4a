/** How many legacy records of each entity a demo business of `records` records has. The parts add up to `records` exactly. */
export interface Volume {
  customerGroups: number; territories: number; customers: number; deliveryAddresses: number; suppliers: number
  itemGroups: number; items: number; prices: number; employees: number; projects: number; tasks: number
  salesOrders: number; salesOrderLines: number; purchaseOrders: number; purchaseOrderLines: number; tickets: number; activities: number
}

export const SMALLEST_BUSINESS = 1000

export function volumeOf(records: number, customerGroups: number, territories: number): Volume {
  const part = (share: number, least: number): number => Math.max(least, Math.round(records * share))
  const volume: Volume = {
    customerGroups, territories,
    customers: part(0.08, 40), deliveryAddresses: part(0.04, 10), suppliers: part(0.008, 12), itemGroups: 10, items: part(0.04, 30), prices: part(0.08, 40),
    employees: part(0.002, 8), projects: part(0.0013, 4), tasks: part(0.02, 8), salesOrders: part(0.1333, 30), salesOrderLines: part(0.4, 90),
    purchaseOrders: part(0.0267, 10), purchaseOrderLines: part(0.0667, 20), tickets: part(0.0533, 20), activities: 0,
  }
  volume.activities = records - Object.values(volume).reduce((sum, n) => sum + n, 0)
  return volume
}

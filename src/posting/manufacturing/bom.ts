import type { Round } from '../orders/totals-batch.ts'
import { stored } from '../stock/python-float.ts'

/** What the site knows of an item that bears on the cost of a bill of materials. */
export interface BomItemFacts {
  name: string
  itemName: string | null
  description: string | null
  image: string | null
  stockUom: string | null
  variantOf: string | null
  defaultBom: string | null
  valuationRate: number
  lastPurchaseRate: number
  customerProvided: boolean
  inManufacturing: number
}

/** A raw material of a bill. Numbers and texts are null where nobody gave any. */
export interface Material {
  idx: number
  itemCode: string | null
  itemName: string | null
  description: string | null
  image: string | null
  operation: string | null
  sourceWarehouse: string | null
  bomNo: string | null
  doNotExplode: boolean
  isStockItem: boolean
  qty: number | null
  stockQty: number | null
  uom: string | null
  stockUom: string | null
  factor: number | null
  rate: number | null
  baseRate: number | null
  amount: number
  baseAmount: number
  consumed: number
  inManufacturing: number | null
  bySupplier: number
}

export interface Scrap { idx: number; itemCode: string | null; itemName: string | null; stockQty: number | null; stockUom: string | null; rate: number | null; baseRate: number | null; amount: number; baseAmount: number }

export interface Operation {
  idx: number
  operation: string | null
  workstation: string | null
  workstationType: string | null
  description: string | null
  minutes: number
  hourRate: number
  baseHourRate: number
  cost: number
  baseCost: number
  batchSize: number
  byQuantity: boolean
  costPerUnit: number
  baseCostPerUnit: number
}

/** A material as it stands once all bills below are taken apart. */
export interface Exploded {
  itemCode: string
  itemName: string | null
  operation: string | null
  sourceWarehouse: string | null
  description: string | null
  image: string | null
  stockUom: string | null
  stockQty: number
  rate: number
  inManufacturing: number
  bySupplier: number
}

/** A bill of materials on its way. */
export interface Bill {
  id: number
  /** Null until it is named. */
  name: string | null
  item: string | null
  company: string | null
  companyCurrency: string | null
  currency: string | null
  quantity: number
  conversionRate: number
  priceRate: number
  priceList: string | null
  priceListCurrency: string | null
  ratesBy: string | null
  subAssembliesByBom: boolean
  withOperations: boolean
  /** Operating cost per unit of what is made, where no operations are given. */
  costPerBom: number | null
  transferAgainst: string | null
  lossPercentage: number
  lossQty: number
  submit: boolean
  /** Inserted as submitted: validated once. */
  once: boolean
  active: boolean
  isDefault: boolean
  materials: Material[]
  scrap: Scrap[]
  operations: Operation[]
  exploded: Exploded[]
  operatingCost: number
  baseOperatingCost: number
  materialCost: number
  baseMaterialCost: number
  scrapCost: number
  baseScrapCost: number
  totalCost: number
  baseTotalCost: number
}

/** A bill that can be a part of another one. */
export interface KnownBill {
  name: string
  item: string
  currency: string | null
  active: boolean
  docstatus: number
  /** As stored. */
  unitCost: number
  items: string[]
  scrap: string[]
  /** Per unit, before it is multiplied. */
  exploded: (Exploded & { perUnit: number })[]
  /** Bills of its own materials. */
  below: { item: string; bill: string }[]
}

/** What bills look things up in. */
export interface BomWorld {
  round: Round
  places: { rate: number; qty: number; stockQty: number; quantity: number; scrapRate: number; scrapQty: number; scrapAmount: number; conversionRate: number }
  item(code: string | null): BomItemFacts | undefined
  /** `stock_value / actual_qty` of a company's bins (null: none), and the last rate above 0 anywhere. */
  stockRate(item: string, company: string | null): { average: number | null; last: number }
  /** Price of a list for a unit; undefined where there is none. */
  price(bill: Bill, item: string, uom: string | null, stockUom: string | null, qty: number, factor: number): number | undefined
  bill(name: string): KnownBill | undefined
  defaultBill(item: string): string | null
  hourRate(workstation: string): number
  describe(operation: string | null): string | null
  whole(uom: string | null): boolean
  /** Exchange rate to the company's currency; null where the site has none. */
  exchange(bill: Bill, currency: string): number | null
  priceListCurrency(list: string | null): string | null
}

export interface BomRefusal { type: string; message: string; field: string; idx?: number }

export class BomRefused extends Error {
  readonly refusal: BomRefusal
  constructor(refusal: BomRefusal) { super(refusal.message); this.refusal = refusal }
}

export function refuse(field: string, message: string, idx?: number, type = 'ValidationError'): never {
  throw new BomRefused({ type, message, field, idx })
}

/** The cost of a unit of a bill as the database divides it: 13 decimals. */
export const unitCost = (cost: number, quantity: number): number => (quantity === 0 ? 0 : Number((stored(cost) / stored(quantity)).toFixed(13)))

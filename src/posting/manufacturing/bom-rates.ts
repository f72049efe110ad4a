import { refuse, type Bill, type BomItemFacts, type BomWorld, type Material } from './bom.ts'

/** Average of the company's stock, else the last rate anywhere, else what the item says. */
export function stockRate(world: BomWorld, item: BomItemFacts, company: string | null): number {
  const { average, last } = world.stockRate(item.name, company)
  const rate = average !== null && average <= 0 ? last : average ?? 0
  return rate !== 0 ? rate : item.valuationRate
}

interface Asked { item: BomItemFacts; bomNo: string | null; qty: number | null; uom: string | null; stockUom: string | null; factor: number | null; bySupplier: number }

function listedRate(world: BomWorld, bill: Bill, asked: Asked): number {
  const factor = asked.factor || 1
  switch (bill.ratesBy) {
    case 'Valuation Rate': return stockRate(world, asked.item, bill.company) * factor
    case 'Last Purchase Rate': return asked.item.lastPurchaseRate * factor
    case 'Price List':
      if (!bill.priceList) return refuse('buying_price_list', 'Please select Price List')
      return world.price(bill, asked.item.name, asked.uom || asked.stockUom, asked.stockUom, asked.qty || 1, factor) ?? 0
    default: return refuse('rm_cost_as_per', `Rate Of Materials Based On cannot be "${bill.ratesBy}"`)
  }
}

/** Rate of a raw material in the bill's currency: that of its own bill where it has one, else by the method the bill asks for. */
export function materialRate(world: BomWorld, bill: Bill, asked: Asked): number {
  if (!bill.ratesBy) bill.ratesBy = 'Valuation Rate'
  let rate = 0
  if (!asked.item.customerProvided && !asked.bySupplier) {
    const own = asked.bomNo ? world.bill(asked.bomNo) : undefined
    rate = asked.bomNo && bill.subAssembliesByBom ? (own?.active ? own.unitCost : 0) * (asked.factor || 1) : listedRate(world, bill, asked)
  }
  return rate * (bill.priceRate || 1) / (bill.conversionRate || 1)
}

export function itemOf(world: BomWorld, code: string | null, field: string, idx?: number): BomItemFacts {
  return world.item(code) ?? refuse(field, `Item ${code ?? 'None'} not found`, idx, 'DoesNotExistError')
}

/** A material takes from its item what the bill does not say. */
export function takeMaterialDetails(world: BomWorld, bill: Bill, row: Material): void {
  if (row.bomNo && world.bill(row.bomNo)?.currency !== bill.currency) refuse('items.bom_no', `Row ${row.idx}: Currency of the BOM #${row.bomNo} should be equal to the selected currency ${bill.currency}`, row.idx)
  if (row.doNotExplode) row.bomNo = ''
  const item = itemOf(world, row.itemCode, 'items.item_code', row.idx), bomNo = row.bomNo || world.defaultBill(item.name) || ''
  const rate = materialRate(world, bill, { item, bomNo, qty: row.qty, uom: row.uom, stockUom: item.stockUom, factor: row.factor, bySupplier: row.bySupplier })
  const qty = row.qty || row.stockQty || 1, stockQty = row.stockQty || row.qty || 1
  row.itemName ||= item.itemName ?? ''
  row.description ||= item.description ?? ''
  row.image ||= item.image ?? ''
  row.stockUom ||= item.stockUom ?? ''
  row.uom ||= item.stockUom ?? ''
  row.factor ||= 1
  row.bomNo ||= row.doNotExplode ? '' : bomNo
  row.rate ||= rate
  row.qty ||= qty
  row.stockQty ||= stockQty
  row.baseRate ||= rate * (bill.conversionRate || 1)
  row.inManufacturing ||= row.inManufacturing ?? item.inManufacturing
}

/** What the materials cost at today's rates. */
export function costMaterials(world: BomWorld, bill: Bill): void {
  const { round, places } = world
  let total = 0, base = 0
  for (const row of bill.materials) {
    if (row.isStockItem) row.rate = materialRate(world, bill, { item: world.item(row.itemCode)!, bomNo: row.bomNo, qty: row.qty, uom: row.uom, stockUom: row.stockUom, factor: row.factor, bySupplier: row.bySupplier })
    const rate = row.rate ?? 0
    row.baseRate = rate * bill.conversionRate
    row.amount = round(rate, places.rate) * round(row.qty ?? 0, places.qty)
    row.baseAmount = row.amount * bill.conversionRate
    row.consumed = round(row.stockQty ?? 0, places.stockQty) / round(bill.quantity, places.quantity)
    total += row.amount
    base += row.baseAmount
  }
  bill.materialCost = total
  bill.baseMaterialCost = base
}

export function costScrap(world: BomWorld, bill: Bill): void {
  const { round, places } = world, exchange = round(bill.conversionRate, places.conversionRate)
  let total = 0, base = 0
  for (const row of bill.scrap) {
    const rate = round(row.rate ?? 0, places.scrapRate)
    row.baseRate = rate * exchange
    row.amount = rate * round(row.stockQty ?? 0, places.scrapQty)
    row.baseAmount = round(row.amount, places.scrapAmount) * exchange
    total += row.amount
    base += row.baseAmount
  }
  bill.scrapCost = total
  bill.baseScrapCost = base
}

export function costOperations(world: BomWorld, bill: Bill): void {
  bill.operatingCost = bill.baseOperatingCost = 0
  if (!bill.withOperations) {
    if (bill.costPerBom === null) return
    bill.operatingCost = bill.quantity * bill.costPerBom
    bill.baseOperatingCost = world.round(bill.operatingCost * bill.conversionRate, 2)
    return
  }
  for (const row of bill.operations) {
    if (row.workstation) rateOperation(world, bill, row)
    bill.operatingCost += row.byQuantity ? row.costPerUnit * bill.quantity : row.cost
    bill.baseOperatingCost += row.byQuantity ? row.baseCostPerUnit * bill.quantity : row.baseCost
  }
}

function rateOperation(world: BomWorld, bill: Bill, row: Bill['operations'][number]): void {
  if (row.hourRate === 0) {
    const rate = world.hourRate(row.workstation!)
    if (rate !== 0) row.hourRate = bill.conversionRate !== 0 ? rate / bill.conversionRate : rate
  }
  if (row.hourRate === 0 || row.minutes === 0) return
  row.baseHourRate = row.hourRate * bill.conversionRate
  row.cost = row.hourRate * row.minutes / 60
  row.baseCost = row.cost * bill.conversionRate
  row.costPerUnit = row.cost / (row.batchSize || 1)
  row.baseCostPerUnit = row.baseCost / (row.batchSize || 1)
}

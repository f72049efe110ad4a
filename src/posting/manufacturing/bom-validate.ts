import { costMaterials, costOperations, costScrap, itemOf, stockRate, takeMaterialDetails } from './bom-rates.ts'
import { refuse, type Bill, type BomWorld, type Exploded, type Material } from './bom.ts'

/** Whole units stay whole. */
function checkWholeUnits(world: BomWorld, bill: Bill): void {
  for (const [uom, qty] of [['uom', 'qty'], ['stockUom', 'stockQty']] as const) for (const row of bill.materials) {
    const value = row[qty] ?? 0
    if (world.whole(row[uom]) && value !== 0 && Math.abs(Math.trunc(value) - world.round(value, qty === 'qty' ? world.places.qty : world.places.stockQty)) > 1e-7) {
      refuse(`items.${qty === 'qty' ? 'qty' : 'stock_qty'}`, `Row ${row.idx}: Quantity (${value}) cannot be a fraction. To allow this, disable 'Must be Whole Number' in UOM ${row[uom]}.`, row.idx, 'UOMMustBeIntegerError')
    }
  }
}

function settleCurrency(world: BomWorld, bill: Bill): void {
  if (bill.ratesBy === 'Price List') {
    const currency = world.priceListCurrency(bill.priceList)
    if (currency === null || (currency !== bill.currency && currency !== bill.companyCurrency)) refuse('buying_price_list', `Currency of the price list ${bill.priceList} must be ${bill.currency} or ${bill.companyCurrency}`)
  }
  if (bill.currency === bill.companyCurrency) bill.conversionRate = 1
  else if (bill.conversionRate === 1 || bill.conversionRate <= 0) bill.conversionRate = rateOf(world, bill, bill.currency)
  if (bill.ratesBy === 'Valuation Rate' || bill.ratesBy === 'Last Purchase Rate') bill.priceRate = 1
  else if (bill.priceRate === 0 && bill.priceListCurrency) bill.priceRate = rateOf(world, bill, bill.priceListCurrency)
}

function rateOf(world: BomWorld, bill: Bill, currency: string | null): number {
  // Without a currency the site finds none either, and goes on with nothing.
  if (!currency) return 0
  return world.exchange(bill, currency) ?? refuse('conversion_rate', `The site would ask the internet for the exchange rate of ${currency}`, undefined, 'unsupported')
}

function takeScrapDetails(world: BomWorld, bill: Bill): void {
  for (const row of bill.scrap) {
    const item = itemOf(world, row.itemCode, 'scrap_items.item_code', row.idx), rate = stockRate(world, item, bill.company) * (bill.priceRate || 1) / (bill.conversionRate || 1)
    row.itemName ??= item.itemName ?? ''
    row.stockUom ??= item.stockUom ?? ''
    row.rate ??= rate
    row.stockQty ??= 1
    row.baseRate ??= rate * (bill.conversionRate || 1)
  }
}

function checkMaterials(world: BomWorld, bill: Bill): void {
  if (bill.materials.length === 0) refuse('items', 'Raw Materials cannot be blank.')
  for (const row of bill.materials) {
    if (row.bomNo) checkBill(world, row)
    if ((row.qty ?? 0) <= 0) refuse('items.qty', `Quantity required for Item ${row.itemCode} in row ${row.idx}`, row.idx)
  }
}

/** The bill of a material must be one that makes it. */
function checkBill(world: BomWorld, row: Material): void {
  const bill = world.bill(row.bomNo!) ?? refuse('items.bom_no', `BOM ${row.bomNo} not found`, row.idx, 'DoesNotExistError')
  if (!bill.active) refuse('items.bom_no', `BOM ${bill.name} must be active`, row.idx)
  if (bill.docstatus !== 1) refuse('items.bom_no', `BOM ${bill.name} must be submitted`, row.idx)
  const code = row.itemCode!.toLowerCase(), names = [...bill.items, ...bill.scrap, bill.item].map((name) => name.toLowerCase())
  if (!names.includes(code) && bill.item.toLowerCase() !== (world.item(row.itemCode)?.variantOf ?? '').toLowerCase()) refuse('items.bom_no', `BOM ${bill.name} does not belong to Item ${row.itemCode}`, row.idx)
}

function settleOperations(world: BomWorld, bill: Bill, submitting: boolean, first: boolean): void {
  if (!bill.withOperations) bill.transferAgainst = 'Work Order'
  if (!bill.transferAgainst && !first) refuse('transfer_material_against', 'Setting Transfer Material Against is required')
  if (!bill.withOperations) return
  if (bill.operations.length === 0 && submitting) refuse('operations', 'Operations cannot be left blank')
  for (const row of bill.operations) {
    row.description ||= world.describe(row.operation)
    if (row.batchSize <= 0) row.batchSize = 1
    if (!row.workstation && !row.workstationType) refuse('operations.workstation', `Row ${row.idx}: Workstation or Workstation Type is mandatory for an operation ${row.operation}`, row.idx)
  }
}

/** Materials of all bills below, those of an item added up; in order of the first character of their code. */
function explode(world: BomWorld, bill: Bill): void {
  const found = new Map<string, Exploded>()
  const add = (row: Exploded) => {
    const known = found.get(row.itemCode)
    if (known === undefined) found.set(row.itemCode, row)
    else known.stockQty += row.stockQty
  }
  for (const row of bill.materials) {
    if (row.bomNo) {
      const below = world.bill(row.bomNo)
      if (below?.docstatus === 1) for (const { perUnit, ...part } of below.exploded) add({ ...part, image: null, stockQty: perUnit * (row.stockQty ?? 0) })
    } else if (row.itemCode) add({
      itemCode: row.itemCode, itemName: row.itemName, operation: row.operation, sourceWarehouse: row.sourceWarehouse, description: row.description, image: row.image, stockUom: row.stockUom, stockQty: row.stockQty ?? 0,
      rate: (row.baseRate ?? 0) / (row.factor || 1), inManufacturing: row.inManufacturing ?? 0, bySupplier: row.bySupplier,
    })
  }
  const initial = (row: Exploded) => row.itemCode.codePointAt(0) ?? 0
  bill.exploded = [...found.values()].sort((a, b) => initial(a) - initial(b))
}

function cost(world: BomWorld, bill: Bill): void {
  costOperations(world, bill)
  costMaterials(world, bill)
  costScrap(world, bill)
  bill.totalCost = bill.operatingCost + bill.materialCost - bill.scrapCost
  bill.baseTotalCost = bill.baseOperatingCost + bill.baseMaterialCost - bill.baseScrapCost
}

/** What the site does with a bill of materials whenever it is saved, in its order; throws BomRefused. `first`: it is being inserted. */
export function validateBill(world: BomWorld, bill: Bill, first: boolean): void {
  if (!bill.company) refuse('company', 'Please select a Company first.')
  itemOf(world, bill.item, 'item')
  if (bill.quantity === 0) refuse('quantity', 'Quantity should be greater than 0')
  settleCurrency(world, bill)
  checkWholeUnits(world, bill)
  for (const row of bill.materials) takeMaterialDetails(world, bill, row)
  takeScrapDetails(world, bill)
  checkMaterials(world, bill)
  settleOperations(world, bill, bill.once || !first, first)
  cost(world, bill)
  explode(world, bill)
  for (const row of bill.materials) row.stockQty = (row.factor ?? 1) * (row.qty ?? 0)
  cost(world, bill)
  if (bill.lossPercentage !== 0) bill.lossQty = bill.quantity * bill.lossPercentage / 100
  if (bill.lossPercentage > 100) refuse('process_loss_percentage', 'Process Loss Percentage cannot be greater than 100')
  if (bill.lossQty % 1 !== 0 && world.whole(world.item(bill.item)!.stockUom)) refuse('process_loss_percentage', `Item: ${bill.item} with Stock UOM can't have fractional process loss qty as its UOM is a whole Number.`)
  for (const row of bill.materials) row.stockUom = world.item(row.itemCode)!.stockUom
}

/** No bill may be made, anywhere below, of what it makes. The site looks after it has inserted the bill; throws BomRefused. */
export function checkRecursion(world: BomWorld, bill: Bill): void {
  const seen = new Set<string>(), waiting = bill.materials.map((row) => ({ item: row.itemCode ?? '', bill: row.bomNo ?? '' }))
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part.bill === '') continue
    if (part.item === bill.item) refuse('items.bom_no', `BOM recursion: ${part.bill} cannot be parent or child of ${bill.name ?? bill.item}`, undefined, 'BOMRecursionError')
    if (seen.size === seen.add(part.bill).size) continue
    waiting.push(...world.bill(part.bill)?.below ?? [])
  }
}

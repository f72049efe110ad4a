import { ident, literal, type ColumnData } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { BomFacts } from './bom-facts.ts'
import { checkRecursion, validateBill } from './bom-validate.ts'
import { BomRefused, unitCost, type Bill, type BomRefusal, type KnownBill } from './bom.ts'

type Row = Record<string, string | number | boolean | null>
const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value))
const number = (value: unknown): number => Number(value ?? 0)
const given = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value))

/** What the batch's bills were when the site began to look at them: they are worked out twice, before they have names and after. */
const begun = new WeakMap<PostingContext, Bill[]>()
/** Whether bills are their item's default in the end, for those there were before, and the default bills of items. */
interface Defaults { bills: { id: number; name: string; value: number }[]; items: { id: number; item: string; bill: string }[] }
const settled = new WeakMap<PostingContext, Defaults>()

async function readBills(ctx: PostingContext): Promise<Bill[]> {
  const bills = new Map<number, Bill>()
  for (const r of await ctx.staging.all<Row>(`SELECT d.*, c.default_currency FROM ${ctx.doc} d LEFT JOIN rows."tabCompany" c ON c.name = d.company ORDER BY d._id`)) {
    bills.set(number(r['_id']), {
      id: number(r['_id']), name: null, item: text(r['item']), company: text(r['company']), companyCurrency: text(r['default_currency']), currency: text(r['currency']), quantity: number(r['quantity']), conversionRate: number(r['conversion_rate']),
      priceRate: number(r['plc_conversion_rate']), priceList: text(r['buying_price_list']), priceListCurrency: text(r['price_list_currency']), ratesBy: text(r['rm_cost_as_per']), subAssembliesByBom: number(r['set_rate_of_sub_assembly_item_based_on_bom']) !== 0,
      withOperations: number(r['with_operations']) !== 0, costPerBom: number(r['fg_based_operating_cost']) === 0 ? null : number(r['operating_cost_per_bom_quantity']), transferAgainst: text(r['transfer_material_against']),
      lossPercentage: number(r['process_loss_percentage']), lossQty: number(r['process_loss_qty']), submit: r['_submit'] === true, once: r['_once'] === true, active: number(r['is_active']) !== 0, isDefault: number(r['is_default']) !== 0,
      materials: [], scrap: [], operations: [], exploded: [], operatingCost: 0, baseOperatingCost: 0, materialCost: 0, baseMaterialCost: 0, scrapCost: 0, baseScrapCost: 0, totalCost: 0, baseTotalCost: 0,
    })
  }
  for (const r of await ctx.staging.all<Row>(`SELECT * FROM ${ctx.child('items')} ORDER BY _parent, _idx`)) bills.get(number(r['_parent']))!.materials.push({
    idx: number(r['_idx']), itemCode: text(r['item_code']), itemName: text(r['item_name']), description: text(r['description']), image: text(r['image']), operation: text(r['operation']), sourceWarehouse: text(r['source_warehouse']), bomNo: text(r['bom_no']),
    doNotExplode: number(r['do_not_explode']) !== 0, isStockItem: number(r['is_stock_item']) !== 0, qty: given(r['qty']), stockQty: given(r['stock_qty']), uom: text(r['uom']), stockUom: text(r['stock_uom']), factor: given(r['conversion_factor']), rate: given(r['rate']),
    baseRate: given(r['base_rate']), amount: 0, baseAmount: 0, consumed: 0, inManufacturing: given(r['include_item_in_manufacturing']), bySupplier: number(r['sourced_by_supplier']),
  })
  for (const r of await ctx.staging.all<Row>(`SELECT * FROM ${ctx.child('scrap_items')} ORDER BY _parent, _idx`)) bills.get(number(r['_parent']))!.scrap.push({
    idx: number(r['_idx']), itemCode: text(r['item_code']), itemName: text(r['item_name']), stockQty: given(r['stock_qty']), stockUom: text(r['stock_uom']), rate: given(r['rate']), baseRate: given(r['base_rate']), amount: 0, baseAmount: 0,
  })
  for (const r of await ctx.staging.all<Row>(`SELECT * FROM ${ctx.child('operations')} ORDER BY _parent, _idx`)) bills.get(number(r['_parent']))!.operations.push({
    idx: number(r['_idx']), operation: text(r['operation']), workstation: text(r['workstation']), workstationType: text(r['workstation_type']), description: text(r['description']), minutes: number(r['time_in_mins']), hourRate: number(r['hour_rate']),
    baseHourRate: number(r['base_hour_rate']), cost: number(r['operating_cost']), baseCost: number(r['base_operating_cost']), batchSize: number(r['batch_size']), byQuantity: number(r['set_cost_based_on_bom_qty']) !== 0, costPerUnit: number(r['cost_per_unit']),
    baseCostPerUnit: number(r['base_cost_per_unit']),
  })
  return [...bills.values()]
}

/** A bill of the batch as later ones find it. */
function known(bill: Bill, name: string): KnownBill {
  return {
    name, item: bill.item!, currency: bill.currency, active: bill.active, docstatus: bill.submit ? 1 : 0, unitCost: unitCost(bill.baseTotalCost, bill.quantity), items: bill.materials.map((row) => row.itemCode ?? ''), scrap: bill.scrap.map((row) => row.itemCode ?? ''),
    exploded: bill.exploded.map((row) => ({ ...row, perUnit: unitCost(row.stockQty, bill.quantity) })), below: bill.materials.map((row) => ({ item: row.itemCode ?? '', bill: row.bomNo ?? '' })),
  }
}

/** One bill after another, as the site sees them. Answers those that are valid, those of them that stand, and why the others do not. */
function workOut(facts: BomFacts, bills: Bill[], standing: Standing): { valid: Bill[]; done: Bill[]; refused: { id: number; refusal: BomRefusal }[] } {
  const valid: Bill[] = [], done: Bill[] = [], refused: { id: number; refusal: BomRefusal }[] = []
  for (const bill of bills) {
    try {
      validateBill(facts, bill, true)
      // What the site finds after the insert leaves the bill as it is: Frappe's own checks come first.
      valid.push(bill)
      checkRecursion(facts, bill)
      if (bill.submit && !bill.once) validateBill(facts, bill, false)
    } catch (error) {
      if (!(error instanceof BomRefused)) throw error
      refused.push({ id: bill.id, refusal: error.refusal })
      continue
    }
    const name = bill.name ?? `\u0001${bill.id}`
    facts.bills.set(name, known(bill, name))
    standing.settle(bill, name, facts)
    done.push(bill)
  }
  return { valid, done, refused }
}

/** Which bill of an item is its default, while bills are submitted one after another. */
class Standing {
  readonly #bills = new Map<string, { name: string; id: number | null; isDefault: boolean; submitted: boolean; changedBy: number | null }[]>()
  readonly #items = new Map<string, number>()

  static async read(ctx: PostingContext): Promise<Standing> {
    const standing = new Standing()
    for (const row of await ctx.staging.all<Row>(`SELECT name, item, is_default, docstatus FROM rows."tabBOM" WHERE item IN (SELECT item FROM ${ctx.doc})`)) {
      standing.#of(String(row['item'])).push({ name: String(row['name']), id: null, isDefault: number(row['is_default']) !== 0, submitted: number(row['docstatus']) === 1, changedBy: null })
    }
    return standing
  }

  #of(item: string) {
    const list = this.#bills.get(item) ?? []
    this.#bills.set(item, list)
    return list
  }

  settle(bill: Bill, name: string, facts: BomFacts): void {
    const list = this.#of(bill.item!), own = { name, id: bill.id, isDefault: bill.isDefault, submitted: bill.submit, changedBy: null }
    if (bill.submit) {
      if (bill.isDefault && bill.active) for (const other of list) Object.assign(other, other.isDefault ? { isDefault: false, changedBy: bill.id } : {})
      else own.isDefault = bill.active && !list.some((other) => other.submitted && other.isDefault)
      if (own.isDefault && facts.defaultBill(bill.item!) !== name) {
        facts.defaults.set(bill.item!, name)
        this.#items.set(bill.item!, bill.id)
      }
    }
    list.push(own)
  }

  /** Of the batch's own bills: whether they are defaults in the end. */
  own(): { id: number; isDefault: boolean }[] { return [...this.#bills.values()].flat().flatMap((bill) => (bill.id === null ? [] : [{ id: bill.id, isDefault: bill.isDefault }])) }

  effects(facts: BomFacts): Defaults {
    return {
      bills: [...this.#bills.values()].flat().flatMap((bill) => (bill.id === null && bill.changedBy !== null ? [{ id: bill.changedBy, name: bill.name, value: bill.isDefault ? 1 : 0 }] : [])),
      items: [...this.#items].map(([item, id]) => ({ id, item, bill: facts.defaults.get(item)! })),
    }
  }
}

async function clearTables(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`DELETE FROM ${ctx.child('exploded_items')}; DELETE FROM ${ctx.child('operations')} WHERE _parent IN (SELECT _id FROM ${ctx.doc} WHERE COALESCE(with_operations, 0) = 0);
    UPDATE ${ctx.doc} SET quality_inspection_template = NULL WHERE COALESCE(inspection_required, 0) = 0`)
  for (const field of ['exploded_items', 'operations']) await ctx.recount(field)
}

const column = <T>(rows: T[], name: string, kind: ColumnData['kind'], of: (row: T) => string | number | null): ColumnData => ({ name, kind, values: rows.map(of) })

async function writeBills(ctx: PostingContext, facts: BomFacts, bills: Bill[]): Promise<void> {
  const head = (name: string, kind: ColumnData['kind'], of: (bill: Bill) => string | number | null) => column(bills, name, kind, of), item = (bill: Bill) => facts.item(bill.item)!
  await ctx.push(ctx.doc, [head('_id', 'BIGINT', (bill) => bill.id)], [
    head('item_name', 'VARCHAR', (bill) => item(bill).itemName), head('description', 'VARCHAR', (bill) => item(bill).description), head('uom', 'VARCHAR', (bill) => item(bill).stockUom), head('rm_cost_as_per', 'VARCHAR', (bill) => bill.ratesBy),
    head('transfer_material_against', 'VARCHAR', (bill) => bill.transferAgainst), head('conversion_rate', 'DOUBLE', (bill) => bill.conversionRate), head('plc_conversion_rate', 'DOUBLE', (bill) => bill.priceRate),
    head('operating_cost', 'DOUBLE', (bill) => bill.operatingCost), head('base_operating_cost', 'DOUBLE', (bill) => bill.baseOperatingCost), head('raw_material_cost', 'DOUBLE', (bill) => bill.materialCost), head('base_raw_material_cost', 'DOUBLE', (bill) => bill.baseMaterialCost),
    head('scrap_material_cost', 'DOUBLE', (bill) => bill.scrapCost), head('base_scrap_material_cost', 'DOUBLE', (bill) => bill.baseScrapCost), head('total_cost', 'DOUBLE', (bill) => bill.totalCost), head('base_total_cost', 'DOUBLE', (bill) => bill.baseTotalCost),
    head('process_loss_qty', 'DOUBLE', (bill) => bill.lossQty),
  ])
  const materials = bills.flatMap((bill) => bill.materials.map((row) => ({ ...row, parent: bill.id }))), of = (name: string, kind: ColumnData['kind'], value: (row: (typeof materials)[number]) => string | number | null) => column(materials, name, kind, value)
  await ctx.push(ctx.child('items'), [of('_parent', 'BIGINT', (row) => row.parent), of('_idx', 'BIGINT', (row) => row.idx)], [
    of('item_name', 'VARCHAR', (row) => row.itemName), of('description', 'VARCHAR', (row) => row.description), of('image', 'VARCHAR', (row) => row.image), of('bom_no', 'VARCHAR', (row) => row.bomNo), of('uom', 'VARCHAR', (row) => row.uom),
    of('stock_uom', 'VARCHAR', (row) => row.stockUom), of('qty', 'DOUBLE', (row) => row.qty), of('stock_qty', 'DOUBLE', (row) => row.stockQty), of('conversion_factor', 'DOUBLE', (row) => row.factor), of('rate', 'DOUBLE', (row) => row.rate),
    of('base_rate', 'DOUBLE', (row) => row.baseRate), of('amount', 'DOUBLE', (row) => row.amount), of('base_amount', 'DOUBLE', (row) => row.baseAmount), of('qty_consumed_per_unit', 'DOUBLE', (row) => row.consumed),
    of('include_item_in_manufacturing', 'BIGINT', (row) => row.inManufacturing),
  ])
  const scrap = bills.flatMap((bill) => bill.scrap.map((row) => ({ ...row, parent: bill.id }))), left = (name: string, kind: ColumnData['kind'], value: (row: (typeof scrap)[number]) => string | number | null) => column(scrap, name, kind, value)
  await ctx.push(ctx.child('scrap_items'), [left('_parent', 'BIGINT', (row) => row.parent), left('_idx', 'BIGINT', (row) => row.idx)], [
    left('item_name', 'VARCHAR', (row) => row.itemName), left('stock_uom', 'VARCHAR', (row) => row.stockUom), left('stock_qty', 'DOUBLE', (row) => row.stockQty), left('rate', 'DOUBLE', (row) => row.rate), left('base_rate', 'DOUBLE', (row) => row.baseRate),
    left('amount', 'DOUBLE', (row) => row.amount), left('base_amount', 'DOUBLE', (row) => row.baseAmount),
  ])
  const operations = bills.flatMap((bill) => bill.operations.map((row) => ({ ...row, parent: bill.id }))), done = (name: string, kind: ColumnData['kind'], value: (row: (typeof operations)[number]) => string | number | null) => column(operations, name, kind, value)
  await ctx.push(ctx.child('operations'), [done('_parent', 'BIGINT', (row) => row.parent), done('_idx', 'BIGINT', (row) => row.idx)], [
    done('description', 'VARCHAR', (row) => row.description), done('batch_size', 'BIGINT', (row) => row.batchSize), done('hour_rate', 'DOUBLE', (row) => row.hourRate), done('base_hour_rate', 'DOUBLE', (row) => row.baseHourRate),
    done('operating_cost', 'DOUBLE', (row) => row.cost), done('base_operating_cost', 'DOUBLE', (row) => row.baseCost), done('cost_per_unit', 'DOUBLE', (row) => row.costPerUnit), done('base_cost_per_unit', 'DOUBLE', (row) => row.baseCostPerUnit),
  ])
}

async function writeExploded(ctx: PostingContext, bills: Bill[]): Promise<void> {
  const rows = bills.flatMap((bill) => bill.exploded.map((row, i) => ({ ...row, parent: bill.id, idx: i + 1, amount: row.stockQty * row.rate, consumed: row.stockQty / bill.quantity })))
  await ctx.staging.run(`DELETE FROM ${ctx.child('exploded_items')}`)
  if (rows.length > 0) {
    const of = (name: string, kind: ColumnData['kind'], value: (row: (typeof rows)[number]) => string | number | null) => column(rows, name, kind, value)
    const columns = [
      of('_parent', 'BIGINT', (row) => row.parent), of('_idx', 'BIGINT', (row) => row.idx), of('idx', 'BIGINT', (row) => row.idx), of('item_code', 'VARCHAR', (row) => row.itemCode), of('item_name', 'VARCHAR', (row) => row.itemName), of('operation', 'VARCHAR', (row) => row.operation),
      of('source_warehouse', 'VARCHAR', (row) => row.sourceWarehouse), of('description', 'VARCHAR', (row) => row.description), of('image', 'VARCHAR', (row) => row.image), of('stock_uom', 'VARCHAR', (row) => row.stockUom), of('stock_qty', 'DOUBLE', (row) => row.stockQty),
      of('rate', 'DOUBLE', (row) => row.rate), of('amount', 'DOUBLE', (row) => row.amount), of('qty_consumed_per_unit', 'DOUBLE', (row) => row.consumed), of('include_item_in_manufacturing', 'BIGINT', (row) => row.inManufacturing), of('sourced_by_supplier', 'BIGINT', (row) => row.bySupplier),
    ]
    const table = ctx.scratch('exploded'), names = columns.map(({ name }) => ident(name)).join(', ')
    await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.slice(5)} (${columns.map(({ name, kind }) => `${ident(name)} ${kind}`).join(', ')})`)
    await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: table.slice(6, -1).replaceAll('""', '"') }, columns)
    await ctx.staging.run(`INSERT INTO ${ctx.child('exploded_items')} (${names}, name, creation, modified, owner, modified_by, docstatus, parenttype, parentfield) SELECT ${names}, ${ctx.hash('exploded_items', '_parent', '_idx')}, TIMESTAMP ${literal(ctx.now)}, TIMESTAMP ${literal(ctx.now)},
      ${literal(ctx.user)}, ${literal(ctx.user)}, 0, 'BOM', 'exploded_items' FROM ${table}`)
  }
  await ctx.recount('exploded_items')
}

async function tell(ctx: PostingContext, refused: { id: number; refusal: BomRefusal }[]): Promise<void> {
  for (const kind of new Set(refused.map(({ refusal }) => `${refusal.type}|${refusal.field}`))) {
    const [type, field] = kind.split('|') as [string, string], list = refused.filter(({ refusal }) => refusal.type === type && refusal.field === field)
    await ctx.findAll({ type, field, stage: type === 'BOMRecursionError' ? 'on_update' : 'validate', hint: type === 'unsupported' ? 'Give conversion_rate, or load Currency Exchange.' : 'Correct the bill of materials.', causeByValue: type === 'DoesNotExistError' },
      list.map(({ id, refusal }) => ({ id, message: refusal.message, idx: refusal.idx ?? null })))
  }
}

async function liveIds(ctx: PostingContext): Promise<Set<number>> {
  return new Set((await ctx.staging.all<{ id: number }>(`SELECT _id AS id FROM ${ctx.live} d`)).map(({ id }) => id))
}

/** Costs and materials of every bill, before it has a name. For `validate`, once. */
export async function costBills(ctx: PostingContext): Promise<void> {
  await clearTables(ctx)
  const bills = await readBills(ctx)
  begun.set(ctx, bills)
  const live = await liveIds(ctx), facts = await BomFacts.read(ctx)
  const { valid, refused } = workOut(facts, structuredClone(bills.filter(({ id }) => live.has(id))), await Standing.read(ctx))
  await tell(ctx, refused)
  await writeBills(ctx, facts, valid)
  if (facts.free.size > 0) await ctx.find({
    type: 'unsupported', field: 'items.rate', message: 'A list price of 0 makes the site look at what was paid last, which is not predicted', hint: 'Give the item a price, or disable last purchase rates in Buying Settings.',
    select: `SELECT DISTINCT i._parent AS id FROM ${ctx.child('items')} i JOIN ${ctx.doc} d ON d._id = i._parent JOIN rows."tabItem" m ON m.name = i.item_code WHERE d.rm_cost_as_per = 'Price List' AND m.last_purchase_rate <> 0 AND i.item_code IN (${[...facts.free].map((name) => literal(name)).join(', ')})`,
  })
}

/** The same once the bills have names, those refused left out: what they explode to, and which are defaults. For `named`. */
export async function nameBills(ctx: PostingContext): Promise<void> {
  const live = await liveIds(ctx), names = new Map((await ctx.staging.all<{ id: number; name: string }>(`SELECT _id AS id, name FROM ${ctx.doc}`)).map(({ id, name }) => [id, name]))
  const bills = structuredClone(begun.get(ctx)!.filter(({ id }) => live.has(id)))
  for (const bill of bills) bill.name = names.get(bill.id)!
  const facts = await BomFacts.read(ctx), standing = await Standing.read(ctx), { done, refused } = workOut(facts, bills, standing)
  await tell(ctx, refused)
  await writeBills(ctx, facts, done)
  await writeExploded(ctx, done)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET route = replace(replace(lower(name), ' ', '-'), '_', '-')`)
  const own = standing.own()
  await ctx.push(ctx.doc, [column(own, '_id', 'BIGINT', ({ id }) => id)], [column(own, 'is_default', 'BIGINT', ({ isDefault }) => (isDefault ? 1 : 0))])
  settled.set(ctx, standing.effects(facts))
}

/** A submitted bill takes the place of its item's default. */
export async function settleDefaults(ctx: PostingContext): Promise<void> {
  const { bills, items } = settled.get(ctx)!
  const change = async <T>(table: string, field: string, rows: T[], kind: ColumnData['kind'], id: (row: T) => number, key: (row: T) => string, value: (row: T) => string | number) => {
    if (rows.length === 0) return
    const changes = ctx.scratch('changes')
    await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${changes.slice(5)} (id BIGINT, "key" VARCHAR, "after" ${kind})`)
    await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: changes.slice(6, -1).replaceAll('""', '"') }, [column(rows, 'id', 'BIGINT', id), column(rows, 'key', 'VARCHAR', key), column(rows, 'after', kind, value)])
    await ctx.updateRows(table, field, `SELECT id, "key", "after" FROM ${changes}`)
  }
  await change('tabBOM', 'is_default', bills, 'BIGINT', ({ id }) => id, ({ name }) => name, ({ value }) => value)
  await change('tabItem', 'default_bom', items, 'VARCHAR', ({ id }) => id, ({ item }) => item, ({ bill }) => bill)
}

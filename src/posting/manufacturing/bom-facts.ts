import { literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'
import { exchangeRate } from '../orders/party-details.ts'
import { fieldPrecision } from '../orders/precisions.ts'
import { roundingFor } from '../orders/rounding.ts'
import { momentText } from '../stock/shelves.ts'
import { refuse, unitCost, type Bill, type BomItemFacts, type BomWorld, type KnownBill } from './bom.ts'

type Row = Record<string, string | number | boolean | null>
const text = (value: unknown): string | null => (value === null || value === undefined ? null : String(value))
const number = (value: unknown): number => Number(value ?? 0)

interface Price { uom: string; rate: number; party: boolean; packing: number }

/** Everything the batch's bills can look up; bills of the batch itself are added as they come. */
export class BomFacts implements BomWorld {
  readonly round
  readonly places
  /** Bills by name, and the default one of an item: those of the batch on top of those the site has. */
  readonly bills = new Map<string, KnownBill>()
  readonly defaults = new Map<string, string | null>()
  readonly #items = new Map<string, BomItemFacts>()
  readonly #averages = new Map<string, number | null>()
  readonly #lastRates = new Map<string, number>()
  readonly #prices = new Map<string, Price[]>()
  readonly #lists = new Map<string, { currency: string | null; enabled: boolean }>()
  readonly #hourRates = new Map<string, number>()
  readonly #descriptions = new Map<string, string | null>()
  readonly #whole = new Set<string>()
  readonly #exchange = new Map<string, number | null>()
  /** Items whose list price is 0, for which the site looks at what was paid last. */
  readonly free = new Set<string>()

  private constructor(ctx: PostingContext) {
    const child = (doctype: string, field: string) => fieldPrecision(ctx, ctx.site.doctype(doctype), field)
    this.round = roundingFor((ctx.site.single('System Settings')['rounding_method'] as string | undefined) ?? null)
    this.places = {
      rate: child('BOM Item', 'rate'), qty: child('BOM Item', 'qty'), stockQty: child('BOM Item', 'stock_qty'), quantity: fieldPrecision(ctx, ctx.meta, 'quantity'), scrapRate: child('BOM Scrap Item', 'rate'),
      scrapQty: child('BOM Scrap Item', 'stock_qty'), scrapAmount: child('BOM Scrap Item', 'amount'), conversionRate: fieldPrecision(ctx, ctx.meta, 'conversion_rate'),
    }
  }

  static async read(ctx: PostingContext): Promise<BomFacts> {
    const facts = new BomFacts(ctx)
    const codes = `SELECT item AS code FROM ${ctx.doc} UNION SELECT item_code FROM ${ctx.child('items')} UNION SELECT item_code FROM ${ctx.child('scrap_items')}`
    await facts.#readItems(ctx, codes)
    await facts.#readStock(ctx, codes)
    await facts.#readPrices(ctx, codes)
    await facts.#readBills(ctx, codes)
    for (const row of await ctx.staging.all<Row>('SELECT name, CAST(hour_rate AS DOUBLE) AS rate FROM rows."tabWorkstation"')) facts.#hourRates.set(String(row['name']), number(row['rate']))
    for (const row of await ctx.staging.all<Row>('SELECT name, description FROM rows."tabOperation"')) facts.#descriptions.set(String(row['name']), text(row['description']))
    for (const row of await ctx.staging.all<Row>('SELECT name FROM rows."tabUOM" WHERE must_be_whole_number = 1')) facts.#whole.add(String(row['name']))
    for (const row of await ctx.staging.all<Row>(`SELECT f.currency, c.default_currency AS base, ${exchangeRate(ctx, 'f.currency', 'c.default_currency', `DATE ${literal(ctx.today)}`, 'for_buying')} AS rate
        FROM (SELECT DISTINCT x.currency, d.company FROM ${ctx.doc} d, unnest([d.currency, d.price_list_currency]) x(currency)) f JOIN rows."tabCompany" c ON c.name = f.company WHERE f.currency <> ''`)) {
      facts.#exchange.set(`${String(row['currency'])}\u001f${String(row['base'])}`, row['rate'] === null ? null : number(row['rate']))
    }
    return facts
  }

  async #readItems(ctx: PostingContext, codes: string): Promise<void> {
    const rows = await ctx.staging.all<Row>(`SELECT name, item_name, description, image, stock_uom, variant_of, default_bom, CAST(valuation_rate AS DOUBLE) AS valuation_rate, CAST(last_purchase_rate AS DOUBLE) AS last_purchase_rate, is_customer_provided_item AS provided,
      include_item_in_manufacturing AS included FROM rows."tabItem" WHERE name IN (${codes})`)
    for (const row of rows) {
      const name = String(row['name'])
      this.#items.set(name, {
        name, itemName: text(row['item_name']), description: text(row['description']), image: text(row['image']), stockUom: text(row['stock_uom']), variantOf: text(row['variant_of']), defaultBom: text(row['default_bom']), valuationRate: number(row['valuation_rate']),
        lastPurchaseRate: number(row['last_purchase_rate']), customerProvided: number(row['provided']) !== 0, inManufacturing: number(row['included']),
      })
    }
  }

  async #readStock(ctx: PostingContext, codes: string): Promise<void> {
    // The database divides sums of nine decimals to thirteen.
    for (const row of await ctx.staging.all<Row>(`SELECT b.item_code, w.company, CASE WHEN SUM(b.actual_qty) = 0 THEN 0 ELSE round(CAST(SUM(b.stock_value) AS DOUBLE) / CAST(SUM(b.actual_qty) AS DOUBLE), 13) END AS rate
        FROM rows."tabBin" b JOIN rows."tabWarehouse" w ON w.name = b.warehouse WHERE b.item_code IN (${codes}) GROUP BY ALL`)) this.#averages.set(`${String(row['item_code'])}\u001f${String(row['company'])}`, number(row['rate']))
    for (const row of await ctx.staging.all<Row>(`SELECT item_code, CAST(arg_max(valuation_rate, ${momentText('posting_datetime')} || ${momentText('creation')}) AS DOUBLE) AS rate FROM rows."tabStock Ledger Entry"
        WHERE valuation_rate > 0 AND COALESCE(is_cancelled, 0) = 0 AND item_code IN (${codes}) GROUP BY ALL`)) this.#lastRates.set(String(row['item_code']), number(row['rate']))
  }

  async #readPrices(ctx: PostingContext, codes: string): Promise<void> {
    for (const row of await ctx.staging.all<Row>('SELECT name, currency, enabled FROM rows."tabPrice List"')) this.#lists.set(String(row['name']), { currency: text(row['currency']), enabled: number(row['enabled']) !== 0 })
    const lastPurchase = Number(ctx.site.single('Buying Settings')['disable_last_purchase_rate'] ?? 0) === 0
    for (const row of await ctx.staging.all<Row>(`SELECT price_list, item_code, COALESCE(uom, '') AS uom, CAST(price_list_rate AS DOUBLE) AS rate, COALESCE(customer, '') <> '' OR COALESCE(supplier, '') <> '' AS party, packing_unit AS packing FROM rows."tabItem Price"
        WHERE COALESCE(batch_no, '') = '' AND price_list IN (SELECT buying_price_list FROM ${ctx.doc}) AND item_code IN (${codes} UNION SELECT variant_of FROM rows."tabItem" WHERE name IN (${codes})) ORDER BY valid_from DESC NULLS LAST, uom DESC`)) {
      const key = `${String(row['price_list'])}\u001f${String(row['item_code'])}`
      this.#prices.set(key, [...this.#prices.get(key) ?? [], { uom: String(row['uom']), rate: number(row['rate']), party: row['party'] === true, packing: number(row['packing']) }])
      if (lastPurchase && number(row['rate']) === 0) this.free.add(String(row['item_code']))
    }
  }

  async #readBills(ctx: PostingContext, codes: string): Promise<void> {
    const first = `SELECT bom_no AS name FROM ${ctx.child('items')} WHERE bom_no <> '' UNION SELECT default_bom FROM rows."tabItem" WHERE default_bom <> '' AND name IN (${codes})`
    const all = ctx.scratch('bills')
    await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${all.slice(5)} AS WITH RECURSIVE b(name) AS (${first} UNION SELECT i.bom_no FROM rows."tabBOM Item" i JOIN b ON i.parent = b.name WHERE i.bom_no <> '' AND i.parenttype = 'BOM') SELECT DISTINCT name FROM b`)
    for (const row of await ctx.staging.all<Row>(`SELECT m.name, m.item, m.currency, m.is_active, m.docstatus, CAST(m.base_total_cost AS DOUBLE) AS cost, CAST(m.quantity AS DOUBLE) AS quantity FROM rows."tabBOM" m JOIN ${all} b ON b.name = m.name`)) {
      const name = String(row['name'])
      this.bills.set(name, {
        name, item: String(row['item']), currency: text(row['currency']), active: number(row['is_active']) !== 0, docstatus: number(row['docstatus']), unitCost: unitCost(number(row['cost']), number(row['quantity'])), items: [], scrap: [], exploded: [], below: [],
      })
    }
    for (const row of await ctx.staging.all<Row>(`SELECT i.parent, i.item_code, COALESCE(i.bom_no, '') AS bill FROM rows."tabBOM Item" i JOIN ${all} b ON b.name = i.parent WHERE i.parenttype = 'BOM' ORDER BY i.idx`)) {
      const bill = this.bills.get(String(row['parent']))
      bill?.items.push(String(row['item_code']))
      bill?.below.push({ item: String(row['item_code']), bill: String(row['bill']) })
    }
    for (const row of await ctx.staging.all<Row>(`SELECT i.parent, i.item_code FROM rows."tabBOM Scrap Item" i JOIN ${all} b ON b.name = i.parent`)) this.bills.get(String(row['parent']))?.scrap.push(String(row['item_code']))
    for (const row of await ctx.staging.all<Row>(`SELECT e.*, CAST(e.rate AS DOUBLE) AS unit_rate, CAST(e.stock_qty AS DOUBLE) AS qty, CAST(m.quantity AS DOUBLE) AS made FROM rows."tabBOM Explosion Item" e JOIN ${all} b ON b.name = e.parent JOIN rows."tabBOM" m ON m.name = e.parent ORDER BY e.idx`)) {
      this.bills.get(String(row['parent']))?.exploded.push({
        itemCode: String(row['item_code']), itemName: text(row['item_name']), operation: text(row['operation']), sourceWarehouse: text(row['source_warehouse']), description: text(row['description']), image: null, stockUom: text(row['stock_uom']), stockQty: 0,
        rate: number(row['unit_rate']), inManufacturing: number(row['include_item_in_manufacturing']), bySupplier: number(row['sourced_by_supplier']), perUnit: unitCost(number(row['qty']), number(row['made'])),
      })
    }
  }

  item(code: string | null): BomItemFacts | undefined { return code === null ? undefined : this.#items.get(code) }
  stockRate(item: string, company: string | null): { average: number | null; last: number } { return { average: this.#averages.get(`${item}\u001f${company ?? ''}`) ?? null, last: this.#lastRates.get(item) ?? 0 } }
  bill(name: string): KnownBill | undefined { return this.bills.get(name) }
  defaultBill(item: string): string | null { return this.defaults.has(item) ? this.defaults.get(item)! : this.#items.get(item)?.defaultBom ?? null }
  hourRate(workstation: string): number { return this.#hourRates.get(workstation) ?? 0 }
  describe(operation: string | null): string | null { return this.#descriptions.get(operation ?? '') ?? null }
  whole(uom: string | null): boolean { return uom !== null && this.#whole.has(uom) }
  exchange(bill: Bill, currency: string): number | null { return this.#exchange.get(`${currency}\u001f${bill.companyCurrency ?? ''}`) ?? null }
  priceListCurrency(list: string | null): string | null { return this.#lists.get(list ?? '')?.currency ?? null }

  price(bill: Bill, item: string, uom: string | null, stockUom: string | null, qty: number, factor: number): number | undefined {
    if (this.#lists.get(bill.priceList!)?.enabled !== true) refuse('buying_price_list', `Price List ${bill.priceList} is disabled or does not exist`)
    const template = this.#items.get(item)?.variantOf
    return this.#priceOf(bill.priceList!, item, uom, stockUom, qty, factor) ?? (template ? this.#priceOf(bill.priceList!, template, uom, stockUom, qty, factor) : undefined)
  }

  #priceOf(list: string, item: string, uom: string | null, stockUom: string | null, qty: number, factor: number): number | undefined {
    const prices = this.#prices.get(`${list}\u001f${item}`) ?? [], forUnit = (unit: string | null) => prices.filter((price) => price.uom === '' || price.uom === (unit ?? ''))
    const general = forUnit(uom).find((price) => !price.party)
    if (general !== undefined && general.packing !== 0 && qty % general.packing !== 0) return undefined
    const price = general ?? forUnit(uom)[0] ?? (uom === stockUom ? undefined : forUnit(stockUom)[0])
    if (price === undefined) return undefined
    return price.uom === (uom ?? '') ? price.rate : price.rate * factor
  }
}

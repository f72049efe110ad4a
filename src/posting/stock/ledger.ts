import type { Round } from '../orders/totals-batch.ts'
import { float, nearZero, stored, ZERO } from './python-float.ts'
import { addStock, parseQueue, queueRate, queueText, removeStock, totals, type ValuationMethod } from './queue.ts'

/** A Stock Ledger Entry. Quantities and rates are what the table holds (nine decimals), `posting` is `YYYY-MM-DD HH:MM:SS.ffffff`. */
export interface Entry {
  voucherType: string
  voucher: string
  detail: string
  posting: string
  actualQty: number
  qtyAfter: number
  incomingRate: number
  outgoingRate: number
  valuationRate: number
  stockValue: number
  difference: number
  queue: string | null
  /** Name of a row that was there; null for one that is posted now. */
  name: string | null
  /** The document that changed the quantity of a row that was there. */
  changedBy: number | null
}

/** What a voucher asks to be entered; a reconciliation gives the balance it finds instead of a movement. */
export interface Movement {
  item: string
  warehouse: string
  detail: string
  actualQty: number
  incomingRate: number
  outgoingRate?: number
  /** Stock Reconciliation: quantity and rate found. */
  balance?: { qty: number; rate: number }
  /** An entry that takes back value without quantity. */
  adjustment?: number
  recalculate?: boolean
  dependant?: string
  project?: string | null
  allowZeroRate?: boolean
}

export interface Voucher { id: number; type: string; name: string; posting: string; company: string }
export interface Posted { voucher: Voucher; movement: Movement; entry: Entry }
export interface Refusal { type: string; message: string }

/** What the site knows of an item that bears on its stock. */
export interface StockItem {
  name: string
  itemName: string
  method: ValuationMethod
  negative: boolean
  valuationRate: number
  standardRate: number
  /** Price on a buying list in the company's currency. */
  buyingRate: number
}

/** Stock of one item in one warehouse. */
export interface Shelf {
  item: StockItem
  warehouse: string
  entries: Entry[]
  /** Value moved by entries older than those held here. */
  before: number
  /** The bin: null name where there is none yet. */
  bin: { name: string | null; actualQty: number; valuationRate: number; stockValue: number }
  touchedBy: number | null
  createdBy: number | null
}

export interface LedgerSettings {
  round: Round
  qtyPlaces: number
  valuePlaces: number
  negative: boolean
  perpetual: (company: string) => boolean
  /** Why a voucher that makes later entries be valued anew is refused, or null. */
  repostRefusal: (posting: string) => Refusal | null
}

class Refused extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) { super(refusal.message); this.refusal = refusal }
}

/** The stock ledger while vouchers are posted one after another. A refused voucher leaves no trace. */
export class StockLedger {
  readonly posted: Posted[] = []
  /** Vouchers after which later entries must be valued anew. */
  readonly reposts: Voucher[] = []
  readonly #shelves = new Map<string, Shelf>()
  readonly #settings: LedgerSettings

  constructor(settings: LedgerSettings, shelves: Iterable<Shelf>) {
    this.#settings = settings
    for (const shelf of shelves) this.#shelves.set(keyOf(shelf.item.name, shelf.warehouse), shelf)
  }

  get shelves(): Iterable<Shelf> { return this.#shelves.values() }

  shelf(item: string, warehouse: string): Shelf | undefined { return this.#shelves.get(keyOf(item, warehouse)) }

  /** The last entry at or before a moment. */
  previous(item: string, warehouse: string, posting: string): Entry | undefined {
    const shelf = this.shelf(item, warehouse)
    return shelf?.entries[placeOf(shelf.entries, posting) - 1]
  }

  /** The rate at which `qty` (below 0: going out) is taken from the stock at a moment; the refusal when nothing tells one. */
  incomingRate(item: string, warehouse: string, qty: number, voucher: Voucher, allowZero: boolean, needed: boolean): number | Refusal {
    const shelf = this.shelf(item, warehouse)!, previous = this.previous(item, warehouse, voucher.posting), { method } = shelf.item
    if (method === 'Moving Average') {
      if (previous !== undefined) return previous.valuationRate
    } else if (previous !== undefined) {
      const queue = parseQueue(previous.queue)
      if (queue.length > 0) return queueRate(queue, qty, method)
    }
    return this.valuationRate(item, warehouse, voucher, allowZero, needed)
  }

  /** The last rate of the stock, whenever that was, or what the item says. */
  valuationRate(item: string, warehouse: string, voucher: Voucher, allowZero: boolean, needed: boolean): number | Refusal {
    const shelf = this.shelf(item, warehouse)
    const last = shelf?.entries.findLast((entry) => entry.valuationRate >= 0 && !(entry.voucher === voucher.name && entry.voucherType === voucher.type))
    if (last !== undefined) return last.valuationRate
    const facts = shelf?.item, rate = facts === undefined ? 0 : facts.valuationRate || facts.standardRate || facts.buyingRate
    if (rate === 0 && !allowZero && needed && this.#settings.perpetual(voucher.company)) {
      return { type: 'ValidationError', message: `Valuation Rate for the Item ${item}, is required to do accounting entries for ${voucher.type} ${voucher.name}.` }
    }
    return rate
  }

  /** Value moved up to a moment by other vouchers. */
  valueMoved(item: string, warehouse: string, voucher: Voucher): number {
    const shelf = this.shelf(item, warehouse)
    if (shelf === undefined) return 0
    let sum = shelf.before
    for (const entry of shelf.entries) if (entry.posting <= voucher.posting && entry.voucher !== voucher.name) sum = stored(sum + entry.difference)
    return sum
  }

  /** Enters what a voucher moves. Answers why it is refused, or null. */
  post(voucher: Voucher, movements: Movement[]): Refusal | null {
    const undo: (() => void)[] = [], first = this.posted.length
    try {
      const shelves = [...new Set(movements.map(({ item, warehouse }) => this.shelf(item, warehouse)!))]
      const later = new Set(shelves.filter((shelf) => shelf.entries.some((entry) => entry.posting >= voucher.posting && entry.voucher !== voucher.name)))
      for (const movement of movements) {
        const shelf = this.shelf(movement.item, movement.warehouse)!
        this.#enter(shelf, voucher, movement, later.has(shelf), undo)
      }
      if (later.size > 0 || this.#repeatsQueues(first)) {
        const refusal = this.#settings.repostRefusal(voucher.posting)
        if (refusal !== null) throw new Refused(refusal)
        this.reposts.push(voucher)
      }
      return null
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      for (const step of undo.reverse()) step()
      this.posted.length = first
      return error.refusal
    }
  }

  /** A queue consumed twice by one voucher is worked out anew in the background. */
  #repeatsQueues(first: number): boolean {
    const out = this.posted.slice(first).filter(({ entry }) => entry.actualQty < 0), keys = new Set(out.map(({ movement }) => keyOf(movement.item, movement.warehouse)))
    return keys.size < out.length && out.some(({ entry }) => entry.queue !== '[]')
  }

  #enter(shelf: Shelf, voucher: Voucher, movement: Movement, later: boolean, undo: (() => void)[]): void {
    const { balance } = movement
    const entry: Entry = {
      voucherType: voucher.type, voucher: voucher.name, detail: movement.detail, posting: voucher.posting, actualQty: stored(movement.actualQty), qtyAfter: stored(balance?.qty ?? 0), incomingRate: stored(movement.incomingRate),
      outgoingRate: stored(movement.outgoingRate ?? 0), valuationRate: stored(balance?.rate ?? 0), stockValue: 0, difference: stored(movement.adjustment ?? 0), queue: null, name: null, changedBy: null,
    }
    const at = placeOf(shelf.entries, voucher.posting), previous = shelf.entries[at - 1]
    const { touchedBy, createdBy } = shelf, bin = { ...shelf.bin }
    shelf.entries.splice(at, 0, entry)
    undo.push(() => { shelf.entries.splice(shelf.entries.indexOf(entry), 1); Object.assign(shelf, { bin, touchedBy, createdBy }) })
    const state = this.#value(shelf, voucher, movement, entry, previous)
    if (shelf.bin.name === null && shelf.createdBy === null) shelf.createdBy = voucher.id
    shelf.touchedBy = voucher.id
    if (!later) Object.assign(shelf.bin, { actualQty: stored(state.qty), valuationRate: stored(state.rate), stockValue: stored(state.value) })
    this.#shift(shelf, voucher, movement, entry, undo)
    if (later) shelf.bin.actualQty = shelf.entries.at(-1)!.qtyAfter
    this.posted.push({ voucher, movement, entry })
  }

  /** Quantity, rate and value after an entry, from those before. */
  #value(shelf: Shelf, voucher: Voucher, movement: Movement, entry: Entry, previous: Entry | undefined): { qty: number; rate: number; value: number } {
    const { round, qtyPlaces, valuePlaces } = this.#settings, { method } = shelf.item
    const before = { qty: previous?.qtyAfter ?? 0, rate: previous?.valuationRate ?? 0, value: previous?.stockValue ?? 0 }
    this.#checkEnough(shelf, before.qty, entry.actualQty)
    let state = before, queue = previous?.queue ?? '[]'
    if (queue === '') queue = '[]'
    if (movement.balance !== undefined) {
      state = { qty: entry.qtyAfter, rate: entry.valuationRate, value: entry.qtyAfter * entry.valuationRate }
      if (method !== 'Moving Average') queue = queueText([{ qty: float(state.qty), rate: float(state.rate) }])
    } else if (method === 'Moving Average') state = this.#average(voucher, movement, entry, before)
    else ({ queue, ...state } = this.#queued(voucher, movement, entry, before, queue, method))
    state.value = state.qty === 0 ? 0 : round(state.value, valuePlaces)
    entry.qtyAfter = stored(round(state.qty, qtyPlaces))
    entry.valuationRate = stored(state.rate)
    entry.stockValue = stored(state.value)
    entry.queue = method === 'Moving Average' ? queueText(parseQueue(queue)) : queue
    if (movement.adjustment === undefined) entry.difference = stored(state.value - before.value)
    return state
  }

  #checkEnough(shelf: Shelf, qty: number, moved: number): void {
    if (this.#settings.negative || shelf.item.negative) return
    const left = this.#settings.round(qty + moved, this.#settings.qtyPlaces)
    if (left < 0 && Math.abs(left) > 0.0001) throw new Refused(short(shelf, Math.abs(left), ''))
  }

  #average(voucher: Voucher, movement: Movement, entry: Entry, before: { qty: number; rate: number; value: number }): { qty: number; rate: number; value: number } {
    const { round, qtyPlaces, valuePlaces } = this.#settings, moved = entry.actualQty, left = before.qty + moved
    let { rate } = before
    if (left >= 0) {
      if (moved > 0) rate = before.qty <= 0 ? entry.incomingRate : (before.qty * rate + moved * entry.incomingRate) / left
      else if (entry.outgoingRate !== 0) rate = left !== 0 ? (before.qty * rate + moved * entry.outgoingRate) / left : entry.outgoingRate
    } else {
      if (before.qty >= 0 && entry.outgoingRate !== 0) rate = entry.outgoingRate
      if (rate === 0 && moved > 0) rate = entry.incomingRate
      if (rate === 0 && movement.allowZeroRate !== true) rate = this.#fallback(voucher, movement)
    }
    const value = left * rate
    if (moved < 0 && round(left, qtyPlaces) !== 0) rate = round(value, valuePlaces) / round(left, qtyPlaces)
    return { qty: left, rate, value }
  }

  #queued(voucher: Voucher, movement: Movement, entry: Entry, before: { qty: number; rate: number; value: number }, text: string, method: 'FIFO' | 'LIFO'): { queue: string; qty: number; rate: number; value: number } {
    const queue = parseQueue(text), qty = nearZero(before.qty + entry.actualQty), was = totals(queue).value
    if (entry.actualQty > 0) addStock(queue, entry.actualQty, entry.incomingRate)
    else removeStock(queue, Math.abs(entry.actualQty), method, entry.outgoingRate, () => float(movement.allowZeroRate === true ? 0 : this.#fallback(voucher, movement)))
    const value = nearZero(before.value + (totals(queue).value - was))
    if (queue.length === 0) queue.push({ qty: ZERO, rate: float(entry.incomingRate || entry.outgoingRate || before.rate) })
    return { queue: queueText(queue), qty, rate: qty !== 0 ? value / qty : before.rate, value }
  }

  #fallback(voucher: Voucher, { item, warehouse }: Movement): number {
    const rate = this.valuationRate(item, warehouse, voucher, false, true)
    if (typeof rate !== 'number') throw new Refused(rate)
    return rate
  }

  /** Quantities of later entries move along, up to the next reconciliation; none may fall below zero. */
  #shift(shelf: Shelf, voucher: Voucher, movement: Movement, entry: Entry, undo: (() => void)[]): void {
    const { entries } = shelf, others = entries.filter((other) => other.voucher !== voucher.name)
    let by = entry.actualQty
    if (movement.balance !== undefined) {
      const last = others.findLast((other) => other.posting <= voucher.posting)
      by = movement.balance.qty - (last?.qtyAfter ?? 0)
    }
    const stop = entries.find((other) => other.voucherType === 'Stock Reconciliation' && other.voucher !== voucher.name && other.posting >= voucher.posting)
    const end = stop === undefined ? entries.length : entries.indexOf(stop)
    for (const other of entries.slice(0, end)) {
      if (other.posting <= voucher.posting || other.voucher === voucher.name) continue
      const was = { qtyAfter: other.qtyAfter, changedBy: other.changedBy }
      Object.assign(other, { qtyAfter: stored(was.qtyAfter + by), changedBy: voucher.id })
      undo.push(() => { Object.assign(other, was) })
    }
    if (this.#settings.negative || shelf.item.negative || (entry.actualQty >= 0 && movement.balance === undefined)) return
    const below = others.find((other) => other.posting >= voucher.posting && other.qtyAfter < 0)
    if (below === undefined) return
    const left = this.#settings.round(below.qtyAfter, this.#settings.qtyPlaces)
    if (left < 0 && Math.abs(left) > 0.0001) throw new Refused(short(shelf, Math.abs(below.qtyAfter), ` on ${below.posting.slice(0, 19)} for ${below.voucherType} ${below.voucher}`))
  }
}

const keyOf = (item: string, warehouse: string): string => `${item}\u001f${warehouse}`

/** Where an entry of this moment goes: after all that are not later. */
function placeOf(entries: Entry[], posting: string): number {
  let low = 0, high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (entries[middle]!.posting <= posting) low = middle + 1
    else high = middle
  }
  return low
}

function short(shelf: Shelf, qty: number, when: string): Refusal {
  return { type: 'NegativeStockError', message: `${qty} units of Item ${shelf.item.name}: ${shelf.item.itemName} needed in Warehouse ${shelf.warehouse}${when} to complete this transaction.` }
}


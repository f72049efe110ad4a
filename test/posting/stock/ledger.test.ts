import { describe, expect, it } from 'vitest'
import { roundingFor } from '../../../src/posting/orders/rounding.ts'
import { StockLedger, type Shelf } from '../../../src/posting/stock/ledger.ts'
import { stored } from '../../../src/posting/stock/python-float.ts'
import { addStock, parseQueue, queueRate, queueText, removeStock, totals, type ValuationMethod } from '../../../src/posting/stock/queue.ts'
import { float } from '../../../src/posting/stock/python-float.ts'

const none = () => float(0)

function shelf(method: ValuationMethod, more: Partial<Shelf['item']> = {}): Shelf {
  return {
    item: { name: 'TEA', itemName: 'Tea', method, negative: false, valuationRate: 0, standardRate: 0, buyingRate: 0, ...more }, warehouse: 'Stores', entries: [], before: 0,
    bin: { name: null, actualQty: 0, valuationRate: 0, stockValue: 0 }, touchedBy: null, createdBy: null,
  }
}

function open(one: Shelf): StockLedger {
  return new StockLedger({ round: roundingFor("Banker's Rounding"), qtyPlaces: 3, valuePlaces: 2, negative: false, perpetual: () => true, repostRefusal: () => null }, [one])
}

const move = (ledger: StockLedger, id: number, day: string, qty: number, rate = 0) =>
  ledger.post({ id, type: 'Stock Entry', name: `E-${id}`, posting: `2025-03-${day} 10:00:00.000000`, company: 'Company' }, [{ item: 'TEA', warehouse: 'Stores', detail: `row-${id}`, actualQty: qty, incomingRate: rate }])

describe('lots of stock', () => {
  it('leave first in, first out, and last in, first out', () => {
    const queue = () => parseQueue('[[10.0, 9.0], [5.0, 12.0]]'), fifo = queue(), lifo = queue()
    removeStock(fifo, 12, 'FIFO', 0, none)
    removeStock(lifo, 12, 'LIFO', 0, none)
    expect([queueText(fifo), queueText(lifo)]).toEqual(['[[3.0, 12.0]]', '[[3.0, 9.0]]'])
    expect(queueRate(queue(), -12, 'FIFO')).toBe((10 * 9 + 2 * 12) / 12)
  })

  it('keep what Python writes as an int apart from a float', () => {
    const queue = parseQueue('[]')
    addStock(queue, 4, 0)
    expect(queueText(queue)).toBe('[[4.0, 0]]')
    removeStock(queue, 6, 'FIFO', 0, none)
    expect(queueText(queue)).toBe('[[-2.0, 0]]')
    addStock(queue, 5, 3.5)
    expect([queueText(queue), totals(queue).value]).toEqual(['[[3.0, 3.5]]', 10.5])
  })

  it('are stored with nine decimals, halves away from zero', () => {
    expect([stored(1.0000000005), stored(-1.0000000005), stored(7.701612903225806), stored(0.1)]).toEqual([1.000000001, -1.000000001, 7.701612903, 0.1])
  })
})

describe('the stock ledger', () => {
  it('averages what comes in', () => {
    const one = shelf('Moving Average'), ledger = open(one)
    move(ledger, 1, '01', 10, 9)
    move(ledger, 2, '02', 5, 12)
    move(ledger, 3, '03', -4)
    expect(one.entries.map((entry) => [entry.qtyAfter, entry.valuationRate, entry.stockValue, entry.difference])).toEqual([[10, 9, 90, 90], [15, 10, 150, 60], [11, 10, 110, -40]])
  })

  it('refuses what is not there and leaves no trace of it', () => {
    const one = shelf('FIFO'), ledger = open(one)
    move(ledger, 1, '01', 10, 9)
    expect(move(ledger, 2, '02', -11)?.type).toBe('NegativeStockError')
    expect([one.entries.length, ledger.posted.length, one.bin.actualQty]).toEqual([1, 1, 10])
    expect(move(ledger, 3, '03', -10)).toBeNull()
  })

  it('moves the quantities of later entries along and orders them to be valued anew', () => {
    const one = shelf('FIFO'), ledger = open(one)
    move(ledger, 1, '01', 10, 9)
    move(ledger, 2, '05', -8)
    expect(move(ledger, 3, '03', -3)?.type).toBe('NegativeStockError')
    expect(move(ledger, 4, '03', 3, 11)).toBeNull()
    expect(one.entries.map((entry) => entry.qtyAfter)).toEqual([10, 13, 5])
    expect(ledger.reposts.map((voucher) => voucher.id)).toEqual([4])
    expect(one.bin).toMatchObject({ actualQty: 5, stockValue: 18 })
  })

  it('values what leaves without stock by the item, where that is allowed', () => {
    const ledger = open(shelf('FIFO', { negative: true, valuationRate: 4.5 }))
    move(ledger, 1, '01', -3)
    expect(ledger.posted[0]!.entry).toMatchObject({ qtyAfter: -3, queue: '[[-3.0, 4.5]]', difference: -13.5 })
    expect(open(shelf('FIFO', { negative: true })).valuationRate('TEA', 'Stores', { id: 1, type: 'Stock Entry', name: 'E-1', posting: '2025', company: 'Company' }, false, true)).toMatchObject({ type: 'ValidationError' })
  })
})

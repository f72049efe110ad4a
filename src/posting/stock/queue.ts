import { nearZero, text, ZERO, float, type Num } from './python-float.ts'

/** A lot of stock of one rate. */
export interface Lot { qty: Num; rate: Num }
export type Queue = Lot[]
export type ValuationMethod = 'FIFO' | 'LIFO' | 'Moving Average'

/** `stock_queue` as text: `[[10.0, 9.0], [4.0, 9.5]]`. */
export const queueText = (queue: Queue): string => `[${queue.map(({ qty, rate }) => `[${text(qty)}, ${text(rate)}]`).join(', ')}]`

/** Reads `stock_queue`; null and '' are an empty one. */
export function parseQueue(stored: string | null): Queue {
  if (stored === null || stored === '') return []
  return [...stored.matchAll(/\[\s*(-?[0-9.eE+-]+|null)\s*,\s*(-?[0-9.eE+-]+|null)\s*\]/g)].map(([, qty, rate]) => ({ qty: numberOf(qty!), rate: numberOf(rate!) }))
}

function numberOf(digits: string): Num {
  return digits === 'null' ? ZERO : { value: Number(digits), int: /^-?\d+$/.test(digits) }
}

/** Quantity and value of all lots. */
export function totals(queue: Queue): { qty: number; value: number } {
  let qty = 0, value = 0
  for (const lot of queue) {
    qty += lot.qty.value
    value += lot.qty.value * lot.rate.value
  }
  return { qty: nearZero(qty), value: nearZero(value) }
}

/** Stock that comes in joins the last lot when that has its rate; a lot that is short is filled first. */
export function addStock(queue: Queue, qty: number, rate: number): void {
  if (queue.length === 0) queue.push({ qty: ZERO, rate: ZERO })
  const last = queue.at(-1)!
  if (last.rate.value === rate) last.qty = float(last.qty.value + qty)
  else if (last.qty.value > 0) queue.push({ qty: float(qty), rate: float(rate) })
  else {
    const left = last.qty.value + qty
    if (left > 0) queue[queue.length - 1] = { qty: float(left), rate: float(rate) }
    else last.qty = float(left)
  }
}

/**
 * Stock that goes out: from the first lot (FIFO; from the first one of `outgoingRate`, if that is given) or the last (LIFO). What is short becomes a lot of
 * negative quantity. `fallback` gives the rate when there is no lot at all. Answers what was taken.
 */
export function removeStock(queue: Queue, quantity: number, method: 'FIFO' | 'LIFO', outgoingRate: number, fallback: () => Num): Queue {
  const taken: Queue = []
  let qty = quantity
  while (qty !== 0) {
    if (queue.length === 0) queue.push({ qty: ZERO, rate: fallback() })
    const matching = method === 'FIFO' && outgoingRate > 0 ? queue.findIndex((lot) => lot.rate.value === outgoingRate) : 0
    const index = method === 'LIFO' ? queue.length - 1 : Math.max(0, matching), lot = queue[index]!
    if (qty >= lot.qty.value) {
      qty = nearZero(qty - lot.qty.value)
      queue.splice(index, 1)
      taken.push({ ...lot })
      if (queue.length === 0 && qty !== 0) {
        const rate = outgoingRate !== 0 ? float(outgoingRate) : lot.rate
        queue.push({ qty: float(-qty), rate })
        taken.push({ qty: float(qty), rate })
        break
      }
    } else {
      lot.qty = float(nearZero(lot.qty.value - qty))
      taken.push({ qty: float(qty), rate: lot.rate })
      qty = 0
    }
  }
  return taken
}

/** The rate at which `qty` would leave (below 0) or, else, at which all lots stand. */
export function queueRate(queue: Queue, qty: number, method: 'FIFO' | 'LIFO'): number {
  const lots = qty >= 0 ? queue : removeStock(queue.map((lot) => ({ ...lot })), Math.abs(qty), method, 0, () => float(0))
  const { qty: total, value } = totals(lots)
  return total !== 0 ? value / total : 0
}

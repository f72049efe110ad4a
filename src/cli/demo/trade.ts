import { Draw, DirtPlan } from './dirt.ts'
import { customerNumber, isoDate, type Cells } from './people.ts'
import { ACTIVITY_TEXTS, ITEM_GROUPS, PRODUCT_ADJECTIVES, PRODUCT_NOUNS, TICKET_SUBJECTS } from './vocabulary.ts'
import type { Volume } from './volume.ts'

/** Orders that ERPNext refuses are errors; of fewer orders than this, a single one would be more than the 0.1 % that a migration may have. */
const REFUSED_FROM = 1200

const pad = (n: number, width: number): string => String(n).padStart(width, '0')
const money = (cents: number): string => `${Math.floor(cents / 100)}.${pad(cents % 100, 2)}`
export const itemCode = (ordinal: number): string => `A-${pad(ordinal + 1, 5)}`

export const ITEM_COLUMNS = ['Artikel', 'Bezeichnung', 'Gruppe', 'Einheit', 'Beschreibung', 'Gewicht kg', 'Lagerartikel', 'Angelegt']

export function* items(seed: number, volume: Volume, dirt: DirtPlan): Generator<Cells> {
  const draw = new Draw(seed, 'items'), count = volume.items
  for (let i = 0; i < count; i++) {
    const name = `${draw.pick(PRODUCT_ADJECTIVES)} ${draw.pick(PRODUCT_NOUNS)} ${i + 1}`, key = itemCode(i)
    const cells: Cells = [key, name, draw.pick(ITEM_GROUPS), draw.pick(['Stk', 'kg', 'Karton', 'm']), `${name}, as supplied`, draw.int(1, 4000) / 100, draw.chance(0.8) ? 'x' : '', draw.int(36526, 45900)]
    if (dirt.due('items', 'missing_mandatory', i, count, 0.004)) {
      cells[1] = null
      dirt.add('missing_mandatory', 'items', key, 'Bezeichnung', '')
    }
    if (dirt.due('items', 'html_text', i, count, 0.004)) {
      cells[4] = '<div>Robust &amp; leise<script>steal()</script></div>'
      dirt.add('html_text', 'items', key, 'Beschreibung', String(cells[4]))
    }
    if (dirt.due('items', 'formula_text', i, count, 0.002)) {
      cells[4] = '=cmd|\' /C calc\'!A0'
      dirt.add('formula_text', 'items', key, 'Beschreibung', String(cells[4]))
    }
    yield cells
  }
}

export const PRICE_COLUMNS = ['Artikel', 'Preisliste', 'Preis', 'Gültig ab']

/** Prices in multiples of 20 cents: whatever per cent of it a discount or a tax takes (5, 10, 20), the result is whole cents on both sides. */
export function priceCents(seed: number, item: number): number {
  return new Draw(seed + item, 'price').int(5, 4000) * 20
}

export function* prices(seed: number, volume: Volume): Generator<Cells> {
  for (let i = 0; i < volume.prices; i++) {
    const item = Math.floor(i / 2) % volume.items, round = Math.floor(i / 2 / volume.items)
    const selling = i % 2 === 0
    yield [itemCode(item), selling ? 'VK' : 'EK', (selling ? priceCents(seed, item) : priceCents(seed, item) / 2) / 100, `${2020 + round}-01-01`]
  }
}

export const ORDER_COLUMNS = ['order_no', 'customer_no', 'ordered_at', 'wanted_date', 'currency', 'exchange_rate', 'vat_percent', 'freight', 'net_total', 'gross_total', 'state', 'remark']
export const LINE_COLUMNS = ['order_no', 'line_no', 'article', 'quantity', 'unit_price', 'discount_percent', 'line_total']

interface Line { article: string; quantity: number; price: number; discount: number; total: number }

/**
 * Sales orders with their lines. Taxed orders have no discounts and untaxed ones may, so that every amount is whole cents and a
 * difference between the two systems can only be a fault of the migration.
 */
export function* salesOrders(seed: number, volume: Volume, dirt: DirtPlan): Generator<{ order: Cells; lines: Cells[] }> {
  const draw = new Draw(seed, 'sales-orders'), count = volume.salesOrders
  let left = volume.salesOrderLines
  const orphans = Math.max(1, Math.round(volume.salesOrderLines * 0.0001))
  left -= orphans
  for (let i = 0; i < count; i++) {
    const key = String(500001 + i), remaining = count - i
    const size = remaining === 1 ? left : Math.max(1, Math.min(left - (remaining - 1), draw.int(1, Math.max(1, Math.round((2 * left) / remaining) - 1))))
    left -= size
    const taxed = draw.chance(0.6), euro = draw.chance(0.15), lines: Line[] = []
    const first = draw.int(0, volume.items - 1)
    for (let n = 0; n < size; n++) {
      const item = (first + n * 7) % volume.items
      const price = priceCents(seed, item), discount = taxed ? 0 : draw.pick([0, 0, 0, 5, 10, 20]), quantity = draw.int(1, 40)
      lines.push({ article: itemCode(item), quantity, price, discount, total: (quantity * price * (100 - discount)) / 100 })
    }
    const net = lines.reduce((sum, line) => sum + line.total, 0), vat = taxed ? draw.pick([5, 10, 20]) : 0, freight = draw.chance(0.3) ? draw.int(1, 90) * 50 : 0
    const ordered = isoDate(draw, 2023, 2025)
    let customer = customerNumber(draw.int(0, volume.customers - 1)), wanted = addDays(ordered, draw.int(1, 60))
    if (dirt.due('sales_orders', 'orphan_order', i, count, 0.001)) {
      customer = 900000 + (i % 50)
      dirt.add('orphan_order', 'sales_orders', key, 'customer_no', String(customer))
    }
    if (dirt.due('sales_orders', 'zero_date', i, count, 0.005)) {
      wanted = '0000-00-00'
      dirt.add('zero_date', 'sales_orders', key, 'wanted_date', wanted)
    }
    if (count >= REFUSED_FROM && dirt.due('sales_orders', 'early_delivery', i, count, 0.0003)) {
      wanted = addDays(ordered, -20)
      dirt.add('early_delivery', 'sales_orders', key, 'wanted_date', wanted)
    }
    yield {
      order: [500001 + i, customer, `${ordered} ${pad(draw.int(7, 18), 2)}:${pad(draw.int(0, 59), 2)}:00`, wanted, euro ? 'EUR' : 'USD', euro ? `1.${pad(draw.int(2, 18), 2)}` : '1', vat, money(freight), money(net), money(net + (net * vat) / 100 + freight),
        draw.pick(['offen', 'offen', 'entwurf']), draw.chance(0.1) ? 'Bitte anrufen' : null],
      lines: lines.map((line, n) => [500001 + i, n + 1, line.article, line.quantity, money(line.price), line.discount, money(line.total)]),
    }
  }
  const lost: Cells[] = []
  for (let n = 0; n < orphans; n++) {
    lost.push([990001 + n, 1, itemCode(n % volume.items), 1, '20.00', 0, '20.00'])
    dirt.add('orphan_line', 'sales_order_lines', String(990001 + n), 'order_no', String(990001 + n))
  }
  yield { order: [], lines: lost }
}

/** `days` after an ISO date whose day is at most 28, by calendar arithmetic on UTC. */
export function addDays(iso: string, days: number): string {
  const at = Date.UTC(Number(iso.slice(0, 4)), Number(iso.slice(5, 7)) - 1, Number(iso.slice(8, 10)) + days)
  return new Date(at).toISOString().slice(0, 10)
}

export const PURCHASE_COLUMNS = ['po_no', 'supplier', 'po_date', 'due_date', 'net_total', 'state']
export const PURCHASE_LINE_COLUMNS = ['po_no', 'line_no', 'article', 'quantity', 'unit_price']

export function* purchaseOrders(seed: number, volume: Volume): Generator<{ order: Cells; lines: Cells[] }> {
  const draw = new Draw(seed, 'purchase-orders')
  let left = volume.purchaseOrderLines
  for (let i = 0; i < volume.purchaseOrders; i++) {
    const remaining = volume.purchaseOrders - i
    const size = remaining === 1 ? left : Math.max(1, Math.min(left - (remaining - 1), draw.int(1, Math.max(1, Math.round((2 * left) / remaining) - 1))))
    left -= size
    const number = `B${pad(i + 1, 6)}`, ordered = isoDate(draw, 2023, 2025), lines: Cells[] = []
    let net = 0
    const first = draw.int(0, volume.items - 1)
    for (let n = 0; n < size; n++) {
      const item = (first + n * 11) % volume.items, quantity = draw.int(5, 200), price = priceCents(seed, item) / 2
      net += quantity * price
      lines.push([number, n + 1, itemCode(item), quantity, money(price)])
    }
    yield { order: [number, `S${pad(draw.int(1, volume.suppliers), 5)}`, ordered.replaceAll('-', ''), addDays(ordered, draw.int(3, 45)).replaceAll('-', ''), money(net), draw.pick(['offen', 'entwurf'])], lines }
  }
}

export const PROJECT_COLUMNS = ['project_no', 'title', 'customer_no', 'start_date', 'end_date', 'state']
export function* projects(seed: number, volume: Volume): Generator<Cells> {
  const draw = new Draw(seed, 'projects')
  for (let i = 0; i < volume.projects; i++) {
    const start = isoDate(draw, 2023, 2025)
    yield [`P${i + 1}`, `Projekt ${draw.pick(PRODUCT_NOUNS)} ${i + 1}`, customerNumber(draw.int(0, 9)), start, addDays(start, draw.int(20, 300)), draw.pick(['laufend', 'fertig', 'storniert'])]
  }
}

export const TASK_COLUMNS = ['task_no', 'project_no', 'subject', 'priority', 'start_date', 'due_date', 'state', 'effort_hours']
export function* tasks(seed: number, volume: Volume): Generator<Cells> {
  const draw = new Draw(seed, 'tasks')
  for (let i = 0; i < volume.tasks; i++) {
    const start = isoDate(draw, 2023, 2025)
    yield [i + 1, `P${draw.int(1, volume.projects)}`, `${draw.pick(['Plan', 'Order', 'Install', 'Check', 'Hand over'])} ${draw.pick(PRODUCT_NOUNS)} ${i + 1}`, draw.pick(['1', '2', '3']), start, addDays(start, draw.int(1, 30)),
      draw.pick(['neu', 'in arbeit']), draw.int(1, 160) / 4]
  }
}

export interface Ticket { id: number; customer: { number: number }; subject: string; body: string; opened: string; priority: string; state: string; reporter: string }
export function* tickets(seed: number, volume: Volume, dirt: DirtPlan): Generator<Ticket> {
  const draw = new Draw(seed, 'tickets')
  for (let i = 0; i < volume.tickets; i++) {
    const html = dirt.due('tickets', 'html_text', i, volume.tickets, 0.01), wrong = dirt.due('tickets', 'wrong_email', i, volume.tickets, 0.005)
    if (html) dirt.add('html_text', 'tickets', String(i + 1), 'body', '<p>Hallo')
    if (wrong) dirt.add('wrong_email', 'tickets', String(i + 1), 'reporter', 'unknown')
    yield { id: i + 1, customer: { number: customerNumber(draw.int(0, volume.customers - 1)) }, subject: `${draw.pick(TICKET_SUBJECTS)} #${i + 1}`, body: html ? '<p>Hallo<br>bitte <b>dringend</b></p>' : 'Please see attached mail.',
      opened: `${isoDate(draw, 2024, 2025)}T${pad(draw.int(6, 20), 2)}:15:00Z`, priority: draw.pick(['low', 'medium', 'high']), state: draw.pick(['open', 'closed']), reporter: wrong ? 'unknown' : `user${draw.int(1, 500)}@client.example` }
  }
}

export interface Activity { id: number; kind: 'todo' | 'memo' | 'call'; customer: number; text: string; at: string }
export function* activities(seed: number, volume: Volume, dirt: DirtPlan): Generator<Activity> {
  const draw = new Draw(seed, 'activities'), count = volume.activities
  for (let i = 0; i < count; i++) {
    let customer = customerNumber(draw.int(0, volume.customers - 1))
    if (dirt.due('activities', 'orphan_activity', i, count, 0.001)) {
      customer = 910000 + i
      dirt.add('orphan_activity', 'activities', String(i + 1), 'customer', String(customer))
    }
    yield { id: i + 1, kind: draw.pick(['todo', 'memo', 'call']), customer, text: `${draw.pick(ACTIVITY_TEXTS)} (${i + 1})`, at: isoDate(draw, 2023, 2025) }
  }
}

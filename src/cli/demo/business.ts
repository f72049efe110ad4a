import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LandfallError } from '../../errors/error.ts'
import { DirtPlan, type DirtEntry } from './dirt.ts'
import { Books, INVOICE_COLUMNS, JOURNAL_COLUMNS, JOURNAL_LINE_COLUMNS, OPEN_ITEM_COLUMNS, PAYMENT_COLUMNS, STOCK_COLUMNS, TRIAL_BALANCE_COLUMNS } from './books.ts'
import { SqliteWriter, writeBook, writeDelimited, type SqlTable } from './exports.ts'
import { ADDRESS_COLUMNS, CUSTOMER_COLUMNS, EMPLOYEE_COLUMNS, SUPPLIER_COLUMNS, customers, deliveryAddresses, employees, suppliers } from './people.ts'
import {
  ITEM_COLUMNS, LINE_COLUMNS, ORDER_COLUMNS, PRICE_COLUMNS, PROJECT_COLUMNS, PURCHASE_COLUMNS, PURCHASE_LINE_COLUMNS, TASK_COLUMNS,
  activities, items, prices, projects, purchaseOrders, salesOrders, tasks, tickets, type Activity, type Ticket,
} from './trade.ts'
import { CUSTOMER_GROUPS, DEPARTMENTS, ITEM_GROUPS, TERRITORIES } from './vocabulary.ts'
import { SMALLEST_BUSINESS, volumeOf } from './volume.ts'

export interface Business { folder: string; records: number; counts: Record<string, number>; dirt: DirtEntry[] }

const TABLES: readonly SqlTable[] = [
  { name: 'sales_orders', columns: ORDER_COLUMNS, ddl: `CREATE TABLE sales_orders (order_no INTEGER PRIMARY KEY, customer_no INTEGER, ordered_at TEXT, wanted_date TEXT, currency TEXT, exchange_rate TEXT, vat_percent INTEGER,
    freight TEXT, net_total TEXT, gross_total TEXT, state TEXT, remark TEXT)` },
  { name: 'sales_order_lines', columns: LINE_COLUMNS, ddl: `CREATE TABLE sales_order_lines (order_no INTEGER, line_no INTEGER, article TEXT, quantity INTEGER, unit_price TEXT, discount_percent INTEGER, line_total TEXT,
    PRIMARY KEY (order_no, line_no), FOREIGN KEY (order_no) REFERENCES sales_orders (order_no))` },
  { name: 'purchase_orders', columns: PURCHASE_COLUMNS, ddl: 'CREATE TABLE purchase_orders (po_no TEXT PRIMARY KEY, supplier TEXT, po_date TEXT, due_date TEXT, net_total TEXT, state TEXT)' },
  { name: 'purchase_order_lines', columns: PURCHASE_LINE_COLUMNS, ddl: `CREATE TABLE purchase_order_lines (po_no TEXT, line_no INTEGER, article TEXT, quantity INTEGER, unit_price TEXT, PRIMARY KEY (po_no, line_no),
    FOREIGN KEY (po_no) REFERENCES purchase_orders (po_no))` },
  { name: 'employees', columns: EMPLOYEE_COLUMNS, ddl: `CREATE TABLE employees (emp_no INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, sex TEXT, birth_date TEXT, hire_date TEXT, department TEXT,
    manager_no INTEGER REFERENCES employees (emp_no), mail TEXT)` },
  { name: 'projects', columns: PROJECT_COLUMNS, ddl: 'CREATE TABLE projects (project_no TEXT PRIMARY KEY, title TEXT, customer_no INTEGER, start_date TEXT, end_date TEXT, state TEXT)' },
  { name: 'tasks', columns: TASK_COLUMNS, ddl: `CREATE TABLE tasks (task_no INTEGER PRIMARY KEY, project_no TEXT REFERENCES projects (project_no), subject TEXT, priority TEXT, start_date TEXT, due_date TEXT, state TEXT,
    effort_hours REAL)` },
  { name: 'invoices', columns: INVOICE_COLUMNS, ddl: `CREATE TABLE invoices (invoice_no INTEGER PRIMARY KEY, customer_no INTEGER, invoice_date TEXT, due_date TEXT, currency TEXT, exchange_rate TEXT, quantity INTEGER, unit_price TEXT, vat_percent INTEGER,
    net_total TEXT, gross_total TEXT)` },
  { name: 'payments', columns: PAYMENT_COLUMNS, ddl: 'CREATE TABLE payments (payment_no INTEGER PRIMARY KEY, customer_no INTEGER, invoice_no INTEGER REFERENCES invoices (invoice_no), paid_on TEXT, amount TEXT)' },
]

/**
 * Writes a reproducible legacy business of `records` records (the same seed gives the same bytes in text and the same rows in books and
 * databases) into `folder/exports`, with the answer sheet of the dirt in `folder/exports/dirt.json` and the help desk's data in `folder/exports/helpdesk.json`.
 */
export async function generateBusiness(options: { folder: string; records: number; seed: number }): Promise<Business> {
  if (!Number.isInteger(options.records) || options.records < SMALLEST_BUSINESS) {
    throw new LandfallError('usage', `A demo business of ${options.records} records cannot be made`, { hint: `Ask for ${SMALLEST_BUSINESS} records or more.` })
  }
  const { seed } = options, at = join(options.folder, 'exports'), dirt = new DirtPlan()
  const volume = volumeOf(options.records, CUSTOMER_GROUPS.length, TERRITORIES.length)
  mkdirSync(at, { recursive: true })
  const counts: Record<string, number> = {}, books = new Books(seed, volume)
  counts['customers'] = await writeDelimited(join(at, 'kunden.csv'), { encoding: 'windows-1252', delimiter: ';', newline: '\r\n' }, CUSTOMER_COLUMNS, books.debtorsOf(customers(seed, volume, dirt)))
  counts['delivery_addresses'] = await writeDelimited(join(at, 'delivery_addresses.csv'), { encoding: 'utf-8', bom: true, delimiter: ',', newline: '\n' }, ADDRESS_COLUMNS, deliveryAddresses(seed, volume))
  counts['suppliers'] = await writeDelimited(join(at, 'suppliers.txt'), { encoding: 'windows-1250', delimiter: '\t', newline: '\r\n' }, SUPPLIER_COLUMNS, suppliers(seed, volume, dirt))
  const tree = (list: readonly (readonly [string, string, string | null, boolean])[]): (string | number | null)[][] => list.map(([key, name, parent, group]) => [key, name, parent ?? '', group ? 1 : 0])
  counts['customer_groups'] = await writeDelimited(join(at, 'kundengruppen.csv'), { encoding: 'utf-16le', bom: true, delimiter: ';', newline: '\r\n' }, ['key', 'name', 'parent', 'is_group'], tree(CUSTOMER_GROUPS))
  counts['territories'] = await writeDelimited(join(at, 'gebiete.csv'), { encoding: 'utf-8', delimiter: '|', newline: '\n' }, ['key', 'name', 'parent', 'is_group'], tree(TERRITORIES))
  Object.assign(counts, await writeBook(join(at, 'articles.xlsx'), [
    { name: 'Gruppen', columns: ['Gruppe', 'Obergruppe'], records: ITEM_GROUPS.map((group) => [group, 'Products']) },
    { name: 'Artikel', columns: ITEM_COLUMNS, records: books.stockedOf(items(seed, volume, dirt)) },
    { name: 'Preise', columns: PRICE_COLUMNS, records: prices(seed, volume) },
  ]))
  rmSync(join(at, 'erp.sqlite'), { force: true })
  Object.assign(counts, writeDatabase(join(at, 'erp.sqlite'), seed, volume, dirt, books))
  const plain = { encoding: 'utf-8', delimiter: ',', newline: '\n' } as const, german = { encoding: 'windows-1252', delimiter: ';', newline: '\r\n' } as const
  counts['stock'] = await writeDelimited(join(at, 'stock.csv'), plain, STOCK_COLUMNS, books.stock())
  counts['journals'] = await writeDelimited(join(at, 'buchungen.csv'), german, JOURNAL_COLUMNS, books.journals())
  counts['journal_lines'] = await writeDelimited(join(at, 'buchungszeilen.csv'), german, JOURNAL_LINE_COLUMNS, books.journalLines())
  counts['open_items'] = await writeDelimited(join(at, 'open-items.csv'), plain, OPEN_ITEM_COLUMNS, books.openItems())
  counts['trial_balance'] = await writeDelimited(join(at, 'saldenliste.csv'), german, TRIAL_BALANCE_COLUMNS, books.trialBalance())
  const desk = { tickets: [...tickets(seed, volume, dirt)], activities: [...activities(seed, volume, dirt)] }
  writeFileSync(join(at, 'helpdesk.json'), JSON.stringify(desk))
  counts['tickets'] = desk.tickets.length
  counts['activities'] = desk.activities.length
  writeFileSync(join(at, 'dirt.json'), `${JSON.stringify(dirt.entries, null, 1)}\n`)
  return { folder: options.folder, records: Object.values(counts).reduce((sum, n) => sum + n, 0), counts, dirt: dirt.entries }
}

function writeDatabase(path: string, seed: number, volume: ReturnType<typeof volumeOf>, dirt: DirtPlan, books: Books): Record<string, number> {
  const db = new SqliteWriter(path, TABLES)
  for (const record of employees(seed, volume, DEPARTMENTS)) db.insert('employees', record)
  for (const record of projects(seed, volume)) db.insert('projects', record)
  for (const record of tasks(seed, volume)) db.insert('tasks', record)
  for (const { order, lines } of salesOrders(seed, volume, dirt)) {
    if (order.length > 0) db.insert('sales_orders', order)
    for (const line of lines) db.insert('sales_order_lines', line)
  }
  for (const { order, lines } of purchaseOrders(seed, volume)) {
    db.insert('purchase_orders', order)
    for (const line of lines) db.insert('purchase_order_lines', line)
  }
  for (const record of books.invoices()) db.insert('invoices', record)
  for (const record of books.payments()) db.insert('payments', record)
  db.close()
  return db.counts
}

/** The help desk's data of a generated business, for serving it again later. */
export function readHelpDesk(folder: string): { tickets: Ticket[]; activities: Activity[] } {
  return JSON.parse(readFileSync(join(folder, 'exports', 'helpdesk.json'), 'utf8')) as { tickets: Ticket[]; activities: Activity[] }
}

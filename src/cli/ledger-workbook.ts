import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Books } from '../checks/ledgers/books.ts'
import { AGE_NAMES, type LedgerLine } from '../checks/ledgers/spec.ts'
import { displayKey } from '../model/key.ts'

type Cell = string | number | null
interface Sheet { name: string; heads: string[]; rows: Iterable<Cell[]> }

/** Amounts go into cells as numbers, to be added up; texts never as formulas, whatever they begin with. */
const amount = (text: string | null): number | null => (text === null ? null : Number(text))

/** Every figure on both sides, the documents behind the differences, and the site's own books, one sheet each. */
export async function writeLedgerWorkbook(path: string, lines: LedgerLine[], books: Books): Promise<void> {
  const ageing = (rows: Books['receivable']): Cell[][] => rows.map((row) => [row.company, row.party, row.currency, amount(row.outstanding), ...row.ages.map(amount)])
  const ageingHeads = ['Company', 'Party', 'Account currency', 'Outstanding', ...AGE_NAMES]
  const sheets: Sheet[] = [
    { name: 'Figures', heads: ['Proof', 'Of', 'Period', 'Currency', 'Figure', 'Legacy records', 'Legacy', 'Site', 'Difference', 'Equal'], rows: lines.map((line) => [line.name, line.subject, line.period, line.currency, line.measure, line.records, amount(line.legacy), amount(line.site), amount(line.difference), line.passed ? 'yes' : 'no']) },
    { name: 'Documents behind differences', heads: ['Proof', 'Of', 'Figure', 'DocType', 'Document', 'Date', 'Entity', 'Legacy key', 'Legacy', 'Site', 'Why'],
      rows: lines.flatMap((line) => line.vouchers.map((one): Cell[] => [line.name, line.subject, line.measure, one.doctype, one.name, one.date, one.entity, one.key === null ? null : displayKey(one.key), amount(one.legacy), amount(one.site), one.why])) },
    { name: 'Trial balance', heads: ['Company', 'Period', 'Account', 'Root type', 'Debit', 'Credit', 'Balance'], rows: books.trialBalance.map((row) => [row.company, row.period, row.account, row.rootType, amount(row.debit), amount(row.credit), amount(row.balance)]) },
    { name: 'Accounts receivable', heads: ageingHeads, rows: ageing(books.receivable) },
    { name: 'Accounts payable', heads: ageingHeads, rows: ageing(books.payable) },
    { name: 'Stock balance', heads: ['Company', 'Warehouse', 'Item', 'Quantity', 'Value'], rows: books.stock.map((row) => [row.company, row.warehouse, row.item, amount(row.qty), amount(row.value)]) },
  ]
  mkdirSync(dirname(path), { recursive: true })
  const { default: exceljs } = await import('exceljs')
  const book = new exceljs.stream.xlsx.WorkbookWriter({ filename: path, useSharedStrings: false, useStyles: true })
  for (const { name, heads, rows } of sheets) {
    const sheet = book.addWorksheet(name, { views: [{ state: 'frozen', ySplit: 1 }] })
    sheet.columns = heads.map((head) => ({ header: head, width: Math.max(12, head.length + 2) }))
    sheet.getRow(1).font = { bold: true }
    for (const row of rows) sheet.addRow(row).commit()
    sheet.commit()
  }
  await book.commit()
}

import type { AcceptanceView } from '../../report/acceptance-page.ts'

/** Writes the scripts as a workbook to be filled in: a line per value to compare, and one per script for the result. */
export async function writeWorkbook(path: string, view: AcceptanceView): Promise<void> {
  const { default: excel } = await import('exceljs')
  const book = new excel.Workbook(), scripts = book.addWorksheet('Scripts'), values = book.addWorksheet('Values'), gates = book.addWorksheet('Criteria')
  scripts.columns = [['Nr', 6], ['Id', 40], ['Script', 40], ['Legacy record', 24], ['Steps', 70], ['By machine', 40], ['Result (passed, failed, skipped)', 18], ['Name', 20], ['Remark', 40]].map(([header, width]) => ({ header: String(header), width: Number(width) }))
  values.columns = [['Nr', 6], ['Script', 40], ['Field', 28], ['Must show', 40], ['In the old system', 40], ['Seen', 30]].map(([header, width]) => ({ header: String(header), width: Number(width) }))
  gates.columns = [['Criterion', 32], ['Measured', 50], ['Limit', 30], ['Passed', 10]].map(([header, width]) => ({ header: String(header), width: Number(width) }))
  view.scripts.forEach((script, i) => {
    scripts.addRow([i + 1, script.id, script.title, script.legacyKey, script.steps.map((step, n) => `${n + 1}. ${step}`).join('\n'), script.machine === null ? '' : `${script.machine.status}: ${script.machine.detail}`, script.record?.result ?? '', script.record?.by ?? '', script.record?.remark ?? ''])
    for (const one of script.expected) values.addRow([i + 1, script.title, one.label, one.expected, one.legacy, ''])
  })
  for (const gate of view.gates) gates.addRow([gate.title, gate.value, gate.limit, gate.passed ? 'yes' : 'no'])
  for (const sheet of [scripts, values, gates]) {
    sheet.getRow(1).font = { bold: true }
    sheet.views = [{ state: 'frozen', ySplit: 1 }]
  }
  scripts.getColumn(5).alignment = { wrapText: true, vertical: 'top' }
  await book.xlsx.writeFile(path)
}

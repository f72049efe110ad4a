import { formatCount, formatTable, type Terminal } from '../terminal.ts'
import { WHAT } from './drafts.ts'
import type { Measurement } from './measure.ts'
import type { MeasureResult } from './session.ts'

/** A measurement with what it is against the plain loop and against LOAD DATA of the same rows, by the clock and by processor time; null where one of them is missing. */
export interface Compared extends Measurement { perSecond: number; processorMs: number | null; overLoop: number | null; overLoopProcessor: number | null; ofLoad: number | null; ofLoadProcessor: number | null }

/** Processor milliseconds a document: of all processes that are known. */
function processorMs({ processor, documents }: Measurement): number | null {
  if (processor === null || processor.site === null || processor.database === null) return null
  return ((processor.here + processor.site + processor.database) / documents) * 1000
}

export function compare(measurements: Measurement[]): Compared[] {
  return measurements.map((line) => {
    const done = line.why === null, of = (way: Measurement['way']) => measurements.find((other) => other.doctype === line.doctype && other.way === way && other.why === null)
    const loop = of('loop'), load = of('load data'), perSecond = done && line.seconds > 0 ? line.documents / line.seconds : 0, own = done ? processorMs(line) : null
    const ratio = (a: number | null, b: number | null): number | null => (a === null || b === null || b === 0 ? null : a / b)
    const rate = (other: Measurement | undefined): number | null => (other === undefined ? null : other.documents / other.seconds), time = (other: Measurement | undefined): number | null => (other === undefined ? null : processorMs(other))
    return { ...line, perSecond, processorMs: own, overLoop: done ? ratio(perSecond, rate(loop)) : null, overLoopProcessor: ratio(time(loop), own), ofLoad: done ? ratio(perSecond, rate(load)) : null, ofLoadProcessor: ratio(time(load), own) }
  })
}

const LABELS: Record<Measurement['way'], string> = { 'loop': 'plain loop', 'import': 'Data Import', 'rest': 'REST', 'bench': 'bench', 'bench+': 'bench, more processes', 'express': 'express', 'load data': 'LOAD DATA alone' }
const short = (value: number | null, digits = 2): string => (value === null ? '-' : value >= 100 ? formatCount(value) : value.toFixed(digits))

export function showMeasurements(result: MeasureResult, workers: number, terminal: Terminal): void {
  const lines = compare(result.measurements)
  if (terminal.json) {
    for (const line of lines) terminal.emit({ type: 'measurement', ...line })
    for (const prediction of result.predictions) terminal.emit({ type: 'prediction', ...prediction })
    terminal.emit({ type: 'result', site: result.site, apps: result.apps, server: result.server, measured: lines.filter((line) => line.why === null).length, not_measured: lines.filter((line) => line.why !== null).length, changed_tables: result.changed, stays: result.stays })
    return
  }
  terminal.print(`${result.site}  ${Object.entries(result.apps).map(([app, version]) => `${app} ${version}`).join(', ')}, ${result.server}\n`)
  terminal.print(formatTable(['DocType', 'way', 'documents', 'documents/s', 'processor ms each', 'x loop', 'by processor', 'of LOAD DATA', 'by processor', 'after undo'], lines.filter((line) => line.why === null).map((line) => [
    `${line.doctype} (${WHAT[line.doctype]})`, line.way === 'bench+' ? `bench, ${workers} processes` : LABELS[line.way], formatCount(line.documents), short(line.perSecond, 1), short(line.processorMs), short(line.overLoop), short(line.overLoopProcessor), short(line.ofLoad), short(line.ofLoadProcessor), after(line, result.changed !== null),
  ])))
  const missing = lines.filter((line) => line.why !== null)
  if (missing.length > 0) terminal.print(`\nNot measured:\n${missing.map((line) => `  ${line.doctype}, ${LABELS[line.way]}: ${line.why}`).join('\n')}`)
  terminal.print(`\nPredicting the same documents beforehand: ${result.predictions.map(({ doctype, documents, seconds }) => `${doctype} ${formatCount(documents / seconds)}/s`).join(', ')}.`)
  terminal.print(processorNote(lines))
  terminal.print(result.changed === null ? 'The tables could not be summed up: that needs the bench.' : result.changed.length === 0 ? 'All tables of the site are as before.' : `These tables of the site are not as before: ${result.changed.join(', ')}.`)
  if (result.stays.length > 0) terminal.print(`What the REST lane needs stays on the site: ${result.stays.join(', ')}.`)
}

function after(line: Measurement, summed: boolean): string {
  if (!summed) return 'not looked at'
  if (line.way === 'loop' || line.way === 'import') return 'put back'
  return line.left.length === 0 ? 'as before' : `left ${line.left.map((table) => table.replace(/^tab/, '')).join(', ')}; put back`
}

function processorNote(lines: Compared[]): string {
  const unknown = lines.filter((line) => line.why === null && line.processorMs === null)
  if (unknown.length === 0) return 'Processor time is that of Landfall, of the site\'s Python or web server, and of the database together; where the machine does other work too, it says more than the clock.'
  return `Processor time is not known for ${[...new Set(unknown.map((line) => LABELS[line.way]))].join(', ')}: the site's processes or its database are not on this machine.`
}

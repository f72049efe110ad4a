import { cell, escape, mark, row, section, table } from './html.ts'
import { STYLE } from './style.ts'

/** A cutover for people: what was planned, and as it was run. */
export interface CutoverView {
  project: string; runbook: string; at: string; rehearsed: boolean; passed: boolean; seconds: number; forecast: number; downtime: { measured: number; forecast: number } | null
  steps: { id: string; title: string; owner: string; after: string[]; status: string; start: number; seconds: number; forecast: number; detail: string; by: string; action: string; check: string; back: string }[]
  takenBack: { id: string; status: string; seconds: number; detail: string }[]
}

const time = (seconds: number): string => (seconds < 100 ? `${seconds.toFixed(1)} s` : seconds < 6000 ? `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s` : `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`)
const STATUS: Record<string, string> = { done: 'passed', skipped: 'unchecked', failed: 'failed', 'not reached': 'unchecked', 'taken back': 'unchecked' }
const LINE = 26

/** Bars over time: above as measured, below thin as forecast, each from where it really began. */
function timeline(view: CutoverView): string {
  const end = Math.max(1, ...view.steps.map((step) => step.start + Math.max(step.seconds, step.forecast))), x = (seconds: number): number => 210 + 760 * seconds / end
  const rows = view.steps.map((step, i) => {
    const y = i * LINE + 8, color = step.status === 'failed' ? 'var(--bad)' : step.status === 'done' ? 'var(--accent)' : 'var(--line)'
    return `<text x="200" y="${y + 12}" text-anchor="end" font-size="12" fill="currentColor">${escape(step.id)}</text><rect x="${x(step.start).toFixed(1)}" y="${y}" width="${Math.max(2, x(step.start + step.seconds) - x(step.start)).toFixed(1)}" height="12" rx="3" fill="${color}"/><rect x="${x(step.start).toFixed(1)}" y="${y + 14}" width="${Math.max(1, x(step.start + step.forecast) - x(step.start)).toFixed(1)}" height="3" fill="var(--soft)" opacity="0.5"/>`
  }).join('')
  return `<svg viewBox="0 0 1000 ${view.steps.length * LINE + 24}" width="100%" role="img" aria-label="Steps over time">${rows}<text x="210" y="${view.steps.length * LINE + 20}" font-size="11" fill="currentColor">0</text><text x="970" y="${view.steps.length * LINE + 20}" font-size="11" text-anchor="end" fill="currentColor">${time(end)}</text></svg><p class="soft">Thick: as measured. Thin: as forecast.</p>`
}

export function cutoverPage(view: CutoverView): string {
  const kind = view.rehearsed ? 'Rehearsal' : 'Cutover', off = view.downtime === null || view.downtime.forecast === 0 ? null : (view.downtime.measured / view.downtime.forecast - 1) * 100
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(view.project)}: cutover</title><style>${STYLE}</style></head>
<body><main><header><span class="verdict ${view.passed ? 'succeeded' : 'failed'}">${kind} ${view.passed ? 'passed' : 'failed'}</span><h1>Cutover: ${escape(view.project)}</h1><p>${escape(view.at)} UTC, runbook <code>${escape(view.runbook.slice(0, 12))}</code></p></header>
<div class="figures"><div><b>${time(view.seconds)}</b><span>in all (forecast ${time(view.forecast)})</span></div><div><b>${view.downtime === null ? 'not reached' : time(view.downtime.measured)}</b><span>from freeze to go${view.rehearsed ? ', without what a rehearsal leaves out' : ''}</span></div><div><b>${view.downtime === null ? '' : time(view.downtime.forecast)}</b><span>forecast for that${off === null ? '' : ` (${off >= 0 ? '+' : ''}${off.toFixed(0)}%)`}</span></div><div><b>${view.steps.filter((step) => step.status === 'done').length} of ${view.steps.length}</b><span>steps done</span></div></div>
${section('Timeline', timeline(view))}
${section('Steps', table(['', 'Step', 'Owner', '#Forecast', '#Took', 'What happened', 'Way back'], view.steps.map((step) => row([`<td>${mark(STATUS[step.status] ?? step.status).replace(/>(passed|failed|unchecked)</, `>${escape(step.status)}<`)}</td>`, `<td><b>${escape(step.title)}</b><br><span class="soft">${escape(step.action)}</span></td>`, cell(step.by), cell(time(step.forecast), 'n'), cell(step.status === 'done' || step.status === 'failed' ? time(step.seconds) : '', 'n'), cell(step.detail), cell(step.back, 'soft')]))))}
${view.takenBack.length === 0 ? '' : section('Taken back', table(['Step', 'What happened', '#Took'], view.takenBack.map((one) => row([cell(one.id), cell(`${one.status}: ${one.detail}`), cell(time(one.seconds), 'n')]))))}
<footer>Made by Landfall. The same stands in cutover.json; every step is in the audit trail.</footer></main></body></html>
`
}

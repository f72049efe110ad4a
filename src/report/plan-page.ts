import { duration } from './assessment-page.ts'
import { ganttChart } from './charts.ts'
import { cell, escape, row, section, table } from './html.ts'
import { STRATEGIES, type Span, type Strategy, type WindowName } from '../model/strategy.ts'
import { STYLE } from './style.ts'

const OWN_STYLE = `
.state{display:inline-block;min-width:74px;text-align:center;border-radius:10px;font-size:12px;padding:1px 8px;font-weight:600;color:#fff;background:var(--soft);white-space:nowrap}
.state.met,.state.low{background:var(--good)}.state.missed,.state.high{background:var(--bad)}.state.risk,.state.medium{background:var(--warn)}
.bar{display:inline-block;height:9px;border-radius:4px;background:var(--accent);vertical-align:middle;margin-right:8px}
`
const count = (n: number | null): string => (n === null ? 'not counted' : n.toLocaleString('en-US'))
export const spanText = (span: Span | null): string => (span === null ? 'no forecast' : duration(span.low) === duration(span.high) ? duration(span.high) : `${duration(span.low)} to ${duration(span.high)}`)
const state = (text: string): string => `<td><span class="state ${text === 'at risk' ? 'risk' : escape(text)}">${escape(text)}</span></td>`

const WINDOWS: WindowName[] = ['preparation', 'execution', 'validation', 'cutover']

/** One self-contained page: opens from disk, loads nothing, runs no script. */
export function renderPlan(strategy: Strategy, landfall: string): string {
  const { phases, windows, tasks } = strategy
  const documents = phases.some((phase) => phase.documents === null) ? null : phases.reduce((sum, phase) => sum + phase.documents!, 0)
  const figure = (value: string, label: string): string => `<div><b>${escape(value)}</b><span>${escape(label)}</span></div>`
  const execution = windows.find((window) => window.name === 'execution')!, cutover = windows.find((window) => window.name === 'cutover')!
  const body = [
    `<header><h1>${escape(strategy.project)}: plan of the migration</h1><p>Planned ${escape(strategy.plannedAt.slice(0, 16))} UTC, plan ${escape(strategy.hash.slice(0, 12))}, for configuration and mappings ${escape(strategy.fingerprint)}</p><p>${strategy.basis.length === 0 ? 'It rests on no measurement yet.' : `It rests on: ${strategy.basis.map(escape).join('; ')}.`}</p></header>`,
    `<div class="figures">${figure(count(documents), 'documents')}${figure(String(phases.reduce((sum, phase) => sum + phase.waves.length, 0)), 'waves')}${figure(spanText(execution.forecast), 'execution')}${figure(spanText(cutover.forecast), 'cutover at most')}${figure(String(strategy.risks.filter((risk) => risk.severity === 'high').length), 'high risks')}</div>`,
    section('Windows', table(['Window', '#Given', '#Forecast', '', 'What is in it'], windows.map((window) => row([cell(window.name), cell(window.given, 'n'), cell(spanText(window.forecast), 'n'), state(window.state), cell(window.about, 'soft')])))),
    ...WINDOWS.filter((name) => tasks.some((task) => task.window === name)).map((name) => {
      const window = windows.find((one) => one.name === name)!
      return section(`${name[0]!.toUpperCase()}${name.slice(1)}, step by step`, `${ganttChart(tasks.filter((task) => task.window === name), window.seconds)}<p class="soft">Full bars: what it takes at least; light ones: at most. The window given is ${escape(window.given)}.</p>`)
    }),
    section('Phases and waves', phases.map((phase) => `<h3>${escape(phase.name)}: ${escape(phase.strategy)} <span class="soft">${escape(STRATEGIES[phase.name].about)}; ${count(phase.documents)} documents, ${escape(spanText(phase.forecast))}</span></h3>${table(['Wave', 'DocType', 'From', '#Documents', 'Lane', '#Batch', 'Mapping', 'Load', 'Rests on'], phase.waves.flatMap((wave) => wave.doctypes.map((one) => row([cell(String(wave.number)), cell(one.doctype), cell(one.entities.join(', ')), cell(count(one.documents), 'n'), cell(one.lane), cell(count(one.batch), 'n'), cell(spanText(one.map)), cell(spanText(one.load)), cell(one.basis, 'soft')]))))}`).join('')),
    section('What takes the time', strategy.criticalPath.length === 0 ? '<p class="soft">Nothing was measured yet.</p>' : `<p class="soft">Work is done one thing after another, so all of it is on the critical path.</p>${table(['Task', 'Share of the execution'], strategy.criticalPath.map(({ task, share }) => row([cell(task), `<td><span class="bar" style="width:${Math.round(share * 300)}px"></span>${(share * 100).toFixed(1)} %</td>`])))}`),
    section('Requirements', strategy.requirements.length === 0 ? '<p class="soft">None are given.</p>' : table(['Requirement', 'Wanted', 'Found', ''], strategy.requirements.map((one) => row([cell(one.requirement), cell(one.wanted), cell(one.found), state(one.state)])))),
    section('Risks', strategy.risks.length === 0 ? '<p class="soft">None were found.</p>' : table(['', 'Risk', 'What to do'], strategy.risks.map((one) => row([state(one.severity), cell(one.risk), cell(one.answer)])))),
    section('Ways back', table(['Back to', 'Command', 'Takes'], strategy.rollbackPoints.map((one) => row([cell(one.after), `<td><code>${escape(one.command)}</code></td>`, cell(spanText(one.forecast))])))),
    ...strategy.notes.length === 0 ? [] : [section('Notes', `<ul>${strategy.notes.map((note) => `<li>${escape(note)}</li>`).join('')}</ul>`)],
  ].join('\n')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(strategy.project)}: plan</title><style>${STYLE}${OWN_STYLE}</style></head>
<body><main>${body}<footer>Made by Landfall ${escape(landfall)}. The same facts stand in plan.yaml.</footer></main></body></html>
`
}

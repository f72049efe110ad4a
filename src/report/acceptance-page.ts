import { cell, escape, mark, row, section, table } from './html.ts'
import type { GateView } from './run-view.ts'
import { STYLE } from './style.ts'

/** Acceptance as people see it: gates, scripts with what the machine and what people found, and who signed. */
export interface AcceptanceView {
  project: string; run: string; at: string; gates: GateView[]
  scripts: { id: string; title: string; legacyKey: string; steps: string[]; expected: { label: string; expected: string; legacy: string }[]; machine: { status: string; detail: string } | null; record: { result: string; by: string; at: string; remark: string } | null }[]
  signed: { by: string; role: string; at: string; remark: string; hashes: Record<string, string>; auditHead: string; holds: boolean }[]
}
export interface TrainingView { project: string; screens: { entity: string; screens: { doctype: string; module: string; path: string }[]; rows: { old: string; place: string; note: string }[]; gone: { old: string; why: string }[] }[] }

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)}</title><style>${STYLE}
.script{break-inside:avoid;border-top:1px solid var(--line);padding:12px 0}.script h3{margin:0 0 4px}.script ol{margin:4px 0 8px;padding-left:22px}.lines{color:var(--soft);margin-top:8px}</style></head>
<body><main>${body}</main></body></html>
`

export function acceptancePage(view: AcceptanceView): string {
  const passed = view.gates.every((gate) => gate.passed), signed = view.signed.at(-1)
  const done = view.scripts.filter((script) => script.record?.result === 'passed').length
  const head = `<header><span class="verdict ${passed ? 'succeeded' : 'failed'}">${passed ? (signed?.holds ? 'Accepted and signed' : 'Ready to be signed') : 'Not ready to be signed'}</span><h1>Acceptance: ${escape(view.project)}</h1><p>Run ${escape(view.run)}, as of ${escape(view.at)} UTC; ${done} of ${view.scripts.length} scripts passed by people</p></header>`
  const gates = section('Success criteria, computed', table(['', 'Criterion', 'Measured', 'Limit'], view.gates.map((gate) => row([`<td>${mark(gate.passed ? 'passed' : 'failed')}</td>`, cell(gate.title), cell(gate.value), cell(gate.limit, 'soft')]))))
  const signs = view.signed.length === 0 ? '<p class="soft">Nobody has signed yet: landfall accept sign.</p>' : table(['', 'By', 'Role', 'At (UTC)', 'Remark', 'Bound to'], view.signed.map((one) => row([`<td>${mark(one.holds ? 'passed' : 'failed')}</td>`, cell(one.by), cell(one.role), cell(one.at.slice(0, 19)), cell(one.remark), cell(Object.entries(one.hashes).map(([name, hash]) => `${name} ${hash.slice(0, 12)}`).join(', '), 'soft')])))
  const scripts = view.scripts.map((script, i) => `<div class="script"><h3>${i + 1}. ${escape(script.title)}</h3><p class="soft">Legacy record: ${escape(script.legacyKey)}</p><ol>${script.steps.map((step) => `<li>${escape(step)}</li>`).join('')}</ol>
${script.expected.length === 0 ? '' : table(['Field', 'Must show', 'In the old system'], script.expected.map((one) => row([cell(one.label), cell(one.expected), cell(one.legacy, 'soft')])))}
<p>By machine: ${script.machine === null ? '<span class="soft">not run</span>' : `${mark(script.machine.status)} <span class="soft">${escape(script.machine.detail)}</span>`}</p>
<p>By people: ${script.record === null ? '<span class="lines">passed / failed: ________ name: ________________ remark: ________________________</span>' : `${mark(script.record.result)} ${escape(script.record.by)}, ${escape(script.record.at.slice(0, 16))} <span class="soft">${escape(script.record.remark)}</span>`}</p></div>`).join('')
  return page(`${view.project}: acceptance`, `${head}${gates}${section('Signatures', signs)}${section('Test scripts', scripts)}<footer>Made by Landfall from what was loaded; values come from the legacy records. The same stands in acceptance.md, acceptance.xlsx and acceptance.json.</footer>`)
}

export function acceptanceMarkdown(view: AcceptanceView): string {
  const bar = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return `# Acceptance: ${view.project}

Run ${view.run}, as of ${view.at} UTC.

| | Criterion | Measured | Limit |
|---|---|---|---|
${view.gates.map((gate) => `| ${gate.passed ? 'passed' : 'FAILED'} | ${bar(gate.title)} | ${bar(gate.value)} | ${bar(gate.limit)} |`).join('\n')}

${view.scripts.map((script, i) => `## ${i + 1}. ${script.title}

Id \`${script.id}\`, legacy record: ${script.legacyKey}

${script.steps.map((step, n) => `${n + 1}. ${step}`).join('\n')}

| Field | Must show | In the old system |
|---|---|---|
${script.expected.map((one) => `| ${bar(one.label)} | ${bar(one.expected)} | ${bar(one.legacy)} |`).join('\n')}

By machine: ${script.machine === null ? 'not run' : `${script.machine.status}, ${script.machine.detail}`}
By people: ${script.record === null ? '________' : `${script.record.result}, ${script.record.by}, ${script.record.at.slice(0, 16)} ${script.record.remark}`}
`).join('\n')}`
}

export function trainingPage(view: TrainingView): string {
  const body = view.screens.map((screen) => section(`Old: ${screen.entity}`, `<p>Now: ${screen.screens.map((one) => `<b>${escape(one.doctype)}</b> <span class="soft">(${escape(one.module)}, ${escape(one.path)})</span>`).join(', ')}</p>${table(['Old field', 'New place', 'Note'], screen.rows.map((one) => row([cell(one.old), cell(one.place), cell(one.note, 'soft')])))}${screen.gone.length === 0 ? '' : `<h3>Not there any more</h3>${table(['Old field', 'Why'], screen.gone.map((one) => row([cell(one.old), cell(one.why)])))}`}`)).join('')
  return page(`${view.project}: where everything went`, `<header><h1>Where everything went: ${escape(view.project)}</h1><p>Old screen and field, new place; made from the mapping</p></header>${body}<footer>Made by Landfall.</footer>`)
}

export function trainingMarkdown(view: TrainingView): string {
  return `# Where everything went: ${view.project}\n\n${view.screens.map((screen) => `## ${screen.entity}\n\nNow: ${screen.screens.map((one) => `${one.doctype} (${one.path})`).join(', ')}\n\n| Old field | New place | Note |\n|---|---|---|\n${screen.rows.map((one) => `| ${[one.old, one.place, one.note].map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')}\n${screen.gone.map((one) => `\n* ${one.old}: not there any more, ${one.why}`).join('')}`).join('\n\n')}\n`
}

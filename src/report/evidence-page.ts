import { cell, escape, mark, row, section, table } from './html.ts'
import type { GateView } from './run-view.ts'
import { STYLE } from './style.ts'

/** What an evidence pack holds, and where in it. `missing`: what has not been done, so that nobody takes silence for proof. */
export interface EvidenceView {
  project: string; run: string; at: string; landfall: string
  parts: { title: string; about: string; files: string[] }[]; missing: { title: string; how: string }[]
  gates: GateView[]; signatures: { by: string; role: string; at: string; holds: boolean }[]; audit: { entries: number; head: string; whole: boolean }
}

/** The first page of an evidence pack. */
export function evidencePage(view: EvidenceView): string {
  const link = (path: string): string => `<a href="${escape(encodeURI(path))}">${escape(path)}</a>`
  const passed = view.gates.length > 0 && view.gates.every((gate) => gate.passed)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(view.project)}: evidence</title><style>${STYLE}</style></head>
<body><main><header><span class="verdict ${passed ? 'succeeded' : 'failed'}">${passed ? 'All criteria met' : 'Criteria are open'}</span><h1>Evidence: ${escape(view.project)}</h1><p>Run ${escape(view.run)}, gathered ${escape(view.at)} UTC by Landfall ${escape(view.landfall)}</p></header>
${section('What is in it', table(['Part', 'What it is', 'Files'], view.parts.map((part) => row([`<td><b>${escape(part.title)}</b></td>`, cell(part.about), `<td>${part.files.map(link).join('<br>')}</td>`]))))}
${view.missing.length === 0 ? '' : section('What is not', table(['Part', 'How it comes about'], view.missing.map((one) => row([cell(one.title), cell(one.how, 'soft')]))))}
${section('Success criteria', table(['', 'Criterion', 'Measured', 'Limit'], view.gates.map((gate) => row([`<td>${mark(gate.passed ? 'passed' : 'failed')}</td>`, cell(gate.title), cell(gate.value), cell(gate.limit, 'soft')]))))}
${section('Signatures', view.signatures.length === 0 ? '<p class="soft">Nobody has signed.</p>' : table(['', 'By', 'Role', 'At (UTC)'], view.signatures.map((one) => row([`<td>${mark(one.holds ? 'passed' : 'failed')}</td>`, cell(one.by), cell(one.role), cell(one.at.slice(0, 16))]))))}
${section('How to check it', `<p>Audit trail: ${mark(view.audit.whole ? 'passed' : 'failed')} ${view.audit.entries} entries, last hash <code>${escape(view.audit.head)}</code>.</p><p><code>landfall evidence --verify FOLDER</code> names every file that was edited, taken away or put in. The hash over all files stands in the audit trail of the project and was printed when the pack was written.</p><p>documents.csv.gz leads from every document to its legacy record; <code>landfall trace</code> goes the same way with every field.</p>`)}
<footer>manifest.json has the SHA-256 of every file.</footer></main></body></html>
`
}

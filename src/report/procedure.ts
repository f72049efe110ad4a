import { cell, escape, mark, row, section, table } from './html.ts'
import { STYLE } from './style.ts'

/** A way back that was tried: what was done, how long each step took, and what was proven. Times are UTC. */
export interface ProcedureView {
  project: string; at: string; rehearsed: boolean; way: 'backup and binary log' | 'undo ledger'; command: string
  point: { id: string; name: string; at: string }; backup: string | null; proven: boolean; oracle: string
  tables: number; rows: number; files: number; seconds: number
  steps: { step: string; seconds: number; detail: string; manual: string }[]
  /** What would be lost: documents that others wrote since the point; null: not known. */
  later: { doctype: string; name: string; kind: string; at: string }[] | null
  notes: string[]
}

const seconds = (value: number): string => (value < 100 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`)

/** The procedure for people without the program at hand, in Markdown. */
export function procedureMarkdown(view: ProcedureView): string {
  return `# Way back: ${view.project}

${view.rehearsed ? 'Rehearsed in staging' : 'Done'} on ${view.at} UTC, to point "${view.point.name}" (${view.point.id}, ${view.point.at} UTC), by ${view.way}${view.backup === null ? '' : ` from backup ${view.backup}`}.

* Recovery time: **${seconds(view.seconds)}**
* Proven: **${view.proven ? 'yes' : 'NO'}**: ${view.tables} tables with ${view.rows} rows compared by checksum with ${view.oracle}; ${view.files} files by hash
* The command: \`${view.command}\`
${view.notes.map((note) => `* ${note}\n`).join('')}
| # | Step | Took | What happened | By hand |
|---|---|---|---|---|
${view.steps.map((one, i) => `| ${i + 1} | ${one.step} | ${seconds(one.seconds)} | ${one.detail.replaceAll('|', '\\|')} | ${one.manual.replaceAll('|', '\\|')} |`).join('\n')}

${view.later === null ? 'What was written since the point is not known: the binary log is off.' : view.later.length === 0 ? 'Nobody else had written anything since the point.' : `Written by others since, and lost by going back:\n\n${view.later.slice(0, 200).map((one) => `* ${one.doctype} ${one.name} (${one.kind}, ${one.at})`).join('\n')}`}
`
}

/** The same as a page that opens from disk. */
export function procedurePage(view: ProcedureView): string {
  const later = view.later === null ? '<p class="soft">Not known: the binary log is off.</p>' : view.later.length === 0 ? '<p class="soft">Nobody else had written anything since the point.</p>'
    : table(['DocType', 'Document', 'What', 'When'], view.later.slice(0, 1000).map((one) => row([cell(one.doctype), cell(one.name), cell(one.kind), cell(one.at, 'soft')])))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(view.project)}: way back</title><style>${STYLE}</style></head>
<body><main><header><span class="verdict ${view.proven ? 'succeeded' : 'failed'}">${view.proven ? 'Tried and proven' : 'Not proven'}</span><h1>Way back: ${escape(view.project)}</h1>
<p>${view.rehearsed ? 'Rehearsed in staging' : 'Done'} on ${escape(view.at)} UTC, to point &ldquo;${escape(view.point.name)}&rdquo; (${escape(view.point.id)}, ${escape(view.point.at)} UTC), by ${escape(view.way)}</p></header>
<div class="figures"><div><b>${seconds(view.seconds)}</b><span>recovery time</span></div><div><b>${view.tables.toLocaleString('en-US')}</b><span>tables equal by checksum</span></div><div><b>${view.rows.toLocaleString('en-US')}</b><span>rows</span></div><div><b>${view.files.toLocaleString('en-US')}</b><span>files equal by hash</span></div><div><b>${view.later === null ? '?' : view.later.length.toLocaleString('en-US')}</b><span>documents of others since</span></div></div>
${section('What was proven', `<p>${mark(view.proven ? 'passed' : 'failed')} Every table was compared with ${escape(view.oracle)}.</p>${view.notes.map((note) => `<p class="soft">${escape(note)}</p>`).join('')}<p>The command: <code>${escape(view.command)}</code></p>`)}
${section('Steps', table(['#', 'Step', '#Took', 'What happened', 'By hand'], view.steps.map((one, i) => row([`<td>${i + 1}</td>`, cell(one.step), cell(seconds(one.seconds), 'n'), cell(one.detail), cell(one.manual, 'soft')]))))}
${section('Written by others since the point', later)}
<footer>Made by Landfall. The same stands in rollback-procedure.md and rollback-procedure.json.</footer></main></body></html>
`
}

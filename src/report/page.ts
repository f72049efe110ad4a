import { displayKey } from '../model/key.ts'
import { entityChart, phaseChart } from './charts.ts'
import { cell, escape, number, row, section, table } from './html.ts'
import { STYLE } from './style.ts'
import { GROUPS, groupStatus, type CauseView, type CheckView, type RunView } from './run-view.ts'

const GROUP_TITLES: Record<(typeof GROUPS)[number], string> = { record_counts: 'Record counts', data_integrity: 'Data integrity', relationships: 'Relationships', sum_totals: 'Sum totals' }

const mark = (status: string): string => `<span class="${status}"><span class="mark">${status}</span></span>`
/** Money as people read it: grouped, two decimals at least. */
const money = (text: string): string => text.replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ','))

/** One self-contained page: opens from disk, loads nothing, runs no script. */
export function renderPage(view: RunView): string {
  const body = [heading(view), figures(view), gates(view), entities(view), totals(view), checks(view), causes('Errors by root cause', view.errors, 'No document was refused.'),
    causes('What the site changes silently', view.warnings, 'Nothing is changed on the way.'), merges(view), placeholders(view), doctypes(view), timing(view)].join('\n')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(view.project)}: migration report</title><style>${STYLE}</style></head>
<body><main>${body}<footer>Run ${escape(view.run)}, made by Landfall ${escape(view.landfall)}. The same figures stand in report.yaml and report.json.</footer></main></body></html>
`
}

function heading(view: RunView): string {
  const apps = Object.entries(view.target.apps).map(([app, version]) => `${app} ${version}`).join(', ')
  const verdict = view.status === 'succeeded' ? 'Migrated and proven' : view.status === 'stopped' ? 'Stopped' : 'Not accepted'
  return `<header><span class="verdict ${view.status}">${verdict}</span><h1>${escape(view.project)}</h1>
<p>${escape(view.source.map((source) => `${source.name} (${source.kind})`).join(', '))} into ${escape(view.target.name)} (${escape(view.target.kind)}${apps === '' ? '' : `; ${escape(apps)}`})</p>
<p>${escape(view.startTime.replace('T', ' '))} to ${escape(view.endTime.replace('T', ' '))}, ${view.seconds.toFixed(1)} s</p></header>`
}

function figures(view: RunView): string {
  const s = view.statistics
  const figure = (value: string, label: string): string => `<div><b>${value}</b><span>${label}</span></div>`
  return `<div class="figures">${figure(s.totalRecords.toLocaleString('en-US'), 'legacy records')}${figure(s.successful.toLocaleString('en-US'), 'migrated')}${figure(s.skipped.toLocaleString('en-US'), 'skipped by policy')}
${figure(s.failed.toLocaleString('en-US'), 'failed')}${figure(`${(s.errorRate * 100).toFixed(3)}%`, 'error rate')}${figure(s.documents.toLocaleString('en-US'), 'documents')}${figure(s.rows.toLocaleString('en-US'), 'rows on the site')}</div>`
}

function gates(view: RunView): string {
  return section('Gates', table(['', 'Gate', 'Measured', 'Limit'], view.gates.map((gate) => row([`<td>${mark(gate.passed ? 'passed' : 'failed')}</td>`, cell(gate.title), cell(gate.value), cell(gate.limit, 'soft')]))))
}

function entities(view: RunView): string {
  const rows = view.entities.map((entity) => row([cell(entity.name), cell(entity.source, 'soft'), number(entity.sourceCount), number(entity.migrated), number(entity.skipped), number(entity.errors),
    cell(Object.entries(entity.skippedWhy).map(([why, n]) => `${n} ${why}`).join(', '), 'soft'), cell(entity.doctypes.join(', '))]))
  return section('Records by entity', entityChart(view) + table(['Entity', 'Source', '#Records', '#Migrated', '#Skipped', '#Errors', 'Skipped because', 'DocTypes'], rows))
}

function totals(view: RunView): string {
  if (view.totals.length === 0) return section('Totals', '<p class="soft">The project names no totals to compare.</p>')
  const rows = view.totals.map((t) => row([`<td>${mark(t.passed ? 'passed' : 'failed')}</td>`, cell(t.name), cell(t.group), number(t.records), number(t.documents), cell(money(t.legacy), 'n'), cell(money(t.leftOut), 'n'), cell(money(t.site), 'n'),
    cell(money(t.difference), t.passed ? 'n' : 'n bad')]))
  return section('Totals, to the cent', table(['', 'Total', 'Group', '#Records', '#Documents', '#Legacy', '#Left out', '#Site', '#Difference'], rows))
}

function checks(view: RunView): string {
  const one = (check: CheckView): string => {
    const failures = check.failures.length === 0 ? '' : `<details><summary>${check.failed} failures${check.failed > check.failures.length ? `, the first ${check.failures.length} here` : ''}</summary>${table(['DocType', 'Document', 'Legacy key', 'What'],
      check.failures.map((f) => row([cell(f.doctype), cell(f.name ?? ''), cell(f.key === null ? '' : displayKey(f.key)), cell(f.detail)])))}</details>`
    return row([`<td>${mark(check.status)}</td>`, cell(check.title), number(check.compared), `<td>${escape(check.summary)}${failures}</td>`])
  }
  const groups = GROUPS.map((group) => {
    const list = view.checks.filter((check) => check.group === group)
    const passed = list.filter((check) => check.status === 'passed').length
    const open = list.some((check) => check.status === 'failed')
    return `<details${open ? ' open' : ''}><summary>${mark(groupStatus(view, group))} <b>${GROUP_TITLES[group]}</b> <span class="soft">${passed} of ${list.length} checks passed</span></summary>${table(['', 'Check', '#Compared', 'Result'], list.map(one))}</details>`
  })
  return section('Proof', groups.join(''))
}

function causes(title: string, list: CauseView[], none: string): string {
  if (list.length === 0) return section(title, `<p class="soft">${none}</p>`)
  const rows = list.map((cause) => {
    const examples = `<details><summary>${Math.min(cause.examples.length, cause.count)} of ${cause.count.toLocaleString('en-US')}</summary>${cause.examples.map((e) => `<p><b>${escape(displayKey(e.key))}</b> ${e.value === null ? '' : `<code>${escape(e.value)}</code>`}${e.record === null ? '' : `<br><code>${escape(e.record)}</code>`}</p>`).join('')}</details>`
    return row([number(cause.count), `<td>${escape(cause.type)}<br><span class="soft">${escape(cause.doctype)}${cause.field === null ? '' : `, ${escape(cause.field)}`}</span></td>`, cell(cause.message), cell(cause.resolution), `<td>${cause.examples.length === 0 ? '' : examples}</td>`])
  })
  return section(title, table(['#Count', 'Type', 'Message', 'What to do', 'Examples'], rows))
}

function merges(view: RunView): string {
  if (view.merges.clusters === 0) return ''
  return section('Duplicates', `<p>${view.merges.absorbed.toLocaleString('en-US')} records were recognised as duplicates in ${view.merges.clusters.toLocaleString('en-US')} groups; what referred to them follows the survivor. Every merge can be taken back.</p>` +
    table(['Entity', 'Kept', 'Absorbed', 'Rule', '#Score'], view.merges.examples.map((m) => row([cell(m.entity), cell(m.survivor), cell(m.absorbed), cell(m.rule), cell(m.score === null ? 'exact' : m.score.toFixed(3), 'n')]))))
}

function placeholders(view: RunView): string {
  if (view.placeholders.length === 0) return ''
  return section('Placeholders to resolve', table(['DocType', 'Name', 'Legacy key', '#Referred to'], view.placeholders.map((p) => row([cell(p.doctype), cell(p.name), cell(displayKey(p.key)), number(p.references)]))))
}

function doctypes(view: RunView): string {
  return section('Documents by DocType', table(['DocType', '#Drafts', '#Loaded', '#Refused', '#Skipped', '#Rows written'], view.doctypes.map((d) => row([cell(d.doctype), number(d.drafts), number(d.loaded), number(d.refused), number(d.skipped), number(d.rows)]))))
}

function timing(view: RunView): string {
  const undo = view.rollback === null ? '' : `<p>Rollback ${view.rollback.proven ? 'tried and proven' : 'tried and NOT proven'}: ${view.rollback.seconds.toFixed(1)} s.</p>`
  return section('Time', phaseChart(view) + undo)
}

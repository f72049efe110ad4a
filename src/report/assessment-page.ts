import type { AssessedColumn, AssessedEntity, AssessedFinding, Assessment } from '../model/assessment.ts'
import { cell, escape, number, row, section, table } from './html.ts'
import { DIAGRAM_STYLE, relationDiagram } from './relation-diagram.ts'
import { STYLE } from './style.ts'

const OWN_STYLE = `
a{color:var(--accent)}
.finding{border-top:1px solid var(--line);padding:10px 0}.finding:first-of-type{border-top:0}
.finding h3{margin:0 0 2px;font-size:15px}.finding p{margin:2px 0}.finding pre{margin:4px 0;padding:6px 10px;background:var(--page);border-radius:6px;overflow-x:auto;font:13px/1.4 ui-monospace,Menlo,Consolas,monospace}
.effect{display:inline-block;border-radius:10px;font-size:12px;padding:1px 8px;font-weight:600;color:#fff;background:var(--soft);margin-right:6px}.effect.refused{background:var(--bad)}.effect.changed{background:var(--warn)}.effect.read{background:var(--accent)}
.spark{width:120px;height:22px}.spark rect{fill:var(--accent)}
.bar{display:inline-block;height:9px;border-radius:4px;background:var(--accent);vertical-align:middle;margin-right:8px}
summary .soft{font-weight:400}td .spark{display:block}
.columns td,.columns th{font-size:13px;padding:4px 6px}
.columns td{max-width:240px;overflow-wrap:anywhere}.columns td:first-child{min-width:90px;overflow-wrap:break-word}
`
const FINDINGS_OPEN = 15
const count = (n: number): string => n.toLocaleString('en-US')
const share = (n: number): string => (n >= 0.1 ? `${(n * 100).toFixed(0)} %` : n >= 0.001 ? `${(n * 100).toFixed(1)} %` : 'under 0.1 %')

/** How long something takes, as people say it. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`
}

/** One self-contained page: opens from disk, loads nothing. Its only script draws the relation diagram. */
export function renderAssessment(assessment: Assessment): string {
  const body = [heading(assessment), figures(assessment), samples(assessment), documentation(assessment), findings(assessment), section('Relations', relationDiagram(assessment) + relations(assessment)), entities(assessment), personal(assessment), lanes(assessment), details(assessment)].join('\n')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(assessment.project)}: assessment</title><style>${STYLE}${DIAGRAM_STYLE}${OWN_STYLE}</style></head>
<body><main>${body}<footer>Made by Landfall ${escape(assessment.landfall)}. The same facts stand in assessment.json and assessment.yaml.</footer></main></body></html>
`
}

function heading(assessment: Assessment): string {
  return `<header><h1>${escape(assessment.project)}: what the legacy system holds</h1>
<p>${escape(assessment.sources.map((source) => `${source.name} (${source.kind} ${source.version})`.replace(' )', ')')).join(', '))}</p><p>Assessed ${escape(assessment.assessedAt.replace('T', ' '))}</p></header>`
}

function figures({ totals, findings: list }: Assessment): string {
  const figure = (value: string, label: string): string => `<div><b>${value}</b><span>${label}</span></div>`
  const touched = list.filter((finding) => finding.effect === 'refused').reduce((sum, finding) => sum + finding.records, 0)
  return `<div class="figures">${figure(count(totals.entities), 'entities')}${figure(count(totals.columns), 'columns')}${figure(count(totals.records), 'records')}${figure(count(totals.relations), 'relations')}${figure(count(totals.findings), 'findings')}${figure(count(touched), 'records that would be refused')}${figure(count(totals.personalColumns), 'columns of personal data')}</div>`
}

function documentation({ documentation: held }: Assessment): string {
  return held === undefined ? '' : section('Documentation of the schema', `<p>${escape(held.files.join(', '))}: ${count(held.tables)} tables with ${count(held.columns)} columns. ${count(held.found)} of these columns were found, ${count(held.agreeing)} are as it says; each difference is among the findings.</p>`)
}

function samples({ restsOnSample }: Assessment): string {
  return restsOnSample.length === 0 ? '' : section('What rests on a sample', `<ul>${restsOnSample.map((line) => `<li>${escape(line)}</li>`).join('')}</ul>`)
}

function findings({ findings: list }: Assessment): string {
  if (list.length === 0) return section('Findings', '<p class="soft">Nothing stands in the way.</p>')
  const one = (finding: AssessedFinding): string => {
    const examples = finding.examples.length === 0 ? '' : `<details><summary>${finding.examples.length < finding.records ? `${finding.examples.length} of ${count(finding.records)} records` : 'The records'}</summary>${table(['Key', 'Value'], finding.examples.map((example) => row([cell(example.key ?? ''), `<td><code>${escape(example.value ?? '')}</code></td>`])))}</details>`
    return `<div class="finding"><h3><span class="effect ${finding.effect}">${finding.effect}</span>${escape(finding.title)} <span class="soft">${escape(finding.entity)}${finding.columns.length === 0 ? '' : `, ${escape(finding.columns.join(', '))}`}: ${count(finding.records)} records, ${share(finding.share)}</span></h3>
<p>${escape(finding.message)}</p><p><b>${escape(finding.remedy.kind)} ${escape(finding.remedy.name)}</b>: ${escape(finding.remedy.text)}.</p>${finding.remedy.yaml === null ? '' : `<pre>${escape(finding.remedy.yaml)}</pre>`}${examples}</div>`
  }
  const rest = list.slice(FINDINGS_OPEN)
  return section('Findings, the costliest first', `<p class="soft">refused: the site would refuse the record; changed: it would arrive altered or beside the point; look: somebody should decide; read: whole, once the mapping says how it is written.</p>${list.slice(0, FINDINGS_OPEN).map(one).join('')}${rest.length === 0 ? '' : `<details><summary>${count(rest.length)} more</summary>${rest.map(one).join('')}</details>`}`)
}

function relations({ relations: list }: Assessment): string {
  if (list.length === 0) return '<p class="soft">No relations were found.</p>'
  const rows = list.map((relation) => row([cell(`${relation.from.entity}: ${relation.from.columns.join(', ')}`), cell(`${relation.to.entity}: ${relation.to.columns.join(', ')}`), cell(relation.declared ? 'declared' : 'inferred'), cell(relation.score.toFixed(2), 'n'), number(relation.records),
    `<td class="n${relation.orphans > 0 ? ' bad' : ' zero'}">${count(relation.orphans)}</td>`, cell(relation.cardinality), cell(relation.why.join('; '), 'soft')]))
  const all = table(['From', 'To', '', '#Score', '#Records', '#Orphans', 'Cardinality', 'Why'], rows)
  return list.length > 40 ? `<details><summary>All ${count(list.length)} relations</summary>${all}</details>` : all
}

function spark(entity: AssessedEntity): string {
  const points = entity.growth?.points.slice(-40) ?? []
  if (points.length === 0) return ''
  const most = Math.max(...points.map((point) => point.records)), width = 120 / points.length
  return `<svg class="spark" viewBox="0 0 120 22" role="img" aria-label="Records by ${entity.growth!.unit}">${points.map((point, i) => { const height = Math.max(1, (point.records / most) * 20); return `<rect x="${(i * width).toFixed(1)}" y="${(22 - height).toFixed(1)}" width="${Math.max(0.8, width - 1).toFixed(1)}" height="${height.toFixed(1)}"><title>${escape(point.period)}: ${count(point.records)}</title></rect>` }).join('')}</svg>`
}

function entities({ entities: list }: Assessment): string {
  const rows = [...list].sort((a, b) => b.records - a.records).map((entity) => row([
    `<td><a href="#${escape(entity.id)}">${escape(entity.id)}</a></td>`, number(entity.records), `<td>${spark(entity)}${entity.growth === null ? '' : `<span class="soft">${escape(entity.growth.points[0]!.period)} to ${escape(entity.growth.points.at(-1)!.period)}, ${escape(entity.growth.column)}</span>`}</td>`, number(entity.columns.length),
    cell(entity.key === null ? 'none' : `${entity.key.columns.join(', ')}${entity.key.declared ? '' : ' (inferred)'}`), cell(entity.phase), cell(entity.phaseWhy, 'soft'),
    cell([entity.duplicates.exact > 0 ? `${count(entity.duplicates.exact)} the same` : '', entity.duplicates.near > 0 ? `${count(entity.duplicates.near)} nearly` : '', entity.duplicates.whole > 0 ? `${count(entity.duplicates.whole)} whole` : ''].filter((text) => text !== '').join(', ')),
  ]))
  return section('Entities', table(['Entity', '#Records', 'Growth', '#Columns', 'Key', 'Phase', 'because', 'Duplicates'], rows))
}

function personal({ entities: list }: Assessment): string {
  const rows = list.flatMap((entity) => entity.columns.filter((column) => column.personal !== null).map((column) => row([cell(entity.id), cell(column.name), cell(column.personal ?? ''), number(column.values - column.blanks)])))
  return rows.length === 0 ? '' : section('Personal data', table(['Entity', 'Column', 'What', '#Values'], rows))
}

function lanes({ lanes: list }: Assessment): string {
  const most = Math.max(...list.map((lane) => Math.log10(lane.seconds + 1)), 1)
  const rows = list.map((lane) => row([cell(lane.lane), `<td><span class="bar" style="width:${Math.max(2, (Math.log10(lane.seconds + 1) / most) * 130).toFixed(0)}px"></span>${duration(lane.seconds)}</td>`,
    ...(['master', 'transactional', 'historical'] as const).map((phase) => cell(lane.byPhase[phase].documents === 0 ? '' : `${count(lane.byPhase[phase].documents)} at ${count(lane.byPhase[phase].rate)}/s: ${duration(lane.byPhase[phase].seconds)}`, 'soft')), cell(lane.basis, 'soft')]))
  return section('Time each way in would need', `<p class="soft">One document for each record that is no row of another's. Rates were measured elsewhere; a pilot measures your own. Bars are logarithmic.</p>${table(['Lane', 'All', 'Master', 'Transactional', 'Historical', 'Rates from'], rows)}`)
}

function details({ entities: list }: Assessment): string {
  return section('Columns', list.map((entity) => `<details id="${escape(entity.id)}"><summary><b>${escape(entity.id)}</b> <span class="soft">${count(entity.records)} records, ${entity.columns.length} columns${entity.sample === null ? '' : ', by a sample'}</span></summary>
${entity.about === undefined ? '' : `<p>${escape(entity.about)}</p>`}${entity.notes.length === 0 ? '' : `<ul class="soft">${entity.notes.map((note) => `<li>${escape(note)}</li>`).join('')}</ul>`}<div class="columns">${table(['Column', 'Declared', 'Is', '#Empty', '#Different', 'From', 'To', '#Longest', 'Frequent', 'Patterns', '#Odd'], entity.columns.map((column) => columnRow(entity, column)))}</div></details>`).join(''))
}

function columnRow(entity: AssessedEntity, column: AssessedColumn): string {
  const is = `${column.type}${column.format === column.type ? '' : `, ${column.format}`}${column.unique ? ', unique' : ''}${column.personal === null ? '' : `, personal: ${column.personal}`}`
  const short = (text: string | null): string => (text === null ? '' : text.length > 40 ? `${text.slice(0, 39)}…` : text)
  const odd = column.misfits
  return row([`<td>${escape(column.name)}${column.about === undefined ? '' : `<br><span class="soft">${escape(column.about)}</span>`}</td>`, cell(column.declared || 'not declared', 'soft'), cell(is), number(entity.records - column.values + column.blanks), cell(`${column.distinctExact ? '' : '~'}${count(column.distinct)}`, 'n'), cell(short(column.min)), cell(short(column.max)), number(column.maxLength),
    cell(column.unique ? '' : column.frequent.slice(0, 4).map((one) => `${short(one.value)} (${count(one.records)})`).join(', '), 'soft'), cell(column.patterns.slice(0, 3).map((one) => short(one.pattern)).join(' · '), 'soft'), number(odd)])
}

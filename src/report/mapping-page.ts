import type { DocumentedDocument, DocumentedEntity, DocumentedField, DocumentedRows, MappingDocument } from '../model/mapping-document.ts'
import { cell, escape, row, section, table } from './html.ts'
import { STYLE } from './style.ts'

const OWN_STYLE = `
a{color:var(--accent)}h3{font-size:17px;margin:22px 0 4px}h4{margin:16px 0 4px;font-size:14px;color:var(--soft)}
td{overflow-wrap:anywhere;font-size:13px}td:nth-child(1){width:20%}td:nth-child(2){width:24%}td:nth-child(3){width:30%}
.example{display:block;white-space:pre-wrap}.example i{color:var(--soft);font-style:normal}.open{color:var(--bad)}
ul{margin:4px 0;padding-left:20px}
`
const SHOWN_VALUES = 12

/** One self-contained page for the people who know the old system. */
export function renderMappingDocument(document: MappingDocument): string {
  const contents = table(['Old', 'becomes', '#Records'], document.entities.map((entity) => row([`<td><a href="#${escape(entity.entity)}">${escape(entity.entity)}</a></td>`, cell(becomes(entity)), cell(entity.records === null ? '' : entity.records.toLocaleString('en-US'), 'n')])))
  const missing = document.missing.length === 0 ? '' : section('Mandatory fields no mapping gives', `<p class="soft">ERPNext may fill them from elsewhere, a field of the item for instance; pre-flight tells which documents it would refuse.</p><ul>${document.missing.map((field) => `<li>${escape(`${field.doctype}: ${field.label} (${field.field}), from ${field.entity}`)}</li>`).join('')}</ul>`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(document.project)}: mapping</title><style>${STYLE}${OWN_STYLE}</style></head>
<body><main><header><h1>${escape(document.project)}: from the old system to ERPNext</h1><p>${escape(`Made ${document.madeAt.slice(0, 16).replace('T', ' ')}. ${examplesWords(document)}`)}</p></header>
${section('Contents', contents)}${missing}
${document.entities.map(entitySection).join('\n')}
<footer>Made by Landfall ${escape(document.landfall)}. The same stands in mapping.md and mapping.json.</footer></main></body></html>
`
}

const examplesWords = (document: MappingDocument): string => document.examplesFrom === null ? 'There are no examples, because no run or pre-flight came so far.' : `Examples are from ${document.examplesFrom}.`

function becomes(entity: DocumentedEntity): string {
  const parts = [...new Set(entity.documents.map((document) => document.doctype)), ...entity.partOf.map((parent) => `rows of ${parent}`)]
  return parts.length > 0 ? parts.join(', ') : entity.ignored[0]?.column === '*' ? `nothing: ${entity.ignored[0].reason}` : 'is looked up only'
}

function entitySection(entity: DocumentedEntity): string {
  const list = (rules: string[]): string => (rules.length === 0 ? '' : `<ul>${rules.map((rule) => `<li>${escape(rule)}</li>`).join('')}</ul>`)
  const documents = entity.documents.map((document) => documentPart(document, list)).join('')
  const ignored = entity.ignored.length === 0 ? '' : `<h4>Left behind on purpose</h4>${list(entity.ignored.map(({ column, reason }) => `${column === '*' ? 'the whole entity' : column}: ${reason}`))}`
  const open = entity.open.length === 0 ? '' : `<h4 class="open">Not decided yet</h4><p class="open">${escape(entity.open.join(', '))}</p>`
  const rows = entity.partOf.length === 0 ? '' : `<p>Its records become rows of ${escape(entity.partOf.join(', '))}.</p>`
  return `<section id="${escape(entity.entity)}"><h2>${escape(entity.entity)}</h2><p class="soft">${escape(`${entity.source}: ${entity.table}${entity.file === null ? '' : ` (${entity.file})`}`)}</p>${rows}${list(entity.rules)}${documents}${ignored}${open}</section>`
}

function documentPart(document: DocumentedDocument, list: (rules: string[]) => string): string {
  const rows = document.rows.map((one: DocumentedRows) => `<h4>${escape(`${one.label} (${one.field}, ${one.doctype})`)}${one.from === null ? '' : ` from ${escape(one.from)}`}</h4>${list(one.rules)}${fieldTable(one.fields)}`).join('')
  return `<h3>${escape(document.doctype)}</h3>${list(document.rules)}${fieldTable(document.fields)}${rows}`
}

function fieldTable(fields: DocumentedField[]): string {
  const values = (field: DocumentedField): string => (field.values.length === 0 ? '' : `<details><summary>${field.values.length} values</summary>${field.values.slice(0, 500).map((value) => `<span class="example">${escape(value.old)} <i>→</i> ${escape(value.new ?? '(nothing)')}</span>`).join('')}</details>`)
  const examples = (field: DocumentedField): string => field.examples.map((example) => `<span class="example">${example.old === null || field.old.length === 0 ? '' : `${escape(example.old)} <i>→</i> `}${example.new === null ? '<i>(nothing)</i>' : escape(short(example.new))}</span>`).join('')
  return table(['Old place', 'New place', 'Rule', 'Examples'], fields.map((field) => row([cell(field.old.join(', ') || '-'), `<td>${escape(field.label)}<br><code>${escape(field.field)}</code> <span class="soft">${escape(field.fieldtype)}</span></td>`,
    `<td>${field.rules.length === 0 ? '<span class="soft">as it is</span>' : field.rules.map(escape).join('<br>')}${values(field)}</td>`, `<td>${examples(field)}</td>`])))
}

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text)

/** The same as Markdown, to be kept beside the mappings and read in a pull request. */
export function mappingMarkdown(document: MappingDocument): string {
  const out: string[] = [`# ${document.project}: from the old system to ERPNext`, '', examplesWords(document), '']
  for (const entity of document.entities) {
    out.push(`## ${entity.entity}`, '', `${entity.source}: ${entity.table}. Becomes ${becomes(entity)}.`, '')
    bullets(out, entity.rules)
    for (const one of entity.documents) {
      out.push(`### ${one.doctype}`, '')
      bullets(out, one.rules)
      markdownTable(out, one.fields)
      for (const rows of one.rows) {
        out.push(`#### ${rows.label} (\`${rows.field}\`)${rows.from === null ? '' : ` from ${rows.from}`}`, '')
        bullets(out, rows.rules)
        markdownTable(out, rows.fields)
      }
    }
    if (entity.ignored.length > 0) { out.push('Left behind on purpose:', ''); bullets(out, entity.ignored.map(({ column, reason }) => `${column === '*' ? 'the whole entity' : column}: ${reason}`)) }
    if (entity.open.length > 0) out.push(`**Not decided yet:** ${entity.open.join(', ')}`, '')
  }
  return `${out.join('\n').trimEnd()}\n`
}

function bullets(out: string[], rules: string[]): void {
  if (rules.length > 0) out.push(...rules.map((rule) => `* ${rule}`), '')
}

function markdownTable(out: string[], fields: DocumentedField[]): void {
  const safe = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;')
  const values = (field: DocumentedField): string => field.values.length === 0 ? '' : ` (${field.values.slice(0, SHOWN_VALUES).map((value) => `${value.old} → ${value.new ?? 'nothing'}`).join(', ')}${field.values.length > SHOWN_VALUES ? `, and ${field.values.length - SHOWN_VALUES} more` : ''})`
  out.push('| old place | new place | rule | example |', '|---|---|---|---|')
  for (const field of fields) {
    const example = field.examples[0]
    out.push(`| ${safe(field.old.join(', ') || '-')} | ${safe(field.label)} \`${field.field}\` | ${safe(field.rules.join('; ') || 'as it is')}${safe(values(field))} | ${example === undefined ? '' : safe(`${example.old === null || field.old.length === 0 ? '' : `${example.old} → `}${short(example.new ?? 'nothing')}`)} |`)
  }
  out.push('')
}

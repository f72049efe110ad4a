import type { ProjectConfig } from '../../config/schema.ts'
import { seededRandom } from '../../model/clock.ts'
import type { Plan } from '../../model/plan.ts'
import { planOrder } from '../../model/plan.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import type { Target } from '../../targets/target.ts'
import type { DocumentTrace } from '../trace/trace.ts'

/** A value a person compares: what the legacy system says, what the site must show. `legacy`: column and value as they stood there. */
export interface Expectation { field: string; label: string; expected: string; legacy: string }

/** Something a user does on the site, with what must be seen. Ids are stable while the sample is. */
export interface AcceptanceScript {
  id: string; kind: 'find' | 'open' | 'pay' | 'print'; title: string; doctype: string; name: string; legacyKey: string
  steps: string[]; expected: Expectation[]
}

export interface ScriptOptions {
  staging: Staging; site: Site; target: Target; plan: Plan; totals: ProjectConfig['proof']['totals']
  trace: (doctype: string, name: string) => Promise<DocumentTrace>
  /** Documents of each DocType, and the seed that picks them. */
  each: number; seed: number
}

/** Test scripts for users, made from what was loaded: some documents of every DocType to find, submitted ones to open and print, open invoices to pay. */
export async function makeScripts(options: ScriptOptions): Promise<AcceptanceScript[]> {
  const { site, plan } = options, scripts: AcceptanceScript[] = []
  for (const doctype of planOrder(plan)) {
    const meta = site.doctype(doctype)
    if (meta === undefined || meta.istable || meta.issingle) continue
    for (const name of await sample(options, doctype, 'TRUE', options.each)) {
      const trace = await options.trace(doctype, name), expected = await expectations(options, trace)
      const kind = meta.is_submittable ? 'open' : 'find'
      scripts.push(script(kind, trace, kind === 'find'
        ? [`Open the list of ${doctype}.`, `Search for "${searchText(trace)}" and open ${doctype} ${name}.`, 'Compare the fields below.'] : [`Open ${doctype} ${name}.`, 'Compare the fields below.', 'Open "Connections": what belongs to it must be there.'], expected))
      if (meta.is_submittable && trace.docstatus === 1) scripts.push(script('print', trace, [`Open ${doctype} ${name}.`, 'Print it, or save it as PDF.', 'The print shows name, party and total as below.'], expected.slice(0, 4)))
    }
    if (doctype === 'Sales Invoice' || doctype === 'Purchase Invoice') scripts.push(...await payments(options, doctype))
  }
  return scripts
}

function script(kind: AcceptanceScript['kind'], trace: DocumentTrace, steps: string[], expected: Expectation[]): AcceptanceScript {
  const verb = { find: 'Find', open: 'Open', pay: 'Pay', print: 'Print' }[kind]
  return { id: `${kind}:${trace.doctype}:${trace.name}`, kind, title: `${verb} ${trace.doctype} ${trace.name}`, doctype: trace.doctype, name: trace.name, legacyKey: trace.record === null ? trace.key : `${trace.record.entity} ${trace.key}`, steps, expected }
}

async function payments(options: ScriptOptions, doctype: string): Promise<AcceptanceScript[]> {
  const scripts: AcceptanceScript[] = []
  for (const name of await sample(options, doctype, `s.docstatus = 1 AND s.outstanding_amount > 0 AND coalesce(s.is_return, 0) = 0`, Math.max(1, Math.floor(options.each / 2)))) {
    const row = await options.staging.one<{ outstanding: string; currency: string }>(`SELECT CAST(outstanding_amount AS VARCHAR) AS outstanding, currency FROM ${options.target.tables}.${ident(`tab${doctype}`)} WHERE name = ${literal(name)}`)
    const trace = await options.trace(doctype, name), open = `${plain(row?.outstanding ?? '')} ${row?.currency ?? ''}`
    scripts.push(script('pay', trace, [`Open ${doctype} ${name}: ${open} are outstanding.`, 'Create > Payment, with today\'s date and a reference; submit it.', 'The invoice is Paid and nothing is outstanding.', 'Cancel the payment again: the outstanding amount is as before.'],
      [{ field: 'outstanding_amount', label: 'Outstanding, before', expected: plain(row?.outstanding ?? ''), legacy: 'from the open items' }, { field: 'status', label: 'Status, after', expected: 'Paid', legacy: '' }]))
  }
  return scripts
}

/** Names of loaded documents, picked by the seed. */
async function sample({ staging, target, seed }: ScriptOptions, doctype: string, condition: string, count: number): Promise<string[]> {
  const names = (await staging.all<{ name: string }>(`SELECT s.name FROM ${target.tables}.${ident(`tab${doctype}`)} s WHERE ${condition} AND EXISTS (SELECT 1 FROM ${target.documents} l WHERE l.doctype = ${literal(doctype)} AND l.name = s.name AND l.outcome = 'loaded' AND l.entity IS NOT NULL AND NOT starts_with(l."key", '~')) ORDER BY s.name`)).map((row) => row.name)
  const random = seededRandom(seed + doctype.length)
  const chosen = new Set<string>()
  while (chosen.size < Math.min(count, names.length)) chosen.add(names[Math.floor(random() * names.length)]!)
  return [...chosen]
}

const MOST_FIELDS = 12

/** Fields a person can compare: mapped from the legacy record, and the totals the project names. */
async function expectations(options: ScriptOptions, trace: DocumentTrace): Promise<Expectation[]> {
  const meta = options.site.doctype(trace.doctype)!, { staging } = options
  const fields = trace.fields.filter((one) => one.mapped !== null && one.mapped !== '' && Object.keys(one.legacy).length > 0).slice(0, MOST_FIELDS).map((one) => ({
    field: one.field, label: meta.field(one.field)?.label ?? one.field, expected: plain(one.mapped!), legacy: Object.entries(one.legacy).map(([column, value]) => `${column}: ${String(value)}`).join(', '),
  }))
  for (const total of options.totals.filter((one) => one.doctype === trace.doctype && one.entity === trace.record?.entity)) {
    if (fields.some((one) => one.field === total.field)) continue
    const row = await staging.one<{ value: string | null }>(`SELECT CAST(c.${ident(total.sum)} AS VARCHAR) AS value FROM clean.${ident(total.entity)} c JOIN ${options.target.documents} l ON l.entity = ${literal(total.entity)} AND l."key" = c._key WHERE l.doctype = ${literal(trace.doctype)} AND l.name = ${literal(trace.name)} AND l.outcome = 'loaded' LIMIT 1`)
    if (row?.value != null) fields.unshift({ field: total.field, label: meta.field(total.field)?.label ?? total.field, expected: plain(row.value), legacy: `${total.sum}: ${row.value}` })
  }
  return fields
}

function searchText(trace: DocumentTrace): string {
  return trace.fields.find((one) => one.mapped !== null && one.mapped.length > 3 && !/^\d/.test(one.mapped))?.mapped ?? trace.name
}

/** Amounts to the cent, times without fractions of nothing: as people read them. */
export function plain(text: string): string {
  return /^-?\d+\.\d{3,}$/.test(text) ? text.replace(/0+$/, '').replace(/\.$/, '.00').replace(/\.(\d)$/, '.$10') : text.replace(/ 00:00:00(\.0+)?$/, '')
}

import { literal } from '../staging/staging.ts'
import { thrown, unsupported, SiteException, type ExceptionOptions, type ServerMessage } from './exception.ts'
import { PYTHON_EXCEPTIONS } from './exception-classes.ts'
import { STAGES } from '../posting/framework/rule.ts'
import { pythonRepr } from './python-text.ts'
import type { ServedSite } from './served-site.ts'
import { worded } from './wording.ts'

interface Found { type: string; cause: string; field: string | null; idx: number | null; message: string; value: string | null; stage: number; seq: number }

/** Stages in which code of the DocType's own controller runs. Findings of the submit pass have the same, a hundred higher. */
const CONTROLLER_STAGES: ReadonlySet<string> = new Set(['before_insert', 'before_validate', 'validate', 'before_save', 'named', 'after_insert', 'on_update', 'before_submit', 'on_submit', 'on_change'])

/** The exception the site raises for a document the posting engine refused: what the first blocking finding says, in the site's own words and with the messages that go with it. */
export async function refusal(served: ServedSite, doctype: string, ordinal: number, error: { type: string; message: string }, name: string | null): Promise<SiteException> {
  if (error.type === 'Unsupported') return unsupported(error.message)
  const found = await served.staging.all<Found>(
    `SELECT type, cause, field, idx, message, "value" AS value, stage, seq FROM ops.findings WHERE doctype = ${literal(doctype)} AND id = ${ordinal} AND severity = 'blocking' ORDER BY stage, seq`)
  const first = found.find((finding) => finding.type === error.type && finding.message === error.message)
  // A document another one inserts on its way is inserted by that one's controller.
  const nested = first !== undefined && first.cause.split('|')[1] !== doctype
  const app = first !== undefined && (nested || inController(served, doctype, first)) ? appOf(served, doctype) : null
  if (error.type === 'MandatoryError') return mandatory(doctype, found, name ?? '')
  if (error.type === 'LinkValidationError' && first !== undefined && STAGES[first.stage] === 'framework_links') return thrown(error.type, allLinks(served, doctype, found, error.message))
  if (error.type === 'DuplicateEntryError') return duplicate(doctype, first?.value ?? name ?? '')
  if (error.type === 'UniqueValidationError') return notUnique(served, doctype, name ?? '', first, error.message)
  if (doctype === 'Stock Reconciliation' && error.type === 'ValidationError' && ROW.test(error.message)) return ofRows(found, app)
  const { message: plain, ...wording } = worded(doctype, error, name ?? '', first?.idx ?? null), message = withTable(served, doctype, first?.field ?? null, plain)
  // Nobody tells the user of an exception that was not thrown on purpose.
  if (PYTHON_EXCEPTIONS.has(error.type) || /^\(\d{4}, /.test(error.message)) return new SiteException(error.type, message, { app, messages: [] })
  return thrown(error.type, message, { app, ...wording })
}

const ROW = /^Row # \d+: /

/** What is wrong with rows of a reconciliation is shown one by one and raised as one list. */
function ofRows(found: Found[], app: string | null): SiteException {
  const messages = found.filter((finding) => finding.type === 'ValidationError' && ROW.test(finding.message) && finding.stage % 100 === found[0]!.stage % 100).map(({ message }) => message)
  return new SiteException('ValidationError', `[${messages.map(pythonRepr).join(', ')}]`, { app, messages: messages.map((message) => ({ message, title: 'Message' })) })
}

const LOST = 'Could not find '

/** All links that lead nowhere are told at once: the document's own, then those of its rows, row by row. */
function allLinks(served: ServedSite, doctype: string, found: Found[], message: string): string {
  if (!message.startsWith(LOST)) return message
  const tables = served.site.doctype(doctype)!.tableFields().map((field) => field.fieldname)
  const place = ({ field }: Found) => (field?.includes('.') ? tables.indexOf(field.split('.')[0]!) : -1)
  const links = found.filter((finding) => finding.type === 'LinkValidationError' && STAGES[finding.stage] === 'framework_links' && finding.message.startsWith(LOST))
  links.sort((a, b) => place(a) - place(b) || (a.idx ?? 0) - (b.idx ?? 0) || a.seq - b.seq)
  return LOST + links.map((finding) => finding.message.slice(LOST.length)).join(', ')
}

/** Was the finding met by code of the DocType's own class? */
function inController(served: ServedSite, doctype: string, finding: Found): boolean {
  const stage = STAGES[finding.stage % 100] ?? '', controller = served.site.doctype(doctype)!.controller ?? []
  // A name the controller cannot make breaks it; what it makes is looked at by Frappe.
  if (stage === 'autoname') return PYTHON_EXCEPTIONS.has(finding.type) && controller.includes('autoname')
  if (stage === 'on_update' || stage === 'after_insert') return controller.includes(stage)
  return CONTROLLER_STAGES.has(stage)
}

/** The database names the column of a wrong date with its table and itself. */
function withTable(served: ServedSite, doctype: string, field: string | null, message: string): string {
  const table = field?.includes('.') ? served.site.doctype(doctype)?.field(field.split('.')[0]!)?.options ?? doctype : doctype
  return message.replace(/(?<=^\((?:1292|1366), .*) for column '(\w+)' at row/s, (_, column: string) => ` for column \`${DATABASE}\`.\`tab${table}\`.\`${column}\` at row`)
}

/** Name of the site's database, of the form Frappe gives it. */
const DATABASE = '_0123456789abcdef'

/** All that is missing is told at once, then one exception is raised. */
function mandatory(doctype: string, found: Found[], name: string): SiteException {
  const missing = found.filter((finding) => finding.type === 'MandatoryError')
  const messages: ServerMessage[] = missing.map(({ message }) => ({ message: rowMarkup(message), title: 'Message' }))
  return new SiteException('MandatoryError', `[${doctype}, ${name}]: ${missing.map(({ field }) => field?.split('.').at(-1) ?? '').join(', ')}`, { messages })
}

/** `Error: Sales Order Item Row #1: Value missing for: Item Code` names the DocType in bold. */
function rowMarkup(message: string): string {
  return message.replace(/^Error: (.+) (Row #\d+: Value missing for: .*)$/s, 'Error: <strong>$1</strong> $2')
}

function driverError(value: string, key: string): string {
  return `IntegrityError(1062, ${pythonRepr(`Duplicate entry '${value}' for key '${key}'`)})`
}

function duplicate(doctype: string, name: string): SiteException {
  const options: ExceptionOptions = { messages: [{ message: `${doctype} <strong>${name}</strong> already exists`, title: 'Duplicate Name', indicator: 'red' }], during: 'insert' }
  return new SiteException('DuplicateEntryError', `(${pythonRepr(doctype)}, ${pythonRepr(name)}, ${driverError(name, 'PRIMARY')})`, options)
}

function notUnique(served: ServedSite, doctype: string, name: string, finding: Found | undefined, message: string): SiteException {
  const [field, table] = (finding?.field ?? '').split('.').reverse() as [string, string?]
  const owner = table === undefined ? doctype : served.site.doctype(doctype)?.field(table)?.options ?? doctype, row = table === undefined ? name : `zu${String(served.nextOrdinal()).padStart(8, '0')}`
  return new SiteException('UniqueValidationError', `(${pythonRepr(owner)}, ${pythonRepr(row)}, ${driverError(finding?.value ?? '', field)})`, { messages: [{ message, title: 'Message' }], during: 'insert' })
}

/** App of a DocType's module beside Frappe itself, or null. */
function appOf(served: ServedSite, doctype: string): string | null {
  const module = served.site.doctype(doctype)?.module ?? ''
  // ERPNext puts a class of its own in the place of Frappe's.
  if (doctype === 'Address') return 'erpnext'
  const recorded = served.site.records('Module Def').find((record) => record['name'] === module)?.['app_name']
  const app = recorded ?? (FRAPPE_MODULES.has(module) ? 'frappe' : 'erpnext')
  return app === 'frappe' ? null : String(app)
}

const FRAPPE_MODULES: ReadonlySet<string> = new Set(['Core', 'Contacts', 'Desk', 'Email', 'Custom', 'Integrations', 'Website', 'Workflow', 'Geo', 'Printing', 'Automation', 'Social', 'Data Migration', 'Event Streaming'])

import type { Loose } from './compact.ts'

/** Something on the site that acts on documents or on the outside world by itself while a migration runs. */
export interface Interference { kind: string; name: string; doctype: string | null; what: string; hint: string }

interface Kind {
  doctype: string
  /** Field naming the DocType it acts on. */
  target: string | null
  active(record: Loose): boolean
  what: string
  hint: string
  /** Setting without which none of them acts. */
  switch?: [single: string, field: string]
}

const on = (field: string) => (record: Loose): boolean => Number(record[field] ?? 0) !== 0
const off = (field: string) => (record: Loose): boolean => Number(record[field] ?? 0) === 0

const PREDICTION = 'Its documents go through the site\'s own controllers, or switch it off for the migration.'
const SENDING = 'Switch it off for the migration, or mute emails (`mute_emails` in site_config.json).'

/** DocTypes whose records can interfere; a snapshot has them all. */
export const INTERFERING: Kind[] = [
  { doctype: 'Server Script', target: 'reference_doctype', active: (r) => off('disabled')(r) && r['script_type'] === 'DocType Event', what: 'runs code of the site on documents', hint: PREDICTION },
  { doctype: 'Workflow', target: 'document_type', active: on('is_active'), what: 'sets the state of new documents', hint: PREDICTION },
  { doctype: 'Assignment Rule', target: 'document_type', active: off('disabled'), what: 'assigns new documents to users', hint: PREDICTION },
  { doctype: 'Document Naming Rule', target: 'document_type', active: off('disabled'), what: 'names new documents', hint: PREDICTION },
  { doctype: 'Milestone Tracker', target: 'document_type', active: off('disabled'), what: 'writes milestones of new documents', hint: PREDICTION },
  { doctype: 'Service Level Agreement', target: 'document_type', active: on('enabled'), what: 'gives new documents times of response', hint: PREDICTION, switch: ['Support Settings', 'track_service_level_agreement'] },
  { doctype: 'Energy Point Rule', target: 'reference_doctype', active: on('enabled'), what: 'gives users points for documents', hint: 'Switch off Energy Point Settings for the migration.', switch: ['Energy Point Settings', 'enabled'] },
  { doctype: 'Notification', target: 'document_type', active: on('enabled'), what: 'sends messages about documents', hint: SENDING },
  { doctype: 'Webhook', target: 'webhook_doctype', active: on('enabled'), what: 'calls another system for each document', hint: 'Switch it off for the migration.' },
  { doctype: 'Auto Email Report', target: null, active: on('enabled'), what: 'sends reports by email', hint: SENDING },
  { doctype: 'Auto Repeat', target: 'reference_doctype', active: off('disabled'), what: 'creates documents by schedule', hint: 'Stop the scheduler for the migration.' },
  { doctype: 'Email Account', target: null, active: (r) => on('enable_outgoing')(r) && on('default_outgoing')(r), what: 'sends the site\'s emails', hint: 'Mute emails (`mute_emails` in site_config.json) while migrating.' },
]

/** What on the site could interfere, in the order of the table above; a DocType whose records could not be read is not among them, but in `not_read`. */
export function interferenceOf(records: ReadonlyMap<string, readonly Loose[]>, singles: Record<string, Record<string, string>>, hooks: Record<string, string[]> | undefined): Interference[] {
  const found: Interference[] = []
  for (const kind of INTERFERING) {
    if (kind.switch !== undefined && Number(singles[kind.switch[0]]?.[kind.switch[1]] ?? 0) === 0) continue
    for (const record of records.get(kind.doctype) ?? []) {
      if (!kind.active(record)) continue
      const target = kind.target === null ? null : record[kind.target]
      found.push({ kind: kind.doctype, name: String(record['name']), doctype: target === undefined || target === null ? null : String(target), what: kind.what, hint: kind.hint })
    }
  }
  for (const [doctype, calls] of Object.entries(hooks ?? {})) {
    for (const call of calls) found.push({ kind: 'Hook', name: call, doctype, what: 'runs code of another app on documents', hint: PREDICTION })
  }
  return found
}

import type { Site, SiteRecord } from '../../site/site.ts'

/** A kind of record by which a site's owner changes what happens to documents of a DocType. */
interface Customization {
  doctype: string
  /** Field naming the DocType it is for. */
  target: string
  active(record: SiteRecord, site: Site): boolean
  reason: string
}

const off = (record: SiteRecord, field: string) => Number(record[field] ?? 0) === 0
const on = (record: SiteRecord, field: string) => !off(record, field)
const text = (record: SiteRecord, field: string) => String(record[field] ?? '')

/** Events of a Server Script an insert or submit meets. */
const SCRIPT_EVENTS = new Set(['Before Insert', 'Before Validate', 'Before Save', 'After Insert', 'After Save', 'Before Submit', 'After Submit'])

const CUSTOMIZATIONS: Customization[] = [
  { doctype: 'Document Naming Rule', target: 'document_type', active: (r) => off(r, 'disabled'), reason: 'names its documents' },
  { doctype: 'Workflow', target: 'document_type', active: (r) => on(r, 'is_active'), reason: 'sets the state of new documents' },
  { doctype: 'Assignment Rule', target: 'document_type', active: (r) => off(r, 'disabled'), reason: 'assigns new documents to users' },
  { doctype: 'Notification', target: 'document_type', active: (r) => on(r, 'enabled') && text(r, 'set_property_after_alert') !== '', reason: 'sets a field after it was sent' },
  { doctype: 'Milestone Tracker', target: 'document_type', active: (r) => off(r, 'disabled'), reason: 'writes milestones of new documents' },
  {
    doctype: 'Server Script', target: 'reference_doctype', reason: 'runs code of the site on new documents',
    active: (r) => off(r, 'disabled') && text(r, 'script_type') === 'DocType Event' && SCRIPT_EVENTS.has(text(r, 'doctype_event')),
  },
  {
    doctype: 'Service Level Agreement', target: 'document_type', reason: 'gives new documents times of response and resolution',
    active: (r, site) => on(r, 'enabled') && Number(site.single('Support Settings')['track_service_level_agreement'] ?? 0) !== 0,
  },
]

/**
 * Why documents of a DocType would come out of this site otherwise than ERPNext's own code has it: an enabled rule, workflow or script of the
 * site's, or another app's code. Null when there is none. Nothing of what they do is guessed.
 */
export function customized(site: Site, doctype: string): string | null {
  const hook = site.hooks(doctype)[0]
  if (hook !== undefined) return `Code of another app (${hook}) runs on its documents, which cannot be predicted`
  for (const kind of CUSTOMIZATIONS) {
    const record = site.doctype(kind.doctype) === undefined ? undefined : site.records(kind.doctype).find((r) => r[kind.target] === doctype && kind.active(r, site))
    if (record !== undefined) return `${kind.doctype} ${text(record, 'name')} of the site ${kind.reason}, which cannot be predicted`
  }
  return null
}

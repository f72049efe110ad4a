import type { Loose } from './compact.ts'
import { INTERFERING } from './interference.ts'

/** Modules of the framework: their DocTypes furnish the desk and keep logs; documents of a business refer to few of them, named below. */
const FRAMEWORK_MODULES = new Set(['Core', 'Website', 'Desk', 'Printing', 'Integrations', 'Email', 'Social', 'Automation', 'Workflow', 'Custom', 'Portal', 'Utilities', 'Telephony', 'Bulk Transaction'])

const FRAMEWORK_REFERENCES = new Set([
  'Custom Field', 'Property Setter', 'Language', 'Domain', 'DocShare', 'Success Action', 'User', 'User Permission', 'Role', 'Role Profile', 'Module Profile', 'User Group',
  'Dashboard Chart Source', 'Email Unsubscribe', 'Email Template', 'Letter Head', 'Print Format', 'Report', 'Workflow State', 'Workflow Action Master', ...INTERFERING.map((kind) => kind.doctype),
])

/** Written by documents or by background work, never referred to as master data. Posting reads what it needs of them from the site itself. */
const WRITTEN_BY_OTHERS = new Set([
  'GL Entry', 'Payment Ledger Entry', 'Stock Ledger Entry', 'Advance Payment Ledger Entry', 'Account Closing Balance', 'Loyalty Point Entry', 'Asset Activity', 'Ledger Health', 'Bisect Nodes',
  'Bulk Transaction Log Detail', 'Process Payment Reconciliation Log', 'SMS Log', 'Call Log', 'Milestone', 'Repost Item Valuation', 'Bank Statement Import', 'Import Supplier Invoice',
])

/**
 * Columns kept of DocTypes that hold secrets, code or more than a link needs; null: all. What is not kept never reaches the folder, and over REST and SQL is not
 * even asked for.
 */
const KEPT_COLUMNS: Record<string, readonly string[]> = {
  User: ['enabled', 'email', 'username', 'user_type', 'first_name', 'middle_name', 'last_name', 'full_name', 'language', 'time_zone', 'role_profile_name', 'module_profile'],
  Role: ['role_name', 'disabled', 'desk_access', 'is_custom'], 'Role Profile': [], 'Module Profile': [], 'Print Format': ['doc_type', 'disabled'], Report: ['ref_doctype', 'report_type', 'disabled'],
  'Email Template': ['subject'], 'Letter Head': ['is_default', 'disabled'],
  'Email Account': ['email_id', 'enable_outgoing', 'default_outgoing', 'enable_incoming', 'default_incoming'],
  Webhook: ['webhook_doctype', 'webhook_docevent', 'enabled'], 'Auto Email Report': ['report', 'enabled', 'frequency'],
}

export function keptColumns(doctype: string): readonly string[] | null {
  return KEPT_COLUMNS[doctype] ?? null
}

/** Child rows of these tell nothing a link needs, or who may do what. */
export const WITHOUT_CHILDREN: ReadonlySet<string> = new Set(Object.keys(KEPT_COLUMNS))

/** Singles of the desk and the web site have rows of menus and shortcuts, which no document refers to. */
const MODULES_OF_FURNITURE = new Set(['Core', 'Website', 'Portal'])

/** Singles whose child rows a snapshot holds. */
export function singlesWithRows(rows: readonly Loose[]): string[] {
  return rows.filter((row) => flag(row, 'issingle') && !flag(row, 'is_virtual') && !MODULES_OF_FURNITURE.has(String(row['module']))).map((row) => String(row['name'])).sort()
}

const flag = (row: Loose, key: string): boolean => Number(row[key] ?? 0) !== 0

/**
 * DocTypes whose records a snapshot holds: what documents refer to, and what changes how they are written. Documents themselves (submittable ones, ledgers) are
 * not among them unless asked for in `more`. `rows` are the DocType rows of the site.
 */
export function referenceDoctypes(rows: readonly Loose[], more: readonly string[] = []): string[] {
  const asked = new Set(more)
  return rows.filter((row) => !flag(row, 'istable') && !flag(row, 'issingle') && !flag(row, 'is_virtual')).filter((row) => {
    const name = String(row['name'])
    if (asked.has(name)) return true
    if (FRAMEWORK_MODULES.has(String(row['module']))) return FRAMEWORK_REFERENCES.has(name)
    return !flag(row, 'is_submittable') && !WRITTEN_BY_OTHERS.has(name)
  }).map((row) => String(row['name'])).sort()
}

/** Documents a snapshot counts but does not hold: submittable DocTypes. */
export function documentDoctypes(rows: readonly Loose[], held: readonly string[]): string[] {
  const known = new Set(held)
  return rows.filter((row) => flag(row, 'is_submittable') && !flag(row, 'istable') && !flag(row, 'is_virtual') && !known.has(String(row['name']))).map((row) => String(row['name'])).sort()
}

import type { Site, SiteRecord } from './site.ts'

/**
 * Records every Frappe site has, which a recording leaves out because the framework makes them itself: its DocTypes and modules (from
 * the catalog), the two users no site is without, and contacts whose rows were recorded without them. Given only for a DocType of which the
 * site's recording holds no record at all.
 */
export function impliedRecords(site: Site, doctype: string): SiteRecord[] {
  if (doctype === 'DocType') return site.doctypes().map((meta) => ({
    name: meta.name, module: meta.module, issingle: Number(meta.issingle), istable: Number(meta.istable), is_submittable: Number(meta.is_submittable),
    is_tree: Number(meta.is_tree), docstatus: 0, idx: 0,
  }))
  if (doctype === 'Module Def') {
    return [...new Set(site.doctypes().map((meta) => meta.module))].sort().map((name) => ({ name, module_name: name, docstatus: 0, idx: 0 }))
  }
  if (doctype === 'User') return usersOf(site)
  if (doctype === 'Contact') return contactsOf(site)
  if (doctype === 'Role') return ROLES.map((name) => ({ name, role_name: name, disabled: 0, docstatus: 0, idx: 0 }))
  return []
}

/** Roles Frappe and ERPNext bring with them. */
const ROLES = [
  'Accounts Manager', 'Accounts User', 'Administrator', 'Agriculture Manager', 'Agriculture User', 'All', 'Analytics', 'Auditor', 'Blogger', 'Customer', 'Dashboard Manager', 'Delivery Manager',
  'Delivery User', 'Desk User', 'Employee', 'Employee Self Service', 'Fleet Manager', 'Fulfillment User', 'Guest', 'HR Manager', 'HR User', 'Inbox User', 'Item Manager', 'Knowledge Base Contributor',
  'Knowledge Base Editor', 'Maintenance Manager', 'Maintenance User', 'Manufacturing Manager', 'Manufacturing User', 'Newsletter Manager', 'Prepared Report User', 'Projects Manager', 'Projects User',
  'Purchase Manager', 'Purchase Master Manager', 'Purchase User', 'Quality Manager', 'Report Manager', 'Sales Manager', 'Sales Master Manager', 'Sales User', 'Script Manager', 'Stock Manager',
  'Stock User', 'Supplier', 'Support Team', 'System Manager', 'Translator', 'Website Manager', 'Workspace Manager',
]

/** Contacts by their recorded child rows: the name, and the address that is primary. */
function contactsOf(site: Site): SiteRecord[] {
  const contacts = new Map<string, SiteRecord>()
  for (const row of site.records('Contact Email')) {
    const name = String(row['parent']), known = contacts.get(name)
    if (known === undefined || row['is_primary'] === 1) contacts.set(name, { name, full_name: name, email_id: row['email_id'] ?? null, phone: '', mobile_no: '', docstatus: 0, idx: 0 })
  }
  return [...contacts.values()]
}

/** The two users no site is without, and those recorded rows belong to. */
function usersOf(site: Site): SiteRecord[] {
  const users: SiteRecord[] = [
    { name: 'Administrator', email: 'admin@example.com', enabled: 1, user_type: 'System User', full_name: 'Administrator', first_name: 'Administrator',
      docstatus: 0, idx: 0 },
    { name: 'Guest', email: 'guest@example.com', enabled: 1, user_type: 'Website User', full_name: 'Guest', first_name: 'Guest', docstatus: 0, idx: 0 },
  ]
  const named = site.records('User Social Login').filter((row) => row['parenttype'] === 'User').map((row) => String(row['parent']))
  // The site makes every user a contact called by the user's full name.
  const names = new Map(contactsOf(site).map((contact) => [contact['email_id'], String(contact['name'])]))
  for (const name of new Set(named)) {
    const full = names.get(name) ?? name
    users.push({ name, email: name, enabled: 1, user_type: 'System User', full_name: full, first_name: full.split(' ')[0]!, docstatus: 0, idx: 0 })
  }
  return users
}

import type { Method } from './client-methods.ts'
import { runNamingMethod } from './naming-settings.ts'
import { uploadFile } from './uploads.ts'
import type { ServedSite } from './served-site.ts'

/** As the recorded site names its apps; others are named by their id. */
const TITLES: Record<string, { title: string; description: string }> = {
  frappe: { title: 'Nexelya Platform', description: 'Full stack web framework with Python, Javascript, MariaDB, Redis, Node' },
  erpnext: { title: 'Nexelya ERP', description: 'ERP made simple' },
}

function versions(served: ServedSite): Record<string, unknown> {
  return Object.fromEntries(Object.entries(served.site.apps).map(([app, version]) => [app, { title: TITLES[app]?.title ?? app, description: TITLES[app]?.description ?? '', branch: '', version }]))
}

/** Methods that say who and what the site is. */
export const SITE_METHODS: Record<string, Method> = {
  ping: { guest: true, run: async () => 'pong' },
  'frappe.ping': { guest: true, run: async () => 'pong' },
  'frappe.auth.get_logged_user': { run: async () => 'Administrator' },
  upload_file: { run: async (served, _args, request) => uploadFile(served, request) },
  'frappe.handler.upload_file': { run: async (served, _args, request) => uploadFile(served, request) },
  'frappe.utils.change_log.get_versions': { run: async (served) => versions(served) },
  run_doc_method: { http: ['POST'], run: async (served, args) => runNamingMethod(served, args['docs'], args['method']) },
  'frappe.client.get_time_zone': { guest: true, run: async (served) => ({ time_zone: served.site.default('time_zone') ?? 'UTC' }) },
}

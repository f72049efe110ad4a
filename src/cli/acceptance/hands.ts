import type { Json } from '../../model/value.ts'
import type { SiteHands } from '../../phases/acceptance/machine.ts'
import { ident, literal } from '../../staging/staging.ts'
import { SiteClient } from '../../targets/rest/client.ts'
import type { Workspace } from '../compose.ts'
import { siteSettings } from '../lanes.ts'

/** How the machine reads the project's site: over REST where it is a real one with an address, else from what is known of it. Close it. */
export function siteHands(workspace: Workspace): SiteHands & { close(): Promise<void> } {
  const { target, clock, project, staging } = workspace, { url, api_key: key, api_secret: secret, rest } = siteSettings(project.config.target)
  if (project.config.target.kind === 'site' && url !== undefined && key !== undefined && secret !== undefined) {
    const client = new SiteClient({ url, key, secret }, rest, clock)
    return {
      where: client.name,
      read: async (doctype, name) => {
        const { data } = await client.insist({ method: 'GET', path: `api/resource/${encodeURIComponent(doctype)}/${encodeURIComponent(name)}` })
        return data as Record<string, Json> | null
      },
      print: async (doctype, name) => {
        const { data, refusal } = await client.insist({ method: 'POST', path: 'api/method/frappe.www.printview.get_html_and_style', body: { doc: doctype, name } })
        return refusal === null ? String((data as { html?: string } | null)?.html ?? '') : refusal.message
      },
      close: () => client.close(),
    }
  }
  return {
    where: project.config.target.kind === 'rehearsal' ? 'the rehearsal site' : 'the mirror of the site',
    read: async (doctype, name) => {
      const found = await staging.one<{ doc: string }>(`SELECT to_json(s)::VARCHAR AS doc FROM ${target.tables}.${ident(`tab${doctype}`)} s WHERE name = ${literal(name)}`)
      return found === undefined ? null : JSON.parse(found.doc) as Record<string, Json>
    },
    close: () => Promise.resolve(),
  }
}

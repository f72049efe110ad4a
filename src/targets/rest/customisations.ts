import { LandfallError } from '../../errors/error.ts'
import type { CustomDocument } from '../../model/customisation.ts'
import type { Clock } from '../../model/clock.ts'
import type { RestSettings } from '../registry.ts'
import { documentPath, SiteClient, type Login } from './client.ts'

/** Which of these documents a site has, with what they hold; read over HTTP. */
export async function readCustomisations(login: Login, settings: RestSettings, clock: Clock, documents: CustomDocument[]): Promise<Map<string, Record<string, unknown>>> {
  const client = new SiteClient(login, settings, clock), found = new Map<string, Record<string, unknown>>()
  for (const { doctype, name } of documents) {
    const { data, refusal } = await client.insist({ method: 'GET', path: documentPath(doctype, name) })
    if (refusal === null) found.set(`${doctype} ${name}`, data as Record<string, unknown>)
    else if (refusal.type === 'PermissionError') throw new LandfallError('target-denied', `The user of the API key may not read ${doctype} on ${client.name}.`, { hint: 'Give the user the role System Manager while customisations are applied.' })
  }
  return found
}

/** Makes documents on a site, one after another, in their order; `made` is called after each that is there now and was not before. Throws `target-failed` with what the site says. */
export async function makeCustomisations(login: Login, settings: RestSettings, clock: Clock, documents: CustomDocument[], made: (document: CustomDocument) => void): Promise<void> {
  const client = new SiteClient(login, settings, clock)
  for (const document of documents) {
    const { refusal } = await client.insist({ method: 'POST', path: `api/resource/${encodeURIComponent(document.doctype)}`, body: document.doctype === 'DocType' ? document.values : { name: document.name, ...document.values } })
    // A lost answer may have made it.
    if (refusal !== null && !(refusal.type === 'DuplicateEntryError' || /already exists/i.test(refusal.message))) {
      throw new LandfallError(refusal.type === 'PermissionError' ? 'target-denied' : 'target-failed', `${client.name} refuses ${document.doctype} ${document.name}: ${refusal.message}`, { where: { doctype: document.doctype, record: document.name }, hint: `It is written at ${document.place}. What was made before it stays, and is known: landfall customize remove takes it back.` })
    }
    made(document)
  }
}

/** Takes documents back, in the opposite order; answers those the site keeps, with its reason. `gone` is called after each that is not there any more. */
export async function removeCustomisations(login: Login, settings: RestSettings, clock: Clock, documents: { doctype: string; name: string }[], gone: (document: { doctype: string; name: string }) => void): Promise<{ doctype: string; name: string; reason: string }[]> {
  const client = new SiteClient(login, settings, clock), kept: { doctype: string; name: string; reason: string }[] = []
  for (const document of [...documents].reverse()) {
    const { refusal } = await client.insist({ method: 'DELETE', path: documentPath(document.doctype, document.name) })
    if (refusal === null || refusal.type === 'DoesNotExistError') gone(document)
    else kept.push({ ...document, reason: refusal.message })
  }
  return kept
}

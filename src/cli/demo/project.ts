import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { API_TOKEN, serveApi, type DemoApi } from './api.ts'
import { generateBusiness, readHelpDesk, type Business } from './business.ts'

/** Where the help desk listens when the port is free; otherwise it takes another and the project file says which. */
const USUAL_PORT = 8471
const TEMPLATE = resolve(import.meta.dirname, '../../../examples/demo')

export interface Demo extends Business { close(): Promise<void> }

/**
 * Makes a project folder that is ready to run: exports, landfall.yaml, mappings, and the help desk listening until `close`. What an earlier demo left in
 * the folder (staging, site, exports) is removed first; other files stay.
 */
export async function prepareDemo(options: { folder: string; records: number; seed: number }): Promise<Demo> {
  const folder = resolve(options.folder)
  mkdirSync(folder, { recursive: true })
  for (const part of ['.landfall', 'exports', 'mappings']) rmSync(join(folder, part), { recursive: true, force: true })
  const business = await generateBusiness({ ...options, folder })
  cpSync(join(TEMPLATE, 'mappings'), join(folder, 'mappings'), { recursive: true })
  cpSync(join(TEMPLATE, 'accounts.csv'), join(folder, 'accounts.csv'))
  writeFileSync(join(folder, 'exports', 'helpdesk.token'), `${API_TOKEN}\n`, { mode: 0o600 })
  const api = await serveHelpDesk(folder)
  writeFileSync(join(folder, 'landfall.yaml'), readFileSync(join(TEMPLATE, 'landfall.yaml'), 'utf8').replaceAll(`http://127.0.0.1:${USUAL_PORT}`, api.url))
  return { ...business, close: () => api.close() }
}

/** Serves the help desk of a demo folder made before, at its usual port or any free one. */
export async function serveHelpDesk(folder: string): Promise<DemoApi> {
  const data = readHelpDesk(folder)
  try {
    return await serveApi(data, { port: USUAL_PORT })
  } catch {
    return await serveApi(data)
  }
}

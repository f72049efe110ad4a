import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { LandfallError, messageOf } from '../errors/error.ts'
import type { SiteData } from './folder.ts'

/** The site Landfall ships: ERPNext 15 with the standard chart of accounts of a fixture company. */
export const SHIPPED = 'erpnext-15'

/** Files of a shipped catalog, each brotli-compressed JSON: an array of CompactDocType, records by DocType, CompactSettings. */
export const CATALOG_FILES = { doctypes: 'doctypes.json.br', records: 'records.json.br', settings: 'settings.json.br' } as const

/** Reads the catalog that comes with the package. Throws `site-invalid` naming the file when the installation is damaged. */
export function readShippedCatalog(name: string = SHIPPED): SiteData {
  const folder = shippedFolder(name)
  return {
    doctypes: readPart(folder, CATALOG_FILES.doctypes) as SiteData['doctypes'],
    records: readPart(folder, CATALOG_FILES.records) as SiteData['records'],
    settings: readPart(folder, CATALOG_FILES.settings) as SiteData['settings'],
  }
}

/** The package's `catalog/<name>`, found upward from this file, since sources and built files lie at different depths. */
export function shippedFolder(name: string): string {
  const start = dirname(fileURLToPath(import.meta.url))
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, 'catalog', name)
    if (existsSync(candidate)) return candidate
    if (dirname(folder) === folder) {
      throw new LandfallError('site-invalid', `The shipped catalog ${name} is missing from this installation`, { hint: 'Install the package again.',
        where: { file: start } })
    }
  }
}

function readPart(folder: string, name: string): unknown {
  const file = join(folder, name)
  try {
    return JSON.parse(brotliDecompressSync(readFileSync(file)).toString('utf8'))
  } catch (error) {
    throw new LandfallError('site-invalid', `The shipped catalog is damaged: ${messageOf(error)}`, { hint: 'Install the package again.', where: { file },
      cause: error })
  }
}

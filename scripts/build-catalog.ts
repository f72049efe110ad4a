/**
 * Makes the catalog the package ships from a folder recorded from a site: `node scripts/build-catalog.ts FOLDER [OUT]`.
 * FOLDER holds doctypes.jsonl.gz, records.jsonl.gz and settings.json; OUT is catalog/erpnext-15 unless given.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { LandfallError } from '../src/errors/error.ts'
import { CATALOG_FILES } from '../src/site/catalog.ts'
import { readSiteFolder, type SiteData } from '../src/site/folder.ts'

const [input, output] = process.argv.slice(2)
if (input === undefined) throw new LandfallError('usage', 'Usage: node scripts/build-catalog.ts FOLDER [OUT]')
const out = resolve(output ?? join(import.meta.dirname, '..', 'catalog', 'erpnext-15'))
mkdirSync(out, { recursive: true })
const site = readSiteFolder(input)
let total = 0
for (const [part, name] of Object.entries(CATALOG_FILES)) {
  const text = JSON.stringify(site[part as keyof SiteData])
  const packed = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22, [constants.BROTLI_PARAM_SIZE_HINT]: text.length } })
  writeFileSync(join(out, name), packed)
  total += packed.length
  process.stdout.write(`${name}: ${text.length} -> ${packed.length} bytes\n`)
}
process.stdout.write(`${total} bytes in ${out}\n`)

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { landfall } from '../../scenarios/command-line.ts'

/** `LANDFALL_LIVE_URL` and `LANDFALL_LIVE_TOKEN` (`key:secret`) name a site equal to the shipped description, to be written to; `LANDFALL_LIVE_SITE` its name where one address serves several. */
const { LANDFALL_LIVE_URL: url, LANDFALL_LIVE_TOKEN: token = '', LANDFALL_LIVE_SITE: name } = process.env

test.skipIf(url === undefined)('the example goes into a real site, is proven, is not written twice, and is taken back (skipped without LANDFALL_LIVE_URL and LANDFALL_LIVE_TOKEN)', { timeout: 1_800_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-live-')), [key = '', secret = ''] = token.split(':')
  cpSync(resolve(import.meta.dirname, '../../../examples/site'), folder, { recursive: true })
  const config = join(folder, 'landfall.yaml')
  if (name !== undefined) writeFileSync(config, readFileSync(config, 'utf8').replace('  lane: rest\n', `  lane: rest\n  rest: {headers: {X-Frappe-Site-Name: ${name}}}\n`))
  const run = (...args: string[]) => landfall(args, { cwd: folder, env: { ERPNEXT_URL: url ?? '', ERPNEXT_KEY: key, ERPNEXT_SECRET: secret } })
  try {
    const first = await run('run', '--yes')
    expect(first.out + first.err).toContain('Proof: passed')
    const again = await run('run', '--yes')
    expect(again.out).toMatch(/Documents: 0 loaded/)
  } finally {
    const back = await run('rollback', '--yes')
    rmSync(folder, { recursive: true, force: true })
    expect(back.out + back.err).toContain('Proven: row count and checksum of all')
  }
})

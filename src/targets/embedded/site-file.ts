import { existsSync } from 'node:fs'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { Ledger } from '../../ledger/ledger.ts'
import type { Site } from '../../site/site.ts'
import type { Staging } from '../../staging/staging.ts'

/** The alias under which the embedded site is attached to staging. */
export const SITE_DATABASE = 'site'

/**
 * Attaches the embedded site in `path`, creating it from the site description when it is new, and answers its ledger. `what`: what it is to the user (rehearsal site,
 * mirror). Throws `target-changed` when it was made from another description, `target-failed` when it cannot be made.
 */
export async function attachSite(staging: Staging, site: Site, path: string, what: string): Promise<Ledger> {
  // A site has hundreds of tables with few rows: in blocks of the usual size an empty one would take 70 MB and seconds to write.
  await staging.attach(path, SITE_DATABASE, existsSync(path) ? undefined : 16_384)
  const ledger = new Ledger(staging, SITE_DATABASE)
  if (!await staging.exists(`${SITE_DATABASE}.ledger.made_from`)) {
    await create(staging, site, ledger, what)
    return ledger
  }
  const row = await staging.one<{ hash: string }>(`SELECT hash FROM ${SITE_DATABASE}.ledger.made_from`)
  if (row?.hash !== site.hash()) {
    throw new LandfallError('target-changed', `The ${what} was made from another site description than the project names now.`, {
      hint: `Where only customizations/ changed: landfall customize apply. Else set \`site\` back, or remove .landfall/site.duckdb to begin with a new ${what}.`, where: { file: path },
    })
  }
  await ledger.create()
  return ledger
}

/** All in one transaction: a site half made by a crash is made again. */
async function create(staging: Staging, site: Site, ledger: Ledger, what: string): Promise<void> {
  try {
    await staging.transaction(async () => {
      await site.createTables(staging, `${SITE_DATABASE}.main`, 'all')
      await site.loadRecords(staging, `${SITE_DATABASE}.main`)
      await ledger.create()
      await staging.run(`CREATE TABLE ${SITE_DATABASE}.ledger.made_from AS SELECT '${site.hash()}' AS hash`)
      if (site.described !== site) await staging.run(`CREATE TABLE ${SITE_DATABASE}.ledger.base AS SELECT '${site.described.hash()}' AS hash`)
    })
  } catch (error) {
    throw new LandfallError('target-failed', `The ${what} cannot be created: ${messageOf(error)}`, { cause: error })
  }
}

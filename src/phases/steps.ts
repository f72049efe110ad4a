import type { Staging } from '../staging/staging.ts'

const TABLES: Record<string, string> = {
  rejected: 'entity VARCHAR, ordinal BIGINT, source_where VARCHAR, line BIGINT, reason VARCHAR, raw VARCHAR',
  cursors: 'entity VARCHAR, cursor VARCHAR, batches BIGINT, read BIGINT, staged BIGINT, rejected BIGINT, done BOOLEAN',
  steps: 'step VARCHAR, subject VARCHAR, detail VARCHAR',
  run: 'run VARCHAR, fingerprint VARCHAR',
  outcomes: 'doctype VARCHAR, id BIGINT, status VARCHAR, name VARCHAR, type VARCHAR, message VARCHAR',
}

/** Creates the tables of `ops` that phases keep; see docs/architecture.md. */
export async function createOps(staging: Staging): Promise<void> {
  for (const [name, columns] of Object.entries(TABLES)) await staging.run(`CREATE TABLE IF NOT EXISTS ops.${name} (${columns})`)
}

/** Which run staging was made for, and from which configuration; null when it is new. */
export async function stagedRun(staging: Staging): Promise<{ run: string; fingerprint: string } | null> {
  return await staging.one<{ run: string; fingerprint: string }>('SELECT run, fingerprint FROM ops.run') ?? null
}

/** Empties staging and claims it for `run`: what it holds can always be had again from the source, the ledger and the site. */
export async function resetStaging(staging: Staging, run: string, fingerprint: string): Promise<void> {
  const proven = await staging.exists('ops.proofs')
  await staging.transaction(async () => {
    // What was proven of the site holds for the next run, and takes the site's time to prove again.
    if (proven) await staging.run('CREATE OR REPLACE TEMP TABLE kept_proofs AS SELECT * FROM ops.proofs')
    for (const schema of ['raw', 'clean', 'drafts', 'rows', 'ops', 'work']) await staging.run(`DROP SCHEMA ${schema} CASCADE; CREATE SCHEMA ${schema}`)
    await createOps(staging)
    if (proven) await staging.run('CREATE TABLE ops.proofs AS SELECT * FROM temp.kept_proofs; DROP TABLE temp.kept_proofs')
    await staging.run('INSERT INTO ops.run VALUES ($1, $2)', [run, fingerprint])
  })
}

/** Takes staging over for another run that builds on what was read: its steps after extraction are to be done again. */
export async function claimStaging(staging: Staging, run: string, fingerprint: string): Promise<void> {
  await staging.transaction(async () => {
    await staging.run('DELETE FROM ops.run; DELETE FROM ops.steps WHERE step <> \'extract\'')
    await staging.run('INSERT INTO ops.run VALUES ($1, $2)', [run, fingerprint])
  })
}

/** What a step that was finished before left as its detail, or null when it is still to be done. */
export async function stepDone(staging: Staging, step: string, subject: string): Promise<string | null> {
  const row = await staging.one<{ detail: string | null }>('SELECT detail FROM ops.steps WHERE step = $1 AND subject = $2', [step, subject])
  return row === undefined ? null : row.detail ?? ''
}

/** Notes, in the caller's transaction, that a step is finished. */
export async function noteStep(staging: Staging, step: string, subject: string, detail = ''): Promise<void> {
  await staging.run('INSERT INTO ops.steps VALUES ($1, $2, $3)', [step, subject, detail])
}

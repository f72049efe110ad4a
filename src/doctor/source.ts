import { LandfallError } from '../errors/error.ts'
import type { Clock } from '../model/clock.ts'
import type { Source } from '../sources/source.ts'
import { Checks, duration, type DoctorCheck } from './check.ts'

/** Records of the first batch of the largest entity: enough to know that reading works, and how fast it begins. */
const SAMPLE = 1000

export interface SourceExam { checks: DoctorCheck[]; /** Records of all entities, null where one does not say. */ records: number | null }

/** Opens a source, describes it and reads a little. What goes wrong is a check that failed, not an error. */
export async function examineSource(name: string, kind: string, open: () => Promise<Source>, clock: Clock, spoolFolder: string): Promise<SourceExam> {
  const checks = new Checks('source', `source.${name}`)
  const started = clock.elapsed()
  let source: Source
  try {
    source = await open()
  } catch (error) {
    return { checks: [...failed(checks, 'open', `${name} (${kind})`, error).list], records: null }
  }
  const opened = clock.elapsed() - started
  try {
    const begun = clock.elapsed(), catalog = await source.describe(), took = clock.elapsed() - begun
    checks.add('open', `${name}: reach and login`, 'ok', `${kind} ${catalog.version}, opened in ${duration(opened)}`)
    const counts = catalog.entities.map((entity) => entity.rowCount.value), known = counts.filter((count) => count !== null)
    const records = known.length < counts.length ? null : known.reduce((sum, count) => sum + count, 0)
    const empty = catalog.entities.length === 0
    checks.add('describe', `${name}: entities`, empty ? 'fail' : 'ok', empty ? 'none' : `${catalog.entities.length}, ${records === null ? 'number of records not known' : `${records.toLocaleString('en-US')} records`}, described in ${duration(took)}`,
      'Nothing can be read: check schema, folder or rights of the user.')
    const notes = catalog.entities.flatMap((entity) => entity.notes.map((note) => `${entity.name}: ${note}`))
    if (notes.length > 0) checks.add('notes', `${name}: peculiarities`, 'warn', `${notes.slice(0, 3).join('; ')}${notes.length > 3 ? `; and ${notes.length - 3} more` : ''}`, `landfall describe ${name} shows them all.`)
    const largest = [...catalog.entities].sort((a, b) => (b.rowCount.value ?? 0) - (a.rowCount.value ?? 0))[0]
    if (largest !== undefined) await readSome(checks, source, name, largest.name, clock, spoolFolder)
    checks.add('rights', `${name}: read-only`, source.can.readOnly ? 'ok' : 'warn', source.can.readOnly ? 'the connection cannot write' : 'the connection could write; Landfall only reads',
      'Use a user of the source that may only read.')
    return { checks: checks.list, records }
  } catch (error) {
    return { checks: failed(checks, 'describe', name, error).list, records: null }
  } finally {
    await source.close().catch(() => undefined)
  }
}

async function readSome(checks: Checks, source: Source, name: string, entity: string, clock: Clock, spoolFolder: string): Promise<void> {
  const started = clock.elapsed()
  try {
    for await (const batch of source.read({ entity, batchRows: SAMPLE, spoolFolder })) {
      const took = clock.elapsed() - started, { rows } = countsOf(batch)
      checks.add('read', `${name}: a first read`, 'ok', `${rows === null ? 'a batch' : `${rows.toLocaleString('en-US')} records`} of ${entity} in ${duration(took)}`)
      return
    }
    checks.add('read', `${name}: a first read`, 'ok', `${entity} is empty`)
  } catch (error) {
    failed(checks, 'read', name, error)
  }
}

function countsOf(batch: { read?: number; count?: number }): { rows: number | null } {
  return { rows: batch.read ?? batch.count ?? null }
}

function failed(checks: Checks, id: string, title: string, error: unknown): Checks {
  if (!(error instanceof LandfallError)) throw error
  checks.add(id, title, 'fail', error.message, error.hint ?? 'Check address, user and password in landfall.yaml.')
  return checks
}

import { LandfallError } from '../errors/error.ts'
import type { Clock } from '../model/clock.ts'
import type { Source } from '../sources/source.ts'
import { Checks, duration, type DoctorCheck } from './check.ts'

/** Records of the first batch of the largest entity: enough to know that reading works, and how fast it begins. */
const SAMPLE = 1000

/** `records`: of the entities that say how many they hold; `uncounted`: entities that do not. */
export interface SourceExam { checks: DoctorCheck[]; records: number; uncounted: number }

/** Opens a source, describes it and reads a little. What goes wrong is a check that failed, not an error. */
export async function examineSource(name: string, kind: string, open: () => Promise<Source>, clock: Clock, spoolFolder: string): Promise<SourceExam> {
  const checks = new Checks('source', `source.${name}`)
  const started = clock.elapsed()
  let source: Source
  try {
    source = await open()
  } catch (error) {
    return { checks: failed(checks, 'open', `${name} (${kind})`, error).list, records: 0, uncounted: 1 }
  }
  const opened = clock.elapsed() - started
  try {
    const begun = clock.elapsed(), catalog = await source.describe(), took = clock.elapsed() - begun
    checks.add('open', `${name}: reach and login`, 'ok', `${`${kind} ${catalog.version}`.trim()}, opened in ${duration(opened)}`)
    const counts = catalog.entities.map((entity) => entity.rowCount.value), known = counts.filter((count) => count !== null)
    const records = known.reduce((sum, count) => sum + count, 0), uncounted = counts.length - known.length
    const notes = catalog.entities.reduce((sum, entity) => sum + entity.notes.length, 0)
    const empty = catalog.entities.length === 0
    checks.add('describe', `${name}: entities`, empty ? 'fail' : 'ok', empty ? 'none' : `${catalog.entities.length}, ${records.toLocaleString('en-US')} records${uncounted > 0 ? ` and those of ${uncounted} that do not say` : ''}, described in ${duration(took)}${notes > 0 ? `; ${notes} notes: landfall describe ${name}` : ''}`,
      'Nothing can be read: check schema, folder or rights of the user.')
    const largest = [...catalog.entities].sort((a, b) => (b.rowCount.value ?? 0) - (a.rowCount.value ?? 0))[0]
    if (largest !== undefined) await readSome(checks, source, name, largest.name, clock, spoolFolder)
    checks.add('rights', `${name}: read-only`, 'ok', source.can.readOnly ? 'the source itself lets the connection only read' : 'Landfall only reads; nothing at the source keeps the connection from writing')
    return { checks: checks.list, records, uncounted }
  } catch (error) {
    return { checks: failed(checks, 'describe', name, error).list, records: 0, uncounted: 1 }
  } finally {
    await source.close().catch(() => undefined)
  }
}

async function readSome(checks: Checks, source: Source, name: string, entity: string, clock: Clock, spoolFolder: string): Promise<void> {
  const started = clock.elapsed()
  try {
    for await (const batch of source.read({ entity, batchRows: SAMPLE, spoolFolder })) {
      checks.add('read', `${name}: a first read`, 'ok', `${batch.read.toLocaleString('en-US')} records of ${entity} in ${duration(clock.elapsed() - started)}`)
      return
    }
    checks.add('read', `${name}: a first read`, 'ok', `${entity} is empty`)
  } catch (error) {
    failed(checks, 'read', name, error)
  }
}

function failed(checks: Checks, id: string, title: string, error: unknown): Checks {
  if (!(error instanceof LandfallError)) throw error
  checks.add(id, title, 'fail', error.message, error.hint ?? 'Check address, user and password in landfall.yaml.')
  return checks
}

import { z } from 'zod'

/** `90s`, `15m`, `1h`, `2d`, or one of the words; read as milliseconds. */
const WORDS: Record<string, number> = { minutely: 60_000, hourly: 3_600_000, daily: 86_400_000, weekly: 604_800_000 }
const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration's text; null when it is none. */
export function durationMs(text: string): number | null {
  const word = WORDS[text.trim().toLowerCase()]
  if (word !== undefined) return word
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/.exec(text.trim()) ?? []
  return number === undefined ? null : Math.round(Number(number) * (UNITS[unit ?? 's'] ?? 1000))
}

const duration = z.string().refine((text) => durationMs(text) !== null, 'a duration such as 30s, 15m, 1h, 2d, hourly or daily')

const shape = {
  batch_size: z.int().min(1).max(100_000).optional().describe('Records per page of a window; pages follow one another in the order of (field, key), so that any number of equal values is read whole. Default: 1000.'),
  frequency: duration.optional().describe('How often `landfall sync --every` and the installed timer run. Default: hourly.'),
  lag: duration.optional().describe('The end of a window stays this far behind the source\'s clock, beyond what open transactions already hold it back. Default: 2s.'),
  overlap: duration.optional().describe('Each window begins this much before the end of the last; what is unchanged is dropped by comparing whole records. Default: 2h for fields without a time zone (daylight saving), else 5m.'),
  compare: z.union([z.enum(['each', 'never']), duration]).optional().describe('How often all keys and records are compared by checksums, which finds deleted records and whatever the field did not tell: `each` sync, `never`, or at most every `1d`. Default: each.'),
  deletes: z.enum(['cancel', 'disable', 'keep']).optional().describe('What becomes of the document of a deleted record. keep: it stays and is listed. disable: it is disabled, where its DocType can be. cancel: a submitted document is cancelled by the site itself; others as with disable. Default: keep.'),
  conflicts: z.enum(['list', 'source', 'site']).optional().describe('A field was changed on both sides. list: it stays as the site has it, and is listed until somebody decides; source: the legacy value wins; site: the site\'s value wins. Both are told. Default: list.'),
  submitted: z.enum(['amend', 'refuse']).optional().describe('The record of a submitted document changed. refuse: the document stays and is listed; amend: cancelled and amended by the site itself, where the way into it can. Default: refuse.'),
}

/** `sync` of a mapping file: what is the entity's own. */
export const entitySyncSchema = z.union([z.literal(false), z.strictObject({
  field: z.string().min(1).optional().describe('Column that grows with every change (modified, updated_at, a version number). Without one, changes are found by comparing.'),
  capture: z.boolean().optional().describe('Read changes from the source\'s log (PostgreSQL logical replication, MariaDB/MySQL row binlog) instead of asking by `field`.'),
  ...shape,
})]).describe('How the entity is kept up to date by `landfall sync`; false: not at all')
export type EntitySync = Exclude<z.output<typeof entitySyncSchema>, false>

/** `sync` of landfall.yaml: for every entity whose mapping does not say otherwise. */
export const projectSyncSchema = z.strictObject({
  ...shape,
  capture: z.boolean().optional().describe('Read changes from the log of sources that have one.'),
  slot: z.string().regex(/^[a-z0-9_]{1,63}$/, 'lower-case letters, digits and _').default('landfall').describe('PostgreSQL: name of the replication slot and of the publication, with `capture`.'),
  server_id: z.int().min(1).max(4_294_967_295).default(947_301).describe('MariaDB/MySQL: the number this reader has among the replicas, with `capture`.'),
})
export type ProjectSync = z.output<typeof projectSyncSchema>

/** What holds for one entity; times in milliseconds. `compareMs` 0: each sync, null: never. `overlapMs` null: by the kind of the field. */
export interface SyncRule {
  field: string | null; capture: boolean; batchSize: number; frequencyMs: number; lagMs: number; overlapMs: number | null; compareMs: number | null
  deletes: 'cancel' | 'disable' | 'keep'; conflicts: 'list' | 'source' | 'site'; submitted: 'amend' | 'refuse'
}

/** The entity's settings over the project's over the defaults; null: the entity is not synced. */
export function syncRule(project: ProjectSync, entity: EntitySync | false | undefined): SyncRule | null {
  if (entity === false) return null
  const given = { ...project, ...Object.fromEntries(Object.entries(entity ?? {}).filter(([, value]) => value !== undefined)) } as ProjectSync & EntitySync
  const ms = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : durationMs(text) ?? otherwise)
  return {
    field: given.field ?? null, capture: given.capture ?? false, batchSize: given.batch_size ?? 1000, frequencyMs: ms(given.frequency, 3_600_000), lagMs: ms(given.lag, 2000),
    overlapMs: given.overlap === undefined ? null : ms(given.overlap, 0),
    compareMs: given.compare === undefined || given.compare === 'each' ? 0 : given.compare === 'never' ? null : ms(given.compare, 0),
    deletes: given.deletes ?? 'keep', conflicts: given.conflicts ?? 'list', submitted: given.submitted ?? 'refuse',
  }
}

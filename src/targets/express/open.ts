import { LandfallError } from '../../errors/error.ts'
import type { Lane } from '../lane.ts'
import type { LaneEnv } from '../site/lanes.ts'
import { ExpressLane } from './lane.ts'
import { expressOptions, type ExpressOptions } from './options.ts'
import { permitsFrom } from './permits.ts'

/** Documents whose shape's canaries proved equal, where the choice of lanes put them. */
export const PERMITS = 'ops.permits'

/** The express lane of `target.database`. Throws `config-invalid` naming the key that is missing or wrong. */
export function openLane({ settings, staging, site, rootFolder }: LaneEnv): Promise<Lane> {
  return Promise.resolve(new ExpressLane(optionsOf(settings.database ?? {}), { staging, site, baseFolder: rootFolder, permits: permitsFrom(staging, PERMITS) }))
}

/** Options of `target.database`. Throws `config-invalid`. */
export function optionsOf(settings: Record<string, unknown>): ExpressOptions {
  const { name: database, connect_timeout_seconds: connect, ...rest } = settings
  const given = { ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [camel(key), value])), database, ...(connect === undefined ? {} : { connectTimeoutMs: Number(connect) * 1000 }) }
  const options = expressOptions.safeParse(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)))
  if (!options.success) {
    const issue = options.error.issues[0]!
    throw new LandfallError('config-invalid', `target.database${issue.path.map((key) => `.${key === 'database' ? 'name' : String(key)}`).join('')}: ${issue.message}`, { hint: 'The express lane needs `target.database.name` and, as a rule, `password`.' })
  }
  return options.data
}

const camel = (key: string): string => key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

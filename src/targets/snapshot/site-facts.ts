import type { Interference } from '../../site/interference.ts'

/** What a probe found out about a site over REST. What could not be found out is null; what was refused is in `refused`. */
export interface SiteFacts {
  url: string
  /** Why the site could not be reached at all, and the way out; null when it answered. */
  unreachable: { why: string; hint: string | null } | null
  maintenance: boolean
  secure: boolean
  /** User of the token; null when the login was refused, with what the site said. */
  user: string | null
  loginError: string | null
  apps: Record<string, string>
  setupComplete: boolean | null
  companies: number | null
  schedulerActive: boolean | null
  /** Workers by the queues they serve. */
  workers: Record<string, number> | null
  /** The site's clock minus ours, in milliseconds, give or take `skewError`. */
  skewMs: number | null
  skewError: number
  timeZone: string | null
  latencyMs: number[]
  bytesPerSecond: number | null
  rateLimited: boolean
  /** Settings that refuse documents of the past, with their dates. */
  frozen: { what: string; until: string }[]
  interferes: Interference[]
  /** DocTypes asked for that the site has not. */
  missingDoctypes: string[]
  refused: string[]
}

/** A right the user has or lacks; null: could not be told. */
export interface Right { lane: 'pull' | 'rest' | 'bench' | 'express'; what: string; has: boolean | null; why: string; wayOut: string }

/** What a probe found out about the database of a site. */
export interface DatabaseFacts {
  where: string
  unreachable: { why: string; hint: string | null } | null
  variables: Record<string, string>
  charset: string | null
  collation: string | null
  sizeBytes: number | null
  skewMs: number | null
  latencyMs: number[]
  grants: string[]
  /** Free bytes where its data lies, when that is on this machine. */
  freeBytes: number | null
  connections: number | null
}

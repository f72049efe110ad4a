import { LandfallError } from '../errors/error.ts'
import type { Clock } from '../model/clock.ts'
import type { Site } from '../site/site.ts'
import type { Staging } from '../staging/staging.ts'
import type { LaneKind } from './lane.ts'
import type { Target } from './target.ts'

/** Where a real site is and how to get in: `target` of landfall.yaml, secrets resolved. Options of lanes are theirs to read. */
export interface SiteSettings {
  url?: string
  api_key?: string
  api_secret?: string
  lane: LaneKind | 'auto'
  /** By DocType, where it is not `lane`. */
  lanes?: Record<string, LaneKind | 'auto'>
  rest: RestSettings
  bench?: Record<string, unknown> | undefined
  database?: Record<string, unknown> | undefined
}

/** `target.rest` of landfall.yaml. */
export interface RestSettings { concurrency: number; batch: number; timeout_seconds: number; retries: number; submit_wait_seconds: number; headers: Record<string, string> }

/** What a target is opened with. `sitePath`: the file of the embedded site or mirror; `stateFolder`: where the project keeps its state; `settings`: for kind `site`. */
export interface TargetEnv { staging: Staging; site: Site; sitePath: string; clock: Clock; stateFolder?: string; rootFolder?: string; settings?: SiteSettings }

/** Loaded when first asked for. */
const TARGETS: Record<string, () => Promise<{ open(env: TargetEnv): Promise<Target> }>> = {
  rehearsal: () => import('./rehearsal/target.ts'),
  site: () => import('./site/target.ts'),
}

export const TARGET_KINDS: readonly string[] = Object.keys(TARGETS)

/** Opens the target of a kind; `config-invalid` for a kind there is not, `target-failed` when it cannot be opened. */
export async function openTarget(kind: string, env: TargetEnv): Promise<Target> {
  const load = TARGETS[kind]
  if (!load) throw new LandfallError('config-invalid', `There is no target kind \`${kind}\`.`, { hint: `Kinds: ${TARGET_KINDS.join(', ')}.` })
  return (await load()).open(env)
}

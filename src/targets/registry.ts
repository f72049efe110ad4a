import { LandfallError } from '../errors/error.ts'
import type { Clock } from '../model/clock.ts'
import type { Site } from '../site/site.ts'
import type { Staging } from '../staging/staging.ts'
import type { Target } from './target.ts'

/** What a target is opened with. `sitePath`: the file of an embedded site. */
export interface TargetEnv { staging: Staging; site: Site; sitePath: string; clock: Clock }

/** Loaded when first asked for. */
const TARGETS: Record<string, () => Promise<{ open(env: TargetEnv): Promise<Target> }>> = {
  rehearsal: () => import('./rehearsal/target.ts'),
}

export const TARGET_KINDS: readonly string[] = Object.keys(TARGETS)

/** Opens the target of a kind; `config-invalid` for a kind there is not, `target-failed` when it cannot be opened. */
export async function openTarget(kind: string, env: TargetEnv): Promise<Target> {
  const load = TARGETS[kind]
  if (!load) throw new LandfallError('config-invalid', `There is no target kind \`${kind}\`.`, { hint: `Kinds: ${TARGET_KINDS.join(', ')}.` })
  return (await load()).open(env)
}

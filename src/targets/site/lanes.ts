import { LandfallError } from '../../errors/error.ts'
import type { Clock } from '../../model/clock.ts'
import type { Site } from '../../site/site.ts'
import type { Staging } from '../../staging/staging.ts'
import type { Lane, LaneKind } from '../lane.ts'
import type { SiteSettings } from '../registry.ts'
import { RoutedLane } from '../routed-lane.ts'

/** What a lane is opened with. `stateFolder`: where it may keep files of its own; `rootFolder`: the project's; `wait`: for tests. */
export interface LaneEnv { staging: Staging; site: Site; clock: Clock; stateFolder: string; rootFolder: string; settings: SiteSettings; wait?: (ms: number) => Promise<void> }

/** The ways in, fastest first, with what sets one up. Each module answers `openLane`; loaded when first asked for. */
const LANES: { kind: LaneKind; setUp: (settings: SiteSettings) => boolean; load: () => Promise<{ openLane(env: LaneEnv): Promise<Lane> }> }[] = [
  { kind: 'express', setUp: ({ database }) => database !== undefined, load: () => import('../express/open.ts') },
  { kind: 'bench', setUp: ({ bench }) => bench !== undefined, load: () => import('../bench/open.ts') },
  { kind: 'rest', setUp: ({ url }) => url !== undefined, load: () => import('../rest/lane.ts') },
]

/** Lanes of a project's settings that are set up, fastest first. */
export function lanesSetUp(settings: SiteSettings): LaneKind[] {
  return LANES.filter(({ setUp }) => setUp(settings)).map(({ kind }) => kind)
}

/** Those that documents may take. Express never goes alone: what is not proven takes one of the others. */
export function lanesWanted(settings: SiteSettings): LaneKind[] {
  const { lane, lanes = {} } = settings, asked = new Set([lane, ...Object.values(lanes)])
  return lanesSetUp(settings).filter((kind) => asked.has('auto') || asked.has(kind) || asked.has('express') && kind !== 'express')
}

/** Opens one lane by itself. Throws `config-invalid` when it is not set up as it must be. */
export async function openOne(kind: LaneKind, env: LaneEnv): Promise<Lane> {
  return (await LANES.find((lane) => lane.kind === kind)!.load()).openLane(env)
}

/** Opens the lane of the settings, or all that documents may take as one. Throws `config-invalid` when there is none. */
export async function openLane(env: LaneEnv): Promise<Lane> {
  const kinds = lanesWanted(env.settings), { lane: wanted } = env.settings
  if (kinds.length === 0 || wanted !== 'auto' && !kinds.includes(wanted)) {
    throw new LandfallError('config-invalid', wanted === 'auto' || kinds.length > 0 ? 'Target kind `site` has no way in that is set up.' : `The lane \`${wanted}\` is not set up.`, {
      hint: 'Give `target.url`, `target.api_key` and `target.api_secret` for the REST lane, `target.bench` for the bench lane, `target.database` for the express lane.',
    })
  }
  const lanes: Lane[] = []
  for (const { kind } of LANES) if (kinds.includes(kind)) lanes.push(await openOne(kind, env))
  return lanes.length === 1 && lanes[0]!.kind !== 'express' ? lanes[0]! : new RoutedLane(env.staging, lanes)
}

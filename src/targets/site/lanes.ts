import { LandfallError } from '../../errors/error.ts'
import type { Clock } from '../../model/clock.ts'
import type { Site } from '../../site/site.ts'
import type { Lane, LaneKind } from '../lane.ts'
import type { SiteSettings } from '../registry.ts'

/** What a lane is opened with. `stateFolder`: where it may keep files of its own; `rootFolder`: the project's; `wait`: for tests. */
export interface LaneEnv { site: Site; clock: Clock; stateFolder: string; rootFolder: string; settings: SiteSettings; wait?: (ms: number) => Promise<void> }

/** The ways in, fastest first, with what sets one up. Each module answers `openLane`; loaded when first asked for. */
const LANES: { kind: LaneKind; setUp: (settings: SiteSettings) => boolean; load?: () => Promise<{ openLane(env: LaneEnv): Promise<Lane> }> }[] = [
  { kind: 'express', setUp: ({ database }) => Object.keys(database).length > 0 },
  { kind: 'bench', setUp: ({ bench }) => Object.keys(bench).length > 0, load: () => import('../bench/open.ts') },
  { kind: 'rest', setUp: ({ url }) => url !== undefined, load: () => import('../rest/lane.ts') },
]

/** Opens the lane of the settings; `auto` takes the fastest that is set up. Throws `config-invalid` when there is none. */
export async function openLane(env: LaneEnv): Promise<Lane> {
  const wanted = env.settings.lane
  const lane = LANES.find(({ kind, setUp, load }) => (wanted === 'auto' ? load !== undefined && setUp(env.settings) : kind === wanted))
  if (lane?.load) return (await lane.load()).openLane(env)
  throw new LandfallError('config-invalid', wanted === 'auto' ? 'Target kind `site` has no way in that is set up.' : `The lane \`${wanted}\` is not part of this version.`, {
    hint: 'Give `target.url`, `target.api_key` and `target.api_secret` for the REST lane, `target.bench` for the bench lane.',
  })
}

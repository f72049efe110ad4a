import type { Project } from '../config/project.ts'
import { LandfallError } from '../errors/error.ts'
import type { Clock } from '../model/clock.ts'
import { planOrder, type Plan } from '../model/plan.ts'
import { chooseLanes, type LaneChoice } from '../phases/lanes.ts'
import { proveShapes, type ProveOptions } from '../phases/prove.ts'
import { bindingOf, type ShapeProof } from '../posting/canary/proof.ts'
import { rulesVersion } from '../posting/canary/rules-version.ts'
import type { Site } from '../site/site.ts'
import type { Staging } from '../staging/staging.ts'
import { benchRunner } from '../targets/bench/canary-runner.ts'
import { openBench } from '../targets/bench/open.ts'
import type { SiteSettings } from '../targets/registry.ts'
import { lanesSetUp, lanesWanted } from '../targets/site/lanes.ts'
import type { Target } from '../targets/target.ts'

/** What choosing and proving lanes needs of a workspace. */
export interface LaneParts { project: Project; site: Site; staging: Staging; target: Target; clock: Clock }

/** Targets know no `undefined` that is written out. */
export function siteSettings({ kind: _kind, ...settings }: Project['config']['target']): SiteSettings {
  return settings
}

/** Whether documents of a project may take several ways. */
export function severalLanes({ config }: Project): boolean {
  return config.target.kind === 'site' && lanesWanted(siteSettings(config.target)).length > 1
}

/** Time zone of a real site whose today counts; undefined where a day is given or the site is embedded. */
export function zoneOf({ config }: Project, site: Site): string | undefined {
  return config.target.kind === 'site' && config.run.now === undefined ? site.single('System Settings')['time_zone'] : undefined
}

async function stateOf(target: Target): Promise<string> {
  const { apps, customised = '' } = await target.describe()
  return `${Object.entries(apps).sort().map((entry) => entry.join(' ')).join(', ')} ${customised}`
}

/** The lane of every shape, with the reason; `keep` only tells. */
export async function chooseFor({ project, site, staging, target }: LaneParts, plan: Plan, keep = false): Promise<LaneChoice[]> {
  const { lane, lanes } = project.config.target
  const binding = bindingOf(site, { rules: rulesVersion, siteState: await stateOf(target) })
  return chooseLanes(staging, { site, order: planOrder(plan), available: lanesWanted(siteSettings(project.config.target)), wanted: { all: lane, doctypes: lanes }, binding, keep })
}

/** Tries canaries of the project's shapes on its site. Throws `config-invalid` without a bench, `usage` before anything was mapped. */
export async function proveFor({ project, site, staging, target, clock }: LaneParts, plan: Plan, how: Pick<ProveOptions, 'canaries' | 'again' | 'onDoctype'> & { doctypes?: string[] }): Promise<ShapeProof[]> {
  const { config, paths } = project, timeZone = zoneOf(project, site)
  if (config.target.kind !== 'site' || config.target.bench === undefined) throw new LandfallError('config-invalid', 'Only the site\'s own code can say what it would do with a document, and the project has no way to it.', { hint: 'Give `target.kind: site` and `target.bench` with `folder` and `site`.' })
  const bench = openBench(config.target.bench)
  try {
    return await proveShapes(staging, {
      site, target, order: planOrder(plan), only: how.doctypes, runner: benchRunner(bench), clock, spoolFolder: paths.spool, rules: rulesVersion, siteState: await stateOf(target), canaries: how.canaries,
      ...(how.again === undefined ? {} : { again: how.again }), ...(how.onDoctype === undefined ? {} : { onDoctype: how.onDoctype }), ...(timeZone === undefined ? {} : { timeZone }),
    })
  } finally {
    await bench.close()
  }
}

/** Whether a run can prove by itself what it is about to load. */
export function canProve({ config }: Project): boolean {
  return config.target.kind === 'site' && lanesWanted(siteSettings(config.target)).includes('express') && lanesSetUp(siteSettings(config.target)).includes('bench')
}

import { LandfallError } from '../errors/error.ts'
import type { MappingPlan } from '../mapping/plan.ts'
import type { Extracted } from '../phases/extract.ts'
import { makePlan, planDocuments } from '../phases/plan.ts'
import { createOps, stepDone } from '../phases/steps.ts'
import type { Workspace } from './compose.ts'
import { compileProject } from './mapper.ts'

/** What the last run or pre-flight read. Throws `usage` when nothing was read yet. */
export async function stagedExtract({ staging }: Workspace): Promise<Extracted> {
  await createOps(staging)
  const extracted = await stepDone(staging, 'extract', '')
  if (extracted === null) throw new LandfallError('usage', 'Nothing was read yet.', { hint: 'Start with: landfall preflight' })
  return JSON.parse(extracted) as Extracted
}

/** The mappings, compiled for what was read. Throws `usage` when nothing was, and what compiling throws. */
export async function stagedPlan(workspace: Workspace): Promise<MappingPlan> {
  const { described } = await stagedExtract(workspace), mappings = workspace.mappings()
  return compileProject(mappings, described, workspace.site, makePlan(planDocuments(mappings), (name) => workspace.site.doctype(name)))
}

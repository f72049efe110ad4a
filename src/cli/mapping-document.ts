import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { loadMappings } from '../config/mappings.ts'
import type { Project } from '../config/project.ts'
import { addExamples, documentMappings } from '../mapping/documentation.ts'
import type { MappingPlan } from '../mapping/plan.ts'
import { systemClock } from '../model/clock.ts'
import type { MappingDocument } from '../model/mapping-document.ts'
import type { DescribedEntity } from '../phases/extract.ts'
import { makePlan, planDocuments } from '../phases/plan.ts'
import { mappingMarkdown, renderMappingDocument } from '../report/mapping-page.ts'
import type { Staging } from '../staging/staging.ts'
import { loadSite, openProjectSource } from './compose.ts'
import { compileProject } from './mapper.ts'
import { manifestVersion } from './reporting.ts'

/** The mappings of a project against its sources as they are now. Throws `mapping-invalid`, `source-*`. */
export async function compileNow(project: Project): Promise<{ plan: MappingPlan; described: DescribedEntity[] }> {
  const mappings = loadMappings(project), site = loadSite(project), described: DescribedEntity[] = []
  for (const name of Object.keys(project.config.sources)) {
    const source = await openProjectSource(project, name)
    try {
      described.push(...(await source.describe()).entities.map((entity) => ({ source: name, entity })))
    } finally {
      await source.close()
    }
  }
  return { plan: compileProject(mappings, described, site, makePlan(planDocuments(mappings), (name) => site.doctype(name))), described }
}

/** The mappings as people read them. `staging`: where examples come from; null when no run came so far. */
export async function mappingDocument(project: Project, plan: MappingPlan, staging: Staging | null): Promise<MappingDocument> {
  const { entities, missing } = documentMappings(plan), { root } = project.paths
  const examples = staging !== null && await addExamples(staging, plan, entities)
  return {
    project: project.config.project, landfall: manifestVersion(), madeAt: new Date(systemClock.now()).toISOString(), examplesFrom: examples ? 'the first records of the last run or pre-flight' : null,
    entities: entities.map((entity) => ({ ...entity, file: entity.file === null ? null : relative(root, entity.file) })), missing,
  }
}

/** Writes `mapping.html`, `.md` and `.json`; answers their paths as one types them. */
export function writeMappingDocument(document: MappingDocument, out: string): string[] {
  mkdirSync(out, { recursive: true })
  const files = { 'mapping.html': renderMappingDocument(document), 'mapping.md': mappingMarkdown(document), 'mapping.json': `${JSON.stringify(document, null, 1)}\n` }
  return Object.entries(files).map(([name, text]) => {
    writeFileSync(join(out, name), text)
    return relative('.', join(out, name))
  })
}

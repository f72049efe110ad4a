import type { LoadedMapping } from '../config/mapping-schema.ts'
import { cleanseEntity } from '../mapping/cleanse.ts'
import { compileMapping } from '../mapping/compile.ts'
import { applyEdits, type RecordEdit } from '../mapping/corrected.ts'
import { reportReading } from '../mapping/reading-findings.ts'
import { resolveDeferred } from '../mapping/deferred-links.ts'
import { buildDrafts, prepareDrafts } from '../mapping/drafts.ts'
import type { MappingPlan } from '../mapping/plan.ts'
import type { Plan } from '../model/plan.ts'
import type { DescribedEntity } from '../phases/extract.ts'
import type { Mapper } from '../phases/map.ts'
import type { Site } from '../site/site.ts'
import type { Staging } from '../staging/staging.ts'

/** Checks the mappings of a project against what its sources hold. Throws `mapping-invalid` with every problem. */
export function compileProject(mappings: LoadedMapping[], described: DescribedEntity[], site: Site, plan: Plan): MappingPlan {
  return compileMapping(mappings, { site, entities: described, deferred: plan.deferred })
}

/** The mapping room as the map phase uses it; people's `edits` of records are laid over what was read. */
export function makeMapper(staging: Staging, compiled: MappingPlan, edits: RecordEdit[] = []): Mapper {
  return {
    cleanse: async (onEntity) => {
      const done = []
      for (const entity of compiled.entities.values()) {
        const corrected = await applyEdits(staging, entity, edits)
        const counts = await cleanseEntity(staging, corrected.entity, compiled.registry)
        await reportReading(staging, entity, corrected.stale)
        onEntity(counts)
        done.push(counts)
      }
      return done
    },
    prepare: () => prepareDrafts(staging, compiled),
    draft: (doctype) => buildDrafts(staging, compiled, doctype),
    resolveDeferred: async () => { await resolveDeferred(staging) },
  }
}

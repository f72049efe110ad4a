import { relative } from 'node:path'
import { mappingSchema, type LoadedMapping } from './mapping-schema.ts'
import type { Project } from './project.ts'
import { closest, problemError, validateFile } from './validate.ts'
import { readYamlFile, type YamlFile } from './yaml-file.ts'

/**
 * Reads and validates the mapping files of a project, with the project's policies where a mapping sets none and the only source where it
 * names none. Throws `config-invalid` with file, line and column for a file that does not fit, an unknown source, or an entity mapped twice.
 */
export function loadMappings(project: Project): LoadedMapping[] {
  const seen = new Map<string, string>()
  return project.mappingFiles.map((path) => {
    const file = readYamlFile(path, relative('.', path) || path)
    const mapping = validateFile(mappingSchema, file, withDefaults(file.value, project))
    const sources = Object.keys(project.config.sources)
    if (mapping.source === undefined || !sources.includes(mapping.source)) throw sourceProblem(file, mapping.source, sources)
    const other = seen.get(mapping.entity)
    if (other !== undefined) {
      throw problemError([{ file: file.path, ...file.at(['entity']), message: `entity: found "${mapping.entity}", which ${other} maps already; allowed: one file per entity` }])
    }
    seen.set(mapping.entity, file.path)
    return { file: path, mapping, locate: (where) => file.at(where) }
  })
}

function withDefaults(value: unknown, project: Project): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  const given = value as Record<string, unknown>
  const sources = Object.keys(project.config.sources)
  const policies = given['policies'] === undefined || (typeof given['policies'] === 'object' && given['policies'] !== null) ? { ...project.config.policies, ...given['policies'] as object | undefined } : given['policies']
  return { ...given, policies, ...(given['source'] === undefined && sources.length === 1 ? { source: sources[0] } : {}) }
}

function sourceProblem(file: YamlFile, found: string | undefined, sources: string[]): Error {
  const near = found === undefined ? null : closest(found, sources)
  const message = found === undefined ? `source: is missing (the project has several: ${sources.join(', ')})` : `source: found "${found}", allowed ${sources.join(', ')}${near ? ` (did you mean "${near}"?)` : ''}`
  return problemError([{ file: file.path, ...file.at(['source']), message }])
}

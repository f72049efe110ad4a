import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Project } from '../config/project.ts'
import type { Pilot } from '../model/pilot.ts'

/** Folder of a project's pilots: one each, with pilot.json; the last also has its staging and its rehearsal site. */
export const pilotsFolder = (project: Project): string => join(project.paths.root, '.landfall', 'pilots')

/** Pilots of a project, oldest first. Reads files only. */
export function pilotsOf(project: Project): Pilot[] {
  const folder = pilotsFolder(project)
  if (!existsSync(folder)) return []
  return readdirSync(folder).sort().map((name) => join(folder, name, 'pilot.json')).filter((file) => existsSync(file)).map((file) => JSON.parse(readFileSync(file, 'utf8')) as Pilot)
}

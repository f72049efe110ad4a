import { join } from 'node:path'
import type { Project } from '../../config/project.ts'

/** Where the runbook of a project lies, for people to edit. */
export const runbookFile = (project: Project): string => join(project.paths.root, 'cutover.yaml')
/** Where what was run is kept. */
export const cutoverFolder = (project: Project): string => join(project.paths.state, 'cutover')

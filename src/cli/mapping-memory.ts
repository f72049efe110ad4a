import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { environment } from '../config/environment.ts'
import type { Project } from '../config/project.ts'
import { LandfallError, messageOf } from '../errors/error.ts'
import type { MappingPlan } from '../mapping/plan.ts'
import { recalledText, remember, type MappingMemory, type Recalled } from '../mapping/suggest/memory.ts'
import { systemClock } from '../model/clock.ts'

/** The folder given, else `LANDFALL_MEMORY_FOLDER`, else `.landfall/mappings` in the user's home. */
export function memoryFolder(given: string | undefined): string {
  return resolve(given ?? environment('LANDFALL_MEMORY_FOLDER') ?? join(homedir(), '.landfall', 'mappings'))
}

/** Keeps a project's mappings with the columns they rest on, one file per project: no data of records, except what value maps hold. Answers the file. */
export function keepMappings(project: Project, plan: MappingPlan, folder: string): string {
  const entities = remember(plan, (file) => readFileSync(file, 'utf8'))
  const memory: MappingMemory = { version: 1, project: project.config.project, rememberedAt: new Date(systemClock.now()).toISOString(), entities }
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${project.config.project.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(memory, null, 1)}\n`)
  return file
}

/** What earlier projects left, but not this one. Throws `usage` for a file that is none of ours. */
export function readMemories(folder: string, except: string): MappingMemory[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => name.endsWith('.json')).sort().map((name) => readMemory(join(folder, name))).filter((memory) => memory.project !== except)
}

function readMemory(file: string): MappingMemory {
  const refuse = (why: string): never => { throw new LandfallError('usage', `${file} holds no remembered mappings: ${why}.`, { where: { file }, hint: 'Files there are written by landfall map --remember; move others elsewhere.' }) }
  let memory: Partial<MappingMemory> | null = null
  try {
    memory = JSON.parse(readFileSync(file, 'utf8')) as Partial<MappingMemory>
  } catch (error) {
    refuse(messageOf(error))
  }
  if (memory?.version !== 1 || !Array.isArray(memory.entities) || typeof memory.project !== 'string') refuse(`its version is ${JSON.stringify(memory?.version ?? null)}, and 1 is read`)
  return memory as MappingMemory
}

/** Writes a recalled mapping and its value maps beside it, where none of that name are. Answers the files written. */
export function writeRecalled(recalled: Recalled, file: string): string[] {
  writeFileSync(file, recalledText(recalled))
  const written = [file]
  for (const [name, text] of Object.entries(recalled.remembered.maps)) {
    const path = resolve(dirname(file), name)
    // A memory may come from somebody else: it writes only beside the mapping.
    if (relative(dirname(file), path).startsWith('..') || existsSync(path)) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    written.push(path)
  }
  return written
}

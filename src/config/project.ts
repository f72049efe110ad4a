import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { LandfallError } from '../errors/error.ts'
import { environment } from './environment.ts'
import { configSchema, ENVIRONMENT, type ProjectConfig } from './schema.ts'
import { resolveSecrets, type SecretUse } from './secrets.ts'
import { formatPath, validateFile } from './validate.ts'
import { readYamlFile, type ConfigPath, type YamlFile } from './yaml-file.ts'

export const CONFIG_FILE = 'landfall.yaml'

/** Where everything of a project lies on disk. */
export interface ProjectPaths {
  root: string; config: string; state: string; staging: string; site: string; journal: string; spool: string; spill: string; runs: string
}

/** Value by value, where it came from: `landfall.yaml:5`, `default`, `env LANDFALL_MEMORY`, `flag --memory`. */
export type Origins = Map<string, string>

/** A loaded, validated project. `config` has secrets resolved in `sources` and `target`. */
export interface Project { paths: ProjectPaths; config: ProjectConfig; file: YamlFile; origins: Origins; secrets: SecretUse[]; mappingFiles: string[] }

/** A setting given on the command line: path in the config, value, and the flag for `config --explain`. */
export interface Override { path: string; value: unknown; flag: string }

/** `state`: folder of what is made while working; default: `.landfall` of the project. */
export function projectPaths(folder: string, state = join(resolve(folder), '.landfall')): ProjectPaths {
  const root = resolve(folder)
  return {
    root, config: join(root, CONFIG_FILE), state, staging: join(state, 'staging.duckdb'), site: join(state, 'site.duckdb'),
    journal: join(state, 'journal.ndjson'), spool: join(state, 'spool'), spill: join(state, 'spill'), runs: join(state, 'runs'),
  }
}

/** Loads landfall.yaml of `folder` with environment and flags applied. Throws config-missing, config-invalid, secret-missing. */
export function loadProject(folder: string, overrides: Override[] = []): Project {
  const paths = projectPaths(folder)
  const shown = relative('.', paths.config) || CONFIG_FILE
  if (!existsSync(paths.config)) {
    throw new LandfallError('config-missing', `There is no ${CONFIG_FILE} in ${paths.root}.`, { hint: 'Run `landfall init` here, or name the project\'s folder with --project FOLDER.', where: { file: shown } })
  }
  const file = readYamlFile(paths.config, shown)
  validateFile(configSchema, file)
  const given = structuredClone(file.value) as Record<string, unknown>
  const forced: Origins = new Map()
  for (const [variable, path] of Object.entries(ENVIRONMENT)) {
    const value = environment(variable)
    if (value !== undefined) { assign(given, path, numeric(value)); forced.set(path, `env ${variable}`) }
  }
  for (const { path, value, flag } of overrides) { assign(given, path, value); forced.set(path, `flag ${flag}`) }
  const secrets: SecretUse[] = []
  for (const part of ['sources', 'target']) {
    if (given[part] !== undefined) given[part] = resolveSecrets(given[part], file, paths.root, [part], secrets)
  }
  const config = validateFile(configSchema, file, given)
  return { paths, config, file, origins: originsOf(config, file, forced), secrets, mappingFiles: mappingFiles(config, file, paths.root) }
}

/** The mapping files of a project, absolute, sorted by name within a folder. */
function mappingFiles(config: ProjectConfig, file: YamlFile, root: string): string[] {
  const given = typeof config.mappings === 'string' ? [config.mappings] : config.mappings
  return given.flatMap((entry, i) => {
    const path = resolve(root, entry)
    if (!existsSync(path)) {
      if (!file.has(['mappings'])) return []
      const { line, column } = file.at(typeof config.mappings === 'string' ? ['mappings'] : ['mappings', i])
      throw new LandfallError('config-missing', `${file.path}:${line}:${column}: mappings: ${entry} does not exist`, { where: { file: file.path, line, column }, hint: 'Paths are relative to landfall.yaml.' })
    }
    if (!statSync(path).isDirectory()) return [path]
    return readdirSync(path).filter((entryName) => /\.ya?ml$/.test(entryName)).sort().map((entryName) => join(path, entryName))
  })
}

function originsOf(config: ProjectConfig, file: YamlFile, forced: Origins): Origins {
  const origins: Origins = new Map()
  const walk = (value: unknown, path: ConfigPath): void => {
    const text = formatPath(path)
    if (value !== null && typeof value === 'object' && Object.keys(value).length > 0) {
      for (const [key, item] of Object.entries(value)) walk(item, [...path, Array.isArray(value) ? Number(key) : key])
      return
    }
    origins.set(text, forced.get(text) ?? (file.has(path) ? `${file.path}:${file.at(path).line}` : 'default'))
  }
  walk(config, [])
  return origins
}

function assign(target: Record<string, unknown>, path: string, value: unknown): void {
  const parts = path.split('.')
  let node = target
  for (const part of parts.slice(0, -1)) {
    if (typeof node[part] !== 'object' || node[part] === null) node[part] = {}
    node = node[part] as Record<string, unknown>
  }
  node[parts.at(-1) ?? ''] = value
}

function numeric(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text
}

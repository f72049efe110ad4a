import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { configJsonSchema } from '../../config/explain.ts'
import { CONFIG_FILE, loadProject } from '../../config/project.ts'
import { LandfallError, messageOf } from '../../errors/error.ts'
import type { Entity } from '../../model/entity.ts'
import { SOURCE_KINDS } from '../../sources/registry.ts'
import { loadSite, openProjectSource } from '../compose.ts'
import { environmentOf, type Environment } from '../environment.ts'
import { askProject } from '../init/questions.ts'
import { parseSourceFlag, type SourceSpec } from '../init/source-flag.ts'
import { mappingSkeleton } from '../init/skeleton.ts'

interface InitOptions { source?: string[]; name?: string; force?: boolean; describe: boolean; yes?: boolean }

export function register(program: Command, signal: AbortSignal): void {
  program.command('init')
    .description('Make a project here: landfall.yaml, and a mapping file for every entity the sources describe.')
    .option('-s, --source <spec...>', `[NAME=]KIND:OPTIONS, e.g. erp=postgres:host=db,database=erp,user=reader or old=sqlite:shop.db; kinds: ${SOURCE_KINDS.join(', ')}`)
    .option('-n, --name <name>', 'name of the project; default: the folder\'s')
    .option('--no-describe', 'do not connect to the sources; write landfall.yaml only')
    .option('--force', 'overwrite an existing landfall.yaml (mapping files that exist are kept)')
    .option('-y, --yes', 'ask nothing')
    .addHelpText('after', '\nExamples:\n  $ landfall init                                        asks\n  $ landfall init --source shop=sqlite:shop.db\n  $ landfall init --source erp=postgres:host=db,database=erp,user=reader,password=\'${env:ERP_PASSWORD}\' --source \'sheets=excel:exports/articles.xlsx\'')
    .action(async (options: InitOptions, command: Command) => { await init(environmentOf(command, signal), options) })
}

async function init(env: Environment, options: InitOptions): Promise<void> {
  const folder = env.globals.project
  const file = join(folder, CONFIG_FILE)
  if (existsSync(file) && !options.force) throw new LandfallError('usage', `${file} exists already.`, { hint: 'Edit it, or overwrite it with --force.' })
  const given = (options.source ?? []).map(parseSourceFlag)
  const answers = given.length === 0 && env.terminal.live && !options.yes ? await askProject(folder, options.name) : { name: options.name ?? defaultName(folder), sources: given }
  if (answers.sources.length === 0) throw new LandfallError('usage', 'A project needs a source.', { hint: 'landfall init --source shop=sqlite:shop.db' })
  mkdirSync(join(folder, 'mappings'), { recursive: true })
  mkdirSync(join(folder, '.landfall'), { recursive: true })
  writeFileSync(join(folder, '.landfall', 'landfall.schema.json'), `${JSON.stringify(configJsonSchema(), null, 1)}\n`)
  writeFileSync(file, configText(answers.name, answers.sources))
  env.terminal.say(`${file} written`)
  for (const source of answers.sources) {
    for (const variable of source.variables) env.terminal.say(`  ${variable} must be set in the environment: it holds a secret of source ${source.name}.`)
  }
  if (options.describe) await describeSources(env, folder, answers.sources)
  env.terminal.say(`Next: look through ${join(folder, 'mappings')}, then landfall preflight`)
}

async function describeSources(env: Environment, folder: string, sources: SourceSpec[]): Promise<void> {
  const project = loadProject(folder)
  const site = loadSite(project)
  for (const { name } of sources) {
    const source = await openProjectSource(project, name).catch((error: unknown) => {
      env.terminal.say(`  source ${name} could not be described: ${messageOf(error)}\n  Mapping files can be written later: landfall init --force --source ...`)
      return null
    })
    if (source === null) continue
    try {
      const catalog = await source.describe()
      for (const entity of catalog.entities) writeMapping(env, folder, name, entity, (doctype) => site.doctype(doctype), site.doctypeNames())
    } finally {
      await source.close()
    }
  }
}

function writeMapping(env: Environment, folder: string, source: string, entity: Entity, doctype: Parameters<typeof mappingSkeleton>[2], names: string[]): void {
  const file = join(folder, 'mappings', `${entity.name.replaceAll(/[^\p{L}\p{N}_.-]+/gu, '_').toLowerCase()}.yaml`)
  if (existsSync(file)) return env.terminal.say(`  ${file} kept`)
  const skeleton = mappingSkeleton(source, entity, doctype, names)
  writeFileSync(file, skeleton.text)
  env.terminal.say(`  ${file} written (${skeleton.doctype === null ? 'no DocType found that is like it' : `looks like ${skeleton.doctype}, ${skeleton.matched} fields matched`})`)
}

function configText(name: string, sources: SourceSpec[]): string {
  return '# yaml-language-server: $schema=.landfall/landfall.schema.json\n'
    + '# Every key: docs/reference/config.md. Where a value comes from: landfall config --explain\n'
    + stringify({ project: name, sources: Object.fromEntries(sources.map((source) => [source.name, { kind: source.kind, options: source.options }])), mappings: 'mappings', run: { on_blocking: 'stop' } })
}

function defaultName(folder: string): string {
  const last = join(process.cwd(), folder).split('/').filter(Boolean).at(-1) ?? 'project'
  const clean = last.replaceAll(/[^A-Za-z0-9_-]+/g, '-')
  return /^[A-Za-z]/.test(clean) ? clean : `project-${clean}`
}

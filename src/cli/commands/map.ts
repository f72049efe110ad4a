import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { loadProject, type Project } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { coverage } from '../../mapping/coverage.ts'
import { aliasOf, openList, proposalFile } from '../../mapping/suggest/proposal-file.ts'
import type { MappingPlan } from '../../mapping/plan.ts'
import { recall, recalledText, renameEntities, type Recalled } from '../../mapping/suggest/memory.ts'
import { suggest, type EntityProposal } from '../../mapping/suggest/suggest.ts'
import type { Assessment } from '../../model/assessment.ts'
import type { DescribedEntity } from '../../phases/extract.ts'
import type { Staging } from '../../staging/staging.ts'
import { loadSite } from '../compose.ts'
import { environmentOf, withWorkspace, type Environment } from '../environment.ts'
import { compileNow, mappingDocument, writeMappingDocument } from '../mapping-document.ts'
import { keepMappings, memoryFolder, readMemories, writeRecalled } from '../mapping-memory.ts'
import { formatCount, formatTable } from '../terminal.ts'

/** What the proposals leave to people; beside landfall.yaml. */
export const OPEN_FILE = 'open.yaml'

interface MapFlags { suggest?: boolean; force?: boolean; document?: boolean; out?: string; remember?: boolean; memory?: string }

export function register(program: Command, signal: AbortSignal): void {
  program.command('map').description('Coverage of the mappings: every column mapped, ignored on purpose, or open. With --suggest: proposals for what has no mapping yet.')
    .option('--suggest', `propose DocTypes and fields from the last assessment, and mappings remembered from earlier projects; writes mapping files and ${OPEN_FILE}`)
    .option('--force', 'with --suggest: overwrite mapping files that exist')
    .option('--document', 'write the mappings for people: old place, new place, rule, examples (mapping.html, .md, .json)')
    .option('-o, --out <folder>', 'with --document: where it goes; default: mapping-document beside landfall.yaml')
    .option('--remember', 'keep these mappings for later projects with the same kind of source')
    .option('--memory <folder>', 'where mappings are remembered; default: LANDFALL_MEMORY_FOLDER, else .landfall/mappings in your home')
    .addHelpText('after', '\nExamples:\n  $ landfall assess && landfall map --suggest\n  $ landfall map                  what is mapped, ignored, open\n  $ landfall map --document      for those who know the old system\n  $ landfall map --remember      for the next project of this kind\n  $ landfall map --json | jq .missing')
    .action(async (flags: MapFlags, command: Command) => {
      const env = environmentOf(command, signal), project = loadProject(env.globals.project)
      if (flags.suggest) return writeProposals(env, project, flags)
      const { plan, described } = await compileNow(project)
      if (flags.document) await writeDocument(env, project, plan, flags.out)
      if (flags.remember) keep(env, project, plan, flags.memory)
      if (!flags.document && !flags.remember) showCoverage(env, plan, described)
    })
}

async function writeDocument(env: Environment, project: Project, plan: MappingPlan, out: string | undefined): Promise<void> {
  const make = async (staging: Staging | null) => mappingDocument(project, plan, staging)
  const document = existsSync(project.paths.staging) ? await withWorkspace(env, [], async ({ staging }) => make(staging)) : await make(null)
  const files = writeMappingDocument(document, out ?? join(project.paths.root, 'mapping-document'))
  if (env.terminal.json) return env.terminal.emit({ ...document, files })
  const fields = document.entities.flatMap((entity) => entity.documents.flatMap((one) => [...one.fields, ...one.rows.flatMap((rows) => rows.fields)])).length
  env.terminal.print(`${formatCount(document.entities.length)} entities, ${formatCount(fields)} fields${document.examplesFrom === null ? '; no examples yet: landfall preflight, then again' : ''}`)
  for (const file of files) env.terminal.print(file)
}

function keep({ terminal }: Environment, project: Project, plan: MappingPlan, folder: string | undefined): void {
  const file = keepMappings(project, plan, memoryFolder(folder))
  if (terminal.json) terminal.emit({ remembered: file })
  else terminal.print(`${formatCount(project.mappingFiles.length)} mappings remembered in ${file}`)
}

/** The last assessment of a project. Throws `usage` when there is none. */
export function readAssessment(project: Project): Assessment {
  const file = join(project.paths.state, 'assessment', 'assessment.json')
  if (!existsSync(file)) throw new LandfallError('usage', 'The project was not assessed yet.', { hint: 'landfall assess' })
  return JSON.parse(readFileSync(file, 'utf8')) as Assessment
}

function writeProposals({ terminal }: Environment, project: Project, flags: MapFlags): void {
  const assessment = readAssessment(project), site = loadSite(project), { root } = project.paths, force = flags.force === true
  const recalled = recall(readMemories(memoryFolder(flags.memory), project.config.project), assessment.entities, aliasOf)
  const proposals = suggest(assessment, site).map((proposal) => recalledProposal(proposal, recalled.get(proposal.entity.id)))
  const folder = join(root, typeof project.config.mappings === 'string' ? project.config.mappings : project.config.mappings[0] ?? 'mappings')
  mkdirSync(folder, { recursive: true })
  const names = new Map([...recalled.values()].map((one) => [aliasOf(one.assessed), one.remembered.entity] as const).filter(([alias, name]) => alias !== name))
  const rows: (string | number)[][] = [], written: string[] = [], taken = new Set<string>()
  for (const proposal of proposals) {
    const known = recalled.get(proposal.entity.id), text = known ? recalledText(known) : proposalFile(proposal, assessment, site)
    const file = join(folder, `${known?.remembered.entity ?? aliasOf(proposal.entity)}.yaml`), kept = existsSync(file) && (!force || taken.has(file))
    if (text !== null && !kept) {
      taken.add(file)
      if (known) written.push(...writeRecalled(known, file).map((path) => relative('.', path)))
      else { writeFileSync(file, renameEntities(text, names)); written.push(relative('.', file)) }
    }
    rows.push([proposal.entity.id, known ? `as in ${known.project}` : proposal.rowsOf === null ? proposal.documents.map((document) => document.doctype).join(', ') || '-' : `rows of ${proposal.rowsOf.split('.').at(-1)}`, known ? known.remembered.used.length : proposal.documents.reduce((sum, document) => sum + document.fields.length, 0), proposal.open.length, text === null ? '-' : kept ? 'kept' : relative('.', file)])
  }
  const found = openList(proposals, assessment, site), open = { ...found, entities_without_doctype: found.entities_without_doctype.filter((id) => !recalled.has(id)) }
  writeFileSync(join(root, OPEN_FILE), `# What landfall map --suggest could not decide, of ${assessment.assessedAt}.\n${stringify(open, { lineWidth: 160 })}`)
  if (terminal.json) {
    return terminal.emit({
      proposals: proposals.map(({ entity, ...rest }) => ({ entity: entity.id, ...rest, remembered: recalled.get(entity.id)?.project ?? null })), open, written: [...written, OPEN_FILE],
    })
  }
  terminal.print(formatTable(['entity', 'becomes', 'fields', 'open', 'file'], rows))
  terminal.print(`${OPEN_FILE}: ${formatCount(open.unmapped_columns.length)} columns without a field, ${formatCount(open.unfilled_fields.length)} mandatory fields without a value, ${formatCount(open.unmapped_values.length)} columns with values that no choice has`)
}

/** What is remembered takes the place of what would be proposed; columns it did not know are open. */
function recalledProposal(proposal: EntityProposal, recalled: Recalled | undefined): EntityProposal {
  return recalled === undefined ? proposal : { ...proposal, documents: [], rowsOf: null, open: recalled.fresh }
}

function showCoverage({ terminal }: Environment, plan: MappingPlan, described: DescribedEntity[]): void {
  const found = coverage(plan)
  const mapped = new Set(found.entities.map((entity) => `${entity.source}.${entity.table}`))
  const unmapped = described.filter(({ source, entity }) => !mapped.has(`${source}.${entity.name}`)).map(({ source, entity }) => `${source}.${entity.name}`)
  if (terminal.json) return terminal.emit({ ...found, unmapped })
  terminal.print(formatTable(['entity', 'mapped', 'ignored', 'open', 'open columns'], found.entities.map((entity) => [entity.entity, entity.mapped, entity.ignoredColumns, entity.open, entity.columns.filter((column) => column.state === 'open').map((column) => column.column).join(', ')])))
  for (const field of found.missing) terminal.print(`${field.doctype}.${field.field} is mandatory, and nothing gives it (${field.entity})`)
  if (unmapped.length > 0) terminal.print(`No mapping speaks of: ${unmapped.join(', ')}`)
  terminal.print(`${(found.share * 100).toFixed(1)} % of the columns are mapped or ignored on purpose`)
}

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { loadMappings } from '../../config/mappings.ts'
import { loadProject, type Project } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { coverage } from '../../mapping/coverage.ts'
import { aliasOf, openList, proposalFile } from '../../mapping/suggest/proposal-file.ts'
import { suggest } from '../../mapping/suggest/suggest.ts'
import type { Assessment } from '../../model/assessment.ts'
import { makePlan, planDocuments } from '../../phases/plan.ts'
import type { DescribedEntity } from '../../phases/extract.ts'
import { loadSite, openProjectSource } from '../compose.ts'
import { environmentOf, type Environment } from '../environment.ts'
import { compileProject } from '../mapper.ts'
import { formatCount, formatTable } from '../terminal.ts'

/** What the proposals leave to people; beside landfall.yaml. */
export const OPEN_FILE = 'open.yaml'

export function register(program: Command, signal: AbortSignal): void {
  program.command('map').description('Coverage of the mappings: every column mapped, ignored on purpose, or open. With --suggest: proposals for what has no mapping yet.')
    .option('--suggest', `propose DocTypes and fields from the last assessment; writes mapping files and ${OPEN_FILE}`)
    .option('--force', 'with --suggest: overwrite mapping files that exist')
    .addHelpText('after', '\nExamples:\n  $ landfall assess && landfall map --suggest\n  $ landfall map                  what is mapped, ignored, open\n  $ landfall map --json | jq .missing')
    .action(async (flags: { suggest?: boolean; force?: boolean }, command: Command) => {
      const env = environmentOf(command, signal), project = loadProject(env.globals.project)
      if (flags.suggest) writeProposals(env, project, flags.force === true)
      else await showCoverage(env, project)
    })
}

/** The last assessment of a project. Throws `usage` when there is none. */
export function readAssessment(project: Project): Assessment {
  const file = join(project.paths.state, 'assessment', 'assessment.json')
  if (!existsSync(file)) throw new LandfallError('usage', 'The project was not assessed yet.', { hint: 'landfall assess' })
  return JSON.parse(readFileSync(file, 'utf8')) as Assessment
}

function writeProposals({ terminal }: Environment, project: Project, force: boolean): void {
  const assessment = readAssessment(project), site = loadSite(project), { root } = project.paths
  const proposals = suggest(assessment, site), folder = join(root, typeof project.config.mappings === 'string' ? project.config.mappings : project.config.mappings[0] ?? 'mappings')
  mkdirSync(folder, { recursive: true })
  const rows: (string | number)[][] = [], written: string[] = [], taken = new Set<string>()
  for (const proposal of proposals) {
    const text = proposalFile(proposal, assessment, site), file = join(folder, `${aliasOf(proposal.entity)}.yaml`)
    const kept = existsSync(file) && (!force || taken.has(file))
    if (text !== null && !kept) { writeFileSync(file, text); written.push(relative('.', file)); taken.add(file) }
    rows.push([proposal.entity.id, proposal.rowsOf === null ? proposal.documents.map((document) => document.doctype).join(', ') || '-' : `rows of ${proposal.rowsOf.split('.').at(-1)}`, proposal.documents.reduce((sum, document) => sum + document.fields.length, 0), proposal.open.length, text === null ? '-' : kept ? 'kept' : relative('.', file)])
  }
  const open = openList(proposals, assessment, site)
  writeFileSync(join(root, OPEN_FILE), `# What landfall map --suggest could not decide, of ${assessment.assessedAt}.\n${stringify(open, { lineWidth: 160 })}`)
  if (terminal.json) {
    return terminal.emit({
      proposals: proposals.map(({ entity, ...rest }) => ({ entity: entity.id, ...rest })), open, written: [...written, OPEN_FILE],
    })
  }
  terminal.print(formatTable(['entity', 'becomes', 'fields', 'open', 'file'], rows))
  terminal.print(`${OPEN_FILE}: ${formatCount(open.unmapped_columns.length)} columns without a field, ${formatCount(open.unfilled_fields.length)} mandatory fields without a value, ${formatCount(open.unmapped_values.length)} columns with values that no choice has`)
}

async function showCoverage({ terminal }: Environment, project: Project): Promise<void> {
  const mappings = loadMappings(project), site = loadSite(project), described: DescribedEntity[] = []
  for (const name of Object.keys(project.config.sources)) {
    const source = await openProjectSource(project, name)
    try {
      described.push(...(await source.describe()).entities.map((entity) => ({ source: name, entity })))
    } finally {
      await source.close()
    }
  }
  const found = coverage(compileProject(mappings, described, site, makePlan(planDocuments(mappings), (name) => site.doctype(name))))
  const mapped = new Set(found.entities.map((entity) => `${entity.source}.${entity.table}`))
  const unmapped = described.filter(({ source, entity }) => !mapped.has(`${source}.${entity.name}`)).map(({ source, entity }) => `${source}.${entity.name}`)
  if (terminal.json) return terminal.emit({ ...found, unmapped })
  terminal.print(formatTable(['entity', 'mapped', 'ignored', 'open', 'open columns'], found.entities.map((entity) => [entity.entity, entity.mapped, entity.ignoredColumns, entity.open, entity.columns.filter((column) => column.state === 'open').map((column) => column.column).join(', ')])))
  for (const field of found.missing) terminal.print(`${field.doctype}.${field.field} is mandatory, and nothing gives it (${field.entity})`)
  if (unmapped.length > 0) terminal.print(`No mapping speaks of: ${unmapped.join(', ')}`)
  terminal.print(`${(found.share * 100).toFixed(1)} % of the columns are mapped or ignored on purpose`)
}

import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Command } from 'commander'
import { loadMappings } from '../../config/mappings.ts'
import type { LoadedMapping } from '../../config/mapping-schema.ts'
import { loadProject } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { namedEntities } from '../../mapping/entity.ts'
import { causeCondition, groupFindings, type CauseGroup } from '../../phases/preflight.ts'
import { makePlan, planDocuments } from '../../phases/plan.ts'
import type { Workspace } from '../compose.ts'
import { environmentOf, withWorkspace } from '../environment.ts'
import { compileProject } from '../mapper.ts'
import { editMapping, type Fix, type FixPlace } from '../mapping-edit.ts'
import { stagedExtract } from '../staged-plan.ts'
import { retryAndReport } from './retry.ts'

interface FixFlags { map?: string[]; transform?: string[]; default?: string; policy?: string[]; dryRun?: boolean; retry?: boolean }

export function register(program: Command, signal: AbortSignal): void {
  program.command('fix').description('Answer a root cause once, for all its documents: a value, a transform, a default or a policy, written into the mapping the cause comes from. Refuses what it cannot do surely.')
    .argument('<cause>', 'which cause; landfall findings lists them')
    .option('--map <old=new...>', 'the value old becomes new')
    .option('--transform <transform...>', 'apply a transform after those there are: trim, "{date: {formats: [\\"%d.%m.%Y\\"]}}"')
    .option('--default <value>', 'what the field gets where it has no value')
    .option('--policy <name=value...>', 'missing_reference=create_placeholder, skip or fail; type_mismatch=null or reject; unmapped=keep or null')
    .option('--dry-run', 'show the mapping as it would be, and write nothing')
    .option('--retry', 'then map, check and load again the documents of this cause')
    .addHelpText('after', '\nExamples:\n  $ landfall fix 3fa9c1d2 --map pcs=Nos --map "kg.=Kg" --retry\n  $ landfall fix 77aa01be --policy missing_reference=create_placeholder\n  $ landfall fix 5b3c9e10 --transform trim --dry-run')
    .action(async (cause: string, flags: FixFlags, command: Command) => {
      const env = environmentOf(command, signal), fix = fixOf(flags)
      const done = await withWorkspace(env, [], async (workspace) => write(workspace, cause, fix, flags.dryRun === true))
      if (flags.dryRun && !env.terminal.json) env.terminal.print(done.text)
      env.terminal.emitOrPrint({ type: 'fixed', cause, files: done.files, changes: done.changes, written: flags.dryRun !== true }, done.changes.map((change) => `${flags.dryRun ? 'would change' : 'changed'}  ${change}`).join('\n'))
      if (flags.retry && !flags.dryRun) process.exitCode = await retryAndReport(env, [], [cause], null)
      else if (!flags.dryRun) env.terminal.say(`landfall retry --cause ${cause}`)
    })
}

function fixOf(flags: FixFlags): Fix {
  const pairs = (given: string[] | undefined, flag: string): [string, string][] => (given ?? []).map((item) => {
    const at = item.lastIndexOf('=')
    if (at < 1) throw new LandfallError('usage', `${flag} "${item}" has no = in it.`, { hint: `${flag} "old=new"` })
    return [item.slice(0, at), item.slice(at + 1)]
  })
  const fix: Fix = { values: pairs(flags.map, '--map'), transforms: flags.transform ?? [], fallback: flags.default ?? null, policies: pairs(flags.policy, '--policy') }
  if (fix.values.length + fix.transforms.length + fix.policies.length === 0 && fix.fallback === null) throw new LandfallError('usage', 'Nothing was given to fix it with.', { hint: '--map "old=new", --transform trim, --default value, --policy missing_reference=skip' })
  return fix
}

async function write(workspace: Workspace, cause: string, fix: Fix, dry: boolean): Promise<{ files: string[]; changes: string[]; text: string }> {
  const { staging, project } = workspace
  const group = (await groupFindings(staging, { cause }))[0]
  if (!group) throw new LandfallError('usage', `There is no cause "${cause}".`, { hint: 'landfall findings lists them with their ids.' })
  const entities = (await staging.all<{ entity: string }>(`SELECT DISTINCT entity FROM ops.findings WHERE ${causeCondition(group)} AND entity IS NOT NULL ORDER BY entity`)).map((row) => row.entity)
  const edits = placesOf(group, entities, loadMappings(project)).map(({ loaded, place }) => {
    const before = readFileSync(loaded.file, 'utf8'), shown = relative('.', loaded.file)
    return { file: loaded.file, shown, before, ...editMapping(before, shown, place, fix) }
  })
  if (edits.length === 0) throw new LandfallError('usage', 'No mapping file says how these documents are made.', { hint: 'The cause lies in the records: landfall deadletters export' })
  const { described } = await stagedExtract(workspace)
  for (const edit of edits) writeFileSync(edit.file, edit.text)
  try {
    const mappings = loadMappings(loadProject(project.paths.root))
    compileProject(mappings, described, workspace.site, makePlan(planDocuments(mappings), (name) => workspace.site.doctype(name)))
  } catch (error) {
    for (const edit of edits) writeFileSync(edit.file, edit.before)
    throw error
  }
  if (dry) for (const edit of edits) writeFileSync(edit.file, edit.before)
  return { files: edits.map((edit) => edit.shown), changes: edits.flatMap((edit) => edit.done.map((line) => `${edit.shown}: ${line}`)), text: edits.map((edit) => edit.text).join('---\n') }
}

/** Which files, and where in them, decide about the documents of a cause. */
function placesOf(group: CauseGroup, entities: string[], mappings: LoadedMapping[]): { loaded: LoadedMapping; place: FixPlace }[] {
  const own = mappings.filter(({ mapping }) => entities.includes(mapping.entity)), field = group.field
  if (!group.doctype.startsWith('entity:')) return own.filter(({ mapping }) => mapping.documents.some((document) => document.doctype === group.doctype)).map((loaded) => ({ loaded, place: field === null ? { kind: 'entity' } : { kind: 'field', doctype: group.doctype, field } }))
  if (field === null || group.type === 'orphan-record') return own.map((loaded) => ({ loaded, place: { kind: 'entity' } }))
  if (group.type === 'type-mismatch' || group.type === 'value-truncated') return own.map((loaded) => ({ loaded, place: { kind: 'column', column: field } }))
  // A record that became no document, because of a field: of its own mapping, or of one that makes child rows of it.
  const [head = ''] = field.split('.')
  return mappings.filter(({ mapping }) => entities.includes(mapping.entity) || namedEntities(mapping).some((name) => entities.includes(name)))
    .flatMap((loaded) => loaded.mapping.documents.filter((document) => head in document.fields).map((document) => ({ loaded, place: { kind: 'field' as const, doctype: document.doctype, field } })))
}

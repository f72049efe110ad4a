import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { CUSTOMIZATIONS_FOLDER, loadCustomizations } from '../../config/customizations.ts'
import { fixturesOf } from '../../config/fixtures.ts'
import { loadProject, type Project } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { Journal, readJournal } from '../../ledger/journal.ts'
import { systemClock, timestamp } from '../../model/clock.ts'
import type { CustomDocument, CustomState } from '../../model/customisation.ts'
import type { Json } from '../../model/value.ts'
import { compareCustomisations, customisedSite } from '../../site/customised.ts'
import { Staging } from '../../staging/staging.ts'
import { evolveSite, type Evolved } from '../../targets/embedded/evolve.ts'
import { makeCustomisations, readCustomisations, removeCustomisations } from '../../targets/rest/customisations.ts'
import { colors } from '../colors.ts'
import { describedSite } from '../compose.ts'
import { environmentOf, type Environment } from '../environment.ts'
import { siteSettings } from '../lanes.ts'
import { formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  const command = program.command('customize').description(`Custom fields, properties and DocTypes of a project (${CUSTOMIZATIONS_FOLDER}/*.yaml) against its site. Mapping, pre-flight and the rehearsal site know them as soon as they are written.`)
  command.command('diff').description('What is missing on the site, there as wanted, there otherwise, or cannot be.')
    .addHelpText('after', '\nExamples:\n  $ landfall customize diff\n  $ landfall customize diff --json | jq .state')
    .action((_: object, own: Command) => diff(environmentOf(own, signal)))
  command.command('apply').description('Make what is missing, before any data: on the site over REST, or in the rehearsal site. What was made is noted, to be taken back.')
    .addHelpText('after', '\nExamples:\n  $ landfall customize apply && landfall preflight')
    .action((_: object, own: Command) => apply(environmentOf(own, signal)))
  command.command('remove').description('Take back what apply made; landfall rollback takes documents back first.')
    .addHelpText('after', '\nExamples:\n  $ landfall rollback && landfall customize remove\n  $ landfall rollback --customizations     the same')
    .action((_: object, own: Command) => removeApplied(environmentOf(own, signal)))
  command.command('export').argument('<folder>', 'where the fixtures go').description('Write them as fixtures of a custom app: JSON files in Frappe\'s form, and the lines for its hooks.py.')
    .addHelpText('after', '\nExamples:\n  $ landfall customize export apps/my_app/my_app/fixtures')
    .action((folder: string, _: object, own: Command) => { exportFixtures(environmentOf(own, signal), folder) })
}

const documentsOf = (project: Project): CustomDocument[] => fixturesOf(loadCustomizations(project))

/** Login and settings of a real site's REST interface, or null for the rehearsal site. Throws `config-invalid` for a real site without them. */
function restOf(project: Project): { login: { url: string; key: string; secret: string }; settings: ReturnType<typeof siteSettings>['rest'] } | null {
  const { target } = project.config
  if (target.kind === 'rehearsal') return null
  const { url, api_key: key, api_secret: secret } = target
  if (!url || !key || !secret) throw new LandfallError('config-invalid', 'Customisations are made over REST, and `target.url`, `target.api_key` and `target.api_secret` are not given.', { hint: 'Give them, or put the fixtures into a custom app: landfall customize export FOLDER' })
  return { login: { url, key, secret }, settings: siteSettings(target).rest }
}

/** States against the site itself where there is one, else against its description. */
async function statesOf(project: Project, documents: CustomDocument[]): Promise<CustomState[]> {
  const states = compareCustomisations(describedSite(project), documents), rest = restOf(project)
  if (rest === null) return states
  const found = await readCustomisations(rest.login, rest.settings, systemClock, documents)
  return states.map((one): CustomState => {
    if (one.state === 'conflict') return one
    const there = found.get(`${one.document.doctype} ${one.document.name}`)
    if (there === undefined) return one.state === 'there' ? one : { ...one, state: 'missing' }
    const differing = Object.entries(one.document.values).filter(([name, value]) => typeof value !== 'object' && name !== 'name' && String(there[name] ?? '') !== String(value)).map(([name, value]) => `${name}: ${String(there[name] ?? '')} instead of ${String(value)}`)
    return differing.length === 0 ? { ...one, state: 'there', detail: '' } : { ...one, state: 'differs', detail: differing.join(', ') }
  })
}

function show({ terminal }: Environment, states: CustomState[]): void {
  if (terminal.json) { for (const { document, state, detail } of states) terminal.emit({ doctype: document.doctype, name: document.name, state, detail, place: document.place }); return }
  if (states.length === 0) return terminal.print(`Nothing is customised: there is no ${CUSTOMIZATIONS_FOLDER}/*.yaml.`)
  const colored = (state: CustomState['state']): string => (state === 'there' ? colors.green(state) : state === 'missing' ? colors.yellow(state) : colors.red(state))
  terminal.print(formatTable(['what', 'name', 'written at', '', ''], states.map(({ document, state, detail }) => [document.doctype, document.name, document.place, colored(state), detail])))
}

async function diff(env: Environment): Promise<void> {
  const project = loadProject(env.globals.project), states = await statesOf(project, documentsOf(project))
  show(env, states)
  if (states.some(({ state }) => state === 'conflict' || state === 'differs')) process.exitCode = 1
}

async function apply(env: Environment): Promise<void> {
  const project = loadProject(env.globals.project), documents = documentsOf(project), states = await statesOf(project, documents)
  const wrong = states.filter(({ state }) => state === 'conflict' || state === 'differs')
  if (wrong.length > 0) throw new LandfallError('config-invalid', wrong.map(({ document, detail }) => `${document.place}: ${document.doctype} ${document.name}: ${detail}`).join('\n'), { hint: 'Nothing was made. Change them here, or on the site.' })
  const rest = restOf(project), missing = states.filter(({ state }) => state === 'missing').map(({ document }) => document)
  if (rest === null) return tell(env, await evolve(project, documents))
  const journal = Journal.open(project.paths.journal)
  try {
    await makeCustomisations(rest.login, rest.settings, systemClock, missing, ({ doctype, name }) => journal.append([{ type: 'customised', run: '', at: timestamp(systemClock), doctype, name }]))
  } finally {
    journal.close()
  }
  env.terminal.emitOrPrint({ type: 'result', made: missing.map(({ doctype, name }) => ({ doctype, name })), there: states.length - missing.length }, `${missing.length} made, ${states.length - missing.length} were there. A new description of the site: landfall site pull`)
}

/** Brings the rehearsal site, where there is one, to the project's customisations; one that is made later has them from the start. */
async function evolve(project: Project, documents: CustomDocument[]): Promise<Evolved & { exists: boolean }> {
  const described = describedSite(project), { paths } = project
  const staging = await Staging.open(':memory:', { allowedFolders: [paths.state] })
  try {
    return { exists: existsSync(paths.site), ...await evolveSite(staging, paths.site, customisedSite(described, documents)) }
  } finally {
    await staging.close()
  }
}

function tell({ terminal }: Environment, { exists, tables, columns, records }: Evolved & { exists: boolean }): void {
  if (!exists) return terminal.emitOrPrint({ type: 'result', tables, columns, records }, 'There is no rehearsal site yet: the next one is made with them.')
  const changes = [...tables, ...columns]
  terminal.emitOrPrint({ type: 'result', tables, columns, records }, changes.length + records === 0 ? 'The rehearsal site is as it should be.' : `${changes.map((change) => `${change}\n`).join('')}${records} records of customisations brought in line.`)
}

/** Takes back what `apply` made: on the site over REST, or in the rehearsal site, where nothing may be in it any more. */
export async function removeApplied(env: Environment): Promise<void> {
  const project = loadProject(env.globals.project), rest = restOf(project)
  if (rest === null) return tell(env, await evolve(project, []))
  const known = new Map<string, { doctype: string; name: string }>()
  for (const event of readJournal(project.paths.journal)) {
    const id = `${String(event['doctype'])} ${String(event['name'])}`
    if (event.type === 'customised') known.set(id, { doctype: String(event['doctype']), name: String(event['name']) })
    if (event.type === 'uncustomised') known.delete(id)
  }
  const journal = Journal.open(project.paths.journal)
  try {
    const kept = await removeCustomisations(rest.login, rest.settings, systemClock, [...known.values()], ({ doctype, name }) => journal.append([{ type: 'uncustomised', run: '', at: timestamp(systemClock), doctype, name }]))
    env.terminal.emitOrPrint({ type: 'result', removed: known.size - kept.length, kept }, [`${known.size - kept.length} taken back.`, ...kept.map((one) => `  ${one.doctype} ${one.name} stays: ${one.reason}`)].join('\n'))
    if (kept.length > 0) process.exitCode = 1
  } finally {
    journal.close()
  }
}

const FIXTURES: Record<CustomDocument['doctype'], string> = { 'Custom Field': 'custom_field.json', 'Property Setter': 'property_setter.json', DocType: 'doctype.json' }

/** Frappe writes fixtures sorted by key, with an indent of one. */
const sorted = (value: Json): Json => (Array.isArray(value) ? value.map(sorted) : value !== null && typeof value === 'object' ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key]!)])) : value)

function exportFixtures(env: Environment, folder: string): void {
  const documents = documentsOf(loadProject(env.globals.project)), files: string[] = [], out = resolve(folder)
  if (documents.length === 0) throw new LandfallError('usage', `There is nothing to export: no ${CUSTOMIZATIONS_FOLDER}/*.yaml.`, { hint: 'docs/reference/config.md says what goes into it.' })
  mkdirSync(out, { recursive: true })
  for (const [doctype, name] of Object.entries(FIXTURES)) {
    const own = documents.filter((document) => document.doctype === doctype)
    if (own.length === 0) continue
    const children = (values: Record<string, Json>): Record<string, Json> => ({ ...values, ...Array.isArray(values['fields']) ? { fields: values['fields'].map((field) => ({ doctype: 'DocField', parentfield: 'fields', parenttype: 'DocType', ...field as object })) } : {}, ...Array.isArray(values['permissions']) ? { permissions: values['permissions'].map((one) => ({ doctype: 'DocPerm', parentfield: 'permissions', parenttype: 'DocType', ...one as object })) } : {} })
    writeFileSync(join(out, name), `${JSON.stringify(own.map((document) => sorted({ doctype, name: document.name, docstatus: 0, ...children(document.values) })), null, 1)}\n`)
    files.push(relative('.', join(out, name)))
  }
  const hooks = `fixtures = [\n${Object.keys(FIXTURES).map((doctype) => ({ doctype, names: documents.filter((document) => document.doctype === doctype).map(({ name }) => name) })).filter(({ names }) => names.length > 0).map(({ doctype, names }) => `    {"dt": ${JSON.stringify(doctype)}, "filters": [["name", "in", ${JSON.stringify(names)}]]},\n`).join('')}]`
  if (env.terminal.json) return env.terminal.emit({ type: 'result', files, documents: documents.length, hooks })
  for (const file of files) env.terminal.print(file)
  env.terminal.print(`\nIn hooks.py of the app:\n${hooks}`)
}

import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { confirm, isCancel, text } from '@clack/prompts'
import { Option, type Command } from 'commander'
import { parseDocument } from 'yaml'
import { loadMappings } from '../../config/mappings.ts'
import { loadProject } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { registerSecret } from '../../errors/redact.ts'
import { closest } from '../../model/closest.ts'
import { systemClock } from '../../model/clock.ts'
import { whoAmI } from '../audit.ts'
import { loadSite } from '../compose.ts'
import { environmentOf, type Environment } from '../environment.ts'
import { Approvals } from '../mcp/approvals.ts'
import { ROLES, type Role } from '../mcp/tools.ts'
import { formatTable } from '../terminal.ts'

export function register(program: Command, signal: AbortSignal): void {
  const mcp = program.command('mcp').description('Serve the project to agents (Model Context Protocol): roles as tool sets, read-only unless a person approves a dry run.')
    .addOption(new Option('--role <role...>', 'which tools; default: all roles').choices(Object.keys(ROLES)))
    .option('--http <port>', 'streamable HTTP at 127.0.0.1:PORT/mcp instead of standard input and output (0: any port)')
    .addHelpText('after', `\nRoles:\n${Object.entries(ROLES).map(([role, about]) => `  ${role.padEnd(24)} ${about}`).join('\n')}\n\nExamples:\n  $ landfall mcp --role testing-specialist\n  $ landfall mcp --http 8765\n  $ landfall mcp approve                   what agents ask for; then: landfall mcp approve ID`)
    .action(async (options: { role?: Role[]; http?: string }, command: Command) => {
      const { globals, terminal } = environmentOf(command, signal), { serveHttp, serveStdio, thisProgram } = await import('../mcp/server.ts')
      const served = { project: loadProject(globals.project), clock: systemClock, roles: options.role ?? (Object.keys(ROLES) as Role[]), main: thisProgram(), signal }
      if (options.http === undefined) return serveStdio(served)
      const token = randomBytes(24).toString('base64url'), http = await serveHttp(served, Number(options.http), token), address = http.address()
      const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : options.http}/mcp`
      if (terminal.json) terminal.emit({ type: 'serving', url, token })
      else terminal.print(`Serving agents at ${url} (Ctrl-C ends it), with the header\n  Authorization: Bearer ${token}`)
      registerSecret(token)
      await new Promise<void>((done) => { if (signal.aborted) done(); else signal.addEventListener('abort', () => done(), { once: true }) })
      http.closeAllConnections()
      http.close()
    })
  mcp.command('approve [id]').description('Approve what an agent asks for after its dry run, and get the token to hand over. Only a person at a terminal can.').addHelpText('after', '\nExamples:\n  $ landfall mcp approve                   what is asked for\n  $ landfall mcp approve 7f3a').action(async (id: string | undefined, _options: unknown, command: Command) => {
    await approve(environmentOf(command, signal), id)
  })
  mcp.command('doctype <name>', { hidden: true }).description('A DocType of the project\'s site, or those whose names hold a word.').action((name: string, _options: unknown, command: Command) => {
    describe(environmentOf(command, signal), name)
  })
  mcp.command('custom-field <entity> <doctype> <fieldname>', { hidden: true }).description('Write a custom field into a mapping file.')
    .option('--fieldtype <type>', 'Frappe\'s type', 'Data').option('--label <text>', 'label').option('--options <text>', 'options').option('--dry-run', 'only show what would be written')
    .action((entity: string, doctype: string, fieldname: string, options: { fieldtype: string; label?: string; options?: string; dryRun?: boolean }, command: Command) => {
      customField(environmentOf(command, signal), entity, doctype, fieldname, options)
    })
}

async function approve({ terminal, globals }: Environment, id: string | undefined): Promise<void> {
  const approvals = new Approvals(loadProject(globals.project), systemClock), open = approvals.open()
  if (id === undefined) {
    return terminal.emitOrPrint({ type: 'result', open }, open.length === 0 ? 'No agent asks for anything.' : `${formatTable(['Id', 'Tool', 'Arguments', 'By', 'Dry run'], open.map((one) => [one.id, one.tool, one.arguments, one.by, one.passed ? 'passed' : 'needs attention']))}\nlandfall mcp approve ID shows the dry run and asks.`)
  }
  const wanted = open.find((one) => one.id === id)
  if (!wanted) throw new LandfallError('usage', `There is no request ${id} that could be approved.`, { hint: 'landfall mcp approve lists them; a dry run is worth an hour.' })
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) throw new LandfallError('usage', 'Only a person at a terminal can approve.', { hint: 'Run this command in a terminal of your own, not through an agent.' })
  terminal.print(`${wanted.by} asks for ${wanted.tool} ${wanted.arguments}. The dry run (${wanted.passed ? 'passed' : 'needs attention'}) said:\n${wanted.dryRun}\n`)
  const yes = await confirm({ message: `Allow ${wanted.tool}, once, within an hour?`, initialValue: false })
  if (isCancel(yes) || !yes) return terminal.print('Not approved.')
  const by = await text({ message: 'Your name?', defaultValue: whoAmI(), placeholder: whoAmI() })
  terminal.print(`Token: ${approvals.approve(id, isCancel(by) ? whoAmI() : by)}`)
}

const MOST_NAMES = 100

function describe({ terminal, globals }: Environment, name: string): void {
  const site = loadSite(loadProject(globals.project)), meta = site.doctype(name)
  if (meta === undefined) {
    const names = [...site.doctypes()].map((one) => one.name), found = names.filter((one) => one.toLowerCase().includes(name.toLowerCase()))
    if (found.length === 0) throw new LandfallError('usage', `The site has no DocType "${name}".`, { hint: `Did you mean ${closest(name, names) ?? 'another one'}?` })
    return terminal.emitOrPrint({ type: 'result', doctypes: found.slice(0, MOST_NAMES), more: Math.max(0, found.length - MOST_NAMES) }, found.slice(0, MOST_NAMES).join('\n'))
  }
  const fields = meta.fields.map(({ fieldname, label, fieldtype, options, reqd }) => ({ fieldname, label: label ?? '', fieldtype, options: options ?? '', mandatory: Boolean(reqd) }))
  terminal.emitOrPrint({ type: 'result', doctype: meta.name, module: meta.module, submittable: meta.is_submittable, tree: meta.is_tree, autoname: meta.autoname, fields }, formatTable(['Field', 'Label', 'Type', 'Options', 'Mandatory'], fields.map((field) => [field.fieldname, field.label, field.fieldtype, field.options.slice(0, 40), field.mandatory ? 'yes' : ''])))
}

/** Puts a custom field into the mapping of an entity, keeping comments and order of the file. */
function customField({ terminal, globals }: Environment, entity: string, doctype: string, fieldname: string, options: { fieldtype: string; label?: string; options?: string; dryRun?: boolean }): void {
  const project = loadProject(globals.project), found = loadMappings(project).find(({ mapping }) => mapping.entity === entity)
  if (!found) throw new LandfallError('usage', `No mapping file is for the entity "${entity}".`, { hint: `Entities: ${loadMappings(project).map(({ mapping }) => mapping.entity).join(', ')}.` })
  const file = project.mappingFiles.find((path) => path.endsWith(found.file)) ?? found.file, document = parseDocument(readFileSync(file, 'utf8'))
  const plain = document.toJS() as { doctype?: string; documents?: { doctype: string }[] }, at = plain.documents?.findIndex((one) => one.doctype === doctype) ?? -1
  if (at < 0 && plain.doctype !== doctype) throw new LandfallError('usage', `Entity "${entity}" makes no ${doctype}.`, { where: { file } })
  if (loadSite(project).doctype(doctype)?.field(fieldname) !== undefined) throw new LandfallError('usage', `${doctype} has a field "${fieldname}" already.`)
  const path = [...at < 0 ? [] : ['documents', at], 'custom_fields', fieldname]
  document.setIn(path, document.createNode({ fieldtype: options.fieldtype, ...options.label === undefined ? {} : { label: options.label }, ...options.options === undefined ? {} : { options: options.options } }))
  if (!options.dryRun) writeFileSync(file, document.toString({ lineWidth: 0 }))
  terminal.emitOrPrint({ type: 'result', file, written: !options.dryRun, path: path.join('.'), field: document.getIn(path, true) }, `${options.dryRun ? 'Would write' : 'Wrote'} ${path.join('.')} into ${file}`)
}

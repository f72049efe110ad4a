import { z } from 'zod'

/** The roles an agent can have: each is a set of tools. */
export const ROLES = {
  'data-integration-expert': 'Assesses the legacy system, maps it, extracts, loads and keeps in step.',
  'doctype-designer': 'Knows the site: DocTypes, fields, customisations, and what the mappings need beyond them.',
  'testing-specialist': 'Checks before and after: pre-flight, proof, rollback rehearsal, acceptance, traces.',
} as const
export type Role = keyof typeof ROLES

/** A tool: a command of Landfall. `dryRun` makes it a write: that command runs first, and a person approves before `command` does. */
export interface Tool {
  name: string; roles: Role[]; about: string; input: Record<string, z.ZodType>
  command(input: Record<string, unknown>): string[]
  dryRun?(input: Record<string, unknown>): string[]
}

const given = (flag: string, value: unknown): string[] => (value === undefined ? [] : [flag, String(value)])
const text = (about: string) => z.string().regex(/^[^-]/, 'a value, not an option').describe(about)
const data: Role = 'data-integration-expert', designer: Role = 'doctype-designer', tester: Role = 'testing-specialist'

export const TOOLS: Tool[] = [
  { name: 'status', roles: [data, designer, tester], about: 'Where the project stands, its runs, and what comes next.', input: {}, command: () => ['status'] },
  { name: 'assess', roles: [data], about: 'Look at the sources: entities, columns, keys, relations, dirt, findings by cost. Nothing is mapped or loaded.', input: { sample: z.int().min(1).optional().describe('Only the first records of each entity.') }, command: ({ sample }) => ['assess', ...given('--sample', sample)] },
  { name: 'map', roles: [data, designer], about: 'What is mapped, ignored on purpose, or open.', input: {}, command: () => ['map'] },
  { name: 'map_suggest', roles: [data], about: 'Write proposed mapping files from the assessment.', input: {}, command: () => ['map', '--suggest'], dryRun: () => ['assess'] },
  { name: 'plan', roles: [data], about: 'Phases and waves of the load, and the way in of each shape.', input: {}, command: () => ['plan'] },
  { name: 'extract', roles: [data, tester], about: 'Pre-flight: read the sources into staging, map, and find everything the site would refuse. Nothing is written to the site.', input: {}, command: () => ['preflight'] },
  { name: 'load', roles: [data], about: 'Load into the target what pre-flight let pass, and prove it.', input: {}, command: () => ['run', '--resume', '--yes'], dryRun: () => ['preflight'] },
  { name: 'sync', roles: [data], about: 'Bring what changed in the legacy system since the last run.', input: {}, command: () => ['sync'], dryRun: () => ['sync', '--conflicts'] },
  { name: 'site_describe', roles: [designer], about: 'A DocType of the project\'s site: fields with types, options, mandatory ones; or the DocTypes whose names hold a word.', input: { doctype: text('Name of a DocType, or a part of one.') }, command: ({ doctype }) => ['mcp', 'doctype', String(doctype)] },
  { name: 'site_diff', roles: [designer], about: 'How two descriptions of sites differ; `shipped` is plain ERPNext 15.', input: { from: text('Folder, or shipped.'), to: text('Folder, or shipped.') }, command: ({ from, to }) => ['site', 'diff', String(from), String(to)] },
  { name: 'custom_field', roles: [designer], about: 'Have a mapping bring a custom field: it is written into the mapping file, and made on the site when that is loaded.',
    input: { entity: text('Entity of the mapping.'), doctype: text('DocType of the document.'), fieldname: z.string().regex(/^[a-z][a-z0-9_]*$/).describe('Name of the field.'), fieldtype: text('Frappe\'s type.').optional(), label: text('Label.').optional(), options: text('Options, of Link and Select.').optional() },
    command: (input) => ['mcp', 'custom-field', ...customField(input)], dryRun: (input) => ['mcp', 'custom-field', '--dry-run', ...customField(input)] },
  { name: 'findings', roles: [data, tester], about: 'Findings by root cause with counts, examples and the way out.', input: { severity: z.enum(['blocking', 'warning', 'info']).optional() }, command: ({ severity }) => ['findings', ...given('--severity', severity)] },
  { name: 'verify', roles: [tester], about: 'Prove the last run again: counts, totals, relations, integrity, every field.', input: {}, command: () => ['verify'] },
  { name: 'trace', roles: [data, tester], about: 'From a figure to documents, from a document (DocType, name) to its legacy record, from a record (entity, key...) to its documents.', input: { what: z.array(text('Part.')).min(1) }, command: ({ what }) => ['trace', ...(what as string[])] },
  { name: 'rollback_rehearse', roles: [tester], about: 'Try the way back in staging, prove every table, measure the time. The site is not touched.', input: { to: text('Phase or point.').optional() }, command: ({ to }) => ['rollback', '--rehearse', ...given('--to', to)] },
  { name: 'rollback', roles: [tester], about: 'Take back what the last run wrote, after a rehearsal and with approval.', input: { to: text('Phase.').optional() }, command: ({ to }) => ['rollback', '--by', 'undo', '--yes', ...given('--to', to)], dryRun: ({ to }) => ['rollback', '--rehearse', ...given('--to', to)] },
  { name: 'acceptance_prepare', roles: [tester], about: 'Make acceptance scripts from what was loaded and run by machine what a machine can. Results of people are noted by people only.', input: { each: z.int().min(1).max(50).optional() }, command: ({ each }) => ['accept', 'prepare', ...given('--each', each)] },
  { name: 'acceptance_status', roles: [tester], about: 'The success criteria as computed now.', input: {}, command: () => ['accept', 'status'] },
  { name: 'audit_verify', roles: [tester], about: 'Whether the audit trail is whole.', input: {}, command: () => ['audit', '--verify'] },
]

function customField({ entity, doctype, fieldname, fieldtype, label, options }: Record<string, unknown>): string[] {
  return [String(entity), String(doctype), String(fieldname), ...given('--fieldtype', fieldtype), ...given('--label', label), ...given('--options', options)]
}

import { z } from 'zod'
import { entitySyncSchema } from './sync-schema.ts'

/**
 * The schema of `mappings/*.yaml`: one file describes one legacy entity, how its columns are typed and cleansed, and which documents
 * its records become. Types, JSON Schema and the reference page come from here; `mapping/` gives it its meaning.
 *
 * An *expression* is text in Landfall's expression language (docs: mapping/expression): columns by name, `"quoted names"`, `alias.column`
 * of a join, literals, arithmetic, comparison, and/or/not, in, like, is null, if(), case, `||`, functions and all transforms as functions.
 */
const expression = (about: string) => z.union([z.string().min(1), z.number(), z.boolean()]).transform((value) => String(value)).describe(`${about} (expression)`)
const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)])
const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value])
const columns = (about: string) => oneOrMore(z.union([z.string().min(1), z.number()]).transform(String)).transform((value) => list<string>(value)).describe(about)
/** YAML reads a bare `null` as nothing; here it is a word like the others. */
const orNull = <const T extends readonly string[]>(words: T) => z.union([z.enum(['null', ...words]), z.null()]).transform((value) => (value ?? 'null') as T[number] | 'null')
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** `trim`, `{date: {formats: ["%d.%m.%Y"]}}`; a list is applied from left to right. */
const transformStep = z.union([
  z.string().min(1),
  z.record(z.string(), z.union([z.record(z.string(), z.unknown()), scalar, z.array(z.unknown())])).refine((step) => Object.keys(step).length === 1, 'one transform per list item: {name: options}'),
])
export const transformChain = oneOrMore(transformStep).transform((value) => list(value)).describe('transform or list of transforms, applied from left to right, e.g. [trim, {date: {formats: ["%d.%m.%Y"]}}]')
export type TransformStep = z.output<typeof transformStep>

const TYPES = ['text', 'integer', 'decimal', 'float', 'boolean', 'date', 'timestamp', 'timestamptz', 'time', 'binary', 'json', 'uuid'] as const
const mismatch = orNull(['transform', 'reject'])
const missing = z.enum(['create_placeholder', 'skip', 'fail'])

export const policiesSchema = z.strictObject({
  type_mismatch: mismatch.default('transform').describe('A value that is not of its column\'s type. transform: try the lenient transform of the type (or `lenient` of the column), then null with a warning; null: null with a warning; reject: the record is set aside'),
  missing_reference: missing.default('fail').describe('A reference whose record does not exist. create_placeholder: a marked stand-in document is made and followed until resolved; skip: the document or child row is left out and counted; fail: the document is left out with a blocking finding'),
  duplicate: z.enum(['skip_duplicates', 'merge', 'keep_both', 'fail']).default('skip_duplicates').describe('Records found to be the same (by key or by `duplicates`). skip_duplicates: the survivor stays as it is; merge: the survivor takes values by `survivorship`; keep_both: only reported; fail: blocking finding'),
  batch_size: z.union([z.literal('adaptive'), z.int().positive()]).default('adaptive').describe('Documents per load batch'),
  memory: z.union([z.string(), z.strictObject({ limit: z.string().optional(), spill_limit: z.string().optional() })])
    .transform((value) => (typeof value === 'string' ? { limit: undefined, spill_limit: value } : value)).default({ limit: undefined, spill_limit: undefined }).describe('How much may be spilled to disk, e.g. 20GB; `limit` bounds memory'),
}).describe('What to do with imperfect data')
export type Policies = z.output<typeof policiesSchema>

const columnSchema = z.strictObject({
  type: z.enum(TYPES).optional().describe('Type of the cleansed column; default: what the source declares or the values show'),
  transform: transformChain.optional().describe('Applied to the text as read, before typing'),
  lenient: transformChain.optional().describe('Tried on values that are not of the type, under the policy `transform`'),
  type_mismatch: mismatch.optional().describe('Overrides the entity\'s policy for this column'),
  required: z.boolean().optional().describe('A record without a value here is rejected'),
})
export type ColumnSpec = z.output<typeof columnSchema>

const SURVIVORSHIP = ['first', 'last', 'longest', 'shortest', 'most_frequent', 'non_null', 'max', 'min'] as const
const survivorshipRule = z.union([z.enum(SURVIVORSHIP), z.strictObject({ most_recent: z.string().describe('column to compare, the latest wins') })])
export type SurvivorshipRule = z.output<typeof survivorshipRule>

const duplicateRule = z.strictObject({
  name: z.string().optional().describe('Shown in the merge log'),
  exact: oneOrMore(expression('normalised value')).transform((value) => list<string>(value)).optional().describe('Records that agree in all of these (none of them null or empty) are the same'),
  fuzzy: z.strictObject({
    compare: expression('text that is compared'),
    method: z.enum(['jaro_winkler', 'levenshtein']).default('jaro_winkler'),
    threshold: z.number().gt(0).max(1).default(0.92).describe('Similarity from 0 to 1 at which two records are the same'),
    block: oneOrMore(expression('blocking key')).transform((value) => list<string>(value)).describe('Only records that agree in these are compared'),
    max_block: z.int().positive().default(2000).describe('A block larger than this is not compared but reported'),
    normalize: z.boolean().default(true).describe('Compare lower-case, without accents, punctuation and repeated spaces'),
  }).optional(),
}).refine((rule) => (rule.exact === undefined) !== (rule.fuzzy === undefined), 'give either exact or fuzzy')
export type DuplicateRule = z.output<typeof duplicateRule>

const joinSchema = z.strictObject({
  entity: z.string().min(1),
  on: z.record(z.string(), z.string()).describe('{column of this entity: column of the joined entity}'),
}).describe('At most one record of another entity, whose columns are then `alias.column`')

const unmapped = orNull(['reject', 'keep'])
const after = {
  transform: transformChain.optional(),
  map: z.union([z.record(z.string(), scalar), z.string().min(1)]).optional().describe('{legacy value: new value}, or a CSV (two columns: from, to) or YAML file relative to the mapping; after `transform`'),
  ignore_case: z.boolean().optional().describe('Compare values of `map` without case and surrounding spaces'),
  unmapped: unmapped.optional().describe('What becomes of a value that `map` does not have; default reject, or null where `default` is given'),
  default: scalar.optional().describe('Where the result is null or empty'),
}
const fieldSpec = z.strictObject({ field: z.string().min(1).describe('Column, or alias.column of a join'), ...after })
const exprSpec = z.strictObject({ expr: expression('value'), ...after })
const valueSpec = z.strictObject({ value: scalar.describe('The same for every document') })
const refSpec = z.strictObject({
  ref: z.string().min(1).describe('Entity that the key belongs to'),
  key: oneOrMore(expression('part of the key')).transform((value) => list<string>(value)).describe('Columns of this entity that hold the key of the other, in the order of its `key`'),
  doctype: z.string().optional().describe('Which DocType made of that entity; default: the Link field\'s, or the only one. A child DocType (Sales Order Item): the row that the record became, for fields such as `so_detail`'),
  missing: missing.optional().describe('Overrides the policy missing_reference'),
  default: scalar.optional().describe('Used when the key itself is null'),
})
const leafSpec = z.union([z.string().min(1), fieldSpec, exprSpec, valueSpec, refSpec])
export type FieldSpec = z.output<typeof leafSpec>
export type RefSpec = z.output<typeof refSpec>

const childSpec = z.strictObject({
  from: z.string().min(1).optional().describe('Entity whose records become the child rows; absent: one row made of the record itself'),
  on: z.record(z.string(), z.string()).optional().describe('{column of this entity: column of the `from` entity}'),
  joins: z.record(z.string(), joinSchema).optional(),
  where: expression('which records of `from` (or whether the row is made)').optional(),
  order_by: oneOrMore(expression('order of the rows')).transform((value) => list<string>(value)).optional(),
  fields: z.record(z.string(), leafSpec),
}).refine((child) => child.from === undefined || child.on !== undefined, { message: '`from` needs `on`', path: ['on'] })
export type ChildSpec = z.output<typeof childSpec>

/** A leaf, or for a table field one child source or a list of them (their rows follow one another). */
const targetSpec = z.union([leafSpec, childSpec, z.array(childSpec).min(1)])
export type TargetSpec = z.output<typeof targetSpec>

const customField = z.strictObject({
  label: z.string().optional(),
  fieldtype: z.string().default('Data'),
  options: z.string().optional(),
  insert_after: z.string().optional(),
  doctype: z.string().optional().describe('Child DocType it belongs to; default: the document\'s'),
})
export type CustomFieldSpec = z.output<typeof customField>

const documentShape = {
  doctype: z.string().min(1),
  phase: z.enum(['master', 'transactional', 'historical']).optional().describe('Default: transactional for submittable DocTypes, else master'),
  when: expression('which records become this document').optional(),
  key: columns('Key of the document when it is not the entity\'s: one document per distinct key, from its first record').optional(),
  joins: z.record(z.string(), joinSchema).optional(),
  match: oneOrMore(expression('what identifies the same document of another entity')).transform((value) => list<string>(value)).optional()
    .describe('Documents of this DocType from different mappings that agree in this become one: the first mapping wins, later ones fill what is empty'),
  submit: z.union([z.boolean(), z.string()]).optional().describe('true, or an expression: submit the document'),
  docstatus: expression('0 draft, 1 submitted').optional(),
  placeholder: z.record(z.string(), leafSpec).optional().describe('Fields of a stand-in for a missing record; expressions may use `key` (and key1, key2 ... of several columns)'),
  custom_fields: z.record(z.string(), customField).optional().describe('Custom fields the mapping needs on the site'),
}
const documentSchema = z.strictObject({ ...documentShape, fields: z.record(z.string(), targetSpec) })
export type DocumentSpec = z.output<typeof documentSchema>

const entityShape = {
  entity: z.string().min(1).describe('Name of the entity in this project'),
  source: z.string().optional().describe('Source in landfall.yaml; may be left out when there is one'),
  table: z.string().optional().describe('Name in the source (table, sheet, file, endpoint); default: the entity\'s name'),
  key: columns('Columns that identify a record; default: the primary key, else its ordinal').optional(),
  columns: z.record(z.string(), columnSchema).optional().describe('Typing and cleansing by column'),
  text_columns: transformChain.optional().describe('Transforms for every text column, before those of `columns`, e.g. [strip_control, trim]'),
  where: expression('which records take part at all').optional(),
  sync: entitySyncSchema.optional(),
  policies: policiesSchema.prefault({}),
  duplicates: z.array(duplicateRule).optional(),
  survivor: z.union([z.enum(['first', 'last', 'most_complete']), z.strictObject({ most_recent: z.string() })]).default('first').describe('Which record of a cluster of duplicates keeps its key'),
  survivorship: z.record(z.string(), survivorshipRule).optional().describe('{column: rule}; `default` for all others (non_null)'),
  ignore: z.union([z.string(), z.record(z.string(), z.string())]).optional().describe('{column: why it is not migrated}; a text: why the whole entity is not'),
}

/** The short form has one `doctype` and its `fields` at the top; the long form a list `documents`. Both are read into the long form. */
export const mappingSchema = z.union([
  z.strictObject({ ...entityShape, documents: z.array(documentSchema).default([]) }),
  z.strictObject({ ...entityShape, ...documentShape, fields: z.record(z.string(), targetSpec) }).transform((short) => {
    const { doctype, phase, when, joins, match, submit, docstatus, placeholder, custom_fields, fields, ...entity } = short
    return { ...entity, documents: [{ doctype, phase, when, key: undefined, joins, match, submit, docstatus, placeholder, custom_fields, fields } as DocumentSpec] }
  }),
])
export type EntityMapping = z.output<typeof mappingSchema>

/** A mapping as loaded: `locate` gives line and column (from 1) of a path in the file, where the loader knows it. */
export interface LoadedMapping {
  file: string
  mapping: EntityMapping
  locate?: (path: (string | number)[]) => { line: number; column: number } | undefined
}

/** True for a child source among the values of `fields`. */
export function isChild(spec: TargetSpec): spec is ChildSpec | ChildSpec[] {
  return typeof spec === 'object' && (Array.isArray(spec) || 'fields' in spec)
}

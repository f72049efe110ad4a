import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { z } from 'zod'
import type { Project } from './project.ts'
import { strict } from './schema.ts'
import { problemError, validateFile } from './validate.ts'
import { readYamlFile, type ConfigPath, type YamlFile } from './yaml-file.ts'

/** Folder of a project whose files say what the site is to have beside what it has. */
export const CUSTOMIZATIONS_FOLDER = 'customizations'

const fieldname = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a fieldname: lower-case letters, digits and _')
const property = z.union([z.string(), z.number(), z.boolean()])
const fieldShape = {
  label: z.string().optional().describe('Default: made of the fieldname.'),
  fieldtype: z.string().default('Data').describe('Data, Link, Select, Table, Currency, Date, Check ... as Frappe names them.'),
  options: z.string().optional().describe('Link: the DocType linked to. Table: the child DocType. Select: choices, one a line. Dynamic Link: the field that names the DocType.'),
  reqd: z.boolean().optional().describe('Mandatory.'),
  unique: z.boolean().optional(),
  default: property.transform(String).optional(),
  description: z.string().optional(),
  hidden: z.boolean().optional(), read_only: z.boolean().optional(), no_copy: z.boolean().optional(), allow_on_submit: z.boolean().optional(), non_negative: z.boolean().optional(), search_index: z.boolean().optional(),
  in_list_view: z.boolean().optional(), in_standard_filter: z.boolean().optional(), print_hide: z.boolean().optional(), translatable: z.boolean().optional(),
  length: z.int().min(0).max(1000).optional(), precision: z.string().optional(), fetch_from: z.string().optional(), fetch_if_empty: z.boolean().optional(), depends_on: z.string().optional(), mandatory_depends_on: z.string().optional(),
}
const customField = strict({ ...fieldShape, insert_after: z.string().optional().describe('The field it stands after on the form. Default: the last.') })
const ownField = strict({ fieldname, ...fieldShape })

const setter = strict({
  doctype: z.string().describe('DocType it is about.'),
  field: z.string().optional().describe('Its field; absent: the DocType itself.'),
  property: z.string().describe('reqd, hidden, options, default, title_field, ...'),
  value: property.describe('What it is to be.'),
  property_type: z.string().optional().describe('Check, Int, Data, Text ... Default: Check for true and false, Int for whole numbers, else Data.'),
})

const ownDoctype = strict({
  module: z.string().default('Custom').describe('Module it belongs to.'),
  autoname: z.string().default('hash').describe('Frappe\'s naming expression: field:serial_no, naming_series:, format:EQ-{####}, prompt, hash.'),
  istable: z.boolean().default(false).describe('A child table of other DocTypes.'),
  is_submittable: z.boolean().default(false).describe('Documents can be submitted.'),
  title_field: z.string().optional(),
  search_fields: z.string().optional(),
  track_changes: z.boolean().default(false),
  fields: z.array(ownField).min(1),
  roles: z.array(z.string()).default(['System Manager']).describe('Roles that may do everything with it.'),
})

export const customizationSchema = strict({
  custom_fields: z.record(z.string(), z.record(fieldname, customField)).default({}).describe('{DocType: {fieldname: field}}'),
  property_setters: z.array(setter).default([]).describe('Properties of fields and DocTypes that are to be others.'),
  doctypes: z.record(z.string(), ownDoctype).default({}).describe('{name: DocType}: DocTypes of one\'s own, related to others by Link and Table fields.'),
})
type Customization = z.output<typeof customizationSchema>
export type CustomFieldConfig = z.output<typeof customField>
export type OwnDoctypeConfig = z.output<typeof ownDoctype>

/** A customisation and where it is written. `place`: `customizations/a.yaml:4`. */
export interface Placed<T> { place: string; value: T }
export interface Customizations {
  fields: (Placed<CustomFieldConfig> & { doctype: string; fieldname: string })[]
  setters: Placed<Customization['property_setters'][number]>[]
  doctypes: (Placed<OwnDoctypeConfig> & { name: string })[]
}

/** Reads `customizations/*.yaml` of a project, in order of name; nothing where there is no such folder. Throws `config-invalid` with file and line for what does not fit, or is given twice. */
export function loadCustomizations(project: Project): Customizations {
  const folder = join(project.paths.root, CUSTOMIZATIONS_FOLDER), all: Customizations = { fields: [], setters: [], doctypes: [] }
  if (!existsSync(folder)) return all
  const seen = new Map<string, string>()
  for (const name of readdirSync(folder).filter((entry) => /\.ya?ml$/.test(entry)).sort()) {
    const path = join(folder, name), file = readYamlFile(path, relative('.', path) || path), given = validateFile(customizationSchema, file)
    const at = (where: ConfigPath, id: string): string => place(file, where, id, seen)
    for (const [doctype, fields] of Object.entries(given.custom_fields)) for (const [fieldnameGiven, value] of Object.entries(fields)) all.fields.push({ doctype, fieldname: fieldnameGiven, value, place: at(['custom_fields', doctype, fieldnameGiven], `custom field ${doctype}.${fieldnameGiven}`) })
    given.property_setters.forEach((value, i) => all.setters.push({ value, place: at(['property_setters', i], `property ${value.doctype}.${value.field ?? ''}.${value.property}`) }))
    for (const [doctype, value] of Object.entries(given.doctypes)) all.doctypes.push({ name: doctype, value, place: at(['doctypes', doctype], `DocType ${doctype}`) })
  }
  return all
}

function place(file: YamlFile, where: ConfigPath, id: string, seen: Map<string, string>): string {
  const { line, column } = file.at(where, { key: true }), shown = `${file.path}:${line}`, before = seen.get(id)
  if (before !== undefined) throw problemError([{ file: file.path, line, column, message: `${id} is given twice; the other is ${before}` }])
  seen.set(id, shown)
  return shown
}

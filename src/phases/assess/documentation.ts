import type { AssessedColumn, AssessedEntity, AssessedFinding, Assessment } from '../../model/assessment.ts'
import type { DocumentedColumn, DocumentedTable } from '../../model/documented-schema.ts'
import type { ColumnType } from '../../model/entity.ts'
import { EFFECT_WEIGHT } from './advice.ts'

const plain = (name: string): string => (name.split('.').at(-1) ?? name).toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
/** Values of a column are listed one by one up to so many. */
const LISTED = 50

/**
 * Holds documentation against what was found: tables and columns that only one side has, types, lengths, mandatory values, keys, relations and lists of values that
 * are other than written. Each difference is a finding; what is written about tables and columns goes beside them. Tables are found by name, without case and signs.
 */
export function holdAgainst(assessment: Assessment, documents: DocumentedTable[], files: string[]): Assessment {
  const findings: AssessedFinding[] = [], byName = together(documents), documented = [...byName.values()]
  let found = 0, agreeing = 0
  const known = new Set<string>()
  const entities = assessment.entities.map((entity): AssessedEntity => {
    const table = byName.get(plain(entity.name))
    if (table === undefined) { findings.push(difference(entity, [], 'undocumented', `No documentation speaks of ${entity.name}`, entity.records, 'Ask who knows it, then map it or ignore it with the reason')); return entity }
    known.add(plain(table.name))
    const written = new Map(table.columns.map((column) => [plain(column.name), column]))
    const columns = entity.columns.map((column): AssessedColumn => {
      const one = written.get(plain(column.name))
      if (one === undefined) { findings.push(difference(entity, [column], 'undocumented', `${table.where} does not have ${column.name}`, column.values - column.blanks, 'Ask what it is for; somebody added it later')); return column }
      written.delete(plain(column.name))
      found++
      const differences = differencesOf(assessment, entity, column, one, table)
      if (differences.length === 0) agreeing++
      findings.push(...differences)
      return one.about === '' ? column : { ...column, about: one.about }
    })
    for (const one of written.values()) findings.push(difference(entity, [], 'documented-only', `${table.where} has a column ${one.name}, and ${entity.name} has none`, 0, 'Its values may be in another table, or never came', one.name))
    return { ...entity, columns, ...(table.about === '' ? {} : { about: table.about }) }
  })
  for (const table of documented) if (!known.has(plain(table.name))) findings.push(missingTable(table))
  const all = [...assessment.findings, ...findings].sort((a, b) => b.cost - a.cost || b.records - a.records || a.id.localeCompare(b.id))
  return {
    ...assessment, entities, findings: all, totals: { ...assessment.totals, findings: all.length },
    documentation: { files, tables: documented.length, columns: documented.reduce((sum, table) => sum + table.columns.length, 0), found, agreeing },
  }
}

/** What several documents say of one table is put together; where they disagree, the first is believed. */
function together(documents: DocumentedTable[]): Map<string, DocumentedTable> {
  const byName = new Map<string, DocumentedTable>()
  for (const table of documents) {
    const known = byName.get(plain(table.name)), columns = new Map((known?.columns ?? []).map((column) => [plain(column.name), column]))
    for (const column of table.columns) columns.set(plain(column.name), both(columns.get(plain(column.name)), column))
    byName.set(plain(table.name), { name: table.name, where: known ? `${known.where} and ${table.where}` : table.where, about: known?.about || table.about, columns: [...columns.values()] })
  }
  return byName
}

function both(first: DocumentedColumn | undefined, second: DocumentedColumn): DocumentedColumn {
  return first === undefined ? second : {
    ...first, declared: first.declared || second.declared, type: first.type ?? second.type, length: first.length ?? second.length, required: first.required || second.required, key: first.key || second.key,
    references: first.references ?? second.references, values: first.values.length > 0 ? first.values : second.values, about: first.about || second.about,
  }
}

function differencesOf(assessment: Assessment, entity: AssessedEntity, column: AssessedColumn, written: DocumentedColumn, table: DocumentedTable): AssessedFinding[] {
  const findings: AssessedFinding[] = [], filled = column.values - column.blanks, empty = entity.records - filled
  const add = (what: string, message: string, records: number, remedy: string, examples: string[] = []): void => { findings.push(difference(entity, [column], what, `${table.where}: ${message}`, records, remedy, '', examples)) }
  const wrong = misfitting(written.type, column)
  if (wrong !== null && filled > 0) add('type', `${column.name} is to be ${written.declared}, and its values are ${wrong}`, column.type === 'text' && column.misfits > 0 ? column.misfits : filled, 'Read it as it is written, with a transform, or ask which of the two is right', column.frequent.slice(0, 3).map((one) => one.value))
  if (written.length !== null && column.maxLength > written.length) add('length', `${column.name} is to have ${written.length} characters at most, and has up to ${column.maxLength}`, 1, 'Look at the long ones before they are cut')
  if (written.required && empty > 0) add('mandatory', `${column.name} is mandatory, and ${empty.toLocaleString('en-US')} records have no value`, empty, 'Give a default in the mapping, or mend them in the source')
  if (written.key && table.columns.filter((one) => one.key).length === 1 && filled > 1 && !column.unique) add('key', `${column.name} is the key, and values occur more than once`, Math.max(1, filled - column.distinct), 'See the duplicates; a key of several columns may be meant')
  if (written.references !== null && filled > 0) findings.push(...relationDifference(assessment, entity, column, written.references, table))
  if (written.values.length > 0 && column.distinct <= LISTED) {
    const allowed = new Set(written.values.map((value) => value.toLowerCase())), others = column.frequent.filter((one) => one.value.trim() !== '' && !allowed.has(one.value.trim().toLowerCase()))
    if (others.length > 0) add('values', `${column.name} has values that are not on its list: ${others.slice(0, 5).map((one) => one.value).join(', ')}`, others.reduce((sum, one) => sum + one.records, 0), 'Say in a value map what they become', others.slice(0, 20).map((one) => one.value))
  }
  return findings
}

function relationDifference(assessment: Assessment, entity: AssessedEntity, column: AssessedColumn, to: { table: string; column: string | null }, table: DocumentedTable): AssessedFinding[] {
  const parent = assessment.entities.find((one) => plain(one.name) === plain(to.table))
  if (parent === undefined) return [difference(entity, [column], 'relation', `${table.where}: ${column.name} refers to ${to.table}, which is not there`, column.values - column.blanks, 'Ask for that table, or say in the mapping what becomes of the reference')]
  const relation = assessment.relations.find((one) => one.from.entity === entity.id && one.from.columns.includes(column.name) && one.to.entity === parent.id)
  return relation !== undefined ? [] : [difference(entity, [column], 'relation', `${table.where}: ${column.name} refers to ${parent.name}, and its values are not those of a key there`, column.values - column.blanks, 'See what the values are: codes of another list, or a key that has changed', '', column.frequent.slice(0, 3).map((one) => one.value))]
}

/** What values are instead of what is written; null: they fit. Text takes everything, an integer is a decimal too, and 0 and 1 may be yes and no. */
function misfitting(written: ColumnType | null, { type, format }: AssessedColumn): string | null {
  const fits: Partial<Record<ColumnType, ColumnType[]>> = {
    integer: ['integer', 'boolean'], decimal: ['integer', 'decimal', 'float', 'boolean'], float: ['integer', 'decimal', 'float', 'boolean'], boolean: ['boolean', 'integer'], date: ['date', 'timestamp', 'timestamptz'], timestamp: ['date', 'timestamp', 'timestamptz'], timestamptz: ['date', 'timestamp', 'timestamptz'],
  }
  const allowed = written === null ? undefined : fits[written]
  return allowed === undefined || allowed.includes(type) || format === 'empty' ? null : `${type}${format === type ? '' : ` (${format})`}`
}

function difference(entity: AssessedEntity, columns: AssessedColumn[], what: string, message: string, records: number, remedy: string, other = '', examples: string[] = []): AssessedFinding {
  return finding(entity.id, columns.map((column) => column.name), what, message, records, entity.records, remedy, other, examples)
}

function missingTable(table: DocumentedTable): AssessedFinding {
  return finding(table.name, [], 'documented-only', `${table.where} describes ${table.name} with ${table.columns.length} columns, and no source has it`, 0, 0, 'Ask whether it was forgotten in the export, or is no more')
}

function finding(entity: string, columns: string[], what: string, message: string, records: number, of: number, remedy: string, other = '', examples: string[] = []): AssessedFinding {
  return {
    id: [entity, `documentation-${what}`, ...columns, ...(other === '' ? [] : [other])].join('/'), kind: `documentation-${what}`, entity, columns, title: TITLES[what]!, message: `${message}.`, records, share: of === 0 ? 0 : Math.min(1, records / of),
    effect: 'look', cost: Math.round(records * EFFECT_WEIGHT.look * 100) / 100, remedy: { kind: 'mapping', name: 'documentation', text: remedy, yaml: null }, examples: examples.map((value) => ({ key: null, value })), sampled: false,
  }
}

const TITLES: Record<string, string> = {
  undocumented: 'not documented', 'documented-only': 'documented, not found', type: 'other type than documented', length: 'longer than documented', mandatory: 'empty, though documented as mandatory', key: 'not unique, though documented as the key', relation: 'other relation than documented', values: 'values that are not documented',
}

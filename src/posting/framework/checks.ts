import { ident, literal } from '../../staging/staging.ts'
import type { Field } from '../../site/doctype.ts'
import type { Batch } from './batch.ts'
import { DATA_FORMATS } from './formats.ts'
import { sanitizeTable } from './sanitizing.ts'
import { DUCK_TYPES, STANDARD, type DocTypePlan, type PlannedColumn } from './plan.ts'

/** A table of the batch as the checks see it; `base` orders its findings after those of the tables before it. */
export interface CheckTable { batch: Batch; plan: DocTypePlan; relation: string; id: string; child: string | null; base: number }

const FLOAT_LIMIT = '1e12'
const INT_LIMIT: Record<string, string> = { int: '2147483647', bigint: '9223372036854775807' }
const BAND = { mandatory: 0, data: 100_000, select: 200_000, negative: 300_000, length: 400_000, rating: 500_000, html: 600_000, stored: 700_000 }
const CHILD_BAND = 1_000_000

/** Frappe's `_validate`: mandatory fields, formats, Select choices, negative values, lengths, HTML. Each table is asked once whether anything is wrong at all. */
export async function checkDocuments(batch: Batch): Promise<void> {
  batch.stage = 'framework_checks'
  const tables: CheckTable[] = [{ batch, plan: batch.plan, relation: batch.doc, id: '_id', child: null, base: 0 }]
  batch.plan.children.forEach(({ field, plan }, i) => {
    if (batch.childCount(field.fieldname) > 0) tables.push({ batch, plan, relation: batch.child(field.fieldname), id: '_parent', child: field.fieldname, base: (i + 1) * CHILD_BAND })
  })
  for (const table of tables) await checkTable(table)
  await emptyTables(tables[0]!)
}

const fieldsOf = (plan: DocTypePlan) => plan.columns.filter((column) => column.field !== undefined && !STANDARD.has(column.name))

interface Question { name: string; condition: string }

function questions(plan: DocTypePlan, submit: boolean): Question[] {
  const columns = fieldsOf(plan), any = (conditions: string[]) => conditions.map((c) => `(${c})`).join(' OR ')
  const list: Question[] = [
    { name: 'mandatory', condition: any(mandatory(plan).map((column) => empty(column))) },
    { name: 'data', condition: any(formatted(plan).map((column) => `${ident(column.name)} <> ''`)) },
    { name: 'phone', condition: any(columns.filter((c) => c.field!.fieldtype === 'Phone').map((c) => `${ident(c.name)} <> ''`)) },
    { name: 'select', condition: any(selects(plan).map((column) => wrongChoice(column))) },
    { name: 'negative', condition: any(columns.filter((c) => negatable(c.field!)).map((c) => `${ident(c.name)} < 0`)) },
    { name: 'length', condition: any(limited(plan).map((c) => tooLong(c))) },
    { name: 'html', condition: submit ? '' : any(columns.filter((c) => c.kind === 'text').map((c) => `contains(${ident(c.name)}, '<') OR contains(${ident(c.name)}, '>')`)) },
    { name: 'stored', condition: any(columns.filter((c) => c.kind === 'float').map((c) => `abs(${ident(c.name)}) >= ${FLOAT_LIMIT}`)) },
  ]
  return list.filter((question) => question.condition !== '')
}

const SQL_BY_PLAN = new WeakMap<DocTypePlan, Map<string, string>>()

async function checkTable(table: CheckTable): Promise<void> {
  const { plan, batch } = table, submit = batch.pass === 'submit'
  let known = SQL_BY_PLAN.get(plan)
  if (known === undefined) SQL_BY_PLAN.set(plan, known = new Map())
  const list = questions(plan, submit)
  if (list.length === 0) return
  let sql = known.get(`${submit}`)
  if (sql === undefined) known.set(`${submit}`, sql = list.map((q) => `COUNT(*) FILTER (${q.condition}) AS ${q.name}`).join(', '))
  const scope = batch.scope === 'TRUE' ? '' : ` WHERE ${batch.scope.replace('_id', table.id)}`
  const row = (await batch.staging.one<Record<string, number>>(`SELECT ${sql} FROM ${table.relation}${scope}`))!
  if (row['mandatory']! > 0) await reportMandatory(table)
  if (row['data']! > 0 || row['phone']! > 0) await reportFormats(table)
  if (row['select']! > 0) await reportSelects(table)
  if (row['negative']! > 0) await reportNegative(table)
  if (row['length']! > 0) await reportLength(table)
  await clampRatings(table)
  if (row['html']! > 0) await sanitizeTable(table, BAND.html)
  if (row['stored']! > 0) await reportStored(table)
}

/** A series is chosen before the fields are looked at, where the DocType is named by one. */
const mandatory = (plan: DocTypePlan) => fieldsOf(plan).filter((column) => column.field!.reqd && !(column.name === 'naming_series' && plan.meta.autoname?.startsWith('naming_series')))
const empty = (column: PlannedColumn) => (column.kind === 'text' ? `py_blank(${ident(column.name)})` : `${ident(column.name)} IS NULL`)
const formatted = (plan: DocTypePlan) => fieldsOf(plan).filter((column) => column.field!.fieldtype === 'Data' && column.field!.options !== null && column.field!.options in DATA_FORMATS && !UNCHECKED.has(`${plan.meta.name}.${column.name}`))
/** Fields that were no text once (`oldfieldtype`, which descriptions of sites leave out): Frappe does not look at their format. */
const UNCHECKED = new Set(['Warehouse.phone_no', 'Warehouse.mobile_no'])
const negatable = (field: Field) => field.non_negative && ['Int', 'Float', 'Currency'].includes(field.fieldtype)
const label = (field: Field) => field.label || field.fieldname

function scopeOf(table: CheckTable): string {
  return table.batch.scope === 'TRUE' ? '' : ` AND ${table.batch.scope.replace('_id', table.id)}`
}

function nameOf(table: CheckTable, field: string): string {
  return table.child === null ? field : `${table.child}.${field}`
}

const idxOf = (table: CheckTable) => (table.child === null ? '' : ', idx AS idx')

/** A text that is no date is not empty to the site before its database looks at it. */
function misread(table: CheckTable, column: PlannedColumn): string {
  return ['date', 'datetime', 'time'].includes(column.kind) ? ` AND ${table.id} NOT IN (SELECT id FROM temp.found WHERE type = 'OperationalError' AND field = ${literal(nameOf(table, column.name))})` : ''
}

async function reportMandatory(table: CheckTable): Promise<void> {
  for (const [i, column] of mandatory(table.plan).entries()) {
    const field = column.field!, doctype = table.plan.meta.name
    const message = table.child === null ? literal(`Error: Value missing for ${doctype}: ${label(field)}`)
      : `${literal(`Error: ${doctype} Row #`)} || CAST(idx AS VARCHAR) || ${literal(`: Value missing for: ${label(field)}`)}`
    // Text that only looks like content (an image) is content for the fields that may hold one.
    const image = field.fieldtype === 'Text Editor' || (field.fieldtype === 'Code' && field.options === 'HTML') ? ` AND NOT COALESCE(contains(${ident(column.name)}, '<img'), FALSE)` : ''
    await table.batch.find({
      type: 'MandatoryError', field: nameOf(table, column.name), seq: BAND.mandatory + table.base / 1000 + i, hint: 'Map a value or a default to the field.',
      select: `SELECT ${table.id} AS id, ${message} AS message${idxOf(table)} FROM ${table.relation} WHERE ${empty(column)}${image}${misread(table, column)}${scopeOf(table)}`,
    })
  }
}

async function emptyTables(table: CheckTable): Promise<void> {
  const { batch } = table
  for (const { field } of batch.plan.children) {
    if (!field.reqd) continue
    await batch.find({
      type: 'MandatoryError', field: field.fieldname, seq: BAND.mandatory + batch.meta.fields.indexOf(field) / 1000, message: `Error: Data missing in table: ${label(field)}`, hint: 'A document of this kind needs at least one row.',
      select: `SELECT _id AS id FROM ${batch.doc} WHERE _id NOT IN (SELECT _parent FROM ${batch.child(field.fieldname)})${scopeOf(table)}`,
    })
  }
}

async function reportFormats(table: CheckTable): Promise<void> {
  const { batch, plan, relation } = table
  const columns = [...fieldsOf(plan).filter((c) => c.field!.fieldtype === 'Phone'), ...formatted(plan)]
  for (const [i, column] of columns.entries()) {
    const col = ident(column.name), phone = column.field!.fieldtype === 'Phone'
    const values = await batch.staging.all<{ v: string }>(`SELECT DISTINCT ${col} AS v FROM ${relation} WHERE ${col} <> ''${scopeOf(table)}`)
    const { phoneNumberProblem } = phone ? await import('./phone.ts') : { phoneNumberProblem: undefined }
    const check = phone ? (text: string) => phoneNumberProblem!(text, column.name) : DATA_FORMATS[column.field!.options!]!
    const bad = values.flatMap(({ v }) => { const problem = check(v); return problem === null ? [] : [{ v, ...problem }] })
    for (const type of new Set(bad.map((b) => b.type))) {
      const rows = bad.filter((b) => b.type === type)
      for (let at = 0; at < rows.length; at += 500) {
        const list = rows.slice(at, at + 500).map((b) => `(${literal(b.v)}, ${literal(b.message)})`).join(', ')
        await batch.find({
          type, field: nameOf(table, column.name), seq: BAND.data + table.base + i, hint: 'Correct the value, or cleanse the column with a transform.',
          select: `SELECT r.${table.id} AS id, m.b AS message, m.a AS "value"${table.child === null ? '' : ', r.idx AS idx'} FROM ${relation} r JOIN (VALUES ${list}) m(a, b) ON r.${col} = m.a WHERE TRUE${scopeOf(table)}`,
        })
      }
    }
  }
}

function choices(field: Field): string[] {
  return (field.options ?? '').split('\n')
}

function selects(plan: DocTypePlan): PlannedColumn[] {
  return fieldsOf(plan).filter(({ field }) => field!.fieldtype === 'Select' && field!.fieldname !== 'naming_series' && field!.options !== null && field!.options !== '' && field!.options !== '[Select]' &&
    field!.options !== 'Loading...' )
}

const asText = (column: PlannedColumn) => (column.kind === 'text' ? ident(column.name) : `CAST(${ident(column.name)} AS VARCHAR)`)
const choiceList = (column: PlannedColumn) => choices(column.field!).map(literal).join(', ')
const wrongChoice = (column: PlannedColumn) => `${asText(column)} <> '' AND ${asText(column)} NOT IN (${choiceList(column)})`

async function reportSelects(table: CheckTable): Promise<void> {
  for (const [i, column] of selects(table.plan).entries()) {
    const { batch, relation } = table, col = ident(column.name), field = column.field!
    if (column.kind === 'text') await batch.staging.run(`UPDATE ${relation} SET ${col} = py_strip(${col}) WHERE ${col} <> '' AND ${col} NOT IN (${choiceList(column)})${scopeOf(table)}`)
    const prefix = table.child === null ? `' '` : `'Row #' || CAST(idx AS VARCHAR) || ': '`
    await batch.find({
      type: 'ValidationError', field: nameOf(table, column.name), seq: BAND.select + table.base + i, causeByValue: true, hint: `Map the value to one of: ${choices(field).filter((c) => c !== '').join(', ')}.`,
      select: `SELECT ${table.id} AS id, ${asText(column)} AS "value"${idxOf(table)}, ${prefix} || ${literal(`${label(field)} cannot be "`)} || ${asText(column)} || ${literal(`". It should be one of "${choices(field).join('", "')}"`)} AS message ` +
        `FROM ${relation} WHERE ${asText(column)} NOT IN (${choiceList(column)}) AND ${asText(column)} IS NOT NULL AND (${asText(column)} <> '' OR FALSE)${scopeOf(table)}`,
    })
  }
}

async function reportNegative(table: CheckTable): Promise<void> {
  const columns = fieldsOf(table.plan).filter((c) => negatable(c.field!))
  for (const [i, column] of columns.entries()) {
    const what = literal(label(column.field!)), doctype = table.plan.meta.name
    const message = table.child === null ? literal(`Value cannot be negative for ${doctype}: ${label(column.field!)}`) : `${literal(`${doctype} Row #`)} || CAST(idx AS VARCHAR) || ': Value cannot be negative for ' || ${what}`
    await table.batch.find({
      type: 'NonNegativeError', field: nameOf(table, column.name), seq: BAND.negative + table.base + i, hint: 'The field takes no negative numbers.',
      select: `SELECT ${table.id} AS id, ${message} AS message, CAST(${ident(column.name)} AS VARCHAR) AS "value"${idxOf(table)} FROM ${table.relation} WHERE ${ident(column.name)} < 0${scopeOf(table)}`,
    })
  }
}

const VARCHARS = new Set(['Data', 'Link', 'Dynamic Link', 'Password', 'Select', 'Read Only', 'Phone', 'Autocomplete', 'Color', 'Icon', 'Barcode'])

/** Columns whose field type has a limit, with it. */
function limited(plan: DocTypePlan): PlannedColumn[] {
  return fieldsOf(plan).filter((column) => limitOf(column) !== null)
}

function limitOf(column: PlannedColumn): string | null {
  const field = column.field!
  if (column.kind === 'text' && (VARCHARS.has(field.fieldtype) || column.length !== null) && field.fieldtype !== 'Barcode') return String(field.length > 0 ? field.length : 140)
  if (column.kind === 'int') return field.fieldtype === 'Long Int' || field.length > 11 ? null : INT_LIMIT['int']!
  return null
}

const tooLong = (column: PlannedColumn) => (column.kind === 'int' ? `${ident(column.name)} NOT BETWEEN -${limitOf(column)} AND ${limitOf(column)}` : `length(${ident(column.name)}) > ${limitOf(column)}`)

async function reportLength(table: CheckTable): Promise<void> {
  for (const [i, column] of limited(table.plan).entries()) {
    const doctype = table.plan.meta.name, col = ident(column.name)
    const place = table.child === null ? `${literal(`${doctype} `)} || COALESCE(name, '')` : `${literal(`${doctype}, Row `)} || CAST(idx AS VARCHAR)`
    await table.batch.find({
      type: 'CharacterLengthExceededError', field: nameOf(table, column.name), seq: BAND.length + table.base + i, hint: `Shorten the value to ${limitOf(column)}, or map it to a longer field.`,
      select: `SELECT ${table.id} AS id, ${place} || ${literal(`: '${label(column.field!)}' (`)} || CAST(${col} AS VARCHAR) || ${literal(`) will get truncated, as max characters allowed is ${limitOf(column)}`)} AS message, ` +
        `CAST(${col} AS VARCHAR) AS "value"${idxOf(table)} FROM ${table.relation} WHERE ${tooLong(column)}${scopeOf(table)}`,
    })
  }
}

async function clampRatings(table: CheckTable): Promise<void> {
  const columns = fieldsOf(table.plan).filter((column) => column.field!.fieldtype === 'Rating')
  if (columns.length === 0) return
  await table.batch.staging.run(`UPDATE ${table.relation} SET ${columns.map((column) => `${ident(column.name)} = CAST(greatest(0, least(COALESCE(${ident(column.name)}, 0), 1)) AS ${DUCK_TYPES[column.kind]})`).join(', ')}`)
}

async function reportStored(table: CheckTable): Promise<void> {
  for (const column of fieldsOf(table.plan).filter((c) => c.kind === 'float')) {
    await table.batch.find({
      type: 'DataError', stage: 'framework_insert', field: nameOf(table, column.name), message: `(1264, "Out of range value for column '${column.name}' at row 1")`, hint: 'The database holds 12 digits before the point.',
      select: `SELECT ${table.id} AS id, CAST(${ident(column.name)} AS VARCHAR) AS "value"${idxOf(table)} FROM ${table.relation} WHERE abs(${ident(column.name)}) >= ${FLOAT_LIMIT}${scopeOf(table)}`,
    })
  }
}

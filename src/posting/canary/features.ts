import { draftRelation } from '../../model/draft.ts'
import type { DocTypeMeta, Field } from '../../site/doctype.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'

/**
 * What is told about a document of a DocType. Strong: what makes a rule of the site take another way (a flag, a choice, a link that is there, a currency, an amount that
 * is not zero). Weak: what should not, and is tried all the same (a text that is there, a link's value, text with markup, a negative number).
 */
export interface Feature { text: string; strong: boolean; condition: string }

/** Columns with their features: those of the documents, and those of each child table's rows. */
export interface FeatureTable { relation: string; parent: string; prefix: string; features: Feature[]; valued: { column: string; text: string }[] }

const AMOUNTS = new Set(['Currency', 'Float', 'Percent', 'Int', 'Duration', 'Rating'])
const TEXTS = new Set(['Data', 'Small Text', 'Text', 'Long Text', 'Text Editor', 'Code', 'HTML Editor', 'Markdown Editor', 'Read Only'])
/** Links whose value decides about rules: amounts in another currency, another company's accounts. */
const DECIDING = new Set(['Currency', 'Company'])

/** The features of the drafts of a DocType, by table of drafts; columns that are no fields of it are features too (a site's script may read them). */
export async function featureTables(staging: Staging, site: Site, doctype: string): Promise<FeatureTable[]> {
  const meta = site.doctype(doctype), tables: FeatureTable[] = []
  if (meta === undefined || !await staging.exists(draftRelation(doctype))) return tables
  tables.push(await tableOf(staging, meta, draftRelation(doctype), '_id', ''))
  for (const field of meta.tableFields()) {
    const relation = draftRelation(doctype, field.fieldname), child = site.doctype(field.options ?? '')
    if (child !== undefined && await staging.exists(relation)) tables.push(await tableOf(staging, child, relation, '_parent', `${field.fieldname}.`))
  }
  return tables
}

async function tableOf(staging: Staging, meta: DocTypeMeta, relation: string, parent: string, prefix: string): Promise<FeatureTable> {
  const features: Feature[] = [], valued: FeatureTable['valued'] = []
  for (const { name } of await staging.columnsOf(relation)) {
    if (['_id', '_entity', '_key', '_source_row', '_parent', '_idx'].includes(name)) continue
    const field = meta.field(name)
    features.push(...featuresOf(prefix, name, field))
    if (field !== undefined && (field.fieldtype === 'Select' || (field.fieldtype === 'Link' && DECIDING.has(field.options ?? '')))) valued.push({ column: name, text: `${prefix}${name}=` })
  }
  return { relation, parent, prefix, features, valued }
}

function featuresOf(prefix: string, name: string, field: Field | undefined): Feature[] {
  const column = `t.${ident(name)}`, text = `CAST(${column} AS VARCHAR)`, type = field?.fieldtype ?? (name.endsWith('docstatus') ? 'Check' : 'Data')
  const of = (what: string, strong: boolean, condition: string): Feature => ({ text: `${prefix}${name}${what}`, strong, condition })
  const there = `${column} IS NOT NULL AND ${text} <> ''`, number = `coalesce(try_cast(${text} AS DOUBLE), 0)`
  if (type === 'Check') return [of('', true, `${number} <> 0`), of(' empty', false, `${column} IS NOT NULL AND ${text} = ''`)]
  if (AMOUNTS.has(type)) return [of('', true, `${number} <> 0`), of(' < 0', true, `${number} < 0`), of(' fraction', false, `${number} <> floor(${number})`), of(' = 0', false, `${column} IS NOT NULL AND ${number} = 0`)]
  if (type === 'Link' || type === 'Dynamic Link' || type === 'Select') return [of('', true, there)]
  if (!TEXTS.has(type)) return [of('', false, there)]
  return [of('', false, there), of(' with markup', false, `${there} AND regexp_matches(${text}, '[<>&]')`), of(' beyond ASCII', false, `${there} AND regexp_matches(${text}, '[^\\x00-\\x7F]')`), of(' with blanks', false, `${there} AND ${text} <> trim(${text})`),
    of(' in lines', false, `contains(${text}, chr(10))`)]
}

/** SQL giving a row's features as one text each, NULL where it has not the feature. */
export function featureTexts(table: FeatureTable, strong: boolean): string[] {
  const own = table.features.filter((feature) => feature.strong === strong).map((feature) => `CASE WHEN ${feature.condition} THEN ${literal(feature.text)} END`)
  const values = strong ? table.valued.map(({ column, text }) => `CASE WHEN CAST(t.${ident(column)} AS VARCHAR) <> '' THEN ${literal(text)} || CAST(t.${ident(column)} AS VARCHAR) END`) : []
  return [...own, ...values]
}

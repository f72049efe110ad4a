import { ident, literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'

/** A part of a written address: plain text, or fields with their endings; `when` leaves it out where the field is empty. */
type Part = string | { field: string; upper?: true; before?: string; after?: string; when?: true }

const LINES: Part[] = [{ field: 'address_line1', after: '<br>\n' }, { field: 'address_line2', after: '<br>', when: true }]
const CODE_FIRST: Part[] = [...LINES, { field: 'pincode', after: ' ' }, { field: 'city', upper: true, after: '<br>\n' }, { field: 'country', upper: true }]

/**
 * How ERPNext's setup has addresses written (erpnext/regional/address_template), country by country, for a site whose description holds no Address
 * Templates. Lines break as the site's text does; what is empty and not left out is written `None`.
 */
const BUILT_IN: Record<string, Part[]> = {
  Germany: CODE_FIRST,
  Switzerland: CODE_FIRST,
  Luxembourg: [
    { field: 'address_line1', after: '<br>', when: true }, { field: 'address_line2', after: '<br>', when: true }, { field: 'pincode', before: 'L-', when: true },
    { field: 'city', before: ' ', when: true }, '<br>\n', { field: 'country', upper: true, when: true },
  ],
  Taiwan: [
    { field: 'country', after: '<br>' }, { field: 'pincode', after: '<br>', when: true }, { field: 'county' }, { field: 'city' }, { field: 'address_line1' }, { field: 'address_line2', when: true },
    { field: 'phone', before: '<br>Phone: ', when: true }, { field: 'fax', before: '<br>Fax: ', when: true }, { field: 'email_id', before: '<br>Email: ', when: true },
  ],
  'United States': [...LINES, { field: 'city', after: ', ' }, { field: 'state', when: true }, { field: 'pincode', before: ' ', when: true }, '<br>\n'],
}

/** Said of a document whose address would be written by a template `addressDisplay` answers NULL for. */
export const UNKNOWN_TEMPLATE = 'The site\'s Address Template for this country is not one the engine can fill in'

/**
 * SQL over an Address row (`alias`) of its display, by the site's address templates: the country's own, else the default one. NULL where the template
 * has more in it than can be filled in, or cannot be known: such an address is not predicted.
 */
export async function addressDisplay(ctx: PostingContext, alias: string): Promise<string> {
  const stored = await ctx.staging.all<{ country: string; template: string | null; is_default: number }>('SELECT country, template, is_default FROM rows."tabAddress Template"')
  if (stored.length === 0) return builtIn(ctx.site.default('country') ?? null, alias)
  const fallback = stored.find((row) => row.is_default === 1)
  const cases = stored.map((row) => `WHEN ${literal(row.country)} THEN ${templateSql(row.template, alias)}`)
  return `CASE ${alias}.country ${cases.join(' ')} ELSE ${templateSql(fallback?.template ?? null, alias)} END`
}

function builtIn(siteCountry: string | null, alias: string): string {
  const write = (country: string) => {
    const text = joined(BUILT_IN[country]!.map((part) => partSql(part, alias)))
    // Within the United States the country goes without saying.
    return country === 'United States' ? `${text} || CASE WHEN ${alias}.country IS DISTINCT FROM 'United States' THEN ${shown(`${alias}.country`)} ELSE '' END` : text
  }
  const cases = Object.keys(BUILT_IN).map((country) => `WHEN ${literal(country)} THEN ${write(country)}`)
  return `CASE ${alias}.country ${cases.join(' ')} ELSE ${siteCountry !== null && siteCountry in BUILT_IN ? write(siteCountry) : 'CAST(NULL AS VARCHAR)'} END`
}

function partSql(part: Part, alias: string): string {
  if (typeof part === 'string') return literal(part)
  const value = `${alias}.${ident(part.field)}`, around = (text: string | undefined) => (text === undefined ? [] : [literal(text)])
  const text = joined([...around(part.before), part.upper ? upper(shown(value)) : shown(value), ...around(part.after)])
  return part.when ? `CASE WHEN ${truthy(value)} THEN ${text} ELSE '' END` : text
}

const shown = (value: string) => `COALESCE(CAST(${value} AS VARCHAR), 'None')`
const truthy = (value: string) => `COALESCE(CAST(${value} AS VARCHAR), '') <> ''`
/** Python's capitals: a sharp s is two letters. */
const upper = (value: string) => `upper(replace(${value}, 'ß', 'SS'))`
const joined = (parts: string[]) => (parts.length === 0 ? `''` : parts.join(' || '))

/**
 * A Jinja template as a SQL expression, NULL when there is more in it than this: `{{ field }}`, `{{ field | upper }}`, `{{ _("text") }}`, `{% if field %}`,
 * `{% if field != "x" %}`, `{% else %}`, `{% endif %}`, `-` beside a tag (white space goes).
 */
export function templateSql(template: string | null, alias: string): string {
  const unknown = 'CAST(NULL AS VARCHAR)'
  if (template === null) return unknown
  const parts = template.replace(/\{#.*?#\}/gs, '').split(/(\{\{.*?\}\}|\{%.*?%\})/s)
  const stack: { condition: string; then: string[]; otherwise: string[] | null }[] = [{ condition: '', then: [], otherwise: null }]
  for (const [i, part] of parts.entries()) {
    const top = stack.at(-1)!, out = top.otherwise ?? top.then
    if (part.startsWith('{{')) {
      const value = valueSql(part.slice(2, -2).replace(/^-|-$/g, '').trim(), alias)
      if (value === null) return unknown
      out.push(value)
    } else if (part.startsWith('{%')) {
      const tag = part.slice(2, -2).replace(/^-|-$/g, '').trim(), condition = /^if\s+(.+)$/s.exec(tag)
      if (condition) {
        const sql = conditionSql(condition[1]!.trim(), alias)
        if (sql === null) return unknown
        stack.push({ condition: sql, then: [], otherwise: null })
      } else if (tag === 'else' && stack.length > 1 && top.otherwise === null) top.otherwise = []
      else if (tag === 'endif' && stack.length > 1) {
        stack.pop()
        const outer = stack.at(-1)!
        ;(outer.otherwise ?? outer.then).push(`CASE WHEN ${top.condition} THEN ${joined(top.then)} ELSE ${joined(top.otherwise ?? [])} END`)
      } else return unknown
    } else {
      let text = part
      if (/-[%}]\}$/.test(parts[i - 1] ?? '')) text = text.trimStart()
      if (/^\{[{%]-/.test(parts[i + 1] ?? '')) text = text.trimEnd()
      if (i === parts.length - 1) text = text.replace(/\n$/, '')
      if (text !== '') out.push(literal(text))
    }
  }
  return stack.length === 1 ? `(${joined(stack[0]!.then)})` : unknown
}

function valueSql(expression: string, alias: string): string | null {
  const text = /^_\(\s*(["'])([^"']*)\1\s*\)$/.exec(expression)
  if (text) return literal(text[2]!)
  const field = /^(\w+)(\s*\|\s*(upper))?$/.exec(expression)
  if (field === null || !FIELDS.has(field[1]!)) return null
  const value = shown(`${alias}.${ident(field[1]!)}`)
  return field[3] === undefined ? value : upper(value)
}

/** Fields of an Address a template may name. */
const FIELDS = new Set(['name', 'address_title', 'address_type', 'address_line1', 'address_line2', 'city', 'county', 'state', 'country', 'pincode', 'email_id', 'phone', 'fax', 'tax_category'])

function conditionSql(expression: string, alias: string): string | null {
  const compared = /^(\w+)\s*(!=|==)\s*(["'])([^"']*)\3$/.exec(expression)
  if (compared && FIELDS.has(compared[1]!)) return `${alias}.${ident(compared[1]!)} IS ${compared[2] === '!=' ? '' : 'NOT '}DISTINCT FROM ${literal(compared[4]!)}`
  return /^\w+$/.test(expression) && FIELDS.has(expression) ? truthy(`${alias}.${ident(expression)}`) : null
}

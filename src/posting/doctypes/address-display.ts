import { ident, literal } from '../../staging/staging.ts'
import type { PostingContext } from '../framework/rule.ts'

/** The template ERPNext's setup gives a site in the United States, where the site's recording holds none. */
const UNITED_STATES = [
  '{{ address_line1 }}<br>', '{% if address_line2 %}{{ address_line2 }}<br>{% endif -%}',
  '{{ city }}, {% if state %}{{ state }}{% endif -%}{% if pincode %} {{ pincode }}{% endif -%}<br>', '{% if country != "United States" %}{{ country }}{% endif -%}', '',
].join('\n')

/** Frappe's own, for every other country. */
const GENERAL = [
  '{{ address_line1 }}<br>', '{% if address_line2 %}{{ address_line2 }}<br>{% endif -%}', '{{ city }}<br>', '{% if state %}{{ state }}<br>{% endif -%}',
  '{% if pincode %}{{ pincode }}<br>{% endif -%}', '{{ country }}<br>', '<br>', '{% if phone %}{{ _("Phone") }}: {{ phone }}<br>{% endif -%}',
  '{% if fax %}{{ _("Fax") }}: {{ fax }}<br>{% endif -%}', '{% if email_id %}{{ _("Email") }}: {{ email_id }}<br>{% endif -%}', '',
].join('\n')

/** SQL over an Address row (`alias`) of its display, by the site's address templates: the country's own, else the default one. */
export async function addressDisplay(ctx: PostingContext, alias: string): Promise<string> {
  const stored = await ctx.staging.all<{ country: string; template: string | null; is_default: number }>('SELECT country, template, is_default FROM rows."tabAddress Template" ORDER BY is_default')
  if (stored.length === 0) return templateSql(ctx.site.default('country') === 'United States' ? UNITED_STATES : GENERAL, alias)
  const fallback = stored.find((row) => row.is_default === 1) ?? stored[0]!
  const cases = stored.map((row) => `WHEN ${literal(row.country)} THEN ${templateSql(row.template ?? GENERAL, alias)}`)
  return `CASE ${alias}.country ${cases.join(' ')} ELSE ${templateSql(fallback.template ?? GENERAL, alias)} END`
}

/**
 * A Jinja template as a SQL expression. Known: `{{ field }}`, `{{ _("text") }}`, `{% if field %}`, `{% if field != "x" %}`, `{% endif %}`, `-` beside a tag (white space
 * goes). Anything else renders as nothing: address templates hold no more.
 */
export function templateSql(template: string, alias: string): string {
  const parts = template.split(/(\{\{.*?\}\}|\{%.*?%\})/s)
  const stack: string[][] = [[]], conditions: string[] = []
  for (const [i, part] of parts.entries()) {
    const out = stack.at(-1)!
    if (part.startsWith('{{')) out.push(valueSql(part.slice(2, -2).replace(/^-|-$/g, '').trim(), alias))
    else if (part.startsWith('{%')) {
      const tag = part.slice(2, -2).replace(/^-|-$/g, '').trim(), condition = /^if\s+(.+)$/.exec(tag)
      if (condition) { conditions.push(conditionSql(condition[1]!, alias)); stack.push([]) }
      else if (tag === 'endif' && stack.length > 1) {
        const inner = stack.pop()!
        stack.at(-1)!.push(`CASE WHEN ${conditions.pop()!} THEN ${joined(inner)} ELSE '' END`)
      }
    } else {
      let text = part
      if (/-[%}]\}$/.test(parts[i - 1] ?? '')) text = text.trimStart()
      if (/^\{[{%]-/.test(parts[i + 1] ?? '')) text = text.trimEnd()
      if (i === parts.length - 1) text = text.replace(/\n$/, '')
      if (text !== '') out.push(literal(text))
    }
  }
  return `(${joined(stack[0]!)})`
}

const joined = (parts: string[]) => (parts.length === 0 ? `''` : parts.join(' || '))

function valueSql(expression: string, alias: string): string {
  const text = /^_\(\s*["'](.*)["']\s*\)$/.exec(expression)
  if (text) return literal(text[1]!)
  return /^\w+$/.test(expression) ? `COALESCE(CAST(${alias}.${ident(expression)} AS VARCHAR), 'None')` : `''`
}

function conditionSql(expression: string, alias: string): string {
  const compared = /^(\w+)\s*(!=|==)\s*["'](.*)["']$/.exec(expression.trim())
  if (compared) return `${alias}.${ident(compared[1]!)} IS ${compared[2] === '!=' ? '' : 'NOT '}DISTINCT FROM ${literal(compared[3]!)}`
  return `COALESCE(CAST(${alias}.${ident(expression.trim())} AS VARCHAR), '') <> ''`
}

/** An Address Template of the site: Jinja text by country. */
export interface AddressTemplate { country: string | null; is_default: number; template: string | null }

/** How ERPNext's setup has addresses written in the United States; used where the site's description has no templates at all. */
const UNITED_STATES = `{{ address_line1 }}<br>\n{% if address_line2 %}{{ address_line2 }}<br>{% endif -%}\n{{ city }}, {% if state %}{{ state }}{% endif -%}{% if pincode %} {{ pincode }}{% endif -%}<br>\n{% if country != "United States" %}{{ country }}{% endif -%}\n`
/** Countries ERPNext's setup writes templates of their own for. */
const OWN = new Set(['Germany', 'Luxembourg', 'Switzerland', 'Taiwan'])

/** The template an address of `country` is written with; null when it cannot be known. */
export function templateFor(templates: readonly AddressTemplate[], country: string | null, siteCountry: string | null): string | null {
  if (templates.length === 0) return siteCountry === 'United States' && !OWN.has(country ?? '') ? UNITED_STATES : null
  return (templates.find((template) => template.country === country) ?? templates.find((template) => Number(template.is_default) === 1))?.template ?? null
}

const TAG = /\{\{\s*(\w+)(\s*\|\s*upper)?\s*\}\}|\{%\s*(?:if\s+(\w+)(?:\s*!=\s*"([^"]*)")?|(endif))\s*(-?)%\}/g

/** Fills in the small part of Jinja that address templates use (fields, `upper`, `if`, `!=`, `-%}`); null when there is more in it. */
export function renderAddress(template: string | null, address: Record<string, string | number | null>): string | null {
  if (template === null || /\{[{%]/.test(template.replace(TAG, ''))) return null
  const shown: boolean[] = []
  let out = '', at = 0, trim = false
  // Jinja drops one newline at the end of a template.
  const source = template.replace(/\n$/, '')
  const text = (piece: string) => {
    const kept = trim ? piece.replace(/^\s+/, '') : piece
    trim = false
    if (!shown.includes(false)) out += kept
  }
  for (const match of source.matchAll(TAG)) {
    text(source.slice(at, match.index))
    at = match.index + match[0].length
    const value = (name: string) => address[name] ?? null
    if (match[1] !== undefined) {
      const filled = value(match[1]) === null ? 'None' : String(value(match[1]))
      if (!shown.includes(false)) out += match[2] === undefined ? filled : filled.toUpperCase()
    } else if (match[5] === 'endif') shown.pop()
    else {
      const condition = value(match[3]!)
      shown.push(match[4] === undefined ? condition !== null && condition !== '' && condition !== 0 : condition !== match[4])
    }
    trim = match[6] === '-'
  }
  text(source.slice(at))
  return shown.length === 0 ? out : null
}

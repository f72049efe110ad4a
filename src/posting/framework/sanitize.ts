/** Cleaned HTML, or why it cannot be told. */
export type Cleaned = { html: string; reason?: undefined } | { html: null; reason: string }

/** True when Frappe takes the text for HTML at all: JSON is left alone, and text without a tag. */
export function hasTag(text: string): boolean {
  return /<[a-zA-Z][^>]*>?/.test(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

export function sanitizeHtml(text: string): Cleaned {
  if (isJson(text) || !hasTag(text)) return { html: text }
  return { html: null, reason: 'markup' }
}

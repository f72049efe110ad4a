/**
 * A legacy key is a tuple of texts, one per key column, in the order the mapping names them. Its canonical text joins the parts with
 * U+001F (unit separator), which no source column is allowed to hold unescaped; a single-column key is therefore its own text.
 */
export type KeyParts = readonly string[]

const SEPARATOR = '\u001f'

/** Canonical text of a key. Parts holding the separator or a backslash are escaped, so that two tuples never share a text. */
export function formatKey(parts: KeyParts): string {
  return parts.map((part) => part.replaceAll('\\', '\\\\').replaceAll(SEPARATOR, '\\u')).join(SEPARATOR)
}

export function parseKey(text: string): string[] {
  return text.split(SEPARATOR).map((part) => part.replace(/\\(u|\\)/g, (_, c: string) => (c === 'u' ? SEPARATOR : '\\')))
}

/** For people: `10248 / 11`. */
export function displayKey(text: string): string {
  return parseKey(text).join(' / ')
}

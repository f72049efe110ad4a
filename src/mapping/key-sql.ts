import { asText, type Typed } from './value-type.ts'

/** SQL of the canonical text of a key (model/key.ts) from its parts; NULL when a part is NULL, or when the only part is empty. */
export function keySql(parts: Typed[]): string {
  const escaped = parts.map((part) => {
    const text = asText(part)
    return part.type === 'text' ? `replace(replace(${text}, '\\', '\\\\'), chr(31), '\\u')` : text
  })
  return escaped.length === 1 ? `nullif(${escaped[0]}, '')` : `(${escaped.join(' || chr(31) || ')})`
}

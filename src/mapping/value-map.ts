import { parse } from 'yaml'
import { LandfallError, messageOf } from '../errors/error.ts'

/** Rows of delimited text with quotes (RFC 4180), delimiter `,` or `;` whichever the first line has more of. */
function csvRows(text: string): string[][] {
  const first = text.slice(0, text.indexOf('\n') < 0 ? undefined : text.indexOf('\n'))
  const delimiter = (first.match(/;/g)?.length ?? 0) > (first.match(/,/g)?.length ?? 0) ? ';' : ','
  const rows: string[][] = []
  let row: string[] = [], cell = '', quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? ''
    if (quoted) {
      if (c !== '"') cell += c
      else if (text[i + 1] === '"') { cell += '"'; i++ } else quoted = false
    } else if (c === '"' && cell === '') quoted = true
    else if (c === delimiter) { row.push(cell); cell = '' }
    else if (c === '\n') { row.push(cell.replace(/\r$/, '')); rows.push(row); row = []; cell = '' } else cell += c
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell])
  return rows.filter((cells) => cells.some((text) => text.trim() !== ''))
}

/**
 * A value map of a file: CSV with two columns (a first line `from,to` is a heading) or a YAML mapping. An empty `to` is null. Throws `mapping-invalid`
 * for anything else and for a value that is mapped twice differently.
 */
export function parseValueMap(name: string, text: string): Map<string, string | null> {
  const where = { file: name }
  const map = new Map<string, string | null>()
  const add = (from: string, to: string | null) => {
    const known = map.get(from)
    if (map.has(from) && known !== to) throw new LandfallError('mapping-invalid', `${name} maps \`${from}\` to both \`${known}\` and \`${to}\`.`, { where })
    map.set(from, to)
  }
  if (/\.ya?ml$/i.test(name)) {
    let value: unknown
    try {
      value = parse(text, { maxAliasCount: 0 })
    } catch (error) {
      throw new LandfallError('mapping-invalid', `${name} is not YAML: ${messageOf(error)}`, { where, cause: error })
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new LandfallError('mapping-invalid', `${name} must be a mapping of legacy value to new value.`, { where })
    for (const [from, to] of Object.entries(value)) {
      if (to !== null && typeof to === 'object') throw new LandfallError('mapping-invalid', `${name}: the value of \`${from}\` must be a text, a number or null.`, { where })
      add(from, to === null || to === '' ? null : String(to))
    }
    return map
  }
  const rows = csvRows(text.replace(/^\ufeff/, ''))
  const data = rows[0]?.[0]?.trim().toLowerCase() === 'from' && rows[0]?.[1]?.trim().toLowerCase() === 'to' ? rows.slice(1) : rows
  data.forEach((cells, i) => {
    if (cells.length < 2) throw new LandfallError('mapping-invalid', `${name}: line ${i + 1 + rows.length - data.length} has no second column.`, { where, hint: 'A value map has two columns: from, to.' })
    add(cells[0] ?? '', (cells[1] ?? '') === '' ? null : cells[1] ?? '')
  })
  return map
}

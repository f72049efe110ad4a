import type { DocumentedColumn, DocumentedTable } from '../../model/documented-schema.ts'
import { lengthOfWords, typeOfWords } from './type-words.ts'

/** `quoted`: a name in quotes, which is never a key word. */
interface Token { text: string; kind: 'word' | 'text' | 'mark'; quoted: boolean; line: number }

/**
 * Reads the tables of DDL in any of the usual dialects: CREATE TABLE, ALTER TABLE ... ADD PRIMARY or FOREIGN KEY, COMMENT ON, and MySQL's COMMENT. What else
 * stands in the file is passed over, because dumps of old systems hold statements that no one parser accepts; libraries for SQL refuse the whole file for them.
 */
export function readDdl(file: string, text: string): DocumentedTable[] {
  const tables = new Map<string, DocumentedTable>()
  for (const statement of statements(tokens(text))) {
    const words = statement.slice(0, 3).map((token) => token.text.toUpperCase())
    if (words[0] === 'CREATE' && statement.slice(1, 5).some((token) => is(token, 'TABLE'))) createTable(file, statement, tables)
    else if (words[0] === 'ALTER' && words[1] === 'TABLE') alterTable(statement, tables)
    else if (words[0] === 'COMMENT' && words[1] === 'ON') comment(statement, tables)
  }
  return [...tables.values()]
}

function tokens(text: string): Token[] {
  const found: Token[] = []
  const pattern = /(--[^\n]*|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|`([^`]*)`|\[([^\]\n]*)\]|([\p{L}_$@][\p{L}\p{N}_$#@]*|\d+(?:\.\d+)?)|([\s]+)|([\s\S])/gu
  let line = 1
  for (const match of text.matchAll(pattern)) {
    const [whole, , string, double, back, square, word, , mark] = match
    const name = double?.replaceAll('""', '"') ?? back ?? square
    if (string !== undefined) found.push({ text: string.replaceAll("''", "'"), kind: 'text', quoted: true, line })
    else if (name !== undefined) found.push({ text: name, kind: 'word', quoted: true, line })
    else if (word !== undefined) found.push({ text: word, kind: 'word', quoted: false, line })
    else if (mark !== undefined) found.push({ text: mark, kind: 'mark', quoted: false, line })
    line += whole.split('\n').length - 1
  }
  return found
}

function statements(all: Token[]): Token[][] {
  const found: Token[][] = [[]]
  for (const token of all) {
    if ((token.kind === 'mark' && token.text === ';') || (is(token, 'GO') && found.at(-1)!.length > 0 && token.line > found.at(-1)!.at(-1)!.line)) found.push([])
    else found.at(-1)!.push(token)
  }
  return found.filter((statement) => statement.length > 2)
}

const is = (token: Token | undefined, word: string): boolean => token !== undefined && token.kind === 'word' && !token.quoted && token.text.toUpperCase() === word
const isMark = (token: Token | undefined, mark: string): boolean => token?.kind === 'mark' && token.text === mark

/** A name with its schema before it: the last part, and where it ends. */
function nameAt(statement: Token[], from: number): { name: string; parts: string[]; next: number } {
  const parts = [statement[from]?.text ?? '']
  let next = from + 1
  while (isMark(statement[next], '.')) { parts.push(statement[next + 1]?.text ?? ''); next += 2 }
  return { name: parts.at(-1)!, parts, next }
}

function createTable(file: string, statement: Token[], tables: Map<string, DocumentedTable>): void {
  let at = statement.findIndex((token) => is(token, 'TABLE')) + 1
  if (is(statement[at], 'IF')) at += 3
  const { name, next } = nameAt(statement, at)
  if (!isMark(statement[next], '(')) return
  const { parts, end } = bracket(statement, next)
  const table: DocumentedTable = { name, where: `${file}:${statement[at]!.line}`, about: '', columns: [] }
  tables.set(name.toLowerCase(), table)
  for (const part of parts) {
    if (isConstraint(part)) constraint(part, table)
    else if (part.length > 1) table.columns.push(columnOf(part))
  }
  const rest = statement.slice(end), about = rest.findIndex((token) => is(token, 'COMMENT'))
  if (about >= 0) table.about = rest.slice(about).find((token) => token.kind === 'text')?.text ?? ''
}

/** What stands between the bracket at `from` and its partner, split at commas outside of other brackets; `end` is behind the partner. */
function bracket(statement: Token[], from: number): { parts: Token[][]; end: number } {
  const parts: Token[][] = [[]]
  let depth = 0, at = from
  for (; at < statement.length; at++) {
    const token = statement[at]!
    if (isMark(token, '(') && depth++ === 0) continue
    if (isMark(token, ')') && --depth === 0) break
    if (depth === 1 && isMark(token, ',')) parts.push([])
    else parts.at(-1)!.push(token)
  }
  return { parts: parts.filter((part) => part.length > 0), end: at + 1 }
}

function isConstraint(part: Token[]): boolean {
  const [first, second] = part
  if (is(first, 'CONSTRAINT') || is(first, 'FOREIGN') || is(first, 'CHECK') || is(first, 'EXCLUDE') || is(first, 'FULLTEXT') || is(first, 'SPATIAL')) return true
  if (is(first, 'PRIMARY')) return is(second, 'KEY')
  return ['UNIQUE', 'KEY', 'INDEX'].some((word) => is(first, word)) && (isMark(second, '(') || is(second, 'KEY') || is(second, 'INDEX') || isMark(part[2], '('))
}

const namesIn = (part: Token[], from: number): string[] => bracket(part, from).parts.map((one) => one[0]!.text)
const columnNamed = (table: DocumentedTable | undefined, name: string): DocumentedColumn | undefined => table?.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())

function constraint(part: Token[], table: DocumentedTable): void {
  const primary = part.findIndex((token, i) => is(token, 'PRIMARY') && is(part[i + 1], 'KEY')), foreign = part.findIndex((token, i) => is(token, 'FOREIGN') && is(part[i + 1], 'KEY'))
  const open = (from: number): number => part.findIndex((token, i) => i > from && isMark(token, '('))
  if (primary >= 0) for (const name of namesIn(part, open(primary))) { const column = columnNamed(table, name); if (column) { column.key = true; column.required = true } }
  const references = part.findIndex((token) => is(token, 'REFERENCES'))
  if (foreign < 0 || references < 0) return
  const own = namesIn(part, open(foreign)), target = nameAt(part, references + 1), others = isMark(part[target.next], '(') ? namesIn(part, target.next) : []
  for (const [i, name] of own.entries()) { const column = columnNamed(table, name); if (column) column.references = { table: target.name, column: others[i] ?? null } }
}

/** Words that end a column's type. */
const AFTER_TYPE = new Set(['NOT', 'NULL', 'DEFAULT', 'PRIMARY', 'UNIQUE', 'REFERENCES', 'CHECK', 'CONSTRAINT', 'COMMENT', 'COLLATE', 'CHARACTER', 'CHARSET', 'GENERATED', 'AUTO_INCREMENT', 'AUTOINCREMENT', 'IDENTITY', 'ON', 'KEY', 'UNSIGNED', 'ZEROFILL', 'AS', 'ROWGUIDCOL', 'SPARSE'])

function columnOf(part: Token[]): DocumentedColumn {
  const [name, ...rest] = part
  let end = 0
  while (end < rest.length && !(rest[end]!.kind === 'word' && !rest[end]!.quoted && AFTER_TYPE.has(rest[end]!.text.toUpperCase()) && end > 0)) end++
  const declared = wordsOf(rest.slice(0, end)), has = (...words: string[]): boolean => rest.some((token, i) => words.every((word, k) => is(rest[i + k], word) && token !== undefined))
  const references = rest.findIndex((token) => is(token, 'REFERENCES')), target = references < 0 ? null : nameAt(rest, references + 1), about = rest.findIndex((token) => is(token, 'COMMENT'))
  const key = has('PRIMARY', 'KEY')
  return {
    name: name!.text, declared, type: typeOfWords(declared), length: lengthOfWords(declared), required: key || has('NOT', 'NULL'), key,
    references: target === null ? null : { table: target.name, column: isMark(rest[target.next], '(') ? namesIn(rest, target.next)[0] ?? null : null },
    values: valuesOf(rest), about: about < 0 ? '' : rest[about + 1]?.kind === 'text' ? rest[about + 1]!.text : '',
  }
}

function wordsOf(list: Token[]): string {
  return list.map((token) => (token.kind === 'text' ? `'${token.text}'` : token.text)).join(' ').replace(/ ?\( ?/g, '(').replace(/ ?\) ?/g, ') ').replace(/ , /g, ',').trim()
}

/** The texts of `enum('a', 'b')`, `CHECK (x IN ('a', 'b'))`. */
function valuesOf(rest: Token[]): string[] {
  const start = rest.findIndex((token, i) => (is(token, 'ENUM') || is(token, 'IN')) && isMark(rest[i + 1], '('))
  return start < 0 ? [] : bracket(rest, start + 1).parts.map((one) => one[0]!).filter((token) => token.kind === 'text' || /^\d/.test(token.text)).map((token) => token.text)
}

function alterTable(statement: Token[], tables: Map<string, DocumentedTable>): void {
  let at = 2
  if (is(statement[at], 'IF')) at += 2
  if (is(statement[at], 'ONLY')) at++
  const { name, next } = nameAt(statement, at), table = tables.get(name.toLowerCase())
  if (table !== undefined && is(statement[next], 'ADD')) constraint(statement.slice(next + 1), table)
}

function comment(statement: Token[], tables: Map<string, DocumentedTable>): void {
  const about = statement.find((token) => token.kind === 'text')?.text ?? '', { parts } = nameAt(statement, 3)
  if (is(statement[2], 'TABLE')) { const table = tables.get(parts.at(-1)!.toLowerCase()); if (table) table.about = about }
  if (is(statement[2], 'COLUMN')) { const column = columnNamed(tables.get((parts.at(-2) ?? '').toLowerCase()), parts.at(-1)!); if (column) column.about = about }
}

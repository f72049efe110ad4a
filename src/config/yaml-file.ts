import { readFileSync } from 'node:fs'
import { LineCounter, isMap, isPair, isScalar, isSeq, parseDocument, type Document, type Node } from 'yaml'
import { LandfallError, messageOf } from '../errors/error.ts'

export type ConfigPath = readonly (string | number)[]
export interface Position { line: number; column: number }

/** A parsed YAML file that remembers where each value stands, so that later findings can point to it. */
export interface YamlFile {
  /** Path as it should be shown to people. */
  path: string
  value: unknown
  /** Position of the value at `path`, or of its key with `key: true`; the nearest enclosing value when there is none. */
  at(path: ConfigPath, options?: { key?: boolean }): Position
  /** True when the file itself gives a value at `path`. */
  has(path: ConfigPath): boolean
}

/** Reads and parses `file`; `shown` is the path used in messages. Throws `config-missing` or `config-invalid` with line and column. */
export function readYamlFile(file: string, shown = file): YamlFile {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new LandfallError('config-missing', `${shown} cannot be read: ${messageOf(error)}`, { where: { file: shown }, hint: 'Run `landfall init` to make a project here, or name its folder with --project.', cause: error })
  }
  return parseYamlText(text, shown)
}

/** Parses YAML text; see readYamlFile. Duplicate keys, unknown tags and aliases that explode are errors. */
export function parseYamlText(text: string, shown: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, strict: true })
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0])
    throw new LandfallError('config-invalid', `${shown}:${line}:${col}: ${problem.message}`, { where: { file: shown, line, column: col }, hint: 'This is not valid YAML; check indentation, quotes and doubled keys around that line.' })
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new LandfallError('config-invalid', `${shown}:1:1: ${messageOf(error)}`, { where: { file: shown, line: 1, column: 1 } })
  }
  return {
    path: shown,
    value: value ?? {},
    at: (path, options) => positionOf(document, lines, path, options?.key ?? false),
    has: (path) => document.hasIn([...path]),
  }
}

function positionOf(document: Document, lines: LineCounter, path: ConfigPath, wantKey: boolean): Position {
  let node: unknown = document.contents
  let offset = (node as Node | null)?.range?.[0] ?? 0
  for (const [depth, part] of path.entries()) {
    const last = depth === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part))
      if (!pair) break
      const place = last && wantKey ? pair.key : pair.value ?? pair.key
      offset = (place as Node).range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(part)]
      if (item === undefined) break
      offset = (item as Node).range?.[0] ?? offset
      node = item
    } else break
  }
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

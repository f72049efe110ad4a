import type { z } from 'zod'
import { LandfallError } from '../errors/error.ts'
import type { ConfigPath, YamlFile } from './yaml-file.ts'

const MAX_SHOWN = 20

/** One thing wrong with a configuration file. */
export interface ConfigProblem { file: string; line: number; column: number; message: string }

/** `landfall.yaml:5:8: limits.memory: found "lots", allowed ...`. */
export function formatProblem(problem: ConfigProblem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`
}

/**
 * Validates a parsed file (or the part of it under `prefix`) against a schema and returns it with defaults filled in. Throws one
 * `config-invalid` that lists every problem as `file:line:column: where: found ..., allowed ...`; its `where` is the first.
 */
export function validateFile<S extends z.ZodType>(schema: S, file: YamlFile, value: unknown = file.value, prefix: ConfigPath = []): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue as Issue, file, value, prefix))
  throw problemError(problems)
}

/** The error that carries these problems. */
export function problemError(problems: ConfigProblem[]): LandfallError {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
  const shown = sorted.slice(0, MAX_SHOWN).map(formatProblem)
  if (sorted.length > MAX_SHOWN) shown.push(`... and ${sorted.length - MAX_SHOWN} more`)
  const first = sorted[0]
  return new LandfallError('config-invalid', shown.join('\n'), {
    where: first ? { file: first.file, line: first.line, column: first.column } : {},
    hint: 'docs/reference/config.md lists every key; `landfall config --schema` gives the JSON Schema for your editor.',
  })
}

interface Issue {
  code: string; path: (string | number)[]; message: string
  keys?: string[]; values?: unknown[]; expected?: string; errors?: Issue[][]; note?: string
}

function problemsOf(issue: Issue, file: YamlFile, root: unknown, prefix: ConfigPath): ConfigProblem[] {
  const path = [...prefix, ...issue.path]
  const found = valueAt(root, issue.path)
  if (issue.code === 'unrecognized_keys' && issue.keys) {
    return issue.keys.map((key) => problem(file, [...path, key], `${formatPath([...path, key])}: unknown key "${key}"${hintFor(key, issue.message)}`, true))
  }
  if (issue.code === 'invalid_union' && issue.errors) {
    const best = bestBranch(issue.errors)
    if (best) return best.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, file, root, prefix))
  }
  return [problem(file, path, `${formatPath(path)}: ${explain(issue, found)}`, found === undefined)]
}

/** Of a union's branches, the one that got furthest: it fails deepest, then least often. */
function bestBranch(branches: Issue[][]): Issue[] | null {
  const depth = (branch: Issue[]): number => Math.max(...branch.map((issue) => issue.path.length + (issue.code === 'invalid_type' && issue.path.length === 0 ? -1 : 0)))
  const ranked = [...branches].filter((branch) => branch.length > 0).sort((a, b) => depth(b) - depth(a) || a.length - b.length)
  const best = ranked[0]
  return best && depth(best) > 0 ? best : null
}

function explain(issue: Issue, found: unknown): string {
  const shown = found === undefined ? 'nothing' : describe(found)
  if (issue.code === 'invalid_value' && issue.values) {
    const allowed = issue.values.map(String)
    return `found ${shown}, allowed ${allowed.join(', ')}${typeof found === 'string' ? didYouMean(found, allowed) : ''}`
  }
  if (issue.code === 'invalid_type') return found === undefined ? `is missing (expected ${issue.expected})` : `found ${shown}, allowed ${article(issue.expected ?? 'another type')}`
  return `found ${shown}: ${issue.message}`
}

function problem(file: YamlFile, path: ConfigPath, message: string, key: boolean): ConfigProblem {
  const { line, column } = file.at(path, { key })
  return { file: file.path, line, column, message }
}

/** Our strict objects put the allowed keys into the message as `allowed: a, b`; see schema.ts. */
function hintFor(key: string, message: string): string {
  const match = /allowed: (.*)$/.exec(message)
  if (!match) return ''
  const allowed = (match[1] ?? '').split(', ')
  return `, allowed ${allowed.join(', ')}${didYouMean(key, allowed)}`
}

/** ` (did you mean "x"?)` when one of `allowed` is close to `found`, else ''. */
export function didYouMean(found: string, allowed: readonly string[]): string {
  const near = closest(found, allowed)
  return near === null ? '' : ` (did you mean "${near}"?)`
}

/** The candidate within about a third of its length in edits, or null. */
export function closest(found: string, allowed: readonly string[]): string | null {
  let best: string | null = null, least = Infinity
  for (const candidate of allowed) {
    const distance = edits(found.toLowerCase(), candidate.toLowerCase())
    if (distance < least) { least = distance; best = candidate }
  }
  return best !== null && least <= Math.max(1, Math.floor(Math.max(best.length, found.length) / 3)) ? best : null
}

/** Edits between two texts; two swapped neighbours count as one. */
function edits(a: string, b: string): number {
  let before: number[] = [], row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (before[j - 2] ?? 0) + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

function describe(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'a map'
  return typeof value === 'string' ? JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value) : String(value)
}

function article(type: string): string {
  const names: Record<string, string> = { string: 'text', object: 'a map (key: value)', record: 'a map (key: value)', array: 'a list', number: 'a number', int: 'a whole number', boolean: 'true or false' }
  return names[type] ?? type
}

export function formatPath(path: ConfigPath): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('') || 'the file'
}

function valueAt(root: unknown, path: ConfigPath): unknown {
  let value = root
  for (const part of path) value = value !== null && typeof value === 'object' ? (value as Record<string | number, unknown>)[part] : undefined
  return value
}

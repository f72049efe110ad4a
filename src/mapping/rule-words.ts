import type { ChildSpec, FieldSpec, TransformStep } from '../config/mapping-schema.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import { columnsIn } from './coverage.ts'
import { parseValueMap } from './value-map.ts'

/** What a leaf of a mapping says, in words: the columns it draws from, sentences, and its values one by one. */
export interface LeafWords { old: string[]; rules: string[]; values: { old: string; new: string | null }[] }

/** Reads value map files of the mapping that is told. */
export interface WordsContext { registry: TransformRegistry; readText(name: string): string }

const quoted = (value: unknown): string => (value === null ? 'nothing' : `"${String(value)}"`)

/** `trim`, `date (formats: %d.%m.%Y)`. */
export function stepWords(step: TransformStep): string {
  if (typeof step === 'string') return step
  const [[name, options] = ['', null]] = Object.entries(step)
  if (options === null || options === undefined) return name
  if (Array.isArray(options)) return `${name} (${options.map(String).join(', ')})`
  if (typeof options !== 'object') return `${name} (${String(options)})`
  return `${name} (${Object.entries(options).map(([key, value]) => `${key}: ${Array.isArray(value) ? value.map(String).join(', ') : typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)}`).join('; ')})`
}

/** One sentence for a chain, with what each transform is about. */
export function chainWords(chain: TransformStep[], registry: TransformRegistry): string {
  const about = (step: TransformStep): string => {
    const name = typeof step === 'string' ? step : Object.keys(step)[0] ?? ''
    const text = registry.find(name)?.about ?? ''
    return text === '' ? stepWords(step) : `${stepWords(step)}: ${text.replace(/\.$/, '')}`
  }
  return chain.map(about).join('; then ')
}

export function leafWords(spec: FieldSpec, context: WordsContext): LeafWords {
  if (typeof spec === 'string') return { old: [spec], rules: [], values: [] }
  if ('value' in spec) return { old: [], rules: [`always ${quoted(spec.value)}`], values: [] }
  if ('ref' in spec) return referenceWords(spec)
  const old = 'field' in spec ? [spec.field] : [...new Set(columnsIn(spec.expr).map(([alias, column]) => (alias === null ? column : `${alias}.${column}`)))]
  const rules: string[] = 'expr' in spec ? [`computed as ${spec.expr}`] : []
  if (spec.transform) rules.push(chainWords(spec.transform, context.registry))
  const values = mapValues(spec.map, context)
  if (values.length > 0) {
    rules.push(`by a list of ${values.length} values${spec.ignore_case === true ? ', upper and lower case alike' : ''}; ${spec.unmapped === 'keep' ? 'others stay as they are' : spec.unmapped === 'reject' || (spec.unmapped === undefined && spec.default === undefined) ? 'a record with another value is refused' : 'others become nothing'}`)
  }
  if (spec.default !== undefined) rules.push(`where it is empty: ${quoted(spec.default)}`)
  return { old, rules, values }
}

function mapValues(map: string | Record<string, unknown> | undefined, { readText }: WordsContext): LeafWords['values'] {
  if (map === undefined) return []
  if (typeof map === 'string') return [...parseValueMap(map, readText(map))].map(([old, value]) => ({ old, new: value }))
  return Object.entries(map).map(([old, value]) => ({ old, new: value === null ? null : String(value) }))
}

function referenceWords(spec: Extract<FieldSpec, { ref: string }>): LeafWords {
  const without = { create_placeholder: 'a marked stand-in is made', skip: 'it is left out', fail: 'the document is refused' }
  const rules = [`the ${spec.doctype ?? 'document'} made of the record of ${spec.ref} with this key${spec.missing === undefined ? '' : `; where there is none, ${without[spec.missing]}`}`]
  if (spec.default !== undefined) rules.push(`where the key is empty: ${quoted(spec.default)}`)
  return { old: [...new Set(spec.key.flatMap((part) => columnsIn(part).map(([alias, column]) => (alias === null ? column : `${alias}.${column}`))))], rules, values: [] }
}

/** How the rows of a table field are chosen and ordered. */
export function rowWords(child: ChildSpec): string[] {
  const rules: string[] = []
  if (child.from !== undefined) rules.push(`a row per record of ${child.from} where ${Object.entries(child.on ?? {}).map(([own, other]) => `${child.from}.${other} = ${own}`).join(' and ')}`)
  if (child.where !== undefined) rules.push(`${child.from === undefined ? 'made' : 'only'} where ${child.where}`)
  if (child.order_by) rules.push(`in order of ${child.order_by.join(', ')}`)
  for (const [alias, join] of Object.entries(child.joins ?? {})) rules.push(joinWords(alias, join))
  return rules
}

export function joinWords(alias: string, join: { entity: string; on: Record<string, string> }): string {
  return `${alias} is the record of ${join.entity} where ${Object.entries(join.on).map(([own, other]) => `${join.entity}.${other} = ${own}`).join(' and ')}`
}

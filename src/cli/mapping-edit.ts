import { isMap, isScalar, isSeq, parseDocument, type Scalar, type YAMLMap, type YAMLSeq, type Document, type Node } from 'yaml'
import { LandfallError } from '../errors/error.ts'

/** What a fix writes into a mapping; see `landfall fix --help`. `values` are pairs of legacy value (after the field's transforms) and new one. */
export interface Fix {
  values: [string, string][]
  transforms: string[]
  fallback: string | null
  policies: [string, string][]
}

/** Where a fix goes: fields of documents (`items.uom` of a child table too), or a column of the entity itself. */
export type FixPlace = { kind: 'field'; doctype: string; field: string } | { kind: 'column'; column: string } | { kind: 'entity' }

const FIELD_POLICIES: Record<string, string> = { missing_reference: 'missing', unmapped: 'unmapped' }
const COLUMN_POLICIES: Record<string, string> = { type_mismatch: 'type_mismatch' }

/**
 * Writes a fix into the text of a mapping file, comments and all else kept; answers the new text and what was done, one line each. Throws `usage` where it
 * cannot be done surely: then the file has to be edited by hand.
 */
export function editMapping(text: string, file: string, place: FixPlace, fix: Fix): { text: string; done: string[] } {
  const document = parseDocument(text), done: string[] = []
  const unsure = (why: string): LandfallError => new LandfallError('usage', `${file}: ${why}`, { where: { file }, hint: 'Edit the mapping by hand, then: landfall retry --cause ID' })
  if (place.kind === 'field') {
    const places = fieldPlaces(document, place)
    if (places.length === 0) throw unsure(`no document of ${place.doctype} has a field ${place.field} here`)
    for (const { holder, key } of places) editField(document, holder, key, place.field, fix, done, unsure)
  } else if (place.kind === 'column') {
    editColumn(document, place.column, fix, done, unsure)
  } else {
    if (fix.values.length + fix.transforms.length > 0 || fix.fallback !== null) throw unsure('this cause is about whole records: only --policy can answer it')
    for (const [name, value] of fix.policies) { document.setIn(['policies', name], value); done.push(`policies.${name}: ${value}`) }
  }
  return { text: document.toString({ lineWidth: 0, flowCollectionPadding: false }), done }
}

interface Held { holder: YAMLMap; key: string }

/** Maps of fields, of all documents and child tables of the file, that give this field. */
function fieldPlaces(document: Document, { doctype, field }: { doctype: string; field: string }): Held[] {
  const root = document.contents, blocks: YAMLMap[] = []
  if (!isMap(root)) return []
  if (root.get('doctype') === doctype) blocks.push(root as YAMLMap)
  const listed = root.get('documents')
  if (isSeq(listed)) for (const item of listed.items) if (isMap(item) && item.get('doctype') === doctype) blocks.push(item as YAMLMap)
  const [head = '', tail] = field.split('.')
  return blocks.flatMap((block): Held[] => {
    const fields = block.get('fields')
    if (!isMap(fields)) return []
    if (tail === undefined) return fields.has(head) ? [{ holder: fields as YAMLMap, key: head }] : []
    const child = fields.get(head), children = isSeq(child) ? child.items : [child]
    return children.flatMap((one): Held[] => {
      const inner = isMap(one) ? one.get('fields') : undefined
      return isMap(inner) && inner.has(tail) ? [{ holder: inner as YAMLMap, key: tail }] : []
    })
  })
}

/** A field as a map that can take `map`, `transform` and `default`: a bare column name becomes `{field: name}`. */
function asSpec(document: Document, { holder, key }: Held): YAMLMap | null {
  const spec = holder.get(key, true) as Node | undefined
  if (isMap(spec)) return spec as YAMLMap
  if (!isScalar(spec) || typeof spec.value !== 'string') return null
  const made = document.createNode({ field: spec.value }, { flow: true }) as YAMLMap
  if (spec.comment) made.comment = spec.comment
  holder.set(key, made)
  return made
}

function editField(document: Document, holder: YAMLMap, key: string, shown: string, fix: Fix, done: string[], unsure: (why: string) => LandfallError): void {
  const spec = asSpec(document, { holder, key })
  if (spec === null || spec.has('value')) throw unsure(`${shown} is a constant`)
  if (spec.has('ref') && (fix.values.length > 0 || fix.transforms.length > 0)) throw unsure(`${shown} refers to records of ${String(spec.get('ref'))}, so a value map does not help; --policy missing_reference=create_placeholder or skip does`)
  if (fix.values.length > 0) addValues(document, spec, shown, fix.values, done, unsure)
  for (const name of fix.transforms) append(document, spec, name, `${shown}: transform`, done)
  if (fix.fallback !== null) { spec.set('default', fix.fallback); done.push(`${shown}: default ${fix.fallback}`) }
  for (const [name, value] of fix.policies) {
    const own = FIELD_POLICIES[name]
    if (own === undefined || (own === 'missing') !== spec.has('ref')) throw unsure(`the policy ${name} does not go with ${shown}`)
    spec.set(own, value)
    done.push(`${shown}: ${own} ${value}`)
  }
}

function addValues(document: Document, spec: YAMLMap, shown: string, values: Fix['values'], done: string[], unsure: (why: string) => LandfallError): void {
  const held = spec.get('map', true) as Node | undefined
  if (isScalar(held)) throw unsure(`${shown} takes its values from ${String(held.value)}: add them there`)
  const map = isMap(held) ? held as YAMLMap : document.createNode({}, { flow: true }) as YAMLMap
  for (const [from, to] of values) {
    // What a map made of a value is what the site refused: that entry is to be changed, rather than a value added that no record has.
    const made = map.items.find((pair) => isScalar(pair.value) && String(pair.value.value) === from && !map.has(from))
    if (made) made.value = document.createNode(to)
    else map.set(text(document, from), document.createNode(to))
    done.push(`${shown}: ${from} becomes ${to}`)
  }
  if (held !== undefined) return
  spec.set('map', map)
  // All other values stay what they are.
  if (!spec.has('unmapped') && !spec.has('default')) spec.set('unmapped', 'keep')
}

function editColumn(document: Document, column: string, fix: Fix, done: string[], unsure: (why: string) => LandfallError): void {
  if (fix.values.length > 0 || fix.fallback !== null) throw unsure(`${column} is typed before values are mapped: a transform helps, e.g. --transform '{null_if: {value: "n/a"}}'`)
  if (!isMap(document.getIn(['columns', column], true))) document.setIn(['columns', column], document.createNode({}, { flow: true }))
  const spec = document.getIn(['columns', column], true) as YAMLMap
  for (const name of fix.transforms) append(document, spec, name, `columns.${column}: transform`, done)
  for (const [name, value] of fix.policies) {
    const own = COLUMN_POLICIES[name]
    if (own === undefined) throw unsure(`the policy ${name} does not go with a column`)
    spec.set(own, value)
    done.push(`columns.${column}: ${own} ${value}`)
  }
}

/** Adds a transform behind those there are. */
function append(document: Document, spec: YAMLMap, given: string, shown: string, done: string[]): void {
  const held = spec.get('transform', true) as Node | undefined, step = parseDocument(given).toJS() as unknown
  const chain = held === undefined ? [] : isSeq(held) ? held.items : [held]
  const made = document.createNode([] as unknown[], { flow: true }) as YAMLSeq
  made.items = [...chain, document.createNode(step, { flow: true })]
  spec.set('transform', made)
  done.push(`${shown} ${given}`)
}

/** A key that stays text whatever it looks like. */
function text(document: Document, value: string): Scalar {
  return document.createNode(value) as Scalar
}

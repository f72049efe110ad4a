import { LandfallError } from '../errors/error.ts'
import { isChild, type LoadedMapping, type TargetSpec } from '../config/mapping-schema.ts'
import type { DocTypeMeta } from '../site/doctype.ts'
import { PLAN_PHASES, type DeferredLink, type Plan, type PlanDocument, type PlanPhase } from '../model/plan.ts'

interface Edge { from: string; to: string; fields: { name: string; deferrable: boolean }[] }

/** Text records that hang on other documents: what was said and done, loaded when all they speak of is there. */
const ATTACHED = new Set(['Comment', 'Communication', 'ToDo', 'File', 'Version', 'Activity Log', 'Note'])

/**
 * Orders the DocTypes in use by what they link to (Link, Dynamic Link, child tables; a tree's own parent is settled within its DocType) into
 * phases and waves: every DocType comes after all it refers to. Cycles are broken at optional links of the document itself, which are
 * answered in `deferred`. Throws `mapping-invalid` for a DocType the site does not have.
 */
export function makePlan(documents: PlanDocument[], doctype: (name: string) => DocTypeMeta | undefined): Plan {
  const used = merge(documents)
  const metas = new Map<string, DocTypeMeta>()
  for (const { doctype: name } of used) {
    const meta = doctype(name)
    if (!meta) throw new LandfallError('mapping-invalid', `The site has no DocType "${name}".`, { hint: 'Check the spelling of `doctype` in the mapping.', where: { doctype: name } })
    metas.set(name, meta)
  }
  const phaseOf = new Map(used.map((document) => [document.doctype, document.phase ?? defaultPhase(metas.get(document.doctype)!)]))
  let edges = used.flatMap((document) => edgesOf(document, metas, doctype))
  const notes = pullForward(phaseOf, edges)
  const deferred: DeferredLink[] = []
  for (let cycle = findCycle([...metas.keys()], edges); cycle.length > 0; cycle = findCycle([...metas.keys()], edges)) {
    const edge = [...cycle].sort((a, b) => Number(isOptional(b)) - Number(isOptional(a)) || a.fields.length - b.fields.length || a.from.localeCompare(b.from))[0]!
    if (isOptional(edge)) deferred.push(...edge.fields.map((field) => ({ doctype: edge.from, field: field.name, target: edge.to })))
    else notes.push(`${edge.from} and ${edge.to} need each other (${edge.fields.map((field) => field.name).join(', ')}): ${edge.from} goes first, and links that cannot be kept are findings.`)
    edges = edges.filter((other) => other !== edge)
  }
  const level = levels([...metas.keys()], edges)
  const phases = PLAN_PHASES.map((name) => {
    const members = [...metas.keys()].filter((doctypeName) => phaseOf.get(doctypeName) === name)
    const steps = [...new Set(members.map((member) => level.get(member) ?? 0))].sort((a, b) => a - b)
    return { name, waves: steps.map((step, i) => ({ number: i + 1, doctypes: members.filter((member) => level.get(member) === step).sort() })) }
  }).filter((phase) => phase.waves.length > 0)
  return { phases, deferred, notes }
}

function merge(documents: PlanDocument[]): PlanDocument[] {
  const merged = new Map<string, PlanDocument>()
  for (const document of documents) {
    const known = merged.get(document.doctype)
    merged.set(document.doctype, {
      doctype: document.doctype, phase: known?.phase ?? document.phase,
      fields: [...new Set([...known?.fields ?? [], ...document.fields])], constants: join(known?.constants ?? {}, document.constants),
    })
  }
  return [...merged.values()]
}

function join(a: PlanDocument['constants'], b: PlanDocument['constants']): PlanDocument['constants'] {
  return Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((path) => [path, [...new Set([...a[path] ?? [], ...b[path] ?? []])]]))
}

function defaultPhase(meta: DocTypeMeta): PlanPhase {
  if (meta.is_submittable) return 'transactional'
  return ATTACHED.has(meta.name) ? 'historical' : 'master'
}

function edgesOf(document: PlanDocument, metas: Map<string, DocTypeMeta>, doctype: (name: string) => DocTypeMeta | undefined): Edge[] {
  const meta = metas.get(document.doctype)!
  const byTarget = new Map<string, Edge['fields']>()
  const note = (to: string, name: string, deferrable: boolean): void => {
    if (to !== meta.name && metas.has(to)) byTarget.set(to, [...byTarget.get(to) ?? [], { name, deferrable }])
  }
  for (const path of document.fields) {
    const [head = '', tail] = path.split('.')
    const owner = tail === undefined ? meta : doctype(meta.field(head)?.options ?? '')
    const field = owner?.field(tail ?? head)
    if (field?.fieldtype === 'Link') note(field.options ?? '', path, tail === undefined && !field.reqd)
    if (field?.fieldtype === 'Dynamic Link') {
      const named = document.constants[tail === undefined ? field.options ?? '' : `${head}.${field.options}`]
      for (const to of named ?? metas.keys()) note(to, path, false)
    }
  }
  return [...byTarget].map(([to, fields]) => ({ from: meta.name, to, fields }))
}

/** A DocType that refers to one of a later phase is loaded in that phase. Answers what was moved. */
function pullForward(phaseOf: Map<string, PlanPhase>, edges: Edge[]): string[] {
  const notes: string[] = []
  for (let moved = true; moved;) {
    moved = false
    for (const edge of edges) {
      const from = phaseOf.get(edge.from)!, to = phaseOf.get(edge.to)!
      if (PLAN_PHASES.indexOf(to) <= PLAN_PHASES.indexOf(from)) continue
      // A master may point to a transaction (a project to its order); it follows it into the later phase.
      phaseOf.set(edge.from, to)
      notes.push(`${edge.from} is loaded in phase ${to}, because it refers to ${edge.to}.`)
      moved = true
    }
  }
  return notes
}

function isOptional(edge: Edge): boolean {
  return edge.fields.every((field) => field.deferrable)
}

/** The edges within the first strongly connected part of more than one DocType; empty when there is no cycle. */
function findCycle(names: string[], edges: Edge[]): Edge[] {
  const next = Map.groupBy(edges, (edge) => edge.from)
  const reach = (start: string): Set<string> => {
    const seen = new Set<string>(), queue = [start]
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      for (const edge of next.get(name) ?? []) if (!seen.has(edge.to)) { seen.add(edge.to); queue.push(edge.to) }
    }
    return seen
  }
  for (const name of [...names].sort()) {
    const reached = reach(name)
    if (!reached.has(name)) continue
    const part = new Set([...reached].filter((other) => reach(other).has(name)))
    return edges.filter((edge) => part.has(edge.from) && part.has(edge.to))
  }
  return []
}

function levels(names: string[], edges: Edge[]): Map<string, number> {
  const level = new Map(names.map((name) => [name, 0]))
  for (let moved = true; moved;) {
    moved = false
    for (const { from, to } of edges) {
      const wanted = (level.get(to) ?? 0) + 1
      if ((level.get(from) ?? 0) < wanted) { level.set(from, wanted); moved = true }
    }
  }
  return level
}

/** What the mappings say about the DocTypes they make. */
export function planDocuments(mappings: LoadedMapping[]): PlanDocument[] {
  return mappings.flatMap(({ mapping }) => mapping.documents.map((document) => {
    const fields: string[] = [], constants: PlanDocument['constants'] = {}
    const take = (path: string, spec: TargetSpec): void => {
      if (isChild(spec)) {
        for (const child of Array.isArray(spec) ? spec : [spec]) for (const [name, inner] of Object.entries(child.fields)) take(`${path}.${name}`, inner)
        return
      }
      fields.push(path)
      if (typeof spec === 'object' && 'value' in spec && spec.value !== null) constants[path] = [...constants[path] ?? [], String(spec.value)]
    }
    for (const [name, spec] of Object.entries(document.fields)) take(name, spec)
    return { doctype: document.doctype, phase: document.phase ?? null, fields, constants }
  }))
}

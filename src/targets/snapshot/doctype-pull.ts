import { deriveColumns, withShippedColumns, type ColumnRow } from '../../site/columns.ts'
import type { Loose } from '../../site/compact.ts'
import { doctypeLine, effectiveDocType } from '../../site/effective-fields.ts'
import type { Site } from '../../site/site.ts'
import type { NotRead, SnapshotState } from '../../site/snapshot.ts'
import type { CodeFacts, SnapshotReader } from './reader.ts'

/** Of the DocTypes as computed, so many are compared with what the site itself applies; the most customised first. */
const COMPARED = 8
/** Columns of these tables that a snapshot needs; the rest (icons, descriptions) is the desk's. */
const KEPT_ROW = new Set([
  'name', 'module', 'custom', 'issingle', 'istable', 'is_tree', 'is_submittable', 'is_virtual', 'track_changes', 'track_seen', 'allow_rename', 'autoname', 'naming_rule', 'title_field', 'search_fields',
  'nsm_parent_field', 'sort_field', 'engine',
])
const KEPT_FIELD = new Set([
  'idx', 'fieldname', 'label', 'fieldtype', 'options', 'default', 'mandatory_depends_on', 'fetch_from', 'precision', 'length', 'insert_after', 'reqd', 'unique', 'non_negative', 'fetch_if_empty', 'read_only',
  'hidden', 'no_copy', 'allow_on_submit', 'set_only_once', 'is_virtual', 'ignore_user_permissions', 'search_index',
])

function kept(row: Loose, columns: ReadonlySet<string>): Loose {
  return Object.fromEntries(Object.entries(row).filter(([key, value]) => columns.has(key) && value !== null && value !== '' && value !== 0))
}

/** DocTypes before customisation, by name, with when they changed; what did not change since `before` is taken from there. */
export async function pullDocTypes(reader: SnapshotReader, before: SnapshotState | null, shipped: Site, notRead: NotRead[]): Promise<{ parts: SnapshotState['doctypes']; reused: number; applied: boolean }> {
  const got = await reader.doctypes()
  if ('refused' in got) return { parts: await appliedOnly(reader, got.refused, shipped, notRead), reused: 0, applied: true }
  const parts: SnapshotState['doctypes'] = {}, changed: string[] = []
  for (const row of got.value) {
    const name = String(row['name']), modified = String(row['modified'] ?? ''), known = before?.doctypes[name]
    if (known !== undefined && known.modified === modified) { parts[name] = known; continue }
    parts[name] = { modified, row: kept(row, KEPT_ROW), fields: [] }
    changed.push(name)
  }
  if (changed.length > 0) {
    const fields = await reader.fields(changed.length === got.value.length ? null : changed)
    if ('refused' in fields) return { parts: await appliedOnly(reader, fields.refused, shipped, notRead), reused: 0, applied: true }
    const wanted = new Set(changed)
    for (const field of fields.value) {
      const parent = String(field['parent'])
      if (wanted.has(parent) && (field['parenttype'] === 'DocType' || field['parenttype'] === undefined)) parts[parent]!.fields.push(kept(field, KEPT_FIELD))
    }
  }
  return { parts, reused: got.value.length - changed.length, applied: false }
}

/** With fewer rights: the DocTypes the shipped catalog knows by name, and those they link to, each as the site applies it. */
async function appliedOnly(reader: SnapshotReader, why: string, shipped: Site, notRead: NotRead[]): Promise<SnapshotState['doctypes']> {
  notRead.push({ what: 'the list of DocTypes', why, hint: 'DocTypes were found by name and by links; others of this site are missing. Give the user the role System Manager to read them all.' })
  const parts: SnapshotState['doctypes'] = {}, asked = new Set<string>()
  for (let names = shipped.doctypes().filter((meta) => !meta.istable).map((meta) => meta.name); names.length > 0;) {
    for (const name of names) asked.add(name)
    const found = await reader.applied(names)
    for (const { row, fields } of found ?? []) parts[String(row['name'])] ??= { modified: String(row['modified'] ?? ''), row: kept(row, KEPT_ROW), fields: fields.map((field) => kept(field, KEPT_FIELD)) }
    const links = (found ?? []).flatMap(({ fields }) => fields.filter((field) => field['fieldtype'] === 'Link').map((field) => String(field['options'] ?? '')))
    names = [...new Set(links)].filter((name) => name !== '' && !asked.has(name) && parts[name] === undefined)
  }
  return parts
}

export interface Customisations { fields: readonly Loose[]; setters: readonly Loose[] }

function groups(rows: readonly Loose[], key: string): Map<string, Loose[]> {
  const found = new Map<string, Loose[]>()
  for (const row of rows) {
    const name = String(row[key])
    const list = found.get(name)
    if (list === undefined) found.set(name, [row])
    else list.push(row)
  }
  return found
}

export interface Assembled { lines: Loose[]; unknown: string[]; known: number; note: string }

/** Lines of `doctypes.jsonl`: customised as the site does it, with columns and what is known of controllers. */
export async function assembleDocTypes(reader: SnapshotReader, parts: SnapshotState['doctypes'], customised: Customisations | null, world: {
  shipped: Site; apps: Record<string, string>; code: CodeFacts | null; columns: ReadonlyMap<string, ColumnRow[]> | null; notRead: NotRead[]
}): Promise<Assembled> {
  const custom = groups(customised?.fields ?? [], 'dt'), setters = groups(customised?.setters ?? [], 'doc_type')
  const effective = new Map(Object.entries(parts).map(([name, { row, fields }]) => [name, effectiveDocType({ row, fields, customFields: custom.get(name) ?? [], setters: setters.get(name) ?? [] })]))
  if (customised !== null) await compareWithSite(reader, effective, custom, setters, world.notRead)
  const controllers = controllersOf(effective, world), shippedColumns = new Map<string, { columns: ColumnRow[]; derived: ColumnRow[] }>()
  const lines = [...effective].map(([name, doctype]) => {
    const table = world.columns?.get(`tab${name}`)
    if (world.columns !== null) return doctypeLine(doctype, table === undefined || Number(doctype.row['issingle'] ?? 0) !== 0 ? [] : table, controllers.of(name))
    const derived = deriveColumns(doctype.row, doctype.fields), meta = world.shipped.doctype(name)
    if (meta !== undefined && !shippedColumns.has(name)) {
      shippedColumns.set(name, {
        columns: meta.columns.map((column) => [column.name, column.type, column.nullable, column.key, column.default]),
        derived: deriveColumns({ ...doctype.row, ...meta } as unknown as Loose, meta.fields as unknown as Loose[]),
      })
    }
    const known = shippedColumns.get(name)
    return doctypeLine(doctype, known === undefined ? derived : withShippedColumns(derived, known), controllers.of(name))
  })
  return { lines, unknown: controllers.unknown, known: effective.size - controllers.unknown.length, note: controllers.note }
}

/** Computed DocTypes against what the site itself applies, for the most customised; where they differ the site's own are taken. */
async function compareWithSite(reader: SnapshotReader, effective: Map<string, { row: Loose; fields: Loose[] }>, custom: Map<string, Loose[]>, setters: Map<string, Loose[]>, notRead: NotRead[]): Promise<void> {
  const weight = (name: string) => (custom.get(name)?.length ?? 0) + (setters.get(name)?.length ?? 0)
  const chosen = [...effective.keys()].filter((name) => weight(name) > 0).sort((a, b) => weight(b) - weight(a)).slice(0, COMPARED)
  const comparable = ({ row, fields }: { row: Loose; fields: Loose[] }) => JSON.stringify(doctypeLine({ row, fields }, [], []))
  for (const own of await reader.applied(chosen) ?? []) {
    const name = String(own['row']['name']), computed = effective.get(name)
    if (computed === undefined || comparable(computed) === comparable(own)) continue
    effective.set(name, { row: { ...computed.row, ...kept(own.row, KEPT_ROW) }, fields: own.fields })
    notRead.push({ what: `DocType ${name}`, why: 'what the site applies differs from its fields, custom fields and property setters', hint: 'What the site applies was taken. If it is stale: bench clear-cache, then pull again.' })
  }
}

/** `15.71.1` → 15. */
function major(version: string | undefined): number | null {
  const parsed = Number.parseInt(version ?? '', 10)
  return Number.isNaN(parsed) ? null : parsed
}

/**
 * Insert-path methods per DocType: from the bench; else those of the shipped catalog, for standard DocTypes of the same major version; a custom DocType has no
 * Python of its own. Null for what is left: nobody knows what the code of an unknown app does.
 */
function controllersOf(effective: ReadonlyMap<string, { row: Loose }>, { shipped, apps, code }: { shipped: Site; apps: Record<string, string>; code: CodeFacts | null }): { of(name: string): string[] | null; unknown: string[]; note: string } {
  const alike = ['frappe', 'erpnext'].every((app) => major(apps[app]) !== null && major(apps[app]) === major(shipped.apps[app]))
  const same = ['frappe', 'erpnext'].every((app) => apps[app] === shipped.apps[app])
  const of = (name: string): string[] | null => {
    const row = effective.get(name)?.row
    if (Number(row?.['custom'] ?? 0) !== 0) return []
    if (code !== null) return code.controllers[name] ?? null
    const meta = shipped.doctype(name)
    return alike && meta !== undefined ? meta.controller : null
  }
  const unknown = [...effective.keys()].filter((name) => of(name) === null).sort()
  const note = code !== null ? 'read from the bench' : same ? 'of the shipped catalog: the versions are the same'
    : alike ? `of the shipped catalog, made for ${Object.entries(shipped.apps).map(([app, version]) => `${app} ${version}`).join(', ')}: canaries decide` : 'unknown: the versions are not those of the shipped catalog'
  return { of, unknown, note }
}

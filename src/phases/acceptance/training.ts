import { isChild, type LoadedMapping, type TargetSpec } from '../../config/mapping-schema.ts'
import type { Site } from '../../site/site.ts'

/** Where a field of an old screen is found now. */
export interface TrainingRow { old: string; place: string; note: string }
/** An old screen: the entity, where its records went, and its fields. `gone`: fields that are not there any more, with the reason. */
export interface TrainingScreen { entity: string; screens: { doctype: string; module: string; path: string }[]; rows: TrainingRow[]; gone: { old: string; why: string }[] }

/** Training notes made from the mapping: old screen and field, new place. */
export function trainingNotes(mappings: readonly LoadedMapping[], site: Site): TrainingScreen[] {
  return mappings.filter(({ mapping }) => mapping.documents.length > 0).map(({ mapping }) => ({
    entity: mapping.entity,
    screens: [...new Set(mapping.documents.map((document) => document.doctype))].map((doctype) => ({ doctype, module: site.doctype(doctype)?.module ?? '', path: `/app/${doctype.toLowerCase().replaceAll(' ', '-')}` })),
    rows: mapping.documents.flatMap((document) => Object.entries(document.fields).flatMap(([field, spec]) => rowsOf(site, document.doctype, field, spec))),
    gone: typeof mapping.ignore === 'string' ? [{ old: '(all of it)', why: mapping.ignore }] : Object.entries(mapping.ignore ?? {}).map(([old, why]) => ({ old, why })),
  }))
}

function rowsOf(site: Site, doctype: string, field: string, spec: TargetSpec): TrainingRow[] {
  const meta = site.doctype(doctype), known = meta?.field(field)
  if (isChild(spec)) {
    const child = known?.options ?? '', table = known?.label ?? field
    return (Array.isArray(spec) ? spec : [spec]).flatMap((one) => Object.entries(one.fields).flatMap(([name, leaf]) => rowsOf(site, child, name, leaf).map((row) => ({ ...row, old: one.from === undefined ? row.old : `${one.from}: ${row.old}`, place: row.place.replace(child, `${doctype} > table ${table}`) }))))
  }
  const place = `${doctype} > ${known?.label ?? field}`
  if (typeof spec === 'string') return [{ old: spec, place, note: '' }]
  if ('value' in spec) return []
  if ('ref' in spec) return [{ old: spec.key.join(', '), place, note: `link to the record of ${spec.ref}` }]
  if ('expr' in spec) return [{ old: spec.expr, place, note: 'computed' }]
  return [{ old: spec.field, place, note: spec.map !== undefined ? (typeof spec.map === 'string' ? 'values have new names' : `now: ${Object.entries(spec.map).slice(0, 6).map(([from, to]) => `${from} is ${String(to)}`).join(', ')}`) : spec.transform !== undefined ? 'cleaned on the way' : '' }]
}

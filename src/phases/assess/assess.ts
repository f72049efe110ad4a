import type { AssessedColumn, AssessedEntity, Assessment } from '../../model/assessment.ts'
import { timestamp, type Clock } from '../../model/clock.ts'
import type { Entity } from '../../model/entity.ts'
import { meaningOf } from '../../mapping/words/name.ts'
import { rawRelation, relationSql } from '../../staging/load.ts'
import { literal, type Staging } from '../../staging/staging.ts'
import { dateOrders, gaps, groupsAsLeaves, oddValues, type CrossFinding } from './cross.ts'
import { findDuplicates, MOST_COMPARED, type Duplicates } from './duplicates.ts'
import { makeFindings } from './findings.ts'
import { infer } from './infer.ts'
import { findKeys } from './keys.ts'
import { countDirt, rangesOf } from './measures.ts'
import { growthOf, laneTimes, personalData, suggestPhases } from './outlook.ts'
import { countColumns, FEW_VALUES, SAMPLE_ROWS, shapeColumns, type ColumnShape, type Shaped } from './profile.ts'
import { findRelations } from './relations.ts'
import type { Subject } from './subject.ts'

/** Tables whose values are put to the rules of formats together. */
const TABLES_AT_ONCE = 10

/** An entity that was read into `raw.*`. `limited`: reading stopped there on purpose, `of` records the source says it has. */
export interface ReadEntity { source: string; entity: Entity; rejected: number; limited: { of: number | null } | null }

export interface AssessOptions {
  project: string
  landfall: string
  sources: { name: string; kind: string; version: string }[]
  entities: ReadEntity[]
  /** False: keys and relations are found as if the sources declared none, to see how well that goes. */
  useDeclared: boolean
  clock: Clock
  onEntity?: (id: string, done: number, total: number) => void
}

/**
 * Judges everything that was read into `raw.*`: a profile of every column, keys, relations with orphans, duplicates, dirt, growth, personal data, phases and
 * times. Works through SQL over staging, entity by entity; memory is bounded by staging's own limit. Reads only.
 */
export async function assess(staging: Staging, options: AssessOptions): Promise<Assessment> {
  const began = options.clock.elapsed()
  const subjects: Subject[] = []
  for (let from = 0; from < options.entities.length; from += TABLES_AT_ONCE) {
    const tables: Shaped[] = [], some = options.entities.slice(from, from + TABLES_AT_ONCE)
    for (const { source, entity } of some) {
      const relation = relationSql(rawRelation(source, entity.name)), columns = entity.columns.map((column) => column.name)
      tables.push({ relation, columns, counted: await countColumns(staging, relation, columns) })
    }
    const shapes = await shapeColumns(staging, tables)
    for (const [i, read] of some.entries()) {
      subjects.push(await profile(staging, read, options.useDeclared, tables[i]!, shapes[i]!))
      options.onEntity?.(subjects.at(-1)!.id, subjects.length, options.entities.length)
    }
  }
  const relations = await findRelations(staging, subjects, options.useDeclared)
  const phases = suggestPhases(subjects, relations)
  const duplicates = new Map<string, { whole: number; found: Duplicates[] }>(), crossed: CrossFinding[] = []
  for (const subject of subjects) {
    if (subject.records === 0) continue
    if (phases.get(subject.id)?.phase !== 'transactional') duplicates.set(subject.id, await findDuplicates(staging, subject))
    const related = new Set(relations.filter((relation) => relation.from.entity === subject.id).flatMap((relation) => relation.from.columns))
    crossed.push(...await dateOrders(staging, subject), ...await oddValues(staging, subject, related), ...gaps(subject, new Set(relations.filter((relation) => relation.from.entity === subject.id && relation.to.entity === subject.id).flatMap((relation) => relation.from.columns))))
  }
  crossed.push(...await groupsAsLeaves(staging, subjects, relations))
  const findings = await makeFindings(staging, { subjects, relations, crossed, duplicates, rejected: await rejectedOf(staging, options.entities) })
  const entities: AssessedEntity[] = []
  for (const [i, subject] of subjects.entries()) {
    const { limited, rejected } = options.entities[i]!, found = duplicates.get(subject.id), phase = phases.get(subject.id)!
    const count = (near: boolean): number => new Set(found?.found.filter((one) => one.near === near).flatMap((one) => one.pairs.map((pair) => pair.row)) ?? []).size + (found?.found.filter((one) => one.near === near).reduce((sum, one) => sum + one.unlisted, 0) ?? 0)
    entities.push({
      id: subject.id, source: subject.source, name: subject.entity.name, namespace: subject.entity.namespace, records: subject.records, rejected, sample: limited === null ? null : { read: subject.records, of: limited.of },
      key: subject.key, uniqueColumns: subject.uniqueColumns, columns: subject.columns, growth: subject.records === 0 ? null : await growthOf(staging, subject), phase: phase.phase, phaseWhy: phase.why, partOf: phase.partOf,
      duplicates: { whole: found?.whole ?? 0, exact: count(false), near: count(true) }, notes: subject.entity.notes,
    })
  }
  return {
    project: options.project, assessedAt: `${timestamp(options.clock).slice(0, 19).replace(' ', 'T')}Z`, landfall: options.landfall, seconds: Math.round((options.clock.elapsed() - began) / 10) / 100, sources: options.sources,
    totals: {
      entities: entities.length, columns: entities.reduce((sum, entity) => sum + entity.columns.length, 0), records: entities.reduce((sum, entity) => sum + entity.records, 0), relations: relations.length, findings: findings.length,
      personalColumns: entities.reduce((sum, entity) => sum + entity.columns.filter((column) => column.personal !== null).length, 0),
    },
    restsOnSample: samplesOf(entities), entities, relations, findings, lanes: laneTimes(entities),
  }
}

async function profile(staging: Staging, { source, entity }: ReadEntity, useDeclared: boolean, { relation, columns: names, counted }: Shaped, shapes: ColumnShape[]): Promise<Subject> {
  const inferred = entity.columns.map((column, i) => infer(column, counted.counts[i]!, shapes[i]!))
  const ranges = await rangesOf(staging, relation, names.map((name, i) => ({ name, format: inferred[i]!.format })))
  const measured = names.map((name, i) => ({ name, format: inferred[i]!.format, maxLength: counted.counts[i]!.maxLength, meanLength: counted.counts[i]!.meanLength, low: ranges[i]!.low, high: ranges[i]!.high, farDates: ranges[i]!.farDates }))
  const dirt = await countDirt(staging, relation, measured, (i) => counted.records > SAMPLE_ROWS && counted.counts[i]!.distinct <= FEW_VALUES)
  const columns = entity.columns.map((column, i): AssessedColumn => {
    const counts = counted.counts[i]!, shape = shapes[i]!, range = ranges[i]!, { type, format, formats } = inferred[i]!
    const of = (...kinds: string[]): number => dirt.filter((one) => one.column === i && kinds.includes(one.kind)).reduce((sum, one) => sum + one.records, 0)
    const exact = !shape.sampled
    return {
      name: column.name, declared: column.declared, declaredType: column.type, type, format, formats, values: counts.values, nulls: counted.records - counts.values, blanks: counts.blanks, distinct: exact ? shape.different : Math.min(counts.distinct, counts.values), distinctExact: exact,
      unique: false, min: range.min ?? counts.low, max: range.max ?? counts.high, minLength: counts.minLength, maxLength: counts.maxLength, meanLength: counts.meanLength, frequent: shape.frequent, patterns: shape.patterns,
      outliers: of('outlier') === 0 ? null : { records: of('outlier'), low: String(range.low), high: String(range.high), examples: [range.min ?? '', range.max ?? ''] },
      misfits: of('not-a-date', 'not-a-number', 'impossible-date', 'zero-date', 'wrong-email', 'wrong-phone', 'wrong-format'), personal: null, sampled: shape.sampled,
    }
  })
  const subject: Subject = { id: `${source}.${entity.name}`, source, entity, relation, meaning: meaningOf(entity.name.split('.').at(-1) ?? entity.name), records: counted.records, columns, measured, dirt, key: null, uniqueColumns: [] }
  await findKeys(staging, subject, useDeclared)
  for (const column of columns) column.personal = personalData(subject, column)
  return subject
}

async function rejectedOf(staging: Staging, entities: ReadEntity[]): Promise<Map<string, { records: number; examples: { key: string | null; value: string | null }[] }>> {
  const found = new Map<string, { records: number; examples: { key: string | null; value: string | null }[] }>()
  for (const { source, entity, rejected } of entities) {
    if (rejected === 0) continue
    const id = `${source}.${entity.name}`
    const rows = await staging.all<{ place: string; reason: string }>(`SELECT source_where || coalesce(':' || line, '') AS place, reason FROM ops.rejected WHERE entity = ${literal(id)} ORDER BY ordinal LIMIT 20`)
    found.set(id, { records: rejected, examples: rows.map(({ place, reason }) => ({ key: place, value: reason })) })
  }
  return found
}

function samplesOf(entities: AssessedEntity[]): string[] {
  const limited = entities.filter((entity) => entity.sample !== null), shaped = entities.filter((entity) => entity.sample === null && entity.columns.some((column) => column.sampled))
  return [
    ...limited.map((entity) => `${entity.name}: everything rests on its first ${entity.records.toLocaleString('en-US')} records${entity.sample?.of == null ? '' : ` of ${entity.sample.of.toLocaleString('en-US')}`}.`),
    ...entities.filter((entity) => entity.records > MOST_COMPARED).map((entity) => `${entity.name}: records that are nearly the same were not looked for among ${entity.records.toLocaleString('en-US')}; those exactly the same are counted.`),
    ...shaped.map((entity) => `${entity.name}: formats, frequent values and patterns of ${entity.columns.filter((column) => column.sampled).length} columns rest on about ${SAMPLE_ROWS.toLocaleString('en-US')} of ${entity.records.toLocaleString('en-US')} records, different values on an estimate; all other counts on every record.`),
  ]
}

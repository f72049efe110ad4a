import type { AssessedFinding, AssessedRelation, Format } from '../../model/assessment.ts'
import { ident, type Staging } from '../../staging/staging.ts'
import { ADVICE, EFFECT_WEIGHT } from './advice.ts'
import type { CrossFinding } from './cross.ts'
import type { Duplicates } from './duplicates.ts'
import { dirtSql } from './measures.ts'
import type { Subject } from './subject.ts'

const EXAMPLES = 20

/** How a format is told to the transform that reads it, and to a person. */
const READING: Partial<Record<Format, { options: string; pattern: string }>> = {
  'date-iso': { options: '{formats: ["%Y-%m-%d"]}', pattern: '2024-12-31' }, 'date-dmy-dot': { options: '{formats: ["%d.%m.%Y"]}', pattern: '31.12.2024' }, 'date-dmy': { options: '{formats: ["%d/%m/%Y"]}', pattern: '31/12/2024' },
  'date-mdy': { options: '{formats: ["%m/%d/%Y"]}', pattern: '12/31/2024' }, 'date-compact': { options: '{formats: ["%Y%m%d"]}', pattern: '20241231' }, 'date-serial': { options: '{excel: true}', pattern: '45657, the days of Excel' },
  'decimal-comma': { options: '{locale: de}', pattern: '1.234,50' }, 'decimal-grouped': { options: '{locale: en}', pattern: '1,234.50' }, decimal: { options: '{locale: en}', pattern: '1234.50' }, integer: { options: '{locale: en}', pattern: '1234' },
}
const TEXT_FORMATS = new Set<Format>(['date-dmy-dot', 'date-dmy', 'date-mdy', 'date-compact', 'date-serial', 'decimal-comma', 'decimal-grouped'])

interface Facts { kind: string; subject: Subject; columns: string[]; records: number; examples: AssessedFinding['examples']; sampled?: boolean; target?: string; pattern?: string; format?: Format; id?: string }

/** All findings, the costliest first. `rejected`: records of each subject that could not be read. */
export async function makeFindings(staging: Staging, given: { subjects: Subject[]; relations: AssessedRelation[]; crossed: CrossFinding[]; duplicates: Map<string, { whole: number; found: Duplicates[] }>; rejected: Map<string, { records: number; examples: AssessedFinding['examples'] }> }): Promise<AssessedFinding[]> {
  const findings: AssessedFinding[] = []
  for (const subject of given.subjects) {
    for (const { column: index, kind, records } of subject.dirt) {
      const measured = subject.measured[index]!
      // A number that names a record is far from the others only by chance.
      if (kind === 'outlier' && given.relations.some((relation) => relation.from.entity === subject.id && relation.from.columns.includes(measured.name))) continue
      findings.push(finding({ kind, subject, columns: [measured.name], records, format: measured.format, examples: await examplesOf(staging, subject, [measured.name], dirtSql(kind, measured)) }))
    }
    for (const column of subject.columns) {
      if (!TEXT_FORMATS.has(column.format)) continue
      const kind = column.format.startsWith('date') ? 'text-date' : 'text-number'
      findings.push(finding({ kind, subject, columns: [column.name], records: column.values - column.blanks, format: column.format, pattern: READING[column.format]?.pattern ?? '', examples: column.frequent.slice(0, 3).map(({ value }) => ({ key: null, value })) }))
    }
    if (subject.key === null && subject.records > 1) findings.push(finding({ kind: 'no-key', subject, columns: [], records: subject.records, examples: [] }))
    const rejected = given.rejected.get(subject.id)
    if (rejected && rejected.records > 0) findings.push(finding({ kind: 'rejected-record', subject, columns: [], records: rejected.records, examples: rejected.examples }))
    findings.push(...await duplicateFindings(staging, subject, given.duplicates.get(subject.id) ?? { whole: 0, found: [] }))
  }
  for (const { kind, subject, columns, records, where, values } of given.crossed) {
    const list = kind.startsWith('unlisted-') ? kind.slice('unlisted-'.length) : undefined
    findings.push(finding({ kind: list === undefined ? kind : 'unlisted-value', subject, columns, records, ...(list === undefined ? {} : { pattern: list }), examples: await examplesOf(staging, subject, columns, where), ...(values.length > 0 ? { target: values.join(', ') } : {}) }))
  }
  for (const relation of given.relations) {
    if (relation.orphans === 0) continue
    const subject = given.subjects.find((one) => one.id === relation.from.entity)!, parent = given.subjects.find((one) => one.id === relation.to.entity)!
    const child = relation.from.columns, same = relation.to.columns.map((name, i) => `trim(p.${ident(name)}) = trim(r.${ident(child[i]!)})`).join(' AND ')
    const where = `${child.map((name) => `trim(r.${ident(name)}) <> ''`).join(' AND ')} AND NOT EXISTS (SELECT 1 FROM ${parent.relation} p WHERE ${same})`
    findings.push(finding({ kind: 'orphan', subject, columns: child, records: relation.orphans, target: `${parent.entity.name}.${relation.to.columns.join(', ')}`, examples: await examplesOf(staging, subject, child, where) }))
  }
  return findings.sort((a, b) => b.cost - a.cost || b.records - a.records || a.id.localeCompare(b.id))
}

async function duplicateFindings(staging: Staging, subject: Subject, { whole, found }: { whole: number; found: Duplicates[] }): Promise<AssessedFinding[]> {
  const findings: AssessedFinding[] = []
  if (whole > 0) findings.push(finding({ kind: 'duplicate-record', subject, columns: [], records: whole, examples: [] }))
  for (const { rule, columns, near, pairs, unlisted } of found) {
    const shown = pairs.slice(0, EXAMPLES), rows = [...new Set(shown.flatMap(({ row, of }) => [row, of]))]
    const texts = rows.length === 0 ? new Map<number, { k: string; v: string }>() : new Map((await staging.all<{ _row: number; k: string; v: string }>(`SELECT _row, ${keySql(subject)} AS k, ${ident(columns[0]!)} AS v FROM ${subject.relation} r WHERE _row IN (${rows.join(', ')})`)).map((row) => [Number(row._row), row]))
    findings.push(finding({
      kind: near ? 'duplicate-near' : 'duplicate-same', subject, columns, records: new Set(pairs.map(({ row }) => row)).size + unlisted, id: rule,
      examples: shown.map(({ row, of, score }) => ({ key: texts.get(row)?.k ?? null, value: `${texts.get(row)?.v ?? ''} (again: ${texts.get(of)?.k ?? ''}, ${texts.get(of)?.v ?? ''}${score < 1 ? `, ${score.toFixed(3)} alike` : ''})` })),
    }))
  }
  return findings
}

/** The key of a record as people read it; its ordinal where there is none. */
function keySql(subject: Subject): string {
  return subject.key === null ? `'record ' || r._row` : subject.key.columns.map((name) => `coalesce(r.${ident(name)}, '')`).join(` || ' / ' || `)
}

async function examplesOf(staging: Staging, subject: Subject, columns: string[], where: string): Promise<AssessedFinding['examples']> {
  const value = columns.map((name) => `left(coalesce(r.${ident(name)}, ''), 160)`).join(` || ' | ' || `)
  return staging.all<{ key: string | null; value: string | null }>(`SELECT ${keySql(subject)} AS key, ${value} AS value FROM ${subject.relation} r WHERE ${where} ORDER BY r._row LIMIT ${EXAMPLES}`)
}

function finding(facts: Facts): AssessedFinding {
  const { kind, subject, columns, records } = facts
  const advice = ADVICE[kind]!
  const [column = '', ...others] = columns
  const other = others.join(', '), options = facts.format === undefined ? '' : READING[facts.format]?.options ?? '{}'
  const plain = (text: string): string => text.replaceAll('{column}', () => column).replaceAll('{other}', () => other).replaceAll('{entity}', subject.entity.name).replaceAll('{target}', () => facts.target ?? '').replaceAll('{pattern}', () => facts.pattern ?? '')
  const quoted = (text: string): string => text.replaceAll('{format}', () => options).replaceAll('{column}', () => yamlName(column)).replaceAll('{other}', () => others.map(yamlName).join(', ')).replaceAll('{pattern}', () => facts.pattern ?? '')
  return {
    id: [subject.id, kind, ...columns, ...(facts.id === undefined ? [] : [facts.id])].join('/'), kind, entity: subject.id, columns, title: advice.title,
    message: `${plain(advice.message)}${facts.kind === 'unlisted-value' || facts.kind === 'rare-value' ? `: ${(facts.target ?? '').slice(0, 200)}` : ''}.`, records, share: subject.records === 0 ? 0 : Math.min(1, records / subject.records), effect: advice.effect,
    cost: Math.round(records * EFFECT_WEIGHT[advice.effect] * 100) / 100, remedy: { ...advice.remedy, text: plain(advice.remedy.text), yaml: advice.remedy.yaml === null ? null : quoted(advice.remedy.yaml) }, examples: facts.examples, sampled: facts.sampled ?? false,
  }
}

const yamlName = (name: string): string => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : JSON.stringify(name))

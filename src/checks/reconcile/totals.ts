import type { CheckFailure, CheckResult } from '../check.ts'
import { absDecimal, compareDecimal, formatDecimal, parseDecimal, subtractDecimal, ZERO } from '../../model/decimal.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { result, siteTable, type ProofContext, type TotalSpec, LOADED } from './proof.ts'

/** A total on both sides for one group; decimal texts. `left_out` belongs to records that were refused, skipped or merged away. */
export interface TotalLine { name: string; group: string; records: number; documents: number; legacy: string; leftOut: string; site: string; difference: string; passed: boolean }

const exact = (expression: string): string => `coalesce(sum(TRY_CAST(CAST(${expression} AS VARCHAR) AS DECIMAL(38, 9))), 0)::VARCHAR`

/** Sums in exact decimals per group: legacy total = total left out (named elsewhere) + site total, within the tolerance. */
export async function totalLines(staging: Staging, context: ProofContext, spec: TotalSpec): Promise<TotalLine[]> {
  const by = spec.by === null ? `''` : `coalesce(CAST(c.${ident(spec.by)} AS VARCHAR), '')`
  const group = spec.group === null ? `''` : `coalesce(CAST(s.${ident(spec.group)} AS VARCHAR), '')`
  const rows = await staging.all<{ grp: string; records: number; documents: number; legacy: string; left_out: string; site: string }>(
    `WITH l AS (SELECT key, name FROM ${LOADED} WHERE doctype = ${literal(spec.doctype)} AND entity = ${literal(spec.entity)}),
      legacy AS (SELECT ${by} AS grp, count(*) AS records, ${exact(`c.${ident(spec.sum)}`)} AS legacy, ${exact(`CASE WHEN l.key IS NULL THEN c.${ident(spec.sum)} END`)} AS left_out
        FROM clean.${ident(spec.entity)} c LEFT JOIN l ON l.key = c._key GROUP BY 1),
      now AS (SELECT ${group} AS grp, count(*) AS documents, ${exact(`s.${ident(spec.field)}`)} AS site FROM ${siteTable(spec.doctype)} s JOIN l ON l.name = s.name GROUP BY 1)
      SELECT coalesce(legacy.grp, now.grp) AS grp, coalesce(records, 0) AS records, coalesce(documents, 0) AS documents, coalesce(legacy, '0') AS legacy, coalesce(left_out, '0') AS left_out,
        coalesce(site, '0') AS site FROM legacy FULL OUTER JOIN now ON legacy.grp = now.grp ORDER BY 1`)
  const tolerance = parseDecimal(context.tolerance) ?? ZERO
  return rows.map((row) => {
    const difference = subtractDecimal(subtractDecimal(parseDecimal(row.legacy)!, parseDecimal(row.left_out)!), parseDecimal(row.site)!)
    return {
      name: spec.name, group: row.grp, records: row.records, documents: row.documents, legacy: plain(row.legacy), leftOut: plain(row.left_out), site: plain(row.site),
      difference: formatDecimal(difference, 2), passed: compareDecimal(absDecimal(difference), tolerance) <= 0,
    }
  })
}

const plain = (text: string): string => formatDecimal(parseDecimal(text)!, 2)

/** Totals as a check; a group that differs names the documents whose own amounts differ most. */
export async function totals(staging: Staging, context: ProofContext): Promise<{ results: CheckResult[]; lines: TotalLine[] }> {
  const results: CheckResult[] = [], lines: TotalLine[] = []
  for (const spec of context.totals) {
    const found = await totalLines(staging, context, spec)
    lines.push(...found)
    const bad = found.filter((line) => !line.passed)
    const failures: CheckFailure[] = bad.map((line) => ({ doctype: spec.doctype, name: null, key: null, detail: `${line.group || 'total'}: legacy ${line.legacy} - left out ${line.leftOut} is not site ${line.site} (difference ${line.difference})` }))
    if (bad.length > 0) failures.push(...await differing(staging, spec))
    const summary = found.map((line) => `${line.group} ${line.site}`.trim()).join('; ')
    results.push(result({ id: `total:${spec.name}`, group: 'sum_totals', title: spec.name }, bad.length === 0 ? 'passed' : 'failed', found.reduce((sum, line) => sum + line.records, 0), bad.length, failures, summary))
  }
  return { results, lines }
}

async function differing(staging: Staging, spec: TotalSpec): Promise<CheckFailure[]> {
  return staging.all<CheckFailure>(
    `SELECT ${literal(spec.doctype)} AS doctype, s.name AS name, l.key AS key, 'legacy ' || CAST(c.${ident(spec.sum)} AS VARCHAR) || ', site ' || CAST(s.${ident(spec.field)} AS VARCHAR) AS detail
      FROM ${LOADED} l JOIN clean.${ident(spec.entity)} c ON c._key = l.key JOIN ${siteTable(spec.doctype)} s ON s.name = l.name
      WHERE l.doctype = ${literal(spec.doctype)} AND l.entity = ${literal(spec.entity)}
        AND TRY_CAST(CAST(c.${ident(spec.sum)} AS VARCHAR) AS DECIMAL(38, 9)) IS DISTINCT FROM CAST(s.${ident(spec.field)} AS DECIMAL(38, 9))
      ORDER BY abs(TRY_CAST(CAST(c.${ident(spec.sum)} AS VARCHAR) AS DOUBLE) - CAST(s.${ident(spec.field)} AS DOUBLE)) DESC NULLS FIRST, s.name LIMIT 50`)
}

import type { CheckResult } from '../check.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { countOf, documentTables, probe, result, rowsTable, siteTable, type ProofContext } from './proof.ts'

/** Constraints of the site's tables: one name once, unique and mandatory fields, child rows numbered 1..n with their parent's docstatus, sound trees. */
export async function constraints(staging: Staging, context: ProofContext): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const { doctype, parents } of documentTables(context)) {
    const meta = context.site.doctype(doctype)
    if (!meta || !(await staging.exists(siteTable(doctype)))) continue
    const table = siteTable(doctype), compared = await countOf(staging, table), named = literal(doctype)
    const columns = new Set(meta.columns.map((column) => column.name))
    const selects = [`SELECT ${named} AS doctype, name, NULL::VARCHAR AS key, 'the name is there ' || count(*) || ' times' AS detail FROM ${table} GROUP BY name HAVING count(*) > 1 OR name IS NULL`]
    for (const field of meta.fields.filter((f) => f.unique && columns.has(f.fieldname))) {
      const value = `lower(rtrim(${ident(field.fieldname)}))`
      selects.push(`SELECT ${named}, min(name), NULL::VARCHAR, ${literal(`${field.fieldname} must be unique: `)} || ${value} || ' is there ' || count(*) || ' times' FROM ${table} WHERE ${ident(field.fieldname)} <> '' GROUP BY ${value} HAVING count(*) > 1`)
    }
    for (const field of meta.fields.filter((f) => f.reqd && columns.has(f.fieldname) && !['Table', 'Table MultiSelect'].includes(f.fieldtype))) {
      // Numbers are never empty on a site: 0 counts as given, as it does there.
      selects.push(`SELECT ${named}, t.name, NULL::VARCHAR, ${literal(`${field.fieldname} is mandatory and empty`)} FROM ${table} t JOIN ${rowsTable(doctype)} r ON r.name = t.name AND r._draft IS NOT NULL
        WHERE t.${ident(field.fieldname)} IS NULL OR CAST(t.${ident(field.fieldname)} AS VARCHAR) = ''`)
    }
    if (parents.length > 0) {
      selects.push(`SELECT ${named}, min(name), NULL::VARCHAR, 'rows of ' || parenttype || ' ' || parent || ' (' || coalesce(parentfield, '') || ') are not numbered 1 to ' || count(*) FROM ${table} WHERE parent IS NOT NULL
        GROUP BY parent, parenttype, parentfield HAVING count(*) <> max(idx) OR min(idx) <> 1 OR count(DISTINCT idx) <> count(*)`)
      for (const parent of parents) {
        if (!(await staging.exists(siteTable(parent)))) continue
        selects.push(`SELECT ${named}, t.name, NULL::VARCHAR, 'docstatus ' || t.docstatus || ', its parent has ' || p.docstatus FROM ${table} t JOIN ${siteTable(parent)} p ON p.name = t.parent
          WHERE t.parenttype = ${literal(parent)} AND t.docstatus <> p.docstatus`)
      }
    }
    if (columns.has('lft') && columns.has('rgt')) selects.push(...treeSelects(table, named, parentFieldOf(doctype, columns)))
    results.push(await probe(staging, { id: `integrity:${doctype}`, group: 'data_integrity', title: `${doctype}: constraints`, compared, select: selects.join('\nUNION ALL\n'), passed: `${selects.length} rules over ${compared} rows` }))
  }
  return results
}

function parentFieldOf(doctype: string, columns: Set<string>): string | null {
  const name = `parent_${doctype.toLowerCase().replaceAll(' ', '_')}`
  return columns.has(name) ? name : null
}

function treeSelects(table: string, named: string, parentField: string | null): string[] {
  const selects = [
    `SELECT ${named}, name, NULL::VARCHAR, 'tree: lft ' || coalesce(lft::VARCHAR, 'NULL') || ' is not below rgt ' || coalesce(rgt::VARCHAR, 'NULL') FROM ${table} WHERE lft IS NULL OR rgt IS NULL OR lft >= rgt`,
    `SELECT ${named}, min(name), NULL::VARCHAR, 'tree: bound ' || bound || ' is used ' || count(*) || ' times' FROM (SELECT name, lft AS bound FROM ${table} UNION ALL SELECT name, rgt FROM ${table}) GROUP BY bound HAVING count(*) > 1`,
  ]
  if (parentField !== null) {
    const parent = `t.${ident(parentField)}`
    selects.push(`SELECT ${named}, t.name, NULL::VARCHAR, 'tree: bounds lie outside those of ' || ${parent} FROM ${table} t JOIN ${table} p ON p.name = ${parent} WHERE NOT (p.lft < t.lft AND t.rgt < p.rgt)`)
  }
  return selects
}

/** The site holds exactly the rows that were predicted: every column of every row of every table the prediction speaks of. */
export async function prediction(staging: Staging): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const table of await comparedTables(staging)) {
    const doctype = table.name.replace(/^tab/, '')
    const spec = { id: `equal:${table.name}`, group: 'data_integrity' as const, title: `${doctype}: site against prediction` }
    const same = table.columns.length > 0 && (await checksum(staging, `rows.${ident(table.name)}`, table.columns)) === (await checksum(staging, `site.main.${ident(table.name)}`, table.columns))
    if (same) results.push(result(spec, 'passed', table.rows, 0, [], `${table.rows} rows of ${table.columns.length} columns equal`))
    else results.push(await probe(staging, { ...spec, compared: table.rows, select: table.columns.length === 0 ? noTable(doctype) : differences(table.name, doctype, table.columns), passed: '' }))
  }
  return results
}

interface ComparedTable { name: string; rows: number; columns: string[] }

/** Tables with rows on either side, with the columns the site has; none of them when the site lacks the table. */
async function comparedTables(staging: Staging): Promise<ComparedTable[]> {
  const columns = await staging.all<{ schema_name: string; table_name: string; column_name: string }>(
    `SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE schema_name = 'rows' OR (database_name = 'site' AND schema_name = 'main') ORDER BY table_name, column_index`)
  const predicted = new Set(columns.filter((column) => column.schema_name === 'rows').map((column) => column.table_name))
  const actual = Map.groupBy(columns.filter((column) => column.schema_name === 'main'), (column) => column.table_name)
  const counted: ComparedTable[] = []
  const names = [...predicted]
  for (let start = 0; start < names.length; start += 100) {
    const selects = names.slice(start, start + 100).map((name) => `SELECT ${literal(name)} AS name, (SELECT count(*) FROM rows.${ident(name)}) AS predicted, ${actual.has(name) ? `(SELECT count(*) FROM site.main.${ident(name)})` : '0'} AS actual`)
    for (const row of await staging.all<{ name: string; predicted: number; actual: number }>(selects.join(' UNION ALL '))) {
      if (row.predicted > 0 || row.actual > 0) counted.push({ name: row.name, rows: row.predicted, columns: (actual.get(row.name) ?? []).map((column) => column.column_name) })
    }
  }
  return counted.filter((table) => table.columns.length === 0 || table.columns.includes('name'))
}

/** Independent of order, and twins count. */
async function checksum(staging: Staging, relation: string, columns: string[]): Promise<string> {
  const row = await staging.one<{ c: string }>(`SELECT count(*) || '-' || coalesce(sum(h::HUGEINT), 0) || '-' || coalesce(bit_xor(h), 0) AS c FROM (SELECT hash(${columns.map(ident).join(', ')}) AS h FROM ${relation})`)
  return row?.c ?? ''
}

const noTable = (doctype: string): string => `SELECT ${literal(doctype)} AS doctype, NULL::VARCHAR AS name, NULL::VARCHAR AS key, 'the site has no such table' AS detail`

/** One row per row that differs, with the columns in which it does. */
function differences(table: string, doctype: string, columns: string[]): string {
  const predicted = `rows.${ident(table)}`, actual = `site.main.${ident(table)}`, others = columns.filter((column) => column !== 'name')
  const packed = `hash(${columns.map(ident).join(', ')})`
  const which = others.map((column) => `CASE WHEN r.${ident(column)} IS DISTINCT FROM s.${ident(column)} THEN ${literal(`${column}: predicted `)} || coalesce(r.${ident(column)}::VARCHAR, 'NULL') || ', site ' || coalesce(s.${ident(column)}::VARCHAR, 'NULL') END`)
  return `WITH off AS (SELECT coalesce(r.name, s.name) AS name, r.n IS NULL AS extra, s.n IS NULL AS missing, coalesce(s.n, 0) > 1 AS twins
      FROM (SELECT name, bit_xor(${packed}) AS h, count(*) AS n FROM ${predicted} GROUP BY name) r FULL OUTER JOIN (SELECT name, bit_xor(${packed}) AS h, count(*) AS n FROM ${actual} GROUP BY name) s ON r.name = s.name
      WHERE r.h IS DISTINCT FROM s.h OR r.n IS DISTINCT FROM s.n)
    SELECT ${literal(doctype)} AS doctype, off.name AS name, NULL::VARCHAR AS key, CASE WHEN extra THEN 'on the site but not predicted' WHEN missing THEN 'predicted but not on the site' WHEN twins THEN 'on the site more than once'
      ELSE left(concat_ws('; ', ${which.join(', ')}), 400) END AS detail
    FROM off LEFT JOIN ${predicted} r ON r.name = off.name LEFT JOIN ${actual} s ON s.name = off.name`
}

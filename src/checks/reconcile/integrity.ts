import type { CheckResult } from '../check.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { countOf, documentTables, probe, rowsTable, siteTable, type ProofContext } from './proof.ts'

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
  const tables = await staging.all<{ table_name: string }>(`SELECT table_name FROM duckdb_tables() WHERE schema_name = 'rows' ORDER BY 1`)
  const results: CheckResult[] = []
  for (const { table_name: table } of tables) {
    const actual = `site.main.${ident(table)}`, doctype = table.replace(/^tab/, '')
    const predicted = await countOf(staging, `rows.${ident(table)}`)
    if (!(await staging.exists(actual))) {
      if (predicted === 0) continue
      results.push(await probe(staging, { id: `equal:${table}`, group: 'data_integrity', title: `${doctype}: site against prediction`, compared: predicted, passed: '', select: `SELECT ${literal(doctype)} AS doctype, NULL::VARCHAR AS name, NULL::VARCHAR AS key, 'the site has no such table' AS detail` }))
      continue
    }
    if (predicted === 0 && (await countOf(staging, actual)) === 0) continue
    const columns = (await staging.columnsOf(actual)).map((column) => column.name)
    if (!columns.includes('name')) continue
    const others = columns.filter((column) => column !== 'name')
    const packed = (alias: string): string => `hash(${others.length === 0 ? '0' : others.map((column) => `${alias}.${ident(column)}`).join(', ')})`
    const which = others.map((column) => `CASE WHEN r.${ident(column)} IS DISTINCT FROM s.${ident(column)} THEN ${literal(`${column}: predicted `)} || coalesce(r.${ident(column)}::VARCHAR, 'NULL') || ', site ' || coalesce(s.${ident(column)}::VARCHAR, 'NULL') END`)
    const select = `WITH off AS (SELECT coalesce(r.name, s.name) AS name, r.name IS NULL AS extra, s.name IS NULL AS missing
          FROM (SELECT name, ${packed('r')} AS h FROM rows.${ident(table)} r) r FULL OUTER JOIN (SELECT name, ${packed('s')} AS h FROM ${actual} s) s ON r.name = s.name WHERE r.h IS DISTINCT FROM s.h)
        SELECT ${literal(doctype)} AS doctype, off.name AS name, NULL::VARCHAR AS key,
          CASE WHEN extra THEN 'on the site but not predicted' WHEN missing THEN 'predicted but not on the site'
            ELSE ${others.length === 0 ? `''` : `left(concat_ws('; ', ${which.join(', ')}), 400)`} END AS detail
        FROM off LEFT JOIN rows.${ident(table)} r ON r.name = off.name LEFT JOIN ${actual} s ON s.name = off.name`
    results.push(await probe(staging, { id: `equal:${table}`, group: 'data_integrity', title: `${doctype}: site against prediction`, compared: predicted, select, passed: `${predicted} rows of ${columns.length} columns equal` }))
  }
  return results
}

import type { CheckResult } from '../check.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { countOf, documentTables, probe, result, siteTable, type ProofContext, LOADED } from './proof.ts'

/** Every Link, Dynamic Link and child row of the documents' tables points to something that is on the site. */
export async function relationships(staging: Staging, context: ProofContext): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const { doctype, parents } of documentTables(context)) {
    const meta = context.site.doctype(doctype)
    if (!meta || !(await staging.exists(siteTable(doctype)))) continue
    const compared = await countOf(staging, siteTable(doctype))
    if (compared === 0) continue
    const columns = new Set(meta.columns.map((column) => column.name))
    const key = `(SELECT max(l.key) FROM ${LOADED} l WHERE l.doctype = ${literal(doctype)} AND l.name = t.name)`
    const selects: string[] = []
    let links = 0
    for (const field of meta.fields) {
      if (!columns.has(field.fieldname) || !field.options) continue
      const value = `t.${ident(field.fieldname)}`
      if (field.fieldtype === 'Link') {
        links++
        selects.push(...await linkOrphans(staging, context, { doctype, target: field.options, value, field: field.fieldname, key }))
      } else if (field.fieldtype === 'Dynamic Link' && columns.has(field.options)) {
        links++
        const targets = await staging.all<{ target: string }>(`SELECT DISTINCT ${ident(field.options)} AS target FROM ${siteTable(doctype)} WHERE ${ident(field.options)} <> '' AND ${ident(field.fieldname)} <> ''`)
        for (const { target } of targets) {
          selects.push(...await linkOrphans(staging, context, { doctype, target, value, field: field.fieldname, key, when: `t.${ident(field.options)} = ${literal(target)}` }))
        }
      }
    }
    if (parents.length > 0) selects.push(...await childOrphans(staging, doctype))
    const spec = { id: `relations:${doctype}`, group: 'relationships' as const, title: `${doctype}: links and parents` }
    if (selects.length === 0) results.push(result(spec, 'passed', compared, 0, [], 'no links'))
    else results.push(await probe(staging, { ...spec, compared, select: selects.join('\nUNION ALL\n'), passed: `${links} link fields over ${compared} rows, no orphan` }))
  }
  return results
}

interface LinkProbe { doctype: string; target: string; value: string; field: string; key: string; when?: string }

async function linkOrphans(staging: Staging, context: ProofContext, link: LinkProbe): Promise<string[]> {
  const used = await staging.one<{ n: number }>(`SELECT count(*) AS n FROM ${siteTable(link.doctype)} t WHERE ${link.value} <> '' ${link.when ? `AND ${link.when}` : ''}`)
  if (Number(used?.n ?? 0) === 0) return []
  const head = `SELECT ${literal(link.doctype)} AS doctype, t.name AS name, ${link.key} AS key, ${literal(`${link.field} points to ${link.target} `)} || ${link.value} || ', which does not exist' AS detail FROM ${siteTable(link.doctype)} t`
  const when = `${link.value} <> '' ${link.when ? `AND ${link.when}` : ''}`
  if (link.target === 'DocType') {
    return [`${head} WHERE ${when} AND ${link.value} NOT IN (${context.site.doctypes().map((meta) => literal(meta.name)).join(', ')})`]
  }
  const meta = context.site.doctype(link.target)
  if (meta?.issingle) return [`${head} WHERE ${when} AND ${link.value} <> ${literal(link.target)}`]
  if (!meta || !(await staging.exists(siteTable(link.target)))) return [`${head} WHERE ${when}`]
  return [`${head} ANTI JOIN ${siteTable(link.target)} o ON o.name = ${link.value} WHERE ${when}`]
}

async function childOrphans(staging: Staging, doctype: string): Promise<string[]> {
  const owners = await staging.all<{ parenttype: string }>(`SELECT DISTINCT parenttype FROM ${siteTable(doctype)} WHERE parenttype IS NOT NULL`)
  const selects: string[] = []
  for (const { parenttype } of owners) {
    const missing = (await staging.exists(siteTable(parenttype))) ? `ANTI JOIN ${siteTable(parenttype)} o ON o.name = t.parent` : ''
    selects.push(`SELECT ${literal(doctype)} AS doctype, t.name AS name, NULL::VARCHAR AS key, ${literal(`row of ${parenttype} `)} || coalesce(t.parent, '') || ', which does not exist' AS detail
      FROM ${siteTable(doctype)} t ${missing} WHERE t.parenttype = ${literal(parenttype)}`)
  }
  selects.push(`SELECT ${literal(doctype)}, t.name, NULL::VARCHAR, 'a child row without a parent' FROM ${siteTable(doctype)} t WHERE coalesce(t.parent, '') = '' OR coalesce(t.parenttype, '') = ''`)
  return selects
}

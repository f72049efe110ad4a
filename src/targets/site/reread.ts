import type { Ledger } from '../../ledger/ledger.ts'
import type { Site } from '../../site/site.ts'
import { ident, literal, type Staging } from '../../staging/staging.ts'
import { SITE_DATABASE } from '../embedded/site-file.ts'
import type { Lane } from '../lane.ts'
import type { Reread } from '../target.ts'
import { actualTable, stageActual } from './actual-rows.ts'

/** How many vouchers are asked for at a time. */
const AT_ONCE = 500
/** Random names and moments were taken from the site, or written by us: all columns count. */
const mirror = (table: string): string => `${SITE_DATABASE}.main.${ident(table)}`

/**
 * Reads documents of a run from the site once more: of each DocType `each`, drawn by `seed`, with their child rows, every column the site shows; and the General Ledger of all
 * of the run's documents, by account. What the mirror says otherwise is a difference. Reads only.
 */
export async function rereadSite(staging: Staging, site: Site, ledger: Ledger, lane: Lane, run: string, { each, seed }: { each: number; seed: number }): Promise<Reread> {
  const result: Reread = { documents: 0, accounts: 0, differences: [], unread: [] }
  const loaded = `SELECT doctype, name FROM ${ledger.table('documents')} WHERE run = ${literal(run)} AND outcome = 'loaded'`
  const drawn = await staging.all<{ doctype: string; name: string }>(`SELECT doctype, name FROM (${loaded}) QUALIFY row_number() OVER (PARTITION BY doctype ORDER BY hash(name || ${literal(String(seed))}), name) <= ${each} ORDER BY ALL`)
  for (const [doctype, list] of Map.groupBy(drawn, (row) => row.doctype)) {
    const names = list.map((row) => row.name), meta = site.doctype(doctype)!
    result.documents += names.length
    await compare(staging, lane, result, { doctype, table: meta.table, column: 'name', names })
    for (const table of new Set(meta.tableFields().map((field) => `tab${field.options}`))) if (site.doctype(table.slice('tab'.length))?.columns.length) await compare(staging, lane, result, { doctype, table, column: 'parent', names, parenttype: doctype })
  }
  await compareAccounts(staging, lane, result, (await staging.all<{ name: string }>(`SELECT name FROM (${loaded}) WHERE name IN (SELECT voucher_no FROM ${mirror('tabGL Entry')}) ORDER BY name`)).map((row) => row.name))
  return result
}

interface Part { doctype: string; table: string; column: 'name' | 'parent'; names: string[]; parenttype?: string }

async function compare(staging: Staging, lane: Lane, result: Reread, { doctype, table, column, names, parenttype }: Part): Promise<void> {
  const rows = await lane.read(table, column, names, parenttype)
  if (rows === null) {
    result.unread.push(table)
    return
  }
  const unseen = new Set(await stageActual(staging, table, parenttype === undefined ? rows : rows.filter((row) => row['parenttype'] === parenttype)))
  const columns = (await staging.columnsOf(mirror(table))).map(({ name }) => name).filter((name) => !unseen.has(name))
  const ours = `(SELECT * FROM ${mirror(table)} WHERE ${column} IN (${names.map(literal).join(', ')})${parenttype === undefined ? '' : ` AND parenttype = ${literal(parenttype)}`})`
  const texts = columns.map((name) => `CASE WHEN a.${ident(name)} IS DISTINCT FROM m.${ident(name)} THEN ${literal(`${name}: predicted `)} || coalesce(m.${ident(name)}::VARCHAR, 'NULL') || ', site ' || coalesce(a.${ident(name)}::VARCHAR, 'NULL') END`)
  const found = await staging.all<{ owner: string; detail: string }>(`SELECT coalesce(m.${column}, a.${column}) AS owner, CASE WHEN a.name IS NULL THEN 'the site lacks ' || m.name WHEN m.name IS NULL THEN 'the site has ' || a.name || ' besides' ELSE concat_ws('; ', ${texts.join(', ')}) END AS detail `
    + `FROM ${ours} m FULL JOIN ${actualTable(table)} a ON a.name = m.name WHERE a.name IS NULL OR m.name IS NULL OR ${columns.map((name) => `a.${ident(name)} IS DISTINCT FROM m.${ident(name)}`).join(' OR ')} ORDER BY ALL`)
  for (const { owner, detail } of found) result.differences.push({ doctype, name: owner, detail: `${table.slice('tab'.length)}: ${detail}` })
}

/** Debit and credit of every account, as a trial balance would sum them for these vouchers. */
async function compareAccounts(staging: Staging, lane: Lane, result: Reread, vouchers: string[]): Promise<void> {
  const table = 'tabGL Entry', sums = 'account, sum(debit) AS debit, sum(credit) AS credit', standing = 'coalesce(is_cancelled, 0) = 0'
  if (vouchers.length === 0) return
  await staging.run('CREATE OR REPLACE TEMP TABLE reread_sums (account VARCHAR, debit DECIMAL(38,9), credit DECIMAL(38,9)); CREATE OR REPLACE TEMP TABLE mirror_sums AS SELECT * FROM reread_sums')
  for (let start = 0; start < vouchers.length; start += AT_ONCE) {
    const part = vouchers.slice(start, start + AT_ONCE), rows = await lane.read(table, 'voucher_no', part)
    if (rows === null) {
      result.unread.push(table)
      return
    }
    await stageActual(staging, table, rows)
    await staging.run(`INSERT INTO temp.reread_sums SELECT ${sums} FROM ${actualTable(table)} WHERE ${standing} GROUP BY account; `
      + `INSERT INTO temp.mirror_sums SELECT ${sums} FROM ${mirror(table)} WHERE ${standing} AND voucher_no IN (${part.map(literal).join(', ')}) GROUP BY account`)
  }
  const rows = await staging.all<{ account: string; equal: boolean; detail: string }>(`SELECT coalesce(s.account, m.account) AS account, s.debit IS NOT DISTINCT FROM m.debit AND s.credit IS NOT DISTINCT FROM m.credit AS equal, `
    + `'debit ' || coalesce(m.debit::VARCHAR, '0') || ', credit ' || coalesce(m.credit::VARCHAR, '0') || ' predicted, site ' || coalesce(s.debit::VARCHAR, '0') || ', ' || coalesce(s.credit::VARCHAR, '0') AS detail `
    + `FROM (SELECT ${sums} FROM temp.reread_sums GROUP BY account) s FULL JOIN (SELECT ${sums} FROM temp.mirror_sums GROUP BY account) m ON m.account = s.account ORDER BY ALL`)
  result.accounts = rows.length
  for (const { account, detail } of rows.filter(({ equal }) => !equal)) result.differences.push({ doctype: 'GL Entry', name: account, detail })
}

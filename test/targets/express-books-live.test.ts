import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { draftStatements, factsOf, type Measured } from '../../src/cli/measure/drafts.ts'
import { fixedClock, today } from '../../src/model/clock.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { changedTables } from '../../src/targets/express/checksums.ts'
import { ident, Staging } from '../../src/staging/staging.ts'
import type { LaneBatch } from '../../src/targets/lane.ts'
import { batches, differences, connectTo, everythingOf, openLane, site } from './express-setup.ts'

/**
 * Against a real site that is as the shipped description says, and that nobody else uses: `LANDFALL_LIVE_DATABASE=mysql://USER:PASSWORD@HOST:PORT/DATABASE`, `LANDFALL_LIVE_BENCH` (folder) and `LANDFALL_LIVE_SITE`
 * (name). `LANDFALL_LIVE_DOCUMENTS` (default 2,800) documents of seven DocTypes go in by express; the site's own controllers then open, cancel, amend and pay some of them in a transaction that is rolled back.
 */
const { LANDFALL_LIVE_DATABASE: url, LANDFALL_LIVE_BENCH: bench, LANDFALL_LIVE_SITE: name, LANDFALL_LIVE_REDIS: redisCache, LANDFALL_LIVE_DOCUMENTS: wanted = '2800' } = process.env
vi.setConfig({ testTimeout: 1_800_000 })
const DOCTYPES: Measured[] = ['Customer', 'Item', 'Address', 'Journal Entry', 'Sales Order', 'Sales Invoice', 'Payment Entry']

const SCRIPT = `
import json, sys, frappe
frappe.init(sys.argv[1]); frappe.connect(); frappe.set_user("Administrator")
given = json.loads(sys.argv[2]); out = {}
def trial():
    rows = frappe.db.sql("select account, sum(debit), sum(credit) from \`tabGL Entry\` where is_cancelled = 0 group by account order by account")
    return [[r[0], "%.2f" % r[1], "%.2f" % r[2]] for r in rows]
def reported():
    from erpnext.accounts.report.trial_balance.trial_balance import execute
    year = frappe.db.get_value("Fiscal Year", {"year_start_date": ("<=", given["day"]), "year_end_date": (">=", given["day"])}, ["name", "year_start_date", "year_end_date"], as_dict=True)
    filters = frappe._dict(company=given["company"], fiscal_year=year.name, from_date=year.year_start_date, to_date=year.year_end_date, with_period_closing_entry=1, show_zero_values=0, show_unclosed_fy_pl_balances=0)
    rows = [r for r in execute(filters)[1] if r and r.get("account") in given["accounts"]]
    return {r["account"]: ["%.2f" % r["debit"], "%.2f" % r["credit"]] for r in rows}
def amended(doctype, name, change=None):
    old = frappe.get_doc(doctype, name); old.cancel()
    new = frappe.copy_doc(old); new.amended_from = old.name; new.docstatus = 0
    new.insert(); new.submit()
    return new.name
try:
    out["trial"], out["report"] = trial(), reported()
    out["opened"] = [[d, frappe.get_doc(d, n).docstatus] for d, n in given["open"]]
    out["amended"] = {d: amended(d, n) for d, n in given["amend"]}
    out["cancelled"] = {}
    for d, n in given["cancel"]:
        doc = frappe.get_doc(d, n); doc.cancel(); out["cancelled"][d] = doc.docstatus
    from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
    pay = get_payment_entry("Sales Invoice", given["pay"]); pay.reference_no, pay.reference_date = "live", given["day"]
    pay.insert(); pay.submit()
    out["paid"] = frappe.db.get_value("Sales Invoice", given["pay"], ["status", "outstanding_amount"])
    out["payment"] = pay.name
    sums = frappe.db.sql("select sum(debit) - sum(credit) from \`tabGL Entry\`")[0][0]
    out["difference"] = round(float(sums), 6)
finally:
    frappe.db.rollback(); frappe.clear_cache()
print("RESULT " + json.dumps(out, default=str))
`

test.skipIf(url === undefined || bench === undefined || name === undefined)('a real site opens, amends, cancels and pays what express loaded, and its trial balance is ours', async () => {
  const at = new URL(url!), database = at.pathname.slice(1), each = Math.ceil(Number(wanted) / DOCTYPES.length)
  const access = { host: at.hostname, port: Number(at.port || 3306), user: decodeURIComponent(at.username), password: decodeURIComponent(at.password) }
  const clock = fixedClock(new Date().toISOString()), staging = await Staging.open(':memory:', { memoryLimit: '2GB' }), connection = await connectTo(access, database)
  const engine = await PostingEngine.open(staging, site, clock, { timeZone: 'America/New_York' }), facts = factsOf(site, undefined), day = today(clock)
  for (const statement of draftStatements(facts, each, day)) await staging.run(statement)
  for (const doctype of DOCTYPES) expect(await engine.post(doctype)).toMatchObject({ refused: 0 })
  const lane = openLane(access, database, staging, redisCache === undefined ? {} : { redisCache })
  await lane.prepare(DOCTYPES)
  const before = await lane.checksums(), all: LaneBatch[] = []
  for (const doctype of DOCTYPES) all.push(...await batches(staging, doctype, 5000, 'r-books'))
  try {
    for (const batch of all) expect((await lane.write(batch)).filter((one) => one.status !== 'loaded')).toEqual([])
    if (each <= 1000) expect(await differences(staging, engine, connection, true)).toEqual([])
    if (redisCache !== undefined) await lane.clearCache()
    const names = (doctype: Measured): string[] => all.filter((batch) => batch.doctype === doctype).flatMap((batch) => batch.documents.map((one) => one.name)), last = (doctype: Measured) => names(doctype).at(-1)!
    const ours = (await staging.all<{ account: string; debit: string; credit: string }>(`SELECT account, printf('%.2f', sum(debit)) AS debit, printf('%.2f', sum(credit)) AS credit FROM rows.${ident('tabGL Entry')} GROUP BY account ORDER BY account`)).map(({ account, debit, credit }) => [account, debit, credit])
    const submitted = ['Journal Entry', 'Sales Order', 'Sales Invoice', 'Payment Entry'] as const
    const given = {
      company: facts.company, day, accounts: ours.map(([account]) => account), open: DOCTYPES.map((doctype) => [doctype, last(doctype)]), amend: submitted.map((doctype) => [doctype, names(doctype)[0]]),
      cancel: submitted.map((doctype) => [doctype, names(doctype)[1]]), pay: names('Sales Invoice')[2],
    }
    const output = execFileSync(join(bench!, 'env/bin/python'), ['-W', 'ignore', '-c', SCRIPT, name!, JSON.stringify(given)], { cwd: join(bench!, 'sites'), encoding: 'utf8', maxBuffer: 1 << 26 })
    const told = JSON.parse(/RESULT (.*)/.exec(output)![1]!) as Record<string, unknown>
    expect(told['trial']).toEqual(ours)
    expect(told['report']).toEqual(Object.fromEntries(ours.map(([account, debit, credit]) => [account, [debit, credit]])))
    expect(told['opened']).toEqual(DOCTYPES.map((doctype, i) => [doctype, i < 3 ? 0 : 1]))
    expect(told['amended']).toEqual(Object.fromEntries(submitted.map((doctype) => [doctype, `${names(doctype)[0]}-1`])))
    expect(told['cancelled']).toEqual(Object.fromEntries(submitted.map((doctype) => [doctype, 2])))
    expect(told['paid']).toEqual(['Paid', 0])
    expect(told['payment']).toBe(last('Payment Entry').replace(/\d+$/, (digits) => String(Number(digits) + 1).padStart(digits.length, '0')))
    expect(told['difference']).toBe(0)
  } finally {
    expect((await lane.undo(everythingOf(all, 'r-books'))).kept).toEqual([])
    if (redisCache !== undefined) await lane.clearCache()
    expect(changedTables(before, await lane.checksums())).toEqual([])
    await connection.end()
    await lane.close()
    await staging.close()
  }
})

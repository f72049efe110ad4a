import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { fixedClock } from '../../src/model/clock.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { changedTables } from '../../src/targets/express/checksums.ts'
import { Staging } from '../../src/staging/staging.ts'
import { batches, connectTo, customers, differences, everythingOf, openLane, salesOrders, site } from './express-setup.ts'

/**
 * Against a real site that is as the shipped description says, and that nobody else uses: `LANDFALL_LIVE_DATABASE=mysql://USER:PASSWORD@HOST:PORT/DATABASE`. With `LANDFALL_LIVE_BENCH` (folder of the
 * bench) and `LANDFALL_LIVE_SITE` (name) the site's own code goes on with the documents in a transaction that it rolls back; `LANDFALL_LIVE_REDIS` is the URL of its cache.
 */
const { LANDFALL_LIVE_DATABASE: url, LANDFALL_LIVE_BENCH: bench, LANDFALL_LIVE_SITE: name, LANDFALL_LIVE_REDIS: redisCache } = process.env
vi.setConfig({ testTimeout: 600_000 })

const SCRIPT = `
import json, sys, frappe
frappe.init(sys.argv[1]); frappe.connect(); frappe.set_user("Administrator")
last, cancelled, amended, customer = sys.argv[2:6]
out = {}
def order():
    return frappe.get_doc({"doctype": "Sales Order", "company": "Northwind Traders", "customer": customer, "delivery_date": frappe.utils.add_days(frappe.utils.nowdate(), 9), "items": [{"item_code": "CHAI", "qty": 2, "rate": 10}]})
try:
    one = order().insert(); one.submit(); out["next"] = one.name
    two = frappe.get_doc("Sales Order", cancelled); two.cancel(); out["cancelled"] = two.docstatus
    three = frappe.get_doc("Sales Order", amended); three.cancel()
    four = frappe.copy_doc(three); four.amended_from = three.name; four.docstatus = 0
    for row in four.items: row.delivery_date = four.delivery_date
    four.insert(); four.submit(); out["amended"] = four.name
    from erpnext.selling.doctype.sales_order.sales_order import make_sales_invoice
    invoice = make_sales_invoice(last); invoice.insert(); invoice.submit()
    out["billed"] = frappe.db.get_value("Sales Order", last, "per_billed")
    person = frappe.get_doc("Customer", customer); person.website = "example.com"; person.save(); out["saved"] = person.website
    twin = frappe.get_doc({"doctype": "Customer", "customer_name": customer, "customer_group": "Commercial", "territory": "United States"}).insert(); out["twin"] = twin.name
    gl = frappe.db.sql("select sum(debit) - sum(credit) from \`tabGL Entry\` where is_cancelled = 0")[0][0]; out["trial"] = float(gl or 0)
finally:
    frappe.db.rollback()
print("RESULT " + json.dumps(out))
`

test.skipIf(url === undefined)('a real site takes what express loaded as its own, and is as before after undo', async () => {
  const at = new URL(url!), database = at.pathname.slice(1)
  const access = { host: at.hostname, port: Number(at.port || 3306), user: decodeURIComponent(at.username), password: decodeURIComponent(at.password) }
  const staging = await Staging.open(':memory:', { memoryLimit: '1500MB' }), connection = await connectTo(access, database)
  const engine = await PostingEngine.open(staging, site, fixedClock(new Date().toISOString()), { timeZone: 'America/New_York' })
  for (const statement of [customers(40).replaceAll(`'Customer '`, `'Express '`), ...salesOrders(30, `'Express ' || i`)]) await staging.run(statement)
  for (const doctype of ['Customer', 'Sales Order']) expect(await engine.post(doctype)).toMatchObject({ refused: 0 })
  const lane = openLane(access, database, staging, redisCache === undefined ? {} : { redisCache })
  await lane.prepare(['Customer', 'Sales Order'])
  const before = await lane.checksums()
  const all = [...await batches(staging, 'Customer', 15, 'r-live'), ...await batches(staging, 'Sales Order', 12, 'r-live')]
  try {
    for (const batch of all) expect((await lane.write(batch)).filter((one) => one.status !== 'loaded')).toEqual([])
    expect(await differences(staging, engine, connection, true)).toEqual([])
    if (redisCache !== undefined) expect(await lane.clearCache()).toBeGreaterThanOrEqual(0)
    if (bench !== undefined && name !== undefined) {
      const orders = all.flatMap((batch) => batch.doctype === 'Sales Order' ? batch.documents.map((one) => one.name) : []), last = orders.at(-1)!
      const output = execFileSync(join(bench, 'env/bin/python'), ['-W', 'ignore', '-c', SCRIPT, name, last, orders[3]!, orders[4]!, 'Express 1'], { cwd: join(bench, 'sites'), encoding: 'utf8' })
      const next = last.replace(/\d+$/, (digits) => String(Number(digits) + 1).padStart(digits.length, '0'))
      expect(JSON.parse(/RESULT (.*)/.exec(output)![1]!)).toEqual({ next, cancelled: 2, amended: `${orders[4]}-1`, billed: 100, saved: 'example.com', twin: 'Express 1 - 1', trial: 0 })
    }
  } finally {
    const undone = await lane.undo(everythingOf(all, 'r-live'))
    if (redisCache !== undefined) await lane.clearCache()
    expect(undone.kept).toEqual([])
    expect(changedTables(before, await lane.checksums())).toEqual([])
    await connection.end()
    await lane.close()
    await staging.close()
  }
})

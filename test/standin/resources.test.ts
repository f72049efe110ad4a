import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { messages, openStandin, type Opened } from './client.ts'

let site: Opened
beforeAll(async () => { site = await openStandin() })
afterAll(() => site.close())

describe('documents over REST', () => {
  test('an insert answers the whole document, which then is there', async () => {
    const { status, body } = await site.call('POST', '/api/resource/Customer', { customer_name: 'Standing In', customer_group: 'Commercial' })
    expect(status).toBe(200)
    expect(body['data']).toMatchObject({ name: 'Standing In', doctype: 'Customer', customer_type: 'Company', docstatus: 0, sales_team: [] })
    expect((await site.call('GET', '/api/resource/Customer/Standing In')).body['data']).toEqual(body['data'])
  })

  test('a refusal leaves nothing, not even what came before it in the request', async () => {
    const { status, body } = await site.call('POST', '/api/method/frappe.client.insert_many', { docs: [{ doctype: 'Customer', customer_name: 'Half' }, { doctype: 'Customer', customer_name: 'Way', territory: 'Nowhere' }] })
    expect([status, body['exc_type']]).toEqual([417, 'LinkValidationError'])
    expect(messages(body)[0]).toMatchObject({ message: 'Could not find Territory: Nowhere', indicator: 'red' })
    expect((await site.call('GET', '/api/resource/Customer/Half')).status).toBe(404)
  })

  test('the name of a resource is kept, that of a document of frappe.client is the site\'s own', async () => {
    expect((await site.call('POST', '/api/resource/Customer', { name: 'OLD-1', customer_name: 'Old One' })).body['data']).toMatchObject({ name: 'OLD-1' })
    expect((await site.call('POST', '/api/method/frappe.client.insert', { doc: { doctype: 'Customer', name: 'OLD-2', customer_name: 'Old Two' } })).body['message']).toMatchObject({ name: 'Old Two' })
  })

  test('what cannot be predicted is said to be so', async () => {
    const { status, body } = await site.call('POST', '/api/resource/Work Order', { production_item: 'CHAI', qty: 1 })
    expect([status, body['exc_type']]).toEqual([501, 'Unsupported'])
  })

  test('a unique custom field can be added and holds', async () => {
    const field = { dt: 'Customer', fieldname: 'landfall_key', label: 'Landfall Key', fieldtype: 'Data', unique: 1, read_only: 1 }
    expect((await site.call('POST', '/api/resource/Custom Field', field)).body['data']).toMatchObject({ name: 'Customer-landfall_key', fieldtype: 'Data', unique: 1 })
    expect((await site.call('POST', '/api/resource/Custom Field', field)).status).toBe(417)
    expect((await site.call('POST', '/api/resource/Customer', { customer_name: 'Keyed', landfall_key: 'k-1' })).body['data']).toMatchObject({ landfall_key: 'k-1' })
    const twin = await site.call('POST', '/api/resource/Customer', { customer_name: 'Keyed Twin', landfall_key: 'k-1' })
    expect([twin.status, twin.body['exc_type']]).toEqual([417, 'UniqueValidationError'])
    expect(twin.body['exception']).toBe(`frappe.exceptions.UniqueValidationError: ('Customer', 'Keyed Twin', IntegrityError(1062, "Duplicate entry 'k-1' for key 'landfall_key'"))`)
    expect((await site.call('GET', '/api/resource/Customer?filters={"landfall_key":"k-1"}&fields=["name","landfall_key"]')).body['data']).toEqual([{ name: 'Keyed', landfall_key: 'k-1' }])
  })

  test('a wrong token is 401, none is 403', async () => {
    expect((await site.call('GET', '/api/resource/Customer', undefined, { Authorization: 'token no:body' })).status).toBe(401)
    expect((await site.call('GET', '/api/method/frappe.client.get_count?doctype=Customer', undefined, { Authorization: '' })).status).toBe(403)
    expect((await site.call('GET', '/api/method/ping', undefined, { Authorization: '' })).body).toEqual({ message: 'pong' })
    expect((await site.call('GET', '/api/method/frappe.auth.get_logged_user', undefined, { Authorization: `Basic ${Buffer.from(site.standin.token).toString('base64')}` })).body).toEqual({ message: 'Administrator' })
  })

  test('lists filter, sort, count and join', async () => {
    const list = async (query: string) => (await site.call('GET', `/api/resource/${query}`)).body['data']
    expect(await list('UOM?filters=[["name","in",["Box","nos"]]]&order_by=name desc')).toEqual([{ name: 'Nos' }, { name: 'Box' }])
    expect(await list('Customer?filters=[["customer_name","like","ber%25"]]')).toEqual([{ name: 'Berglunds snabbköp' }])
    expect(await list('Customer?or_filters={"name":"Euro Buyer","customer_group":"Government"}&fields=["name","customer_group.parent_customer_group as parent"]&order_by=name asc'))
      .toEqual([{ name: 'Bólido Comidas preparadas', parent: 'All Customer Groups' }, { name: 'Euro Buyer', parent: 'All Customer Groups' }])
    expect(await list('Account?filters=[["name","descendants of","Cash In Hand - NT"]]')).toEqual([{ name: 'Cash - NT' }])
    expect((await site.call('GET', '/api/method/frappe.client.get_value?doctype=Item&filters=CHAI&fieldname=item_group')).body).toEqual({ message: { item_group: 'Products' } })
  })
})

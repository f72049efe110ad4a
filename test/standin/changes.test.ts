import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { messages, openStandin, type Opened } from './client.ts'

let site: Opened
beforeAll(async () => { site = await openStandin() })
afterAll(() => site.close())

describe('documents change', () => {
  test('a field is set, what is computed follows, and refusals leave it as it was', async () => {
    await site.call('POST', '/api/resource/Sales Order', { name: 'SO-A', company: 'Northwind Traders', customer: 'Ana Trujillo', transaction_date: '2026-06-01', delivery_date: '2026-06-10', items: [{ item_code: 'CHAI', qty: 2, rate: 18 }] })
    expect((await site.call('PUT', '/api/resource/Sales Order/SO-A', { additional_discount_percentage: 10 })).body['data']).toMatchObject({ discount_amount: 3.6, grand_total: 32.4, items: [{ net_rate: 16.2 }] })
    const refused = await site.call('PUT', '/api/resource/Sales Order/SO-A', { customer: 'Nobody' })
    expect(refused.status).toBeGreaterThanOrEqual(404)
    expect((await site.call('GET', '/api/resource/Sales Order/SO-A')).body['data']).toMatchObject({ customer: 'Ana Trujillo', grand_total: 32.4 })
  })

  test('a draft is submitted, and then is no draft any more', async () => {
    const draft = (await site.call('GET', '/api/resource/Sales Order/SO-A')).body['data'] as { items: { name: string }[]; creation: string }
    const submitted = (await site.call('PUT', '/api/resource/Sales Order/SO-A', { docstatus: 1 })).body['data'] as typeof draft
    expect(submitted).toMatchObject({ docstatus: 1, status: 'To Deliver and Bill', creation: draft.creation })
    expect(submitted.items[0]!.name).toBe(draft.items[0]!.name)
    expect((await site.call('GET', '/api/method/frappe.client.get_value?doctype=Bin&filters={"item_code":"CHAI"}&fieldname=reserved_qty')).body).toEqual({ message: { reserved_qty: 2 } })
    expect((await site.call('PUT', '/api/resource/Sales Order/SO-A', { customer: 'Euro Buyer' })).body['exc_type']).toBe('UpdateAfterSubmitError')
    expect((await site.call('PUT', '/api/resource/Sales Order/SO-A', { docstatus: 0 })).body['exc_type']).toBe('DocstatusTransitionError')
    expect((await site.call('DELETE', '/api/resource/Sales Order/SO-A')).status).toBe(417)
  })

  test('a stale document is refused', async () => {
    const { status, body } = await site.call('PUT', '/api/resource/Customer/Ana Trujillo', { modified: '2020-01-01 00:00:00', website: 'x' })
    expect([status, body['exc_type']]).toEqual([417, 'TimestampMismatchError'])
  })

  test('what others link to is not deleted; a leaf leaves its tree without a gap', async () => {
    const linked = await site.call('DELETE', '/api/resource/Item/CHAI')
    expect(messages(linked.body).at(-1)).toMatchObject({ message: 'You can disable this Item instead of deleting it.' })
    const tree = async () => (await site.call('GET', '/api/resource/Customer Group?fields=["name","lft","rgt"]&order_by=lft')).body['data']
    const before = await tree()
    await site.call('POST', '/api/resource/Customer Group', { customer_group_name: 'Leaf', parent_customer_group: 'All Customer Groups' })
    expect((await site.call('DELETE', '/api/resource/Customer Group/Leaf')).status).toBe(202)
    expect(await tree()).toEqual(before)
    expect((await site.call('DELETE', '/api/resource/Customer Group/All Customer Groups')).body['exc_type']).toBe('NestedSetChildExistsError')
  })

  test('a file is stored, served and attached', async () => {
    const form = new FormData()
    form.append('file', new Blob(['hello\n'], { type: 'text/plain' }), 'note.txt')
    form.append('is_private', '1')
    form.append('doctype', 'Customer')
    form.append('docname', 'Ana Trujillo')
    expect((await site.call('POST', '/api/method/upload_file', form)).body['message']).toMatchObject({ file_url: '/private/files/note.txt', file_size: 6, file_type: 'TXT', attached_to_name: 'Ana Trujillo' })
    expect((await site.call('GET', '/private/files/note.txt')).body).toEqual({ text: 'hello\n' })
    expect((await site.call('GET', '/private/files/note.txt', undefined, { Authorization: '' })).status).toBe(403)
  })
})

test('a site in a file is there again when it is opened again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'standin-'))
  try {
    const storePath = join(folder, 'site.duckdb')
    const first = await openStandin({ storePath })
    await first.call('POST', '/api/resource/Custom Field', { dt: 'Customer', fieldname: 'landfall_key', fieldtype: 'Data', unique: 1 })
    await first.call('POST', '/api/resource/Customer', { customer_name: 'Kept', landfall_key: 'k' })
    await first.close()
    const second = await openStandin({ storePath })
    expect((await second.call('GET', '/api/resource/Customer/Kept')).body['data']).toMatchObject({ landfall_key: 'k' })
    expect((await second.call('POST', '/api/resource/Customer', { customer_name: 'Twin', landfall_key: 'k' })).body['exc_type']).toBe('UniqueValidationError')
    await second.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { accounting, leftOut, unmappedValues } from '../../src/mapping/accounting.ts'
import { mappingSchema } from '../../src/config/mapping-schema.ts'
import { parseYamlText } from '../../src/config/yaml-file.ts'
import { compileMapping } from '../../src/mapping/compile.ts'
import { coverage } from '../../src/mapping/coverage.ts'
import { resolveDeferred } from '../../src/mapping/deferred-links.ts'
import { listPlaceholders } from '../../src/mapping/placeholders.ts'
import { Staging } from '../../src/staging/staging.ts'
import { compile, mapAll, site, stageRaw } from './stage.ts'

let staging: Staging
beforeEach(async () => { staging = await Staging.open(':memory:') })
afterEach(() => staging.close())

const CUSTOMERS = 'entity: customers\nkey: id\npolicies: {duplicate: merge}\nduplicates: [{exact: name}]\ndoctype: Customer\nfields: {customer_name: name, customer_type: {value: Company}}\nplaceholder: {customer_name: {expr: "\'Unknown \' || key"}, customer_type: {value: Company}}\n'
const stageSales = async () => [
  await stageRaw(staging, 'customers', ['id:integer', 'name'], [['1', 'Ann'], ['2', 'Bob'], ['3', 'Ann'], ['4', 'Cid']]),
  await stageRaw(staging, 'orders', ['no', 'cust:integer', 'day:date', 'state'], [['O1', '1', '2024-01-01', 'A'], ['O2', '3', '2024-01-02', 'B'], ['O3', '9', '2024-01-03', 'Z'], ['O4', null, '2024-01-04', 'A'], ['O5', '4', '2024-01-05', 'A']]),
  await stageRaw(staging, 'lines', ['order_no', 'pos:integer', 'sku', 'qty:decimal'], [['O1', '2', 'b', '2'], ['O1', '1', 'a', '1,5'], ['O2', '1', 'c', '3'], ['O7', '1', 'a', '1'], ['O5', '1', 'x', '1']], ['order_no', 'pos']),
]
const orders = (policy: string, more = '') => `entity: orders\nkey: no\npolicies: {missing_reference: ${policy}}\ndoctype: Sales Order\nsubmit: state = 'A'\nfields:\n  customer: {ref: customers, key: cust}\n  transaction_date: day\n  po_no: no\n${more}  items:\n    from: lines\n    on: {no: order_no}\n    order_by: pos\n    fields: {item_code: sku, qty: qty, delivery_date: {field: orders.day}}\n`

describe('references', () => {
  test('resolve through drafts and rows, also for merged and refused records', async () => {
    const plan = compile([CUSTOMERS, orders('skip')], await stageSales())
    await mapAll(staging, plan, { Customer: ['4'] })
    const drafts = await staging.all(`SELECT _id, _key, customer, docstatus FROM drafts."Sales Order" ORDER BY _id`)
    // Key 3 was merged into 1; key 9 is missing and 4 was refused, so O3 and O5 are skipped; O4 has no key at all.
    expect(drafts).toEqual([{ _id: 1, _key: 'O1', customer: 'Customer-1', docstatus: 1 }, { _id: 2, _key: 'O2', customer: 'Customer-1', docstatus: 0 }, { _id: 3, _key: 'O4', customer: null, docstatus: 1 }])
    expect(await staging.all(`SELECT _parent, _idx, item_code, CAST(qty AS VARCHAR) AS qty, CAST(delivery_date AS VARCHAR) AS d FROM drafts."Sales Order.items" ORDER BY 1, 2`)).toEqual([
      { _parent: 1, _idx: 1, item_code: 'a', qty: '1.500000000', d: '2024-01-01' }, { _parent: 1, _idx: 2, item_code: 'b', qty: '2.000000000', d: '2024-01-01' }, { _parent: 2, _idx: 1, item_code: 'c', qty: '3.000000000', d: '2024-01-02' },
    ])
    const account = (await accounting(staging, plan)).find((item) => item.entity === 'orders')
    expect(account?.documents).toEqual([{ doctype: 'Sales Order', records: 5, drafts: 3, skipped: 2, failed: 0, merged: 0, balanced: true }])
    expect(await leftOut(staging)).toEqual(expect.arrayContaining([expect.objectContaining({ entity: 'lines', child: 'items', reason: 'orphan', records: 1 })]))
  })
  test('fail: a blocking finding, and the document is left out', async () => {
    const plan = compile([CUSTOMERS, orders('fail')], await stageSales())
    await mapAll(staging, plan)
    expect(await staging.all(`SELECT severity, type, doctype, id, key, field, value FROM ops.findings WHERE type = 'missing-reference'`)).toEqual([{ severity: 'blocking', type: 'missing-reference', doctype: 'entity:orders', id: 3, key: 'O3', field: 'customer', value: '9' }])
    expect(await staging.all(`SELECT severity FROM ops.findings WHERE type = 'orphan-record'`)).toEqual([{ severity: 'blocking' }])
    expect((await staging.all(`SELECT _key FROM drafts."Sales Order"`)).length).toBe(4)
  })
  test('create_placeholder: a marked stand-in, listed until the record comes', async () => {
    const plan = compile([CUSTOMERS, orders('create_placeholder')], await stageSales())
    await mapAll(staging, plan)
    expect(await staging.all(`SELECT _key, customer_name, customer_type, _source_row FROM drafts."Customer" WHERE _id = 4`)).toEqual([{ _key: '9', customer_name: 'Unknown 9', customer_type: 'Company', _source_row: null }])
    expect(await staging.all(`SELECT customer FROM drafts."Sales Order" WHERE _key = 'O3'`)).toEqual([{ customer: 'Customer-4' }])
    expect(await listPlaceholders(staging)).toEqual([{ doctype: 'Customer', id: 4, entity: 'customers', key: '9', wantedBy: 'Sales Order.customer', references: 1, resolved: false }])
    await staging.run(`INSERT INTO clean.customers VALUES (99, '9', 9, 'Late')`)
    expect((await listPlaceholders(staging))[0]?.resolved).toBe(true)
  })
  test('of a child row: skip leaves out the row, fail the document', async () => {
    const raw = await stageSales()
    const items = await stageRaw(staging, 'skus', ['sku'], [['a'], ['b'], ['c']])
    const item = 'entity: skus\nkey: sku\ndoctype: Item\nfields: {item_code: sku, item_group: {value: Products}, stock_uom: {value: Nos}}\n'
    const text = (missing: string) => orders('skip').replace('item_code: sku', `item_code: {ref: skus, key: sku, doctype: Item, missing: ${missing}}`)
    await mapAll(staging, compile([CUSTOMERS, item, text('skip')], [...raw, items]))
    expect(await staging.all(`SELECT count(*) AS n FROM drafts."Sales Order.items"`)).toEqual([{ n: 3 }])
    expect(await staging.all(`SELECT _key FROM drafts."Sales Order" ORDER BY 1`)).toHaveLength(4)
    await staging.run('DELETE FROM ops.findings')
    await mapAll(staging, compile([CUSTOMERS, item, text('fail')], [...raw, items]))
    expect((await staging.all<{ _key: string }>(`SELECT _key FROM drafts."Sales Order" ORDER BY 1`)).map((row) => row._key)).toEqual(['O1', 'O2', 'O4'])
    expect(await staging.all(`SELECT doctype, id, field, severity FROM ops.findings WHERE field = 'items.item_code'`)).toEqual([{ doctype: 'entity:lines', id: 5, field: 'items.item_code', severity: 'blocking' }])
  })
})

describe('documents that refer to each other', () => {
  test('trees come level by level, circles are set in a second pass', async () => {
    const raw = await stageRaw(staging, 'groups', ['id', 'up', 'name'], [['4', '3', 'd'], ['3', '2', 'c'], ['2', '1', 'b'], ['1', null, 'a'], ['8', '9', 'x'], ['9', '8', 'y'], ['7', '99', 'lost']])
    const plan = compile(['entity: groups\nkey: id\npolicies: {missing_reference: skip}\ndoctype: Item Group\nfields: {item_group_name: name, parent_item_group: {ref: groups, key: up}}\n'], [raw])
    const built = await mapAll(staging, plan)
    expect(built.map((wave) => wave.drafts)).toEqual([1, 1, 1, 1, 2])
    expect(await staging.all(`SELECT _key, parent_item_group AS p FROM drafts."Item Group" ORDER BY _id`)).toEqual([{ _key: '1', p: null }, { _key: '2', p: 'Item Group-1' }, { _key: '3', p: 'Item Group-2' }, { _key: '4', p: 'Item Group-3' }, { _key: '8', p: null }, { _key: '9', p: null }])
    expect((await resolveDeferred(staging)).map((link) => [link.id, link.field, link.name])).toEqual([[5, 'parent_item_group', 'Item Group-6'], [6, 'parent_item_group', 'Item Group-5']])
  })
  test('a circle of DocTypes is broken at an optional link', async () => {
    const a = await stageRaw(staging, 'a', ['id', 'contact'], [['1', 'c1']]), b = await stageRaw(staging, 'b', ['id', 'firm'], [['c1', '1']])
    const plan = compile(['entity: a\nkey: id\ndoctype: Customer\nfields: {customer_name: id, customer_primary_contact: {ref: b, key: contact, doctype: Contact}}\n',
      'entity: b\nkey: id\ndoctype: Contact\nfields:\n  first_name: id\n  links: {fields: {link_doctype: {value: Customer}, link_name: {ref: a, key: firm, doctype: Customer}}}\n'], [a, b])
    expect(plan.targets.map((target) => target.doctype)).toEqual(['Customer', 'Contact'])
    await mapAll(staging, plan)
    expect(await resolveDeferred(staging)).toEqual([{ doctype: 'Customer', id: 1, field: 'customer_primary_contact', refDoctype: 'Contact', refEntity: 'b', refKey: 'c1', name: 'Contact-1' }])
  })
})

describe('values', () => {
  test('maps, defaults, unmapped values, constants and files', async () => {
    const raw = await stageRaw(staging, 'p', ['id', 's', 'n'], [['1', 'A', '5'], ['2', 'b ', null], ['3', 'Q', 'x'], ['4', null, '1.000,5'], ['5', 'Q', '']])
    const text = (unmapped: string) => `entity: p\nkey: id\ndoctype: Customer\nfields:\n  customer_name: {field: id, transform: [{pad: 3}, {affix: {prefix: C-}}]}\n  customer_type: {field: s, map: m.csv, ignore_case: true, ${unmapped}}\n  tax_id: {field: s, map: {A: "it's"}, default: none}\n  is_internal_customer: {value: false}\n  customer_details: {field: n, transform: number}\n`
    const readText = () => 'from;to\nA;Company\nB;"Individual"\n'
    await mapAll(staging, compile([text('unmapped: keep')], [raw], { readText }))
    expect(await staging.all(`SELECT customer_name AS n, customer_type AS t, tax_id AS x, is_internal_customer AS i, CAST(customer_details AS VARCHAR) AS d FROM drafts."Customer" ORDER BY _id`)).toEqual([
      { n: 'C-001', t: 'Company', x: "it's", i: 0, d: '5.000000000' }, { n: 'C-002', t: 'Individual', x: 'none', i: 0, d: null }, { n: 'C-003', t: 'Q', x: 'none', i: 0, d: null }, { n: 'C-004', t: null, x: 'none', i: 0, d: '1000.500000000' }, { n: 'C-005', t: 'Q', x: 'none', i: 0, d: null },
    ])
    expect(await unmappedValues(staging)).toEqual([{ entity: 'p', doctype: 'Customer', field: 'customer_type', value: 'Q', records: 2, became: 'keep' }])
    expect(await staging.all(`SELECT type, id, field, value, severity FROM ops.findings WHERE doctype = 'Customer' AND severity = 'warning'`)).toEqual([{ type: 'transform-failed', id: 3, field: 'customer_details', value: 'x', severity: 'warning' }])
    await mapAll(staging, compile([text('unmapped: reject')], [raw], { readText }))
    expect(await staging.all(`SELECT count(*) AS n FROM drafts."Customer"`)).toEqual([{ n: 3 }])
    await mapAll(staging, compile([text('unmapped: null')], [raw], { readText }))
    expect(await staging.all(`SELECT customer_type AS t FROM drafts."Customer" WHERE _key = '3'`)).toEqual([{ t: null }])
  })
  test('one entity becomes several DocTypes, and one document per distinct key with its rows', async () => {
    const raw = await stageRaw(staging, 'flat', ['no', 'who', 'sku', 'qty:integer'], [['1', 'ann', 'a', '1'], ['1', 'ann', 'b', '2'], ['2', 'bob', 'a', '3'], ['3', null, 'c', '4']])
    const plan = compile([`entity: flat\ndocuments:\n  - {doctype: Customer, key: who, fields: {customer_name: who}}\n  - doctype: Sales Order\n    key: "no"\n    fields:\n      customer: {ref: flat, key: who}\n      items: {from: flat, on: {"no": "no"}, fields: {item_code: sku, qty: qty}}\n`], [raw])
    await mapAll(staging, plan)
    expect(await staging.all(`SELECT _key, customer_name AS n FROM drafts."Customer" ORDER BY _id`)).toEqual([{ _key: 'ann', n: 'ann' }, { _key: 'bob', n: 'bob' }])
    expect(await staging.all(`SELECT o._key, o.customer, count(i._idx) AS n FROM drafts."Sales Order" o JOIN drafts."Sales Order.items" i ON i._parent = o._id GROUP BY ALL ORDER BY 1`)).toEqual([{ _key: '1', customer: 'Customer-1', n: 2 }, { _key: '2', customer: 'Customer-2', n: 1 }, { _key: '3', customer: null, n: 1 }])
  })
  test('several entities become one document where they match', async () => {
    const a = await stageRaw(staging, 'crm', ['id', 'mail', 'name', 'site'], [['1', 'x@x', 'Xen', null]]), b = await stageRaw(staging, 'erp', ['no', 'email', 'firm', 'web'], [['77', 'X@x', 'XEN Ltd', 'x.de'], ['78', 'y@y', 'Yps', null]])
    const orderEntity = await stageRaw(staging, 'o', ['id', 'c'], [['1', '77']])
    const plan = compile(['entity: crm\nkey: id\ndoctype: Customer\nmatch: lower(mail)\nfields: {customer_name: name, website: site}\n', 'entity: erp\nkey: "no"\ndoctype: Customer\nmatch: lower(email)\nfields: {customer_name: firm, website: web}\n',
      'entity: o\nkey: id\ndoctype: Sales Order\nfields: {customer: {ref: erp, key: c}}\n'], [a, b, orderEntity])
    await mapAll(staging, plan)
    expect(await staging.all(`SELECT _entity, _key, customer_name, website FROM drafts."Customer" ORDER BY _id`)).toEqual([{ _entity: 'crm', _key: '1', customer_name: 'Xen', website: 'x.de' }, { _entity: 'erp', _key: '78', customer_name: 'Yps', website: null }])
    expect(await staging.all(`SELECT customer FROM drafts."Sales Order"`)).toEqual([{ customer: 'Customer-1' }])
    expect((await accounting(staging, plan)).find((item) => item.entity === 'erp')?.documents[0]).toMatchObject({ records: 2, drafts: 1, merged: 1, balanced: true })
  })
})

describe('mistakes are told before anything is read', () => {
  const failing = (text: string, raw: Awaited<ReturnType<typeof stageRaw>>[]) => {
    try {
      compile([text], raw)
    } catch (error) {
      return (error as Error).message
    }
    return 'no error'
  }
  test('with place and what was meant', async () => {
    const raw = [await stageRaw(staging, 'p', ['id', 'name'], [])]
    const wrong = (fields: string, rest = '') => failing(`entity: p\nkey: id\n${rest}doctype: Customer\nfields: {${fields}}\n`, raw)
    expect(wrong('customer_nme: name')).toMatch(/Customer has no field `customer_nme` \(did you mean "customer_name"\?\)/)
    expect(wrong('customer_name: nme')).toMatch(/no column `nme` \(did you mean "name"/)
    expect(wrong('customer_name: {expr: "uper(name)"}')).toMatch(/did you mean "upper"/)
    expect(wrong('customer_name: {field: name, transform: trimm}')).toMatch(/did you mean "trim"/)
    expect(wrong('customer_group: {ref: q, key: id}')).toMatch(/no entity `q`/)
    expect(wrong('customer_group: {ref: p, key: id}')).toMatch(/customer_group links to Customer Group, but `p` becomes Customer/)
    expect(wrong('accounts: name')).toMatch(/is a table of Party Account/)
    expect(wrong('customer_name: name', 'where: nme = 1\n')).toMatch(/where: There is no column `nme`/)
    expect(wrong('customer_name: name', 'ignore: {nope: x}\n')).toMatch(/no column `nope`/)
    expect(failing('entity: p\nkey: id\ndoctype: Custmer\nfields: {a: name}\n', raw)).toMatch(/no DocType `Custmer` \(did you mean "Customer"/)
    expect(failing('entity: q\ndocuments: []\n', raw)).toMatch(/no source has an entity `q`/)
    expect(failing('entity: p\nkey: id\ndocuments:\n  - {doctype: Customer, fields: {customer_name: name}}\n  - {doctype: Customer, fields: {customer_name: id}}\n', raw)).toMatch(/twice/)
  })
  test('with file, line and column, in the short and the long form', async () => {
    const raw = [await stageRaw(staging, 'p', ['id', 'name'], [])]
    const tell = (text: string) => {
      const file = parseYamlText(text, 'mappings/p.yaml')
      try {
        compileMapping([{ file: file.path, mapping: mappingSchema.parse(file.value), locate: (path) => file.at(path) }], { site, entities: raw })
      } catch (error) {
        return (error as Error).message.split('\n')
      }
      return []
    }
    expect(tell('entity: p\nkey: id\ndoctype: Customer\nfields:\n  customer_name: nme\n  customer_nme: name\n')).toEqual([
      expect.stringMatching(/^mappings\/p\.yaml:5:18: fields\.customer_name: there is no column `nme` \(did you mean "name"\?\)/), expect.stringMatching(/^mappings\/p\.yaml:6:17: fields\.customer_nme: Customer has no field/)])
    expect(tell('entity: p\nkey: id\ndocuments:\n  - doctype: Customer\n    when: nme is null\n    fields:\n      customer_name: name\n')).toEqual([expect.stringMatching(/^mappings\/p\.yaml:5:11: documents\.0\.when: There is no column `nme`/)])
  })
  test('coverage: open columns and mandatory fields nobody gives', async () => {
    const raw = [await stageRaw(staging, 'p', ['id', 'name', 'fax', 'x'], [])]
    const plan = compile(['entity: p\nkey: id\nignore: {fax: gone}\ndoctype: Sales Order\nfields: {po_no: {expr: "upper(name)"}, items: {fields: {qty: {value: 1}}}}\n'], raw)
    const result = coverage(plan)
    expect(result.entities[0]?.columns.map((column) => [column.column, column.state, column.by.join()])).toEqual([['id', 'mapped', 'key'], ['name', 'mapped', 'Sales Order.po_no'], ['fax', 'ignored', ''], ['x', 'open', '']])
    expect(result.missing.map((field) => field.field)).toEqual(expect.arrayContaining(['customer', 'items.item_code']))
    expect(result.share).toBe(0.75)
  })
})

import { expect, test } from 'vitest'
import { makePlan } from '../../src/phases/plan.ts'
import { planOrder, type PlanDocument } from '../../src/model/plan.ts'
import { Site } from '../../src/site/site.ts'

const site = Site.load()
const plan = (documents: Partial<PlanDocument>[]) => makePlan(documents.map((document) => ({ doctype: '', phase: null, fields: [], constants: {}, ...document })), (name) => site.doctype(name))

test('every DocType comes after all it links to, phases in order', () => {
  const made = plan([
    { doctype: 'Sales Order', fields: ['customer', 'items.item_code', 'items.warehouse'] },
    { doctype: 'Customer', fields: ['customer_name', 'customer_group', 'territory'] },
    { doctype: 'Customer Group', fields: ['customer_group_name', 'parent_customer_group'] },
    { doctype: 'Item', fields: ['item_code', 'item_group'] }, { doctype: 'Item Group', fields: ['parent_item_group'] },
    { doctype: 'Comment', fields: ['reference_doctype', 'reference_name'] },
  ])
  expect(made.phases.map((phase) => [phase.name, phase.waves.map((wave) => wave.doctypes)])).toEqual([
    ['master', [['Customer Group', 'Item Group'], ['Customer', 'Item']]], ['transactional', [['Sales Order']]], ['historical', [['Comment']]],
  ])
  expect(made.deferred).toEqual([])
})

test('a cycle is broken at the optional link, which is set later', () => {
  const made = plan([
    { doctype: 'Customer', fields: ['customer_name', 'customer_primary_contact'] },
    { doctype: 'Contact', fields: ['first_name', 'links.link_doctype', 'links.link_name'], constants: { 'links.link_doctype': ['Customer'] } },
  ])
  expect(made.deferred).toEqual([{ doctype: 'Customer', field: 'customer_primary_contact', target: 'Contact' }])
  expect(planOrder(made)).toEqual(['Customer', 'Contact'])
})

test('a master that refers to a transaction follows it', () => {
  const made = plan([{ doctype: 'Project', fields: ['project_name', 'sales_order'] }, { doctype: 'Sales Order', fields: ['customer'] }, { doctype: 'Customer', fields: [] }])
  expect(planOrder(made)).toEqual(['Customer', 'Sales Order', 'Project'])
  expect(made.notes[0]).toMatch(/Project is loaded in phase transactional/)
})

test('a DocType the site does not have is refused by name', () => {
  expect(() => plan([{ doctype: 'Custmer' }])).toThrow(/no DocType "Custmer"/)
})

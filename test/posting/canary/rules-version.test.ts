import { afterAll, beforeAll, expect, test } from 'vitest'
import { proofsOf, saveProof } from '../../../src/posting/canary/proof.ts'
import { filesOf, rulesVersion } from '../../../src/posting/canary/rules-version.ts'
import { RULES } from '../../../src/posting/doctypes/rules.ts'
import { Staging } from '../../../src/staging/staging.ts'

let staging: Staging
beforeAll(async () => { staging = await Staging.open(':memory:') })
afterAll(() => staging.close())

test('a DocType\'s version covers the engine, its rule, and the rules of what it brings into being', () => {
  const customer = filesOf('Customer'), journal = filesOf('Journal Entry')
  for (const files of [customer, journal, filesOf('Brand')]) expect(files).toEqual(expect.arrayContaining(['engine.ts', 'framework/run-batch.ts', 'framework/naming.ts']))
  expect(customer).toEqual(expect.arrayContaining(['doctypes/customer.ts', 'doctypes/contact.ts', 'doctypes/address.ts']))
  expect(journal).toContain('doctypes/journal-entry.ts')
  for (const other of ['doctypes/customer.ts', 'doctypes/sales-invoice.ts', 'doctypes/rules.ts', 'canary/proof.ts']) expect(journal).not.toContain(other)
  expect(filesOf('Brand').some((file) => file.startsWith('doctypes/'))).toBe(false)
  expect(rulesVersion('Journal Entry')).toBe(rulesVersion('Journal Entry'))
  expect(rulesVersion('Journal Entry')).not.toBe(rulesVersion('Customer'))
})

test('every rule counts for its own DocType', () => {
  const plain = new Set(filesOf('Brand'))
  expect(RULES.filter((rule) => filesOf(rule.doctype).every((file) => plain.has(file))).map((rule) => rule.doctype)).toEqual([])
})

test('another rule of one DocType leaves the proofs of the others', async () => {
  const rules = (changed: string) => (doctype: string): string => (doctype === changed ? 'new' : 'old')
  const proof = (doctype: string) => ({ doctype, shape: 's', status: 'equal' as const, canaries: 3, documents: 9, differences: [], reason: null, features: [] })
  for (const doctype of ['Customer', 'Item']) await saveProof(staging, { site: 'x', rules: rules('') }, proof(doctype), 'now')
  const binding = { site: 'x', rules: rules('Customer') }
  expect([(await proofsOf(staging, binding, 'Customer')).size, (await proofsOf(staging, binding, 'Item')).size]).toEqual([0, 1])
})

import { gunzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Site } from '../../src/site/site.ts'

const TRUTH = join(import.meta.dirname, '../../../shared/erpnext')
const lines = (name: string) => gunzipSync(readFileSync(join(TRUTH,
  name))).toString('utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)

describe('the shipped site', () => {
  const site = Site.load()

  it('is the recorded site, fact for fact', () => {
    const recorded = lines('doctypes.jsonl.gz')
    expect(site.doctypes()).toHaveLength(recorded.length)
    for (const raw of recorded) {
      const meta = site.doctype(String(raw['name']))!
      expect(meta.module).toBe(raw['module'])
      expect(meta.autoname).toBe(raw['autoname'] ?? null)
      expect(meta.issingle).toBe(raw['issingle'] === 1)
      expect(meta.controller).toEqual(raw['controller'])
      expect(meta.columns.map((c) => [c.name, c.type, c.nullable, c.key, c.default])).toEqual(raw['columns'])
      const fields = raw['fields'] as Record<string, unknown>[]
      expect(meta.fields.map((f) => f.fieldname)).toEqual(fields.map((f) => f['fieldname']))
      fields.forEach((field, i) => {
        const ours = meta.fields[i] as unknown as Record<string, unknown>
        for (const [key, value] of Object.entries(field)) {
          if (key === 'options' && ours[key] === null) expect(['HTML', 'Button', 'Section Break', 'Column Break', 'Tab Break',
            'Heading']).toContain(field['fieldtype'])
          else if (typeof ours[key] === 'boolean') expect(Number(ours[key])).toBe(value)
          else expect(String(ours[key])).toBe(String(value))
        }
      })
    }
  })

  it('has the recorded records, singles, defaults and series', () => {
    const recorded = lines('records.jsonl.gz')
    const counts = new Map<string, number>()
    for (const record of recorded) counts.set(String(record['doctype']), (counts.get(String(record['doctype'])) ?? 0) + 1)
    for (const [doctype, count] of counts) expect(site.records(doctype), doctype).toHaveLength(count)
    const { doctype: _, ...account } = recorded.find((record) => record['doctype'] === 'Account')!
    expect(site.records('Account')[0]).toEqual(account)
    expect(site.default('company')).toBe('Northwind Traders')
    expect(site.single('System Settings')['rounding_method']).toBe("Banker's Rounding")
    expect(site.single('Nothing Stored')).toEqual({})
    expect(site.series['PROJ-']).toBe(1)
    expect(site.apps['erpnext']).toBe('15.71.1')
  })

  it('answers what is asked of a DocType', () => {
    const order = site.doctype('Sales Order')!
    expect(order.table).toBe('tabSales Order')
    expect(order.is_submittable).toBe(true)
    expect(order.tableFields().find((f) => f.fieldname === 'items')?.options).toBe('Sales Order Item')
    expect(order.linkFields().find((f) => f.fieldname === 'customer')?.options).toBe('Customer')
    expect(order.field('grand_total')?.fieldtype).toBe('Currency')
    expect(order.column('grand_total')).toEqual({ name: 'grand_total', type: 'decimal(21,9)', nullable: false, key: '', default: '0.000000000' })
    expect(order.valueFields().some((f) => f.fieldtype === 'Section Break')).toBe(false)
    expect(site.doctype('Account')).toMatchObject({ is_tree: true, nsm_parent_field: 'parent_account' })
    expect(site.doctype('Communication')!.dynamicLinkFields()[0]?.options).toBe('reference_doctype')
    expect(site.doctype('No Such')).toBeUndefined()
  })

  it('knows what no recording holds', () => {
    expect(site.records('DocType').map((r) => r['name'])).toContain('Sales Order')
    expect(site.records('User').map((r) => r['name'])).toEqual(['Administrator', 'Guest', 'admin@example.com'])
    expect(site.records('Contact')).toEqual([{ name: 'Admin User', full_name: 'Admin User', email_id: 'admin@example.com', phone: '', mobile_no: '', docstatus: 0, idx: 0 }])
    expect(site.records('Module Def').map((r) => r['name'])).toContain('Accounts')
  })

  it('has the hash of the folder it was made from, and no other', () => {
    const folder = Site.load(TRUTH)
    expect(folder.folder).toBe(TRUTH)
    expect(folder.hash()).toBe(site.hash())
    expect(site.hash()).toMatch(/^[0-9a-f]{64}$/)
  })
})

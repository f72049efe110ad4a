import { describe, expect, it } from 'vitest'
import { deriveColumns, withShippedColumns, type ColumnRow } from '../../src/site/columns.ts'
import type { Loose } from '../../src/site/compact.ts'
import { effectiveDocType } from '../../src/site/effective-fields.ts'
import { Site } from '../../src/site/site.ts'

const site = Site.load()
const real = (doctype: string): ColumnRow[] => site.doctype(doctype)!.columns.map((column) => [column.name, column.type, column.nullable, column.key, column.default])
const derived = (doctype: string): ColumnRow[] => { const meta = site.doctype(doctype)!; return deriveColumns(meta as unknown as Loose, meta.fields as unknown as Loose[]) }

describe('columns by Frappe\'s rules', () => {
  it('are those of the recorded site, but for indexes made by code and the oldest core tables', () => {
    const other: string[] = []
    for (const name of site.doctypeNames()) {
      const byName = new Map(derived(name).map((column) => [column[0], column]))
      for (const column of real(name)) {
        const own = byName.get(column[0])
        // `_seen` comes with track_seen, which the recording leaves out.
        if (column[0] !== '_seen' && (own === undefined || own[1] !== column[1] || own[2] !== column[2] || own[4] !== column[4])) other.push(`${name}.${column[0]}`)
      }
    }
    const core = new Set(['DefaultValue', 'DocField', 'DocPerm', 'DocType', 'File', 'Custom DocPerm'])
    expect(other.filter((name) => !core.has(name.split('.')[0]!))).toEqual([])
  })

  it('take indexes from the shipped catalog where the field is the same', () => {
    const mended = withShippedColumns(derived('GL Entry'), { columns: real('GL Entry'), derived: derived('GL Entry') })
    expect(derived('GL Entry').find(([name]) => name === 'voucher_type')![3]).toBe('')
    expect(mended.find(([name]) => name === 'voucher_type')![3]).toBe('MUL')
    const changed = derived('GL Entry').map((column): ColumnRow => (column[0] === 'voucher_type' ? ['voucher_type', 'varchar(200)', true, '', null] : column))
    expect(withShippedColumns(changed, { columns: real('GL Entry'), derived: derived('GL Entry') }).find(([name]) => name === 'voucher_type')).toEqual(['voucher_type', 'varchar(200)', true, '', null])
  })

  it.each([
    [{ fieldtype: 'Int', length: 15 }, ['bigint(20)', false, '', '0']], [{ fieldtype: 'Int', length: 4 }, ['int(4)', false, '', '0']], [{ fieldtype: 'Data', length: 20, unique: 1 }, ['varchar(20)', true, 'UNI', null]],
    [{ fieldtype: 'Check', default: '1' }, ['int(1)', false, '', '1']], [{ fieldtype: 'Currency', default: '2.5' }, ['decimal(21,9)', false, '', '2.500000000']], [{ fieldtype: 'Date', default: 'Today' }, ['date', true, '', null]],
    [{ fieldtype: 'Small Text', default: "it's" }, ['text', true, '', "'it\\'s'"]], [{ fieldtype: 'Time', default: '9:00' }, ['time(6)', true, '', '09:00:00.000000']], [{ fieldtype: 'Link', default: ':Company' }, ['varchar(140)', true, '', null]],
    [{ fieldtype: 'Rating' }, ['decimal(3,2)', true, '', null]],
  ])('%o', (field, expected) => {
    expect(deriveColumns({}, [{ fieldname: 'x', ...field }]).find(([name]) => name === 'x')!.slice(1)).toEqual(expected)
  })

  it('are none for singles, virtual fields and layout', () => {
    expect(deriveColumns({ issingle: 1 }, [{ fieldname: 'x', fieldtype: 'Data' }])).toEqual([])
    const names = deriveColumns({}, [{ fieldname: 'x', fieldtype: 'Data', is_virtual: 1 }, { fieldname: 'y', fieldtype: 'Section Break' }, { fieldname: 'z', fieldtype: 'Table' }]).map(([name]) => name)
    for (const name of ['x', 'y', 'z']) expect(names).not.toContain(name)
  })
})

describe('fields as the site applies them', () => {
  const fields = ['a', 'b', 'c'].map((fieldname, i) => ({ fieldname, fieldtype: 'Data', idx: i + 1 }))
  const names = (customFields: Loose[], setters: Loose[] = []): unknown[] => effectiveDocType({ row: {}, fields, customFields, setters }).fields.map((field) => field['fieldname'])
  const order = (list: string[]): Loose => ({ doctype_or_field: 'DocType', property: 'field_order', property_type: 'Data', value: JSON.stringify(list) })

  it('put custom fields after the field they name, at the top without one, at the end where that is gone', () => {
    expect(names([{ fieldname: 'x', insert_after: 'a' }, { fieldname: 'y', insert_after: 'x' }, { fieldname: 'top' }, { fieldname: 'lost', insert_after: 'nope' }])).toEqual(['top', 'a', 'x', 'y', 'b', 'c', 'lost'])
  })

  it('follow a field_order setter, whole or in part', () => {
    expect(names([], [order(['c', 'a', 'b'])])).toEqual(['c', 'a', 'b'])
    expect(names([{ fieldname: 'x', insert_after: 'b' }], [order(['a', 'c', 'b'])])).toEqual(['a', 'c', 'b', 'x'])
    expect(names([], [order(['c', 'a'])])).toEqual(['c', 'a', 'b'])
  })

  it('cast property setters', () => {
    const setter = (property: string, type: string, value: string): Loose => ({ doctype_or_field: 'DocField', field_name: 'a', property, property_type: type, value })
    const { fields: [a] } = effectiveDocType({ row: {}, fields, customFields: [], setters: [setter('reqd', 'Check', '1'), setter('hidden', 'Check', 'false'), setter('label', 'Data', 'Other'), setter('length', 'Int', '20')] })
    expect(a).toMatchObject({ reqd: 1, hidden: 0, label: 'Other', length: 20 })
  })
})

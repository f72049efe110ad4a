import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { diffSites } from '../../src/site/diff.ts'
import { Site } from '../../src/site/site.ts'

type Loose = Record<string, unknown>
const folders: string[] = []
afterAll(() => { for (const folder of folders) rmSync(folder, { recursive: true, force: true }) })

const CAR = { name: 'Car', module: 'Fleet', autoname: 'hash', fields: [{ fieldname: 'plate', fieldtype: 'Data', label: 'Plate' }, { fieldname: 'seats', fieldtype: 'Int', label: 'Seats' }], columns: [['name', 'varchar(140)', false, 'PRI', null]], controller: ['validate'] }
const SETTINGS = { apps: { frappe: '15.1.0' }, defaults: { company: 'A' }, series: { 'CAR-': 3 }, singles: { Fleet: { fuel: '1', modified: 'x' } } }

function siteOf(doctypes: Loose[], records: Loose[], settings: Loose = {}): Site {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-diff-'))
  folders.push(folder)
  writeFileSync(join(folder, 'doctypes.jsonl'), doctypes.map((one) => JSON.stringify(one)).join('\n'))
  writeFileSync(join(folder, 'records.jsonl'), records.map((one) => JSON.stringify(one)).join('\n'))
  writeFileSync(join(folder, 'settings.json'), JSON.stringify({ ...SETTINGS, ...settings }))
  return Site.load(folder)
}

const CARS = [{ doctype: 'Car', name: 'c1', plate: 'X', opens: '9:00:00' }, { doctype: 'Car', name: 'abcdefghij', plate: 'Y' }]
const base = siteOf([CAR], CARS)
const shown = (other: Site): string[] => diffSites(base, other).map(({ area, what, property, left, right }) => `${area} ${what}${property === null ? '' : `.${property}`}: ${left ?? '-'} / ${right ?? '-'}`)

describe('the difference of two sites', () => {
  it('is nothing for equal ones, whatever random names and times of writing they have', () => {
    expect(diffSites(Site.load(), Site.load())).toEqual([])
    expect(shown(siteOf([CAR], [{ ...CARS[0], opens: '09:00:00', modified: '2026' }, { ...CARS[1], name: 'klmnopqrst' }], { singles: { Fleet: { fuel: '1', modified: 'y' } } }))).toEqual([])
  })

  it('names versions, settings, defaults and counters', () => {
    expect(shown(siteOf([CAR], CARS, { apps: { frappe: '15.2.0', hr: '1' }, defaults: {}, series: { 'CAR-': 4 }, singles: { Fleet: { fuel: '0' } } }))).toEqual([
      'version frappe: 15.1.0 / 15.2.0', 'version hr: - / 1', 'setting Fleet.fuel: 1 / 0', 'default company: A / -', 'series CAR-: 3 / 4',
    ])
  })

  it('names DocTypes, fields, columns, order and controllers', () => {
    const other = { ...CAR, autoname: 'prompt', fields: [{ ...CAR.fields[1], reqd: 1 }, CAR.fields[0], { fieldname: 'color', fieldtype: 'Data', label: 'Color' }], columns: [['name', 'varchar(255)', false, 'PRI', null]], controller: null }
    expect(shown(siteOf([other, { ...CAR, name: 'Bus' }], CARS))).toEqual([
      'DocType Bus: - / Fleet', 'DocType Car.autoname: hash / prompt', 'field Car.color: - / Data', 'field Car.seats.reqd: 0 / 1', 'DocType Car.order of fields: plate, seats / seats, plate',
      'column Car.name: varchar(140) not null PRI / varchar(255) not null PRI', 'controller Car: validate / unknown',
    ])
  })

  it('names records and what of them', () => {
    expect(shown(siteOf([CAR], [{ ...CARS[0], plate: 'Z' }, { doctype: 'Car', name: 'new', plate: 'N' }]))).toEqual(['record Car abcdefghij: there / -', 'record Car c1.plate: X / Z', 'record Car new: - / there'])
  })
})

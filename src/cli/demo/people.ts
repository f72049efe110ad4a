import { Draw, DirtPlan, mistype, withoutAccents } from './dirt.ts'
import { CITIES, CUSTOMER_GROUPS, FIRST_NAMES, LAST_NAMES, LEGAL_FORMS, STREETS, SUPPLIER_CITIES, SUPPLIER_NAMES, TERRITORIES, TRADES } from './vocabulary.ts'
import type { Volume } from './volume.ts'

export type Cell = string | number | null
export type Cells = Cell[]

export const CUSTOMER_COLUMNS = ['Kundennr', 'Firma', 'Anrede', 'Vorname', 'Nachname', 'Strasse', 'PLZ', 'Ort', 'Land', 'Telefon', 'E-Mail', 'Kundengruppe', 'Gebiet', 'Kreditlimit',
  'Kunde seit', 'Gesperrt', 'USt-IdNr', 'Bemerkung']

/** `1234567.5` as `1.234.567,50`: how the customer export writes money. */
export function germanMoney(cents: number): string {
  const whole = Math.floor(cents / 100).toString().replace(/\B(?=(\d{3})+$)/g, '.')
  return `${whole},${String(cents % 100).padStart(2, '0')}`
}

const pad = (n: number, width = 2): string => String(n).padStart(width, '0')
export const isoDate = (draw: Draw, from: number, to: number): string => `${draw.int(from, to)}-${pad(draw.int(1, 12))}-${pad(draw.int(1, 28))}`
export const germanDate = (iso: string): string => iso.split('-').reverse().join('.')
export const usDate = (iso: string): string => `${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso.slice(0, 4)}`
const asciiName = (text: string): string => withoutAccents(text).toLowerCase().replace(/[^a-z0-9]+/g, '')

export const customerNumber = (ordinal: number): number => 10001 + ordinal

/** A clean company name; the number in it keeps clean customers apart from each other, so that every duplicate is a planted one. */
function companyName(draw: Draw, ordinal: number): string {
  return `${draw.pick(LAST_NAMES)} ${draw.pick(TRADES)} ${ordinal + 1} ${draw.pick(LEGAL_FORMS)}`
}

const DUPLICATES = ['duplicate_case', 'duplicate_accent', 'duplicate_space', 'duplicate_typo'] as const

/** Customers in the order of the export. A duplicate repeats the customer three places before it under a number of its own. */
export function* customers(seed: number, volume: Volume, dirt: DirtPlan): Generator<Cells> {
  const draw = new Draw(seed, 'customers'), count = volume.customers
  const leaves = CUSTOMER_GROUPS.filter((group) => !group[3]), regions = new Set(TERRITORIES.filter((t) => !t[3]).map((t) => t[0]))
  const recent: Cells[] = []
  for (let i = 0; i < count; i++) {
    const key = String(customerNumber(i))
    const [city, postcode, country, region] = draw.pick(CITIES)
    const name = companyName(draw, i), first = draw.pick(FIRST_NAMES), last = draw.pick(LAST_NAMES)
    const cells: Cells = [key, name, draw.pick(['Herr', 'Frau', '']), first, last, `${draw.pick(STREETS)} ${draw.int(1, 240)}`, postcode, city, country,
      draw.chance(0.9) ? `+49 ${draw.int(30, 999)} ${draw.int(100000, 9999999)}` : '', draw.chance(0.85) ? `${asciiName(first)}.${asciiName(last)}@${asciiName(name)}.example` : '',
      draw.pick(leaves)[0], regions.has(region) ? region : 'AT', draw.chance(0.4) ? germanMoney(draw.int(1, 400) * 50000) : '', germanDate(isoDate(draw, 1995, 2025)), draw.chance(0.03) ? 'Ja' : 'Nein',
      draw.chance(0.5) ? `DE${draw.int(100000000, 999999999)}` : '', draw.chance(0.2) ? 'Lieferung nur vormittags; "Rampe 2"' : '']
    const kind = DUPLICATES.find((k) => i > 13 && dirt.due('customers', k, i, count, 0.004))
    const model = kind === undefined ? undefined : recent[recent.length - 3]
    if (kind !== undefined && model !== undefined) {
      const was = String(model[1])
      const again = kind === 'duplicate_case' ? was.toUpperCase() : kind === 'duplicate_accent' ? withoutAccents(was) : kind === 'duplicate_space' ? `${was.replaceAll(' ', '  ')} ` : mistype(was)
      const twin: Cells = [...model]
      twin[0] = key
      twin[1] = again
      dirt.add(kind, 'customers', key, 'Firma', `${again} (again: ${String(model[0])})`)
      yield twin
      continue
    }
    soil(cells, key, i, count, dirt)
    recent.push(cells)
    if (recent.length > 4) recent.shift()
    yield cells
  }
}

function soil(cells: Cells, key: string, i: number, count: number, dirt: DirtPlan): void {
  const put = (kind: Parameters<DirtPlan['add']>[0], share: number, column: number, value: string): void => {
    if (!dirt.due('customers', kind, i, count, share)) return
    cells[column] = value
    dirt.add(kind, 'customers', key, CUSTOMER_COLUMNS[column]!, value)
  }
  put('wrong_email', 0.01, 10, i % 2 === 0 ? 'info@' : 'siehe Visitenkarte')
  put('html_text', 0.005, 17, '<p>Guter Kunde<br>seit <b>Jahren</b></p><script>alert(1)</script>')
  put('formula_text', 0.003, 17, '=HYPERLINK("http://example.invalid","hier")')
  put('long_text', 0.002, 7, `${String(cells[7])} ${'Ortsteil Am langen Wege '.repeat(8)}`.trim())
  put('missing_mandatory', 0.004, 7, '')
  put('group_as_leaf', 0.004, 11, 'G')
  put('unmapped_value', 0.003, 8, 'Transvaal')
  put('bad_number', 0.002, 13, 'unbegrenzt')
  put('short_month', 0.002, 14, '31.02.2019')
  put('zero_date', 0.004, 14, '00.00.0000')
}

export const ADDRESS_COLUMNS = ['address_id', 'customer_no', 'label', 'street', 'zip', 'city', 'country', 'phone', 'default_delivery']

export function* deliveryAddresses(seed: number, volume: Volume): Generator<Cells> {
  const draw = new Draw(seed, 'addresses')
  for (let i = 0; i < volume.deliveryAddresses; i++) {
    const [city, postcode, country] = draw.pick(CITIES)
    yield [`L${i + 1}`, customerNumber(draw.int(0, Math.min(9, volume.customers - 1)) + Math.floor(draw.unit() * (volume.customers - 10))), draw.pick(['Lager', 'Filiale', 'Werk 2', 'Entrepôt']), `${draw.pick(STREETS)} ${draw.int(1, 240)}`,
      postcode, city, country, draw.chance(0.5) ? `0${draw.int(30, 999)}/${draw.int(100000, 9999999)}` : '', draw.chance(0.3) ? 'yes' : 'no']
  }
}

export const SUPPLIER_COLUMNS = ['SUPPLIER_ID', 'NAME', 'CITY', 'COUNTRY', 'EMAIL', 'PHONE', 'SINCE', 'GROUP', 'TAX_ID', 'ACTIVE']

export function* suppliers(seed: number, volume: Volume, dirt: DirtPlan): Generator<Cells> {
  const draw = new Draw(seed, 'suppliers'), count = volume.suppliers
  for (let i = 0; i < count; i++) {
    const name = `${draw.pick(SUPPLIER_NAMES)} ${i + 1}`, [city, country] = draw.pick(SUPPLIER_CITIES), key = `S${pad(i + 1, 5)}`
    const cells: Cells = [key, name, city, country, `office@${asciiName(name)}.example`, `+48 ${draw.int(10, 99)} ${draw.int(1000000, 9999999)}`, usDate(isoDate(draw, 2000, 2025)),
      draw.pick(['raw', 'serv', 'local', 'dist']), draw.chance(0.6) ? `PL${draw.int(1000000000, 9999999999)}` : '', draw.chance(0.95) ? '1' : '0']
    if (dirt.due('suppliers', 'wrong_email', i, count, 0.01)) {
      cells[4] = 'brak'
      dirt.add('wrong_email', 'suppliers', key, 'EMAIL', 'brak')
    }
    if (dirt.due('suppliers', 'zero_date', i, count, 0.01)) {
      cells[6] = '00/00/0000'
      dirt.add('zero_date', 'suppliers', key, 'SINCE', '00/00/0000')
    }
    yield cells
  }
}

export const EMPLOYEE_COLUMNS = ['emp_no', 'first_name', 'last_name', 'sex', 'birth_date', 'hire_date', 'department', 'manager_no', 'mail']

export function* employees(seed: number, volume: Volume, departments: readonly string[]): Generator<Cells> {
  const draw = new Draw(seed, 'employees')
  for (let i = 0; i < volume.employees; i++) {
    const first = draw.pick(FIRST_NAMES), last = draw.pick(LAST_NAMES)
    yield [i + 1, first, last, draw.pick(['m', 'w', 'd']), isoDate(draw, 1960, 2001), isoDate(draw, 2019, 2025), draw.pick(departments), i === 0 ? null : draw.int(1, i), `${asciiName(first)}.${asciiName(last)}.${i + 1}@demo.example`]
  }
}

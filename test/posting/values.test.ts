import { describe, expect, it } from 'vitest'
import { cint, flt } from '../../src/posting/framework/coerce.ts'
import { emailProblem, personNameProblem, phoneProblem, urlProblem } from '../../src/posting/framework/formats.ts'
import { readMoment } from '../../src/posting/framework/moment.ts'
import { readPythonDate } from '../../src/posting/framework/python-date.ts'
import { setOrder } from '../../src/posting/framework/python-set.ts'
import { completeSeries, expandFormat, expandSeries, seriesError, weekNumber } from '../../src/posting/framework/series.ts'
import { templateSql } from '../../src/posting/doctypes/address-display.ts'

describe('values as Python reads them', () => {
  it('cint and flt', () => {
    expect([cint('12'), cint(' 1_000 '), cint('12.7'), cint('1,200'), cint('yes'), cint('-3')]).toEqual([12, 1000, 12, 0, 0, -3])
    expect([flt('1,200.50'), flt('.5'), flt('1e3'), flt('abc'), flt('')]).toEqual([1200.5, 0.5, 1000, 0, 0])
  })
  it('dates as MariaDB reads them', () => {
    expect([readMoment('2024/1/5', 'date'), readMoment('20240105', 'date'), readMoment('99-12-31', 'date')]).toEqual(['2024-01-05', '2024-01-05', '1999-12-31'])
    expect([readMoment('2024-02-30', 'date'), readMoment('soon', 'date'), readMoment('0000-00-00', 'date')]).toEqual([null, null, null])
    expect(readMoment('2024-01-05 7:05', 'datetime')).toBe('2024-01-05 07:05:00')
  })
  it('dates as Python reads them', () => {
    const read = (text: string) => readPythonDate(text, '2026-11-22')
    expect([read('June 1'), read('5 Jan 25'), read('Jan 5, 2025 10:30 pm'), read('1/2/2025'), read('31/12/2024'), read('May')]).toEqual(
      ['2026-06-01', '2025-01-05', '2025-01-05', '2025-01-02', '2024-12-31', '2026-05-22'])
    expect([read('x'), read('2025-13-01'), read('tomorrow'), read('2025-02-30')]).toEqual([null, null, null, null])
  })
  it('sets as Python lists them', () => {
    expect(setOrder([['Contact', 'A'], ['Lead', 'CRM-LEAD-2026-00001'], ['Contact', 'A']])).toEqual([['Contact', 'A'], ['Lead', 'CRM-LEAD-2026-00001']])
    expect(setOrder([['Contact', 'Mail-Ana Trujillo'], ['Customer', 'Ana Trujillo']])).toEqual([['Customer', 'Ana Trujillo'], ['Contact', 'Mail-Ana Trujillo']])
  })
  it('formats', () => {
    expect(emailProblem('Ann <a@example.com>, b@example.com')).toBeNull()
    expect(emailProblem('nope')).toEqual({ type: 'InvalidEmailAddressError', message: 'nope is not a valid Email Address' })
    expect([phoneProblem('+1 (208) 555-0100'), phoneProblem('call me')?.type]).toEqual([null, 'InvalidPhoneNumberError'])
    expect([personNameProblem("O'Neil"), personNameProblem('a  b')?.type]).toEqual([null, 'InvalidNameError'])
    expect([urlProblem('https://x.y'), urlProblem('/path'), urlProblem('nope')?.type]).toEqual([null, null, 'ValidationError'])
  })
})

describe('naming series', () => {
  const context = () => {
    const counters = new Map<string, number>()
    return { today: '2026-11-22', now: '2026-11-22 12:00:00.000001', value: (field: string) => (field === 'company' ? 'NT' : undefined), next: (prefix: string) => { const n = (counters.get(prefix) ?? 0) + 1; counters.set(prefix, n); return n } }
  }
  it('expands dates, fields and numbers', () => {
    const site = context()
    expect(expandSeries(completeSeries('CUST-.YYYY.-'), site)).toBe('CUST-2026-00001')
    expect(expandSeries('CUST-.YYYY.-.#####', site)).toBe('CUST-2026-00002')
    expect(expandSeries('{company}.-.MM.-.##.-.##', site)).toBe('NT-11-01-')
    expect(expandFormat('LOG-{YY}-{company}-{###}', site)).toBe('LOG-26-NT-001')
  })
  it('refuses what the site refuses', () => {
    expect(seriesError('ABC')).toContain('dot (.) missing')
    expect(seriesError('A*.##')).toContain('Special Characters')
    expect([weekNumber('2026-11-22'), weekNumber('2027-01-01')]).toEqual(['47', '00'])
  })
})

describe('address templates', () => {
  it('become SQL', () => {
    expect(templateSql('{{ city }}<br>\n{% if state %}{{ state }}{% endif -%}\nx', 'a')).toBe(
      `(COALESCE(CAST(a."city" AS VARCHAR), 'None') || '<br>\n' || CASE WHEN COALESCE(CAST(a."state" AS VARCHAR), '') <> '' THEN COALESCE(CAST(a."state" AS VARCHAR), 'None') ELSE '' END || 'x')`)
    expect(templateSql('{{ city | upper }}{% if state == "x" %}a{% else %}b{% endif %}', 'a')).toBe(
      `(upper(replace(COALESCE(CAST(a."city" AS VARCHAR), 'None'), 'ß', 'SS')) || CASE WHEN a."state" IS NOT DISTINCT FROM 'x' THEN 'a' ELSE 'b' END)`)
  })
  it('are not guessed at', () => {
    for (const template of ['{{ city | title }}', '{{ frappe.utils.nowdate() }}', '{% for x in links %}{% endfor %}', '{% if city %}', null]) expect(templateSql(template, 'a')).toBe('CAST(NULL AS VARCHAR)')
  })
})

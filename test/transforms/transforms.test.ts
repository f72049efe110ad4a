import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TransformStep } from '../../src/config/mapping-schema.ts'
import { Staging } from '../../src/staging/staging.ts'
import { TransformRegistry } from '../../src/transforms/registry.ts'
import { runChain } from './run-transform.ts'

let staging: Staging
beforeAll(async () => { staging = await Staging.open(':memory:') })
afterAll(() => staging.close())

type Cases = [input: string | null, output: string | null][]
const HOSTILE = ["'; DROP TABLE x; --", '\u0001\u0002', '😀'.repeat(50), '\\', '%', '_', '"', '<', '&#x110000;', '-', '(', ')', '.', ',', '0', '١٢٣', 'x'.repeat(5000), 'a\u0301', '\ufeff', '\u00a0']

const TABLE: Record<string, [TransformStep | TransformStep[], Cases][]> = {
  trim: [['trim', [['  a b \t\n', 'a b'], ['\u00a0\u200b\ufeffx\u3000', 'x'], ['', ''], [null, null]]]],
  collapse_spaces: [['collapse_spaces', [['  a \t\n  b\u00a0\u2003c ', 'a b c']]], [{ collapse_spaces: { keep_lines: true } }, [['a  b \r\n  c', 'a b\nc']]]],
  upper: [['upper', [['abc é', 'ABC É']]]],
  lower: [['lower', [['ABC É', 'abc é']]]],
  title_case: [['title_case', [["O'NEILL-MÜLLER", "O'Neill-Müller"], ['LUDWIG VAN BEETHOVEN', 'Ludwig van Beethoven'], ["it's a MAN", "It's A Man"], ['', '']]], [{ title_case: { only_if_uniform: true } }, [['McDonald', 'McDonald'], ['ACME', 'Acme']]]],
  strip_accents: [['strip_accents', [['Ångström Łódź Straße Ærø', 'Angstrom Lodz Strasse AEro']]], [{ strip_accents: { german: true } }, [['Müller Öl', 'Mueller Oel'], ['Mu\u0308ller', 'Mueller']]]],
  normalize_unicode: [['normalize_unicode', [['e\u0301', 'é'], ['é', 'é']]]],
  null_if: [[{ null_if: { values: ['n/a', '-'] } }, [['N/A ', null], ['-', null], ['x', 'x']]], [{ null_if: { value: '' } }, [['', null], [' ', null]]]],
  default: [[{ default: 'none' }, [[null, 'none'], ['', 'none'], [' ', 'none'], ['x', 'x']]]],
  replace: [[{ replace: { find: "'", with: '"' } }, [["it's", 'it"s']]], [{ replace: '.' }, [['Ms.', 'Ms']]]],
  regex_extract: [[{ regex_extract: '(\\d+)-(\\d+)' }, [['ab 12-34', '12'], ['none', null]]], [{ regex_extract: { pattern: '\\d+' } }, [['ab 12', '12']]]],
  regex_replace: [[{ regex_replace: { pattern: '(\\w+) (\\w+)', with: '\\2 \\1' } }, [['a b', 'b a']]], [{ regex_replace: { pattern: '#.*$' } }, [['x#y#', 'x']]], [{ regex_replace: { pattern: 'a', with: '\\x' } }, [['a', '\\x']]]],
  split: [[{ split: { separator: ';', part: -1 } }, [['a; b ;c ', 'c'], ['', null]]], [{ split: ';' }, [['a; b', 'a']]]],
  join: [['join', [['a\r\n\n b \n', 'a, b']]], [{ join: { separator: '|', with: ' / ' } }, [['x|| y', 'x / y']]]],
  substring: [[{ substring: { start: 2, length: 2 } }, [['äbcd', 'bc'], ['a', '']]]],
  left: [[{ left: 2 }, [['äbc', 'äb'], ['', '']]]],
  right: [[{ right: 2 }, [['abc', 'bc']]]],
  pad: [[{ pad: 5 }, [['42', '00042'], ['123456', '123456']]], [{ pad: { length: 3, with: '.', side: 'right' } }, [['a', 'a..']]]],
  truncate: [[{ truncate: { length: 5, ellipsis: '…' } }, [['abcdefgh', 'abcd…'], ['abcde', 'abcde']]]],
  number: [
    ['number', [['1.234,56', '1234.56'], ['1,234.56', '1234.56'], ["1'234.56", '1234.56'], ['1’234.56', '1234.56'], ['(12.50)', '-12.5'], ['12.50-', '-12.5'], ['€ 5', '5'], ['5 €', '5'], ['$1,000,000', '1000000'], ['-€ 5,25', '-5.25'],
      ['1 234,56', '1234.56'], ['\u22125', '-5'], ['1,234', null], ['1.5', '1.5'], ['0,125', '0.125'], ['1e-3', '0.001'], ['12abc', null], ['', null], ['--5', null], ['1.2.3', null], ['1,23,456.00', null], ['NaN', null], ['Infinity', null], ['0x1F', null], ['CHF 12.-', '12'], ['12,-', '12'], ['12 EUR', '12'], ['.5', '0.5'], ['-0', '0'],
      ['99999999999999999999999999999999999', null], ['1.234.567', '1234567'], ['٣', null]]],
    [{ number: { locale: 'de' } }, [['1.234', '1234'], ['1,5', '1.5'], ['1.5', null], ['12.34', null], ['1.234.567,891', '1234567.891'], ['1.234-', '-1234']]],
    [{ number: 'en' }, [['1,234', '1234'], ['1.234', '1.234'], ['1.234,5', null]]],
    [{ number: 'ch' }, [["1'234'567.05", '1234567.05']]], [{ number: 'in' }, [['12,34,567.00', '1234567']]], [{ number: 'fr' }, [['1\u202f234,5', '1234.5']]],
  ],
  integer: [['integer', [['12', '12'], ['12.0', '12'], ['12.7', null], ['1.000.000', '1000000'], ['9223372036854775808', null], ['(3)', '-3']]], [{ integer: { round: true } }, [['12.7', '13']]]],
  percent: [['percent', [['12,5 %', '12.5'], ['5%', '5'], ['0.19', '0.19']]], [{ percent: { from: 'fraction' } }, [['0.125', '12.5'], ['12.5%', '12.5']]]],
  money: [['money', [['1.234,565', '1234.57'], ['-0,005 €', '-0.01']]]],
  decimal: [['decimal', [['1.50', '1.5'], ['1,5', null], [' .5', '0.5'], ['0x10', null]]]],
  round: [[{ round: 1 }, [['2.25', '2.3'], ['-2.25', '-2.3'], ['abc', null]]], [{ round: { places: 0, method: 'half_even' } }, [['2.5', '2'], ['3.5', '4'], ['-2.5', '-2'], ['2.6', '3']]], [{ round: { places: 1, method: 'down' } }, [['2.29', '2.2'], ['-2.29', '-2.2']]], [{ round: { places: 1, method: 'up' } }, [['2.21', '2.3'], ['2.2', '2.2']]]],
  abs: [['abs', [['-5.5', '5.5'], ['x', null]]]],
  sign: [['sign', [['-5.5', '-1'], ['0', '0']]]],
  scale: [[{ scale: 0.01 }, [['12345', '123.45'], ['99999999999999999999999999999', null]]], [{ scale: -1 }, [['3', '-3']]]],
  boolean: [['boolean', [['ja', '1'], ['NEIN', '0'], ['Y', '1'], ['n', '0'], ['-1', '1'], ['0', '0'], ['x', '1'], ['oui', '1'], ['non', '0'], ['', null], ['maybe', null], [' wahr ', '1']]], [{ boolean: { true: ['A'], false: ['B'], empty: false } }, [['a', '1'], ['', '0'], ['ja', null]]]],
  date: [
    ['date', [['2024-02-29', '2024-02-29'], ['2023-02-29', null], ['31.12.2024', '2024-12-31'], ['1.2.24', '2024-02-01'], ['01.02.70', '1970-02-01'], ['20241231', '2024-12-31'], ['2024-12-31 23:59:59', '2024-12-31'], ['2024-12-31T10:00:00Z', '2024-12-31'], ['03/04/2024', null], ['0000-00-00', null], ['00.00.0000', null], ['31.04.2024', null], ['5 Mar 2024', '2024-03-05'], ['45292', null], ['', null]]],
    [{ date: { order: 'dmy' } }, [['03/04/2024', '2024-04-03'], ['3-4-24', '2024-04-03']]], [{ date: { order: 'mdy' } }, [['03/04/2024', '2024-03-04'], ['13/04/2024', null]]],
    [{ date: { formats: ['DD.MM.YYYY', 'YYYY/MM'] } }, [['31.12.2024', '2024-12-31'], ['24.12.24', null]]], [{ date: { formats: 'DD.MM.YY', pivot: 30 } }, [['01.01.29', '2029-01-01'], ['01.01.30', '1930-01-01'], ['01.01.99', '1999-01-01']]],
    [{ date: { excel: true } }, [['45292', '2024-01-01'], ['1', '1900-01-01'], ['59', '1900-02-28'], ['61', '1900-03-01'], ['45292.75', '2024-01-01'], ['9999999', null]]], [{ date: { excel: 1904 } }, [['0', null], ['43830', '2024-01-01']]],
    [{ date: { null_dates: ['9999-12-31'] } }, [['9999-12-31', null]]],
  ],
  timestamp: [
    ['timestamp', [['2024-01-01 12:00:00', '2024-01-01 12:00:00'], ['2024-01-01T12:00:00Z', '2024-01-01 12:00:00'], ['2024-01-01 12:00:00.123456', '2024-01-01 12:00:00.123456'], ['31.12.2024 23:59', '2024-12-31 23:59:00'], ['2024-01-01 12:00+02:00', '2024-01-01 10:00:00'], ['0000-00-00 00:00:00', null], ['25:00', null], ['2024-01-01', '2024-01-01 00:00:00']]],
    [{ timestamp: { zone: 'Europe/Berlin', to: 'UTC' } }, [['2024-07-01 12:00:00', '2024-07-01 10:00:00'], ['2024-01-01 12:00:00', '2024-01-01 11:00:00'], ['2024-01-01 12:00:00+00', '2024-01-01 12:00:00']]],
  ],
  unix_epoch: [['unix_epoch', [['0', '1970-01-01 00:00:00'], ['1704067200', '2024-01-01 00:00:00'], ['1e400', null], ['99999999999999999999', null]]], [{ unix_epoch: { unit: 'ms', to: 'Europe/Berlin' } }, [['1704067200000', '2024-01-01 01:00:00']]]],
  country: [['country', [['Deutschland', 'Germany'], ['DE', 'Germany'], ['deu', 'Germany'], ['276', 'Germany'], ['UK', 'United Kingdom'], ['U.S.A.', 'United States'], ['Côte d’Ivoire', "Ivory Coast"], ['Schweiz', 'Switzerland'], ['Österreich', 'Austria'], ['  frankreich ', 'France'], ['Atlantis', null], ['constructor', null], ['日本', 'Japan']]], [{ country: 'iso2' }, [['Spanien', 'ES']]]],
  currency: [['currency', [['€', 'EUR'], ['eur', 'EUR'], ['US-Dollar', 'USD'], ['kr', null], ['XXQ', null], ['Schweizer Franken', 'CHF'], ['constructor', null], ['zł', 'PLN']]], [{ currency: { signs: { $: 'CAD' } } }, [['$', 'CAD']]]],
  language: [['language', [['Deutsch', 'de'], ['German', 'de'], ['ger', 'de'], ['de-AT', 'de'], ['Français', 'fr'], ['Klingon', null], ['toString', null]]]],
  phone: [[{ phone: 'DE' }, [['030 123456', '+49 30 123456'], ['+1 (206) 555-9857', '+1 206 555 9857'], ['0049 30 123456', '+49 30 123456'], ['+49 (0)30 123456', '+49 30 123456'], ['none', null], ['', null], ['1', null]]], [{ phone: { format: 'e164', region: 'us' } }, [['(206) 555-9857', '+12065559857']]], [{ phone: { region: 'DE', format: 'frappe' } }, [['030 123456', '+49-30123456']]], [{ phone: { keep_invalid: true } }, [['see card', 'see card']]]],
  email: [['email', [['A@Example.COM', 'a@example.com'], ['Ann <ann@x.de>', 'ann@x.de'], ['mailto:bob@x.de?subject=hi', 'bob@x.de'], ['a@x.de; b@y.de', 'a@x.de'], ['a@@x.de', null], ['a@x', null], ['a b@x.de', 'b@x.de'], ['.a@x.de', null], ['müller@exämple.de', 'müller@exämple.de'], ['no', null], ['a@-x.de', null]]], [{ email: 'second' }, [['a@x.de; b@y.de', 'b@y.de']]], [{ email: 'all' }, [['a@x.de, b@y.de', 'a@x.de, b@y.de']]]],
  url: [['url', [['www.example.com', 'https://www.example.com'], ['http://x.de/a?b=1', 'http://x.de/a?b=1'], ['javascript:alert(1)', null], ['ftp://x.de', null], ['Shop#http://x.de/a#', 'http://x.de/a'], ['not a url', null], ['http://user:pw@x.de', null], ['localhost', 'https://localhost']]]],
  html_to_text: [['html_to_text', [['<p>a&amp;b</p><p>c<br>d</p>', 'a&b\nc\nd'], ['<script>alert(1)</script>x', 'x'], ['1 < 2', '1 < 2'], ['<b>unclosed', 'unclosed'], ['&auml;&#228;&#xE4;&bogus;', 'äää&bogus;'], ['<!-- x -->y', 'y'], ['plain', 'plain'], ['<a title="x>y">z</a>', 'z'], ['<script>never closed', '']]]],
  html_clean: [['html_clean', [['<b onclick="x()">a</b><script>bad</script>', '<b>a</b>'], ['<a href="javascript:x">l</a>', '<a>l</a>'], ['<a href="https://x.de?a=1&amp;b=2">l</a>', '<a href="https://x.de?a=1&amp;b=2">l</a>'], ['<p><b>x</p>', '<p><b>x</b></p>'], ['</div>x', 'x'], ['<img src=x onerror=y>t', 't'], ['<a href=" java\nscript:x">l</a>', '<a>l</a>'], ['<b><b>x', '<b><b>x</b></b>']]]],
  strip_formula: [['strip_formula', [['=SUM(A1)', 'SUM(A1)'], ['@cmd', 'cmd'], ['-5', '-5'], ['+49 30 1', '+49 30 1'], ["-cmd|' /C calc'!A0", "cmd|' /C calc'!A0"], ['a=b', 'a=b']]]],
  strip_control: [['strip_control', [['a\u0001b\u200b\r\nc\u202e', 'ab\nc']]], [{ strip_control: { lines: false } }, [['a\r\n\tb', 'a b']]]],
  uom: [['uom', [['Stk.', 'Nos'], ['PCS', 'Nos'], ['kg', 'Kg'], ['m²', 'Square Meter'], ['Nos', 'Nos'], ['furlongs', null], ['Litre', 'Litre']]], [{ uom: { units: { VE: 'Box' }, keep_unknown: true } }, [['VE', 'Box'], ['Rolle', 'Rolle']]]],
  hash: [['hash', [['x', '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'], [null, null]]], [{ hash: { algorithm: 'md5', length: 8 } }, [['x', '9dd4e461']]]],
  slug: [['slug', [['Müller & Söhne GmbH', 'muller-sohne-gmbh'], ['***', null]]]],
  lookup: [[{ lookup: { map: { A: 'Active', 1: 'One' } } }, [['a ', 'Active'], ['1', 'One'], ['z', null], ['constructor', null]]], [{ lookup: { map: { A: 'B' }, keep: true } }, [['z', 'z']]]],
  affix: [[{ affix: { prefix: 'C-', suffix: "'" } }, [['1', "C-1'"], ['', null]]]],
  template: [[{ template: 'C-{value}/{value}' }, [['1', 'C-1/1'], [null, null]]]],
  first_name: [['first_name', [['Dr. Ludwig van Beethoven', 'Ludwig'], ['Beethoven, Ludwig van', 'Ludwig'], ['Cher', 'Cher'], ['', null], ['ACME 24/7', 'ACME 24/7'], ['Martin Luther King Jr.', 'Martin']]]],
  middle_name: [['middle_name', [['Martin Luther King Jr.', 'Luther'], ['Ana Trujillo', null]]]],
  last_name: [['last_name', [['Dr. Ludwig van Beethoven', 'van Beethoven'], ['Beethoven, Ludwig van', 'van Beethoven'], ['Cher', null], ['Juan de la Cruz', 'de la Cruz'], ['King, Jr., Martin Luther', 'King']]]],
  barcode: [['barcode', [['4006381333931', '4006381333931'], ['4006381333932', null], ['400-638 1333931', '4006381333931'], ['036000291452', '036000291452'], ['36000291452', '036000291452'], ['abc', null], ['4006381333931.0', '4006381333931']]], [{ barcode: { add: true } }, [['400638133393', '4006381333931']]]],
  digits: [['digits', [['a1b2', '12'], ['x', null]]]],
  text: [['text', [['7.0', '7'], ['007', '007'], ['7.10', '7.10']]]],
  iban: [['iban', [['DE89 3704 0044 0532 0130 00', 'DE89370400440532013000'], ['DE89 3704 0044 0532 0130 01', null]]]],
}

describe('every shipped transform', () => {
  test('has cases here', () => {
    expect(new TransformRegistry().all().map((transform) => transform.name)).toEqual(Object.keys(TABLE).sort())
    expect(Object.keys(TABLE).length).toBeGreaterThanOrEqual(40)
  })

  for (const [name, sets] of Object.entries(TABLE)) {
    test(name, async () => {
      for (const [steps, cases] of sets) {
        const { values } = await runChain(staging, Array.isArray(steps) ? steps : [steps], cases.map(([input]) => input))
        expect(values.map((value, i) => [cases[i]?.[0], value])).toEqual(cases)
      }
    })

    test(`${name} never raises`, async () => {
      const steps = sets[0]?.[0] as TransformStep
      const { values } = await runChain(staging, [steps], [null, '', ...HOSTILE])
      expect(values).toHaveLength(HOSTILE.length + 2)
    })
  }
})

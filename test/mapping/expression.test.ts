import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileCondition, compileExpression } from '../../src/mapping/expression.ts'
import { fillLookups } from '../../src/mapping/lookup-tables.ts'
import { Relation } from '../../src/mapping/relation.ts'
import { Scope } from '../../src/mapping/scope.ts'
import { asText } from '../../src/mapping/value-type.ts'
import { Staging } from '../../src/staging/staging.ts'
import { TransformRegistry } from '../../src/transforms/registry.ts'

let staging: Staging
const registry = new TransformRegistry()
beforeAll(async () => {
  staging = await Staging.open(':memory:')
  await staging.run(`CREATE TABLE work.t AS SELECT 'O''Neill' AS name, CAST(7 AS BIGINT) AS qty, CAST(12.5 AS DECIMAL(38,9)) AS price, CAST(0.15 AS DOUBLE) AS discount, DATE '2024-01-31' AS day,
    true AS active, CAST(NULL AS VARCHAR) AS empty, 'x' AS "Kunden Nr", 'Deutschland' AS country, 'b' AS "c.city", TIMESTAMP '2024-01-31 10:00:00' AS at_time`)
})
afterAll(() => staging.close())

function scope(): Scope {
  return new Scope(new Relation('SELECT * FROM work.t', 'expr'), registry, [
    { name: 'name', type: 'text' }, { name: 'qty', type: 'integer' }, { name: 'price', type: 'decimal' }, { name: 'discount', type: 'double' }, { name: 'day', type: 'date' },
    { name: 'active', type: 'boolean' }, { name: 'empty', type: 'text' }, { name: 'Kunden Nr', type: 'text' }, { name: 'country', type: 'text' }, { name: 'at_time', type: 'timestamp' },
  ], [{ alias: 'c', columns: [{ name: 'city', type: 'text' }] }])
}

async function value(text: string): Promise<string | null> {
  const here = scope()
  const column = here.relation.compute(asText(compileExpression(text, here)))
  await fillLookups(staging, here.relation)
  return (await staging.one<{ r: string | null }>(`SELECT ${column} AS r FROM (${here.relation.sql()})`))?.r ?? null
}

describe('values', () => {
  test.each([
    ['name', "O'Neill"], ['"Kunden Nr"', 'x'], ['`Kunden Nr`', 'x'], ['c.city', 'b'], ['NAME', "O'Neill"],
    ["'it''s' || '!'", "it's!"], ['qty + 1', '8'], ['qty * price', '87.5'], ['1 / 3', '0.333333333'], ['0.1 + 0.2', '0.3'], ['qty / 0', null], ['2 + 3 * 4', '14'], ['(2 + 3) * 4', '20'], ['-qty', '-7'], ['2 - -3', '5'], ['10 % 4', '2'],
    ['round(price * (1 - discount), 2)', '10.63'], ['discount * 100', '15'], ['9999999999999999 * 9999999999999999', null],
    ["if(country = 'Deutschland', 'de', 'xx')", 'de'], ["case when qty > 10 then 'many' when qty > 5 then 'some' else 'few' end", 'some'], ["case qty when 7 then 'seven' end", 'seven'],
    ["name in ('a', 'O''Neill')", '1'], ['qty not in (1, 2)', '1'], ["name like 'O%'", '1'], ["name not like 'o%'", '1'], ["name ilike 'o%'", '1'], ['empty is null', '1'], ['name is not null and active', '1'], ['not active or qty >= 7', '1'], ['qty between 5 and 8', '1'], ['qty not between 5 and 8', '0'],
    ["coalesce(empty, 'none')", 'none'], ["nullif(name, 'O''Neill')", null], ['greatest(1, 2.5)', '2.5'], ["starts_with(name, 'O')", '1'], ['length(name)', '7'], ['empty || name', null], ['concat(empty, name)', "O'Neill"], ["concat_ws(', ', name, empty, '', c.city)", "O'Neill, b"],
    ['year(day)', '2024'], ['add_months(day, 1)', '2024-02-29'], ['add_days(day, -31)', '2023-12-31'], ["days_between('2024-01-01' , day)".replace("'2024-01-01' ", 'make_date(2024, 1, 1)'), '30'], ['month_end(day)', '2024-01-31'], ["day > '2024-01-01'", '1'], ['make_date(2024, 2, 30)', null], ['at_time > day', '1'],
    ['upper(name)', "O'NEILL"], ['country(country)', 'Germany'], ["country(country, as: 'iso2')", 'DE'], ["number('1.234,5', locale: 'de')", '1234.5'], ["pad(text(qty), 3)", '007'], ["pad(text(qty), length: 3, with: '-')", '--7'], ["left(upper(strip_accents('ümlaut')), 2)", 'UM'], ["date('31.12.2024')", '2024-12-31'], ["date('3/4/24', formats: ['%d/%m/%y'])", '2024-04-03'],
    ["title_case(lower(title_case('ANNA')))", 'Anna'], ['text(price)', '12.5'], ["matches(name, '^O')", '1'], ['is_blank(empty)', '1'], ['null', null], ['true', '1'], ['mod(7, 4)', '3'],
  ])('%s', async (text, expected) => {
    expect(await value(text)).toBe(expected)
  })
})

describe('errors say where and what was meant', () => {
  test.each([
    ['nme', /no column `nme` \(did you mean "name"\?\) \(at character 1/], ['d.city', /no column `d\.city` \(did you mean "c\.city"/], ['uper(name)', /no function `uper` \(did you mean "upper"/],
    ['1 +', /ends too early \(at character 4/], ['name + 1', /`\+` needs a number, this is a text/], ["day > 'tomorrow'", /is no date/], ['name = 1', /cannot be compared/], ['(1', /expected `\)`/], ['1)', /`\)` is not expected/], ['', /empty/], ["'open", /not closed/],
    ['if(1, 2, 3)', /needs true or false/], ["if(active, 1, 'x')", /other answers are a whole number/], ['length(name, 2)', /takes 1 value, found 2/], ["pad(name, lenght: 3)", /options of transform `pad`/], ['pad(name, qty)', /literal/], ['day + 1', /does not work on dates/], ['name name', /not expected/],
    ['qty =', /ends too early/], ['1.2.3', /not expected|no meaning/], ['99999999999999999999', /too large/], ["matches(name, '(')", /regular expression/],
  ])('%s', (text, message) => {
    expect(() => compileExpression(text, scope())).toThrow(message)
  })
  test('a condition must be one', () => {
    expect(() => compileCondition('qty', scope())).toThrow(/A condition is wanted, this is a whole number/)
    expect(compileCondition('qty > 1', scope())).toContain('coalesce')
  })
})

describe('hostile expressions reach nothing', () => {
  test.each([
    ["read_csv('/etc/passwd')"], ["read_text('/etc/passwd')"], ["(select 1)"], ["select 1"], ["name; drop table work.t"], ["name -- comment"], ["name /* x */"], ["name' || 'x"], ["getenv('HOME')"], ["current_setting('memory_limit')"],
    ["name) from work.t --"], ['"name" from'], ['work.t.name'], ["exists(select 1)"], ["name::integer"], ["name collate x"], ["sql_auto_complete('x')"], ["query('select 1')"], ["$1"], ["?"], ["name[1]"], ["{x}"], ["x -> y"], ["lambda x: x"], ["pragma_version()"], ["name \0"], ["'a\0b'"],
    ["@@version"], ["\\x41"], ["getvariable('a')"], ["constructor"], ["__proto__"], ["constructor(1)"], ["toString(name)"], ["e'\\x41'"], ["u&'a'"], ["$$a$$"], ["'a' 'b'"],
  ])('%s', (text) => {
    expect(() => compileExpression(text, scope())).toThrow(expect.objectContaining({ code: 'expression-invalid' }))
  })
  test('quotes in names and texts stay inside their quotes', async () => {
    expect(await value("'a''; DROP TABLE work.t; --'")).toBe("a'; DROP TABLE work.t; --")
    expect(() => compileExpression('"name"" FROM work.t; --"', scope())).toThrow(/no column/)
    expect(await value("replace(name, find: '''', with: '\"')")).toBe('O"Neill')
    expect(await value("regex_replace(name, '''', '\\')")).toBe('O\\Neill')
  })
  test('10,000 nested parentheses, brackets, minuses, nots, cases and a very long chain are refused, not crashed on', () => {
    const nested = ['('.repeat(4900) + '1' + ')'.repeat(4900), '- '.repeat(4900) + '1', 'not '.repeat(2400) + 'true', '('.repeat(9999), `date(name, formats: ${'['.repeat(3000)}`, 'case when '.repeat(900), 'if('.repeat(3000)]
    for (const text of nested) expect(() => compileExpression(text, scope())).toThrow(/nested more than|ends too early/)
    expect(() => compileExpression('('.repeat(10_000) + '1' + ')'.repeat(10_000), scope())).toThrow(/longer than/)
    expect(() => compileExpression(Array.from({ length: 3000 }, () => '1').join('+'), scope())).toThrow(/more than 200 operators/)
    expect(() => compileExpression(`qty in (${Array.from({ length: 2100 }, (_, i) => i).join(',')})`, scope())).toThrow(/more than 2000 parts/)
  })
  test('what is allowed at the limits runs', async () => {
    expect(await value(Array.from({ length: 190 }, () => '1').join('+'))).toBe('190')
    expect(await value(`qty in (${Array.from({ length: 1500 }, (_, i) => i).join(',')})`)).toBe('1')
    expect(await value('('.repeat(90) + 'price * 2' + ')'.repeat(90))).toBe('25')
    expect(await value(Array.from({ length: 60 }, () => 'price').join(' * 1 + '))).toBe('750')
  })
})

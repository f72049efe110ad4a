import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { HostileCase } from './hostile-case.ts'

const json = (name: string, make: HostileCase['make'], fate: HostileCase['fate'], file = 'a.json', options: Record<string, unknown> = {}): HostileCase => ({ name, kind: 'json', make, fate, file, options })
const place = (name: string, make: HostileCase['make'], fate: HostileCase['fate'], file = 'a.csv', options: Record<string, unknown> = {}): HostileCase => ({ name, kind: 'file', make, fate, file, options })

export const jsonCases: HostileCase[] = [
  json('an empty document', '', { code: 'file-unreadable', says: /holds nothing/ }),
  json('white space', ' \n ', { code: 'file-unreadable' }),
  json('an empty array', '[]', { loaded: 0 }),
  json('null', 'null', { loaded: 1 }),
  json('__proto__ and constructor', '[{"__proto__":{"x":1},"constructor":{"prototype":{"y":2}}}]', { loaded: 1 }),
  json('duplicate keys', '[{"a":1,"a":2},{"a":3}]', { loaded: 2 }),
  json('keys that meet when flattened', '[{"a":{"b":1},"a.b":2},{"a":{"b":3}}]', { loaded: 1, rejected: 1 }),
  json('keys that differ by case', '[{"Id":1,"id":2,"ID":3}]', { loaded: 1 }),
  json('nested 100,000 deep', `[${'['.repeat(100_000)}${']'.repeat(100_000)},{"id":1}]`, { loaded: 1, rejected: 1 }),
  json('nested 100,000 deep and never closed', '['.repeat(100_000), { code: 'file-unreadable' }),
  json('objects nested deep', `[${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}]`, { loaded: 0, rejected: 1 }),
  json('trailing comma', '[{"a":1},]', { code: 'file-unreadable', says: /line 1, column 10/ }),
  json('trailing comma in a record', '[{"a":1,}]', { code: 'file-unreadable', says: /trailing comma/ }),
  json('single quotes', "[{'a':1}]", { code: 'file-unreadable' }),
  json('comments', '[{"a":1} /* x */]', { code: 'file-unreadable' }),
  json('NaN', '[{"a":NaN}]', { code: 'file-unreadable' }),
  json('numbers with leading zeros', '[{"a":007}]', { code: 'file-unreadable' }),
  json('cut off', '[{"a":1},{"a":', { code: 'file-unreadable' }),
  json('two documents', '{"a":1} {"a":2}', { code: 'file-unreadable' }),
  json('huge numbers', `[{"a":${'9'.repeat(10_000)},"b":1e99999,"c":-0.${'0'.repeat(500)}1}]`, { loaded: 1 }),
  json('a text of 10 MB', `[{"a":"${'x'.repeat(10_000_000)}"},{"a":1}]`, { loaded: 2 }),
  json('a text beyond the limit', `[{"a":"${'x'.repeat(18_000_000)}"},{"a":1}]`, { loaded: 1, rejected: 1 }),
  json('a record beyond the limit', `[{"a":"${'x'.repeat(5_000_000)}"},{"a":1}]`, { loaded: 1, rejected: 1 }, 'a.json', { limits: { recordBytes: 1_000_000 } }),
  json('a text never closed', `[{"a":"${'x'.repeat(1_000_000)}`, { code: 'file-unreadable' }),
  json('lone surrogates and NUL', '[{"a":"\\ud800"},{"a":"\\u0000"},{"a":"\\ud83d\\ude00"}]', { loaded: 1, rejected: 2 }),
  json('bare control characters', '[{"a":"x\ny"}]', { code: 'file-unreadable', says: /control/ }),
  json('bytes that are no UTF-8', Buffer.concat([Buffer.from('[{"a":"Ä"},{"a":"Ö"},{"a":"Ü"},{"a":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}]')]), 'any'),
  json('keys used as data', `[{${Array.from({ length: 30_000 }, (_, i) => `"k${i}":1`).join(',')}}]`, { code: 'limit-exceeded' }),
  json('records of all types', '[1,"x",null,true,[1],{"a":1}]', { loaded: 6 }),
  json('HTML instead of JSON', '<!doctype html><html>Bad gateway</html>', { code: 'file-unreadable', says: /HTML/ }),
  json('gzip bomb', gzipSync(Buffer.from(`[${'{"a":1},'.repeat(8_000_000)}{}]`)), { code: 'limit-exceeded' }, 'bomb.json.gz'),
  json('a JSONPath that is none', '[1]', { code: 'config-invalid' }, 'a.json', { records: '$[?(' }),
  json('a JSONPath that finds nothing', '{"a":1}', { loaded: 0 }, 'a.json', { records: '$.data[*]' }),
  json('a line that is no JSON', '{"a":1}\n{"a":\n{"a":3}\n', { loaded: 2, rejected: 1 }, 'a.ndjson'),
  json('a last line cut off', '{"a":1}\n{"a":2}\n{"a', { loaded: 2, rejected: 1 }, 'a.ndjson'),
  json('lines nested deep', `{"a":1}\n${'['.repeat(50_000)}${']'.repeat(50_000)}\n`, { loaded: 1, rejected: 1 }, 'a.ndjson'),
  json('lines with NUL bytes', '{"a":1}\n\0\0\0\n{"a":2}\n', { loaded: 2, rejected: 1 }, 'a.ndjson'),
]

export const placeCases: HostileCase[] = [
  place('a folder named csv', (_, path) => mkdirSync(path), { code: 'config-missing', says: /no file/ }, 'folder.csv'),
  place('a link to itself', (_, path) => symlinkSync(path, path), { code: 'file-unreadable', says: /leads to itself/ }),
  place('a link to nothing', (_, path) => symlinkSync(`${path}.absent`, path), { code: 'config-missing' }),
  place('a folder that links to itself', (folder, path) => { mkdirSync(path); symlinkSync(path, `${path}/again`); folder.write('round/x.csv', 'a\n1\n') }, { loaded: 1 }, 'round'),
  place('a named pipe', (_, path) => { execFileSync('mkfifo', [path]) }, { code: 'file-unreadable', says: /named pipe/ }),
  place('a device', (_, path) => symlinkSync('/dev/zero', path), { code: 'file-unreadable', says: /device/ }),
  place('a folder with a folder in it named csv', (folder, path) => { mkdirSync(`${path}/inner.csv`, { recursive: true }); folder.write('outer/a.csv', 'x\n1\n') }, { code: 'file-unreadable', says: /a folder/ }, 'outer'),
  // Root may read anything, so that nothing can be made unreadable for it.
  ...(process.getuid?.() === 0 ? [] : [place('a file nobody may read', (folder, path) => { folder.write('a.csv', 'x\n1\n'); chmodSync(path, 0) }, { code: 'file-unreadable', says: /may not read/ })]),
  place('a name with line ends and quotes', 'id,name\n1,a\n', { loaded: 1 }, 'odd "name"\n; DROP.csv'),
  place('a name that looks like a pattern', 'id,name\n1,a\n', { loaded: 1 }, 'sales [2024]*.csv'),
  place('a pattern that matches nothing', '', { code: 'config-missing' }, 'x.csv', { path: 'absent-*.csv' }),
  { name: 'rubbish named parquet', kind: 'parquet', make: Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(500, 7), Buffer.from('PAR1')]), fate: { code: 'file-unreadable' } },
  { name: 'parquet that is only its magic', kind: 'parquet', make: 'PAR1', fate: { code: 'file-unreadable' } },
  { name: 'parquet with a footer longer than the file', kind: 'parquet', make: Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(20), Buffer.from([0xff, 0xff, 0xff, 0x7f]), Buffer.from('PAR1')]), fate: { code: 'file-unreadable' } },
  { name: 'CSV named parquet', kind: 'parquet', make: 'a,b\n1,2\n', fate: { code: 'file-unreadable', says: /plain text/ } },
]

import type { HostileCase } from './hostile-case.ts'
import { bookParts, makeZip, sheetXml, textRows } from './zip-writer.ts'

const one = (name: string, make: HostileCase['make'], fate: HostileCase['fate'], file = 'book.xlsx', options: Record<string, unknown> = {}): HostileCase => ({ name, kind: 'excel', make, fate, file, options })
const good = sheetXml(textRows([['id', 'name'], ['1', 'a'], ['2', 'b']]))
const book = (sheet: string, more: Record<string, string | Buffer | null> = {}) => makeZip(bookParts(sheet, more))
const number = (ref: string, value: string, more = '') => `<c r="${ref}"${more}><v>${value}</v></c>`

export const bookCases: HostileCase[] = [
  one('a small honest book', book(good), { loaded: 2 }),
  one('zip bomb as a sheet', makeZip(bookParts(sheetXml(' '.repeat(90_000_000)))), { code: 'limit-exceeded' }),
  one('zip bomb as shared strings', book(good, { 'xl/sharedStrings.xml': `<sst>${' '.repeat(90_000_000)}</sst>` }), { code: 'limit-exceeded' }),
  one('zip bomb in a part nobody reads', book(good, { 'xl/media/image1.png': Buffer.alloc(90_000_000) }), { code: 'limit-exceeded' }),
  one('a sheet that lies about its size', makeZip(bookParts(sheetXml('<row/>'.repeat(9_000_000))).map((part) => part.name.includes('sheet1') ? { ...part, size: 1000 } : part)), { code: ['limit-exceeded', 'file-unreadable'] }),
  one('external entity in a sheet', book(sheetXml('<row r="1"><c r="A1" t="inlineStr"><is><t>&x;</t></is></c></row>', '<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>')), { code: 'file-unreadable', says: /DTD/ }),
  one('external entity in the list of sheets', book(good, { 'xl/workbook.xml': '<!DOCTYPE w [<!ENTITY x SYSTEM "http://localhost/">]><workbook>&x;</workbook>' }), { code: 'file-unreadable', says: /DTD/ }),
  one('a billion laughs', book(good, { 'xl/sharedStrings.xml': '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>' }), { code: 'file-unreadable', says: /DTD/ }),
  one('an entity nobody declared', book(sheetXml('<row r="1"><c r="A1" t="inlineStr"><is><t>&evil;</t></is></c></row>')), { code: 'file-unreadable' }),
  one('a sheet cut off', book(good.slice(0, -60)), { code: 'file-unreadable' }),
  one('a sheet that is no XML', book('id,name\n1,a'), { code: 'file-unreadable' }),
  one('a sheet that is missing', book(good, { 'xl/worksheets/sheet1.xml': null }), { code: 'file-unreadable' }),
  one('no list of sheets', book(good, { 'xl/workbook.xml': null }), { code: 'file-unreadable' }),
  one('no shared strings though they are used', book(sheetXml('<row r="1"><c r="A1" t="s"><v>0</v></c></row>')), { code: 'file-unreadable', says: /shared text/ }),
  one('a relation that climbs out', book(good, { 'xl/_rels/workbook.xml.rels': '<Relationships><Relationship Id="rId1" Target="../../../worksheets/etc/passwd"/></Relationships>' }), { code: 'file-unreadable' }),
  one('cells beyond the last column', book(sheetXml(`<row r="1">${number('ZZZZ1', '1')}</row>`)), { code: 'file-unreadable' }),
  one('a row beyond the last', book(sheetXml(`<row r="99999999999">${number('A1', '1')}</row>`)), { code: 'file-unreadable' }),
  one('rows that go backwards', book(sheetXml(`<row r="5">${number('A5', '1')}</row><row r="2">${number('A2', '1')}</row>`)), { code: 'file-unreadable' }),
  one('a single cell in the last corner', book(sheetXml(`<row r="1">${number('A1', '1')}</row><row r="1048576">${number('XFD1048576', '2')}</row>`)), { loaded: 2 }),
  one('no row numbers or references at all', book(sheetXml('<row><c t="inlineStr"><is><t>id</t></is></c></row><row><c><v>7</v></c></row>')), { loaded: 1 }),
  one('huge and odd numbers', book(sheetXml(textRows([['n']]) + ['1E308', '-1E-320', '12345678901234567890', 'NaN', ''].map((value, i) => `<row r="${i + 2}">${number(`A${i + 2}`, value)}</row>`).join(''))), { loaded: 4 }),
  one('formulas that would run', book(sheetXml(`${textRows([['f']])}<row r="2"><c r="A2" t="str"><f>CMD|'/C calc'!A0</f><v>=cmd</v></c></row>`)), { loaded: 1 }),
  one('NUL written as an escape', book(sheetXml(textRows([['f'], ['a_x0000_b'], ['c']]))), { loaded: 1, rejected: 1 }),
  one('a lone surrogate written as an escape', book(sheetXml(textRows([['f'], ['a_xD800_b'], ['c']]))), { loaded: 1, rejected: 1 }),
  one('bytes that are no UTF-8', makeZip(bookParts('').map((part) => part.name.includes('sheet1') ? { ...part, data: Buffer.concat([Buffer.from('<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('</t></is></c></row></sheetData></worksheet>')]) } : part)), { code: 'file-unreadable' }),
  one('XML nested 100,000 deep', book(sheetXml(`${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}${textRows([['id'], ['1']])}`)), 'any'),
  one('an empty sheet', book(sheetXml('')), { loaded: 0 }),
  one('duplicate header in a sheet', book(sheetXml(textRows([['id', 'id', '__proto__'], ['1', '2', '3']]))), { loaded: 1 }),
  one('two sheets of one name', book(good, { 'xl/workbook.xml': '<workbook xmlns:r="r"><sheets><sheet name="S" r:id="rId1"/><sheet name="S" r:id="rId1"/></sheets></workbook>' }), { code: 'file-unreadable' }),
  one('CSV named xlsx', 'id,name\n1,a\n', { code: 'file-unreadable', says: /plain text/ }),
  one('HTML named xls', '<html><table><tr><td>1</td></tr></table></html>', { code: 'file-unreadable', says: /HTML/ }, 'book.xls'),
  one('Excel 2003 XML named xls', '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>', { code: 'file-unreadable', says: /2003/ }, 'book.xls'),
  one('JSON named xlsx', '{"a": 1}', { code: 'file-unreadable', says: /JSON/ }),
  one('an empty file named xlsx', '', { code: 'file-unreadable', says: /empty/ }),
  one('a plain zip named xlsx', makeZip([{ name: 'readme.txt', data: 'hello' }]), { code: 'file-unreadable', says: /zip archive/ }),
  one('a Word document named xlsx', makeZip([{ name: 'word/document.xml', data: '<w/>' }]), { code: 'file-unreadable', says: /Word/ }),
  one('an encrypted book', Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(2000), Buffer.from('EncryptedPackage', 'utf16le'), Buffer.alloc(500)]), { code: 'file-unreadable', says: /encrypted/ }),
  one('an .xls of rubbish', Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600, 7), Buffer.from('Workbook', 'utf16le'), Buffer.alloc(4000, 9)]), { code: 'file-unreadable' }, 'rubbish.xls'),
  one('an .ods of rubbish', makeZip([{ name: 'mimetype', data: 'application/vnd.oasis.opendocument.spreadsheet' }, { name: 'content.xml', data: '<broken' }]), 'any', 'rubbish.ods'),
  one('an .ods bomb', makeZip([{ name: 'mimetype', data: 'x' }, { name: 'content.xml', data: Buffer.alloc(90_000_000, 32) }]), { code: 'limit-exceeded' }, 'bomb.ods'),
  one('a book cut off', book(good).subarray(0, 400), { code: 'file-unreadable' }),
]

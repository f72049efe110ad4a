import { crc32, deflateRawSync } from 'node:zlib'

export interface Member { name: string; data: Buffer | string; /** What the headers claim instead of the truth. */ size?: number; crc?: number; method?: number; flags?: number }

/** Writes a zip archive, honest or not. */
export function makeZip(members: Member[], options: { store?: boolean } = {}): Buffer {
  const parts: Buffer[] = [], directory: Buffer[] = []
  let offset = 0
  for (const member of members) {
    const data = Buffer.from(member.data as string), packed = options.store ? data : deflateRawSync(data)
    const name = Buffer.from(member.name), method = member.method ?? (options.store ? 0 : 8)
    const crc = member.crc ?? crc32(data), size = member.size ?? data.length
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt16LE(0x800 | (member.flags ?? 0), 6)
    local.writeUInt16LE(method, 8)
    local.writeUInt32LE(crc, 14)
    local.writeUInt32LE(packed.length, 18)
    local.writeUInt32LE(size, 22)
    local.writeUInt16LE(name.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(0x800 | (member.flags ?? 0), 8)
    central.writeUInt16LE(method, 10)
    central.writeUInt32LE(crc, 16)
    central.writeUInt32LE(packed.length, 20)
    central.writeUInt32LE(size, 24)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt32LE(offset, 42)
    parts.push(local, name, packed)
    directory.push(central, name)
    offset += 30 + name.length + packed.length
  }
  const list = Buffer.concat(directory), end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, list, end])
}

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const WORKBOOK = `<?xml version="1.0"?><workbook xmlns="${MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`
const RELATIONS = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="sharedStrings" Target="sharedStrings.xml"/></Relationships>'

/** The parts of a book with one sheet, of which a test replaces some. */
export function bookParts(sheet: string, more: Record<string, string | Buffer | null> = {}): Member[] {
  const parts: Record<string, string | Buffer | null> = {
    '[Content_Types].xml': '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    'xl/workbook.xml': WORKBOOK, 'xl/_rels/workbook.xml.rels': RELATIONS, 'xl/worksheets/sheet1.xml': sheet, ...more,
  }
  return Object.entries(parts).flatMap(([name, data]) => data === null ? [] : [{ name, data }])
}

/** A sheet out of the XML of its rows. */
export function sheetXml(rows: string, before = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${before}<worksheet xmlns="${MAIN}"><sheetData>${rows}</sheetData></worksheet>`
}

/** Rows of inline texts. */
export function textRows(rows: string[][]): string {
  return rows.map((row, r) => `<row r="${r + 1}">${row.map((cell, c) => `<c r="${String.fromCharCode(65 + c)}${r + 1}" t="inlineStr"><is><t>${cell}</t></is></c>`).join('')}</row>`).join('')
}

import { LandfallError } from '../../errors/error.ts'

/** What a file is by its first bytes; `text` when nothing says otherwise. */
export type Content = 'empty' | 'text' | 'json' | 'xml' | 'html' | 'zip' | 'gzip' | 'zstd' | 'bzip2' | 'xz' | '7z' | 'rar' | 'ole' | 'pdf' | 'parquet' | 'sqlite' | 'image' | 'program' | 'rtf' | 'spreadsheetml'

const SIGNATURES: [Content, string][] = [
  ['zip', '504b0304'], ['zip', '504b0506'], ['gzip', '1f8b'], ['zstd', '28b52ffd'], ['bzip2', '425a68'], ['xz', 'fd377a585a00'], ['7z', '377abcaf271c'],
  ['rar', '526172211a07'], ['ole', 'd0cf11e0a1b11ae1'], ['pdf', '25504446'], ['parquet', '50415231'], ['sqlite', '53514c69746520666f726d61742033'],
  ['image', '89504e470d0a1a0a'], ['image', 'ffd8ff'], ['image', '47494638'], ['program', '7f454c46'], ['program', '4d5a9000'], ['rtf', '7b5c727466'],
]

/** Looks at up to the first 4 KiB. */
export function contentOf(head: Buffer): Content {
  if (head.length === 0) return 'empty'
  const hex = head.subarray(0, 16).toString('hex')
  for (const [content, signature] of SIGNATURES) if (hex.startsWith(signature)) return content
  const wide = head[0] === 0xff && head[1] === 0xfe
  const text = head.subarray(0, 4096).toString(wide ? 'utf16le' : 'utf8').replace(/^\ufeff/, '').trimStart()
  if (/^<(!doctype\s+html|html|head|body|table|meta)\b/i.test(text)) return 'html'
  if (/^<\?xml\b/i.test(text) || /^<[a-z][\w:.-]*(\s[^<>]*)?>/i.test(text)) {
    if (/urn:schemas-microsoft-com:office:spreadsheet/.test(text)) return 'spreadsheetml'
    return /<html\b/i.test(text) ? 'html' : 'xml'
  }
  if (/^[[{]\s*(["{[\]}]|-?\d|true|false|null)/.test(text)) return 'json'
  return 'text'
}

const NAMES: Record<Content, string> = {
  empty: 'an empty file', text: 'plain text', json: 'JSON', xml: 'XML', html: 'an HTML page', zip: 'a zip archive (or an .xlsx/.ods book)', gzip: 'a gzip file', zstd: 'a Zstandard file',
  bzip2: 'a bzip2 file', xz: 'an xz file', '7z': 'a 7-Zip archive', rar: 'a RAR archive', ole: 'an old Office file (.xls) or an encrypted Office file', pdf: 'a PDF', parquet: 'a Parquet file',
  sqlite: 'a SQLite database', image: 'an image', program: 'a program', rtf: 'an RTF document', spreadsheetml: 'an Excel 2003 XML book',
}

const WAYS: Partial<Record<Content, string>> = {
  text: 'Read it with source kind `file`.', json: 'Read it with source kind `json`.', zip: 'Read it with source kind `excel` if it is a book, else unpack it.', ole: 'Read it with source kind `excel`; remove its password first if it has one.',
  html: 'Open it in a spreadsheet program and save it as .xlsx or .csv.', xml: 'Convert it to CSV or JSON first.', parquet: 'Read it with source kind `parquet`.', sqlite: 'Read it with source kind `sqlite`.',
  spreadsheetml: 'Open it in a spreadsheet program and save it as .xlsx.', bzip2: 'Unpack it first (`bunzip2`).', xz: 'Unpack it first (`unxz`).', '7z': 'Unpack it first.', rar: 'Unpack it first.',
  pdf: 'Export the data as CSV from where the PDF came from.', empty: 'Export the file again.',
}

/** `file-unreadable`: what was expected, what the file really is, and how to read that. */
export function notWhatItSays(path: string, expected: string, found: Content): LandfallError {
  return new LandfallError('file-unreadable', `The file is not ${expected} but ${NAMES[found]}: ${path}`, { hint: WAYS[found] ?? 'Check what was exported.', where: { file: path } })
}

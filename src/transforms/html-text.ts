const ENTITIES: Record<string, string> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', euro: '€', copy: '©', reg: '®', trade: '™', hellip: '…', ndash: '–', mdash: '—', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', bdquo: '„', laquo: '«', raquo: '»',
  auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é', egrave: 'è', ecirc: 'ê', agrave: 'à', aacute: 'á', acirc: 'â', ccedil: 'ç', ntilde: 'ñ', oacute: 'ó', uacute: 'ú', iacute: 'í',
  oslash: 'ø', aring: 'å', aelig: 'æ', deg: '°', middot: '·', bull: '•', times: '×', frac12: '½', sup2: '²', sup3: '³', pound: '£', yen: '¥', sect: '§', para: '¶', plusmn: '±', micro: 'µ', ordm: 'º', ordf: 'ª',
}

/** Decodes `&amp;`, `&#228;`, `&#xE4;`; unknown ones stay. Once only: `&amp;lt;` is `&lt;`. */
export function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|[A-Za-z][A-Za-z0-9]{1,31});/g, (whole, name: string) => {
    if (name.startsWith('#')) {
      const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
      return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : ''
    }
    return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] ?? whole : whole
  })
}

export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

/** A piece of HTML: text between tags, or a tag. */
export type HtmlPiece = { kind: 'text'; text: string } | { kind: 'tag'; name: string; closing: boolean; attributes: [string, string][] }

const RAW = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes', 'noscript', 'svg', 'math', 'template', 'object'])

/**
 * Cuts HTML into texts and tags in one pass, linear in its length. Comments, declarations and the whole of script-like elements are dropped;
 * a `<` that begins no tag is text. Attribute values are decoded.
 */
export function htmlPieces(html: string): HtmlPiece[] {
  const pieces: HtmlPiece[] = []
  const lower = html.toLowerCase()
  let at = 0
  const text = (from: number, to: number) => { if (to > from) pieces.push({ kind: 'text', text: html.slice(from, to) }) }
  while (at < html.length) {
    const open = html.indexOf('<', at)
    if (open < 0) { text(at, html.length); break }
    text(at, open)
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4)
      at = end < 0 ? html.length : end + 3
      continue
    }
    if (!/[a-zA-Z/!?]/.test(html[open + 1] ?? '')) { text(open, open + 1); at = open + 1; continue }
    const end = tagEnd(html, open)
    if (end < 0) { at = html.length; break }
    at = end + 1
    const match = /^<(\/?)([a-zA-Z][a-zA-Z0-9:-]*)/.exec(html.slice(open, Math.min(end, open + 60)))
    if (!match) continue
    const name = (match[2] ?? '').toLowerCase(), closing = match[1] === '/'
    if (RAW.has(name)) {
      if (!closing) {
        const close = lower.indexOf(`</${name}`, at)
        const after = close < 0 ? -1 : html.indexOf('>', close)
        at = after < 0 ? html.length : after + 1
      }
      continue
    }
    pieces.push({ kind: 'tag', name, closing, attributes: closing ? [] : attributesOf(html.slice(open + match[0].length, end)) })
  }
  return pieces
}

/** Index of the `>` that ends the tag, quotes respected. */
function tagEnd(html: string, open: number): number {
  let quote = ''
  for (let i = open + 1; i < html.length; i++) {
    const c = html[i] ?? ''
    if (quote !== '') { if (c === quote) quote = '' } else if ((c === '"' || c === "'") && html[i - 1] === '=') quote = c
    else if (c === '>') return i
  }
  return -1
}

function attributesOf(text: string): [string, string][] {
  return [...text.matchAll(/([a-zA-Z_:][-a-zA-Z0-9_:.]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)].map((m) => [(m[1] ?? '').toLowerCase(), decodeEntities(m[2] ?? m[3] ?? m[4] ?? '')])
}

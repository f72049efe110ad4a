import { ATTRIBUTES, ELEMENTS, STYLES, URI_ATTRIBUTES } from './html-allowed.ts'

/** Cleaned HTML, or why it cannot be told. */
export type Cleaned = { html: string; reason?: undefined } | { html: null; reason: string }

/** Thrown inside only: the markup needs more of an HTML parser than is here. */
class Odd extends Error {}

const VOID = new Set(['area', 'br', 'col', 'hr', 'img', 'input', 'source', 'keygen', 'spacer'])
const FORMATTING = new Set(['a', 'b', 'big', 'code', 'em', 'font', 'i', 'nobr', 's', 'small', 'strike', 'strong', 'tt', 'u'])
const CLOSES_P = new Set(['address', 'article', 'aside', 'blockquote', 'center', 'details', 'dialog', 'dir', 'div', 'dl', 'fieldset', 'figcaption', 'figure', 'footer', 'header', 'menu', 'nav', 'ol', 'p', 'section', 'summary', 'ul',
  'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'pre', 'li', 'dd', 'dt', 'hr', 'table'])
const IMPLIED_END = new Set(['dd', 'dt', 'li', 'p', 'option', 'optgroup'])
const HEADINGS = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6'])
/** Elements whose insertion or content follows rules of their own. */
const SPECIAL = new Set(['html', 'head', 'body', 'meta', 'link', 'style', 'title', 'textarea', 'select', 'option', 'optgroup', 'button', 'form', 'svg', 'math', 'caption', 'colgroup', 'col', 'frame', 'legend', 'nobr', 'datalist', 'audio', 'video', 'event-source',
  ...('maction merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none animate animatecolor animatemotion ' +
    'animatetransform clippath circle defs desc ellipse font-face font-face-name font-face-src g glyph hkern lineargradient line marker metadata missing-glyph mpath path polygon polyline radialgradient rect set stop switch text tspan use').split(' ')])
const ROWS: Record<string, string> = { tbody: 'table', thead: 'table', tfoot: 'table', tr: 'tbody', td: 'tr', th: 'tr' }
const BOOLEAN = new Set(['ismap', 'autoplay', 'controls', 'open', 'hidden', 'disabled', 'checked', 'default', 'noshade', 'readonly', 'selected', 'multiple', 'autofocus', 'required', 'itemscope', 'defer', 'scoped', 'async', 'irrelevant'])
const PROTOCOLS = new Set(['cid', 'http', 'https', 'mailto'])
/** Names of character entities that are met; others are left to be said so. */
const ENTITIES = new Set('amp lt gt quot apos nbsp copy reg trade euro pound yen cent sect deg plusmn middot laquo raquo ndash mdash hellip bull lsquo rsquo ldquo rdquo szlig auml ouml uuml Auml Ouml Uuml eacute egrave agrave ccedil ntilde times divide frac12 frac14'.split(' '))

const TAG = /^<(\/?)([a-zA-Z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>/
const ATTRIBUTE = /([^\s"'>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?/gy

/** True when Python's html.parser finds a start tag in the text; without one Frappe leaves it alone. */
export function hasTag(text: string): boolean {
  return /<[a-zA-Z][^>]*>/.test(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return /^\s*-?(NaN|Infinity)\s*$/.test(text)
  }
}

/**
 * Frappe's sanitize_html: elements and attributes that are not allowed become text or go, everything else is written anew from the parsed tree.
 * `always`: also when the text is JSON or holds no tag. Markup whose tree needs the finer points of HTML parsing is not guessed at.
 */
export function sanitizeHtml(text: string, always = false): Cleaned {
  if (!always && (isJson(text) || !hasTag(text))) return { html: text }
  try {
    return { html: new Cleaner(text.replace(/\r\n?/g, '\n')).run() }
  } catch (error) {
    if (error instanceof Odd) return { html: null, reason: error.message }
    throw error
  }
}

/** A pass over the text that keeps the stack of open elements as HTML's tree construction does in the plain cases. */
class Cleaner {
  readonly #text: string
  #at = 0
  #out = ''
  readonly #open: string[] = []

  constructor(text: string) {
    this.#text = text
  }

  run(): string {
    while (this.#at < this.#text.length) this.#step()
    while (this.#open.length > 0) this.#pop()
    return this.#out
  }

  get #current(): string | undefined { return this.#open.at(-1) }

  #step(): void {
    const rest = this.#text.slice(this.#at)
    if (rest.startsWith('<!--')) return this.#comment(rest)
    const match = TAG.exec(rest)
    if (match !== null) {
      this.#at += match[0].length
      const name = match[2]!.toLowerCase()
      if (!ELEMENTS.has(name) && name !== 'o:p' && !SPECIAL.has(name)) return this.#characters(match[0])
      if (SPECIAL.has(name)) throw new Odd(`<${name}>`)
      return match[1] === '/' ? this.#end(name) : this.#start(name, match[3]!)
    }
    if (/^<[!?/a-zA-Z]/.test(rest)) throw new Odd('a tag that does not end')
    const next = rest.indexOf('<', 1)
    const chunk = next === -1 ? rest : rest.slice(0, next)
    this.#at += chunk.length
    this.#characters(chunk)
  }

  #comment(rest: string): void {
    const end = rest.indexOf('-->', 4)
    if (end === -1 || /^<!--(>|->)/.test(rest)) throw new Odd('a comment that does not end')
    this.#out += rest.slice(0, end + 3)
    this.#at += end + 3
  }

  #characters(text: string): void {
    const current = this.#current
    if (current === 'table' || current === 'tbody' || current === 'thead' || current === 'tfoot' || current === 'tr') {
      if (text.trim() !== '') throw new Odd('text between the cells of a table')
      this.#out += text
      return
    }
    this.#out += escapeText(text)
  }

  #pop(): void {
    this.#out += `</${this.#open.pop()!}>`
  }

  #start(name: string, attributes: string): void {
    if (name in ROWS) return this.#startCell(name, attributes)
    if (this.#inTableOnly()) throw new Odd(`<${name}> between the cells of a table`)
    if (CLOSES_P.has(name)) this.#closeP()
    if (HEADINGS.has(name) && HEADINGS.has(this.#current ?? '')) this.#pop()
    if (name === 'li' || name === 'dd' || name === 'dt') this.#closeItem(name)
    if (name === 'a' && this.#open.includes('a')) throw new Odd('a link within a link')
    this.#open.push(name)
    this.#out += `<${name}${attributesOf(name, attributes)}>`
    if (VOID.has(name)) this.#open.pop()
    else if (name === 'pre' && this.#text[this.#at] === '\n') this.#at++
  }

  #inTableOnly(): boolean {
    return ['table', 'tbody', 'thead', 'tfoot', 'tr'].includes(this.#current ?? '')
  }

  /** A new block ends the paragraph it stands in. */
  #closeP(): void {
    const at = this.#open.lastIndexOf('p'), wall = Math.max(this.#open.lastIndexOf('td'), this.#open.lastIndexOf('th'))
    if (at === -1 || at < wall) return
    this.#closeTo(at)
  }

  /** Pops down to (and including) the element at `at`; what is left open by mistake would have to be opened again. */
  #closeTo(at: number): void {
    while (this.#open.length > at + 1) {
      if (FORMATTING.has(this.#current!)) throw new Odd('elements that overlap')
      this.#pop()
    }
    this.#pop()
  }

  #closeItem(name: string): void {
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const open = this.#open[i]!
      if (open === name || (name !== 'li' && (open === 'dd' || open === 'dt'))) return this.#closeTo(i)
      if (!FORMATTING.has(open) && !['div', 'p', 'address', 'span'].includes(open)) return
    }
  }

  #startCell(name: string, attributes: string): void {
    const table = this.#open.lastIndexOf('table')
    if (table === -1) return
    if (name === 'td' || name === 'th') {
      this.#leaveTo(['tr', 'tbody', 'thead', 'tfoot', 'table'], table)
      if (this.#current === 'table') this.#open.push('tbody'), this.#out += '<tbody>'
      if (this.#current !== 'tr') this.#open.push('tr'), this.#out += '<tr>'
    } else if (name === 'tr') {
      this.#leaveTo(['tbody', 'thead', 'tfoot', 'table'], table)
      if (this.#current === 'table') this.#open.push('tbody'), this.#out += '<tbody>'
    } else this.#leaveTo(['table'], table)
    this.#open.push(name)
    this.#out += `<${name}${attributesOf(name, attributes)}>`
  }

  #leaveTo(stops: string[], table: number): void {
    while (this.#open.length - 1 > table && !stops.includes(this.#current!)) {
      if (FORMATTING.has(this.#current!)) throw new Odd('elements that overlap')
      this.#pop()
    }
  }

  #end(name: string): void {
    if (VOID.has(name)) {
      if (name === 'br') throw new Odd('</br>')
      return
    }
    const at = this.#open.lastIndexOf(name)
    if (at === -1) {
      if (name === 'p') {
        if (this.#inTableOnly()) throw new Odd('</p> in a table')
        this.#out += '<p></p>'
      }
      return
    }
    if (at === this.#open.length - 1) return this.#pop()
    if (FORMATTING.has(name)) throw new Odd('elements that overlap')
    const table = this.#open.lastIndexOf('table')
    if (table > at && name !== 'table') return
    const above = this.#open.slice(at + 1)
    if (!CLOSES_P.has(name) && !(name in ROWS) && above.some((open) => !IMPLIED_END.has(open) && !FORMATTING.has(open))) {
      // An end tag of no particular element stops at the first block it meets.
      if (above.some((open) => CLOSES_P.has(open))) return
    }
    this.#closeTo(at)
  }
}

function escapeText(text: string): string {
  return escapeAmpersands(text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '?')).replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Ampersands that begin no character entity are escaped. */
function escapeAmpersands(text: string): string {
  return text.replace(/&(#[0-9]*;|#[xX][0-9a-fA-F]*;|[a-zA-Z][a-zA-Z0-9]*;)?/g, (whole, entity: string | undefined) => {
    if (entity === undefined) return '&amp;'
    if (entity.startsWith('#')) {
      if (/^#[xX]?;$/.test(entity)) throw new Odd(whole)
      return whole
    }
    if (!ENTITIES.has(entity.slice(0, -1))) throw new Odd(`the entity ${whole}`)
    return whole
  })
}

function attributesOf(tag: string, text: string): string {
  const seen = new Set<string>()
  let out = '', at = 0
  while (at < text.length) {
    const gap = /^[\s/]*/.exec(text.slice(at))![0]
    at += gap.length
    if (at >= text.length) break
    ATTRIBUTE.lastIndex = at
    const match = ATTRIBUTE.exec(text)
    if (match === null) throw new Odd('an attribute that is not well written')
    at = ATTRIBUTE.lastIndex
    const name = match[1]!.toLowerCase(), raw = match[2] ?? ''
    if (seen.has(name)) continue
    seen.add(name)
    const value = /^["']/.test(raw) ? raw.slice(1, -1) : raw
    const kept = keep(name, value)
    if (kept === null) continue
    if (BOOLEAN.has(name)) throw new Odd(`the attribute ${name} of ${tag}`)
    out += ` ${name}=${quoted(kept)}`
  }
  return out
}

function keep(name: string, value: string): string | null {
  if (!name.startsWith('data-') && !ATTRIBUTES.has(name)) return null
  if (URI_ATTRIBUTES.has(name) && !allowedAddress(value)) return null
  return name === 'style' ? cleanStyle(value) : value
}

function allowedAddress(value: string): boolean {
  if (/&(?!amp;)[a-zA-Z#][^;\s]*;/.test(value)) throw new Odd('an address with entities')
  const plain = value.replaceAll('&amp;', '&').replace(/[`\x00-\x20\x7f-\xa0\s\ufffd]+/g, '').toLowerCase()
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(plain)?.[1]
  return scheme === undefined || PROTOCOLS.has(scheme)
}

/** Declarations of known properties, each closed by a semicolon; white space between them stays as it is written. */
function cleanStyle(style: string): string {
  if (/[\\@{}"'/&]/.test(style)) throw new Odd('a style that is not plain')
  let out = '', last: 'none' | 'space' | 'declaration' = 'none'
  for (const piece of style.split(/(;|^\s+)/)) {
    if (piece === ';' || piece === '') continue
    const space = /^\s*/.exec(piece)![0], body = piece.slice(space.length)
    if (space !== '' && last === 'declaration') { out += ' '; last = 'space' }
    const declaration = /^([a-zA-Z-]+)\s*:(.*)$/s.exec(body)
    if (declaration === null) continue
    const name = declaration[1]!
    if (!STYLES.has(name.toLowerCase()) && !/^(fill|stroke)(-|$)/.test(name)) continue
    if (/!/.test(declaration[2]!)) throw new Odd('a style that is not plain')
    out += `${name}:${declaration[2]!.replace(/\s+/g, ' ')};`
    last = 'declaration'
  }
  return out.trim()
}

function quoted(value: string): string {
  const safe = escapeAmpersands(value).replaceAll('<', '&lt;')
  if (value.includes('"') && !value.includes("'")) return `'${safe}'`
  return `"${safe.replaceAll('"', '&quot;')}"`
}

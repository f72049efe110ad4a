import { z } from 'zod'
import { decodeEntities, escapeHtml, htmlPieces } from './html-text.ts'
import { defineTransform } from './transform.ts'

const KEPT = new Set(['a', 'b', 'strong', 'i', 'em', 'u', 's', 'p', 'br', 'ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'td', 'th', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'code', 'div', 'span', 'hr', 'sub', 'sup'])
const EMPTY = new Set(['br', 'hr'])

export const htmlClean = defineTransform({
  name: 'html_clean', about: 'Harmless HTML: a few formatting tags stay, balanced; scripts, styles, events and other attributes go; links keep http, https and mailto.',
  options: z.strictObject({}), output: 'VARCHAR',
  apply: (value) => {
    if (value === null) return null
    const open: string[] = []
    let out = ''
    for (const piece of htmlPieces(value)) {
      if (piece.kind === 'text') { out += escapeHtml(decodeEntities(piece.text)).replace(/&quot;/g, '"'); continue }
      if (!KEPT.has(piece.name)) continue
      if (EMPTY.has(piece.name)) { if (!piece.closing) out += `<${piece.name}>`; continue }
      if (piece.closing) {
        const at = open.lastIndexOf(piece.name)
        if (at < 0) continue
        while (open.length > at) out += `</${open.pop()}>`
        continue
      }
      const href = piece.name === 'a' ? piece.attributes.find(([name]) => name === 'href')?.[1].replace(/[\s\u0000-\u001f]/g, '') : undefined
      out += href !== undefined && /^(https?:|mailto:)/i.test(href) ? `<a href="${escapeHtml(href)}">` : `<${piece.name}>`
      if (open.length < 100) open.push(piece.name)
      else out = out.slice(0, out.lastIndexOf('<'))
    }
    while (open.length > 0) out += `</${open.pop()}>`
    return out
  },
})

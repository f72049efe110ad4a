import { z } from 'zod'
import { decodeEntities, htmlPieces } from './html-text.ts'
import { defineTransform } from './transform.ts'

const BREAKS = new Set(['br', 'p', 'div', 'li', 'tr', 'table', 'ul', 'ol', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'hr', 'section', 'article'])

export const htmlToText = defineTransform({
  name: 'html_to_text', about: 'Plain text of HTML: tags and scripts removed, paragraphs as lines, entities decoded.',
  options: z.strictObject({ lines: z.boolean().default(true).describe('Keep line breaks; else all on one line') }), output: 'VARCHAR',
  apply: (value, o) => {
    if (value === null) return null
    if (!/[<&]/.test(value)) return value
    const text = htmlPieces(value).map((piece) => piece.kind === 'text' ? decodeEntities(piece.text).replace(/\s+/g, ' ')
      : BREAKS.has(piece.name) ? '\n' : piece.name === 'td' || piece.name === 'th' ? ' ' : '').join('')
    const lines = text.split('\n').map((line) => line.replace(/[ \t\u00a0]+/g, ' ').trim()).filter((line) => line !== '')
    return lines.join(o.lines ? '\n' : ' ')
  },
})

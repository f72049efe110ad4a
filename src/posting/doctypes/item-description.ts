import { parse, parseFragment, type DefaultTreeAdapterTypes } from 'parse5'
import type { PostingContext } from '../framework/rule.ts'

type Node = DefaultTreeAdapterTypes.ChildNode
type Parent = DefaultTreeAdapterTypes.ParentNode

const KEPT = new Set(['div', 'p', 'br', 'ul', 'ol', 'li', 'strong', 'b', 'em', 'i', 'u', 'table', 'thead', 'tbody', 'td', 'tr'])
/** Elements that leave a line break behind when they go. */
const BLOCKS = new Set(['address', 'article', 'aside', 'blockquote', 'details', 'dialog', 'dd', 'dl', 'dt', 'fieldset', 'figcaption', 'figure', 'footer',
  'form', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6',
  'header', 'hgroup', 'hr', 'main', 'nav', 'pre', 'section'])
const GONE = new Set(['script', 'style'])
// eslint-disable-next-line no-control-regex
const INVISIBLE = /[\x00-\x08\x0b\x0c\x0e-\x1f]/g

const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function write(parent: Parent, lineBreaks: boolean): string {
  return (parent.childNodes as Node[]).map((node) => {
    if ('value' in node) return escapeText(node.value)
    if (!('tagName' in node) || GONE.has(node.tagName)) return ''
    const inner = write('content' in node ? (node.content as Parent) : node, lineBreaks)
    if (!KEPT.has(node.tagName)) return lineBreaks && BLOCKS.has(node.tagName) ? `\n${inner}` : inner
    return node.tagName === 'br' ? '<br>' : `<${node.tagName}>${inner}</${node.tagName}>`
  }).join('')
}

/**
 * Frappe's clean_html: a few plain elements stay, without attributes; the text of others stays, scripts, styles and comments go. Parsed twice, as
 * the site does: what remains of the first tree is read as a fragment of its own.
 */
export function cleanHtml(html: string): string {
  const plain = write(parse(html, { scriptingEnabled: false }), true)
  const context = parseFragment('<div></div>').childNodes[0] as DefaultTreeAdapterTypes.Element
  return write(parseFragment(context, plain, { scriptingEnabled: true }), false).replace(INVISIBLE, '?')
}

/** Descriptions lose their markup where Stock Settings say so. Text without any only loses the white space before it; the rest is cleaned once per text. */
export async function cleanDescriptions(ctx: PostingContext): Promise<void> {
  if (ctx.site.single('Stock Settings')['clean_description_html'] !== '1') return
  const rows = await ctx.staging.all<{ description: string }>(`SELECT DISTINCT description FROM ${ctx.doc} WHERE regexp_matches(description,
    '[<&\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]')`)
  await ctx.staging.run(`UPDATE ${ctx.doc} SET description = regexp_replace(regexp_replace(replace(description, '>', '&gt;'), '\\r\\n?', chr(10), 'g'),
    '^[ \\t\\n]+', '')
    WHERE NOT regexp_matches(description, '[<&\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]') AND regexp_matches(description, '[>\\r]|^[ \\t\\n]')`)
  if (rows.length === 0) return
  const cleaned = rows.map(({ description }) => ({ description, after: cleanHtml(description) })).filter((row) => row.after !== row.description)
  const table = ctx.scratch('descriptions'), local = table.replace(/^temp\./, '')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${local} (before VARCHAR, "after" VARCHAR)`)
  await ctx.staging.appendColumns({ database: 'temp', schema: 'main', table: local.replace(/^"|"$/g, '') }, [
    { name: 'before', kind: 'VARCHAR', values: cleaned.map((row) => row.description) }, { name: 'after', kind: 'VARCHAR',
      values: cleaned.map((row) => row.after) },
  ])
  await ctx.find({
    type: 'markup-removed', severity: 'warning', field: 'description', message: 'The site removes markup from the description',
      hint: 'Switch off "Convert Item Description to Clean HTML" in Stock Settings to keep it.',
    select: `SELECT d._id AS id, d.description AS "value" FROM ${ctx.doc} d JOIN ${table} t ON t.before = d.description WHERE contains(d.description, '<')`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} AS d SET description = t."after" FROM ${table} t WHERE t.before = d.description`)
}

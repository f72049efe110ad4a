/** Escapes text for HTML: every value in the page passes through here, legacy data above all. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}

/** Cells, rows and tables of a page. A head that begins with # stands over numbers; text is escaped here, HTML passes as `<td>`. */
export const number = (n: number): string => `<td class="n${n === 0 ? ' zero' : ''}">${n.toLocaleString('en-US')}</td>`
export const cell = (text: string, kind = ''): string => `<td${kind === '' ? '' : ` class="${kind}"`}>${escape(text)}</td>`
export const row = (cells: string[]): string => `<tr>${cells.join('')}</tr>`
export const table = (heads: string[], rows: string[]): string =>
  `<table><thead><tr>${heads.map((head) => (head.startsWith('#') ? `<th class="n">${escape(head.slice(1))}</th>` : `<th>${escape(head)}</th>`)).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`
export const section = (title: string, body: string): string => `<section><h2>${escape(title)}</h2>${body}</section>`

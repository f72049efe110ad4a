/** Escapes text for HTML: every value in the page passes through here, legacy data above all. */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}

/** A cell with a count. */
export const number = (n: number): string => `<td class="n${n === 0 ? ' zero' : ''}">${n.toLocaleString('en-US')}</td>`
/** A cell with text; `kind` is its class: n for numbers, soft, bad. */
export const cell = (text: string, kind = ''): string => `<td${kind === '' ? '' : ` class="${kind}"`}>${escape(text)}</td>`
export const row = (cells: string[]): string => `<tr>${cells.join('')}</tr>`
/** Heads that begin with # stand over numbers. */
export const table = (heads: string[], rows: string[]): string =>
  `<table><thead><tr>${heads.map((head) => (head.startsWith('#') ? `<th class="n">${escape(head.slice(1))}</th>` : `<th>${escape(head)}</th>`)).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`
export const section = (title: string, body: string): string => `<section><h2>${escape(title)}</h2>${body}</section>`
/** A status as a word with a sign. */
export const mark = (status: string): string => `<span class="${status}"><span class="mark">${status}</span></span>`
/** Money as people read it: grouped, two decimals at least. */
export const money = (text: string): string => text.replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ','))

import type { ExceptionOptions } from './exception.ts'

/**
 * How the site words an exception where the posting engine's finding says less: markup, the document's name, the dialog's title. `match` is tried against the finding's message;
 * `message` puts the markup back (`$1`, `$2`... as in String.replace; `{name}` is the document's name).
 */
interface Wording { type?: string; doctype?: string; match: RegExp; message?: string; title?: string; indicator?: string }

const WORDINGS: Wording[] = [
  { type: 'CharacterLengthExceededError', match: /^(.+?) : '(.*?)' \((.*)\) will get truncated/s, message: "$1 {name}: '<strong>$2</strong>' ($3) will get truncated", title: 'Value too big' },
  { type: 'CharacterLengthExceededError', match: /^(.+?, Row \d+): '(.*?)' \((.*)\) will get truncated/s, message: "$1: '<strong>$2</strong>' ($3) will get truncated", title: 'Value too big' },
  { doctype: 'Account', match: /^(Parent account .*)$/s, message: 'Account {name}: $1' },
  { doctype: 'Account', match: /^The root account must be a group$/, message: 'The root account <strong>{name}</strong> must be a group' },
  { type: 'TypeError', match: /^The order has no items.*$/s, message: "unsupported operand type(s) for *: 'NoneType' and 'float'" },
  { type: 'InvalidDates', match: /^(.+) must be after (.+)$/s, message: '<strong>$1</strong> must be after <strong>$2</strong>' },
  { match: /^Only one (.+) can be set as primary\.$/s, message: 'Only one <strong>$1</strong> can be set as primary.' },
  { type: 'InvalidQtyError', match: /^Row #(\d+): Quantity for Item (.+) cannot be zero\.$/s, message: 'Row #$1: Quantity for Item <strong>$2</strong> cannot be zero.', title: 'Invalid Quantity' },
  { match: /^Expected Delivery Date should be after Sales Order Date$/, title: 'Invalid Delivery Date', indicator: 'orange' },
  { type: 'UOMMustBeIntegerError', match: /disable '(.+)' in UOM (.+)\.$/s, message: "disable '<strong>$1</strong>' in UOM <strong>$2</strong>." },
]

/** A finding in the site's own words. */
export function worded(doctype: string, error: { type: string; message: string }, name: string): { message: string } & Pick<ExceptionOptions, 'title' | 'indicator'> {
  const wording = WORDINGS.find((item) => (item.type === undefined || item.type === error.type) && (item.doctype === undefined || item.doctype === doctype) && item.match.test(error.message))
  if (wording === undefined) return { message: error.message }
  // A function: `$` in the document's own text means nothing.
  const template = wording.message
  const message = template === undefined ? error.message : error.message.replace(wording.match, (...groups: unknown[]) => template.replace(/\$(\d)|\{name\}/g, (mark, digit?: string) => (digit === undefined ? (mark === '{name}' ? name : mark) : String(groups[Number(digit)] ?? ''))))
  return { message, ...(wording.title === undefined ? {} : { title: wording.title }), ...(wording.indicator === undefined ? {} : { indicator: wording.indicator }) }
}

/** What Frappe's checks of Data fields say about a value: an exception and its message, or null. */
export type Problem = { type: string; message: string } | null

const EMAIL_ATOM = String.raw`[a-z0-9!#$%&'*+/=?^_` + '`' + String.raw`{|}~-]+`
// Frappe matches at the start only: what follows a valid address is not looked at.
const EMAIL = new RegExp(String.raw`^${EMAIL_ATOM}(?:\.${EMAIL_ATOM})*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?`, 'i')
const SEPARATORS = /[,\n](?=(?:[^"]|"[^"]*")*$)/
const STANDARD_USERS = new Set(['Guest', 'Administrator'])

const ESCAPES: Record<string, string> = { '&': '&amp;', '"': '&quot;', "'": '&apos;', '<': '&lt;', '>': '&gt;' }

/** frappe.utils.escape_html. */
export function escapeHtml(text: string): string {
  return text.replace(/[&"'<>]/g, (char) => ESCAPES[char]!)
}

/** The address in `Name <address>`, as far as Python's parseaddr reads the usual forms; comments in parentheses and spaces go. */
function addressOf(text: string): string {
  const angle = /<([^<>]*)>/.exec(text)
  return (angle ? angle[1]! : text.replace(/\([^()]*\)/g, '')).replace(/\s+/g, '')
}

/** Frappe's rough look: something before the @, a point and at least three characters after it. */
function looksRight(email: string): boolean {
  const at = email.lastIndexOf('@')
  return at > 0 && email.lastIndexOf('.') > at && email.length - at > 4
}

function extractEmail(text: string): string {
  const address = addressOf(text)
  if (looksRight(address)) return address
  const within = /[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+/.exec(text)?.[0]
  return within !== undefined && looksRight(within) ? within : address
}

/** Addresses separated by commas; each must be valid. */
export function emailProblem(text: string): Problem {
  if (STANDARD_USERS.has(text)) return null
  for (const part of text.replace(/[\t\n\r]/g, ' ').split(SEPARATORS)) {
    if (part.trim() === '') continue
    for (const piece of part.trim().split(',')) {
      const email = piece.trim()
      if (email.includes('undisclosed-recipient')) continue
      if (email === '' || (email.includes(' ') && !email.includes('<')) || !EMAIL.test(extractEmail(email))) {
        return { type: 'InvalidEmailAddressError', message: `${escapeHtml(email)} is not a valid Email Address` }
      }
    }
  }
  return null
}

/** Digits and the usual signs, 20 at most. */
export function phoneProblem(text: string): Problem {
  if (text === '') return null
  const phone = text.trim()
  return /^[0-9 +_\-,.*#()]{1,20}\n?$/.test(phone) ? null : { type: 'InvalidPhoneNumberError', message: `${phone} is not a valid Phone Number` }
}

/** A person's name: words of letters, digits, apostrophes and hyphens, one space between. */
export function personNameProblem(text: string): Problem {
  if (text === '') return null
  const name = text.trim()
  return /^[\p{L}\p{N}_][\p{L}\p{N}_'-]*( [\p{L}\p{N}_][\p{L}\p{N}_'-]*)*\n?$/u.test(name) ? null : { type: 'InvalidNameError', message: `${name} is not a valid Name` }
}

/** Anything with a scheme and something behind it, or a path from the root. */
export function urlProblem(text: string): Problem {
  if (text === '') return null
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/s.exec(text.replace(/[\t\r\n]/g, '').replace(/^[\x00-\x20]+/, ''))
  const rest = match ? match[2]!.replace(/[?#].*$/s, '') : ''
  const valid = (match !== null && rest.replace(/^\/\//, '') !== '') || text.startsWith('/')
  return valid ? null : { type: 'ValidationError', message: `'${text}' is not a valid URL` }
}

/** Check by the `options` of a Data field. */
export const DATA_FORMATS: Record<string, (text: string) => Problem> = { Email: emailProblem, Phone: phoneProblem, Name: personNameProblem, URL: urlProblem }

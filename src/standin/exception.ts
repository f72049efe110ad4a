import { EXCEPTION_CLASSES, PYTHON_EXCEPTIONS, STATUSES } from './exception-classes.ts'

/** A message the site shows its user: an entry of `_server_messages`. Keys in the order in which Frappe writes them. */
export interface ServerMessage {
  message: string
  title: string
  indicator?: string
  alert?: 1
  raise_exception?: 1
  __frappe_exc_id?: string
}

export interface ExceptionOptions {
  /** What the user is shown before and with it. Absent: the message itself, in red, as `frappe.throw` does; `[]`: nothing. */
  messages?: ServerMessage[]
  /** Title of the message shown; Frappe's default is `Message`. */
  title?: string
  indicator?: string
  /** Text of the exception where it is another than the one shown (`('Account', 'Cash - NT', IntegrityError(...))`). */
  text?: string
  /** It was raised in code of this app: `_exc_source`. */
  app?: string | null
  /** It was raised while another was handled: the traceback begins there. */
  during?: 'insert' | 'update' | 'import' | 'unlink'
  status?: number
  /** False: an exception of Frappe although its text looks like the driver's. */
  driver?: boolean
  /** `_error_message`. */
  errorMessage?: string
}

/**
 * What the site answers instead of a result: a Python exception of a class of Frappe, ERPNext, or the database driver. Raised within the stand-in and
 * turned into an answer by `errorAnswer`; whatever the request did is rolled back. Not an error of ours: those are LandfallErrors and answer 500.
 */
export class SiteException extends Error {
  readonly type: string
  readonly status: number
  readonly options: ExceptionOptions

  constructor(type: string, message: string, options: ExceptionOptions = {}) {
    super(message)
    this.name = type
    this.type = type
    this.options = options
    this.status = options.status ?? (this.#ofDriver ? 500 : STATUSES[type] ?? (PYTHON_EXCEPTIONS.has(type) ? 500 : 417))
  }

  /** The database driver's errors share names with Frappe's; their text is a tuple that begins with the error's number. */
  get #ofDriver(): boolean {
    return this.options.driver !== false && /^\(\d{4}, /.test(this.options.text ?? this.message)
  }

  /** Class as a traceback names it: `frappe.exceptions.ValidationError`. */
  get qualified(): string {
    if (this.#ofDriver) return `pymysql.err.${this.type}`
    if (PYTHON_EXCEPTIONS.has(this.type)) return this.type
    return `${EXCEPTION_CLASSES[this.type] ?? 'frappe.exceptions'}.${this.type}`
  }

  /** The last line of its traceback. */
  get line(): string {
    const text = this.options.text ?? this.message
    // A traceback's last line is not its exception's first where the text has several.
    if (text.includes('\n')) return text.split('\n').at(-1)!
    return text === '' ? this.qualified : `${this.qualified}: ${text}`
  }
}

/** `frappe.throw`: the message is shown and raised. */
export function thrown(type: string, message: string, options: ExceptionOptions = {}): SiteException {
  return new SiteException(type, message, options)
}

/** What cannot be predicted: 501, never a guess. */
export function unsupported(message: string): SiteException {
  return new SiteException('Unsupported', message, { status: 501 })
}

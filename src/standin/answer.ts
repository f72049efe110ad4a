import { createHash } from 'node:crypto'
import { pythonJson } from './python-text.ts'
import type { ServerMessage, SiteException } from './exception.ts'

/** What goes back over HTTP. `body` is JSON unless `text` (a page) or `bytes` (a file) is given. */
export interface Answer { status: number; body: Record<string, unknown>; headers?: Record<string, string>; text?: string; bytes?: Buffer }

/** The beginning of every traceback of an API request: the frames the site's dispatcher puts there. The frames below them differ by endpoint and controller and are left out. */
const DISPATCHER = 'Traceback (most recent call last):\n  File "apps/frappe/frappe/app.py", line 115, in application\n    response = frappe.api.handle(request)\n               ^^^^^^^^^^^^^^^^^^^^^^^^^^\n' +
  '  File "apps/frappe/frappe/api/__init__.py", line 49, in handle\n    data = endpoint(**arguments)\n           ^^^^^^^^^^^^^^^^^^^^^\n'
/** That of a request whose login is refused. */
const LOGIN = 'Traceback (most recent call last):\n  File "apps/frappe/frappe/app.py", line 102, in application\n    validate_auth()\n  File "apps/frappe/frappe/auth.py", line 618, in validate_auth\n    validate_auth_via_api_keys(authorization_header)\n' +
  '  File "apps/frappe/frappe/auth.py", line 684, in validate_auth_via_api_keys\n'
const REFUSED_SQL = '    frappe.db.sql(\n  File "apps/frappe/frappe/database/database.py", line 230, in sql\n    self._cursor.execute(query, values)\n  File "env/lib/python3.11/site-packages/pymysql/cursors.py", line 153, in execute\n    result = self._query(query)\n'
/** Where the exception arose that was being handled: in the database, in looking for a controller, in a link that keeps a document from being deleted. */
const FIRST: Record<NonNullable<SiteException['options']['during']>, string> = {
  insert: `  File "apps/frappe/frappe/model/base_document.py", line 576, in db_insert\n${REFUSED_SQL}`,
  update: `  File "apps/frappe/frappe/model/base_document.py", line 632, in db_update\n${REFUSED_SQL}`,
  import: '  File "apps/frappe/frappe/modules/utils.py", line 254, in load_doctype_module\n    doctype_python_modules[key] = frappe.get_module(module_name)\n                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File "apps/frappe/frappe/__init__.py", line 1454, in get_module\n    return importlib.import_module(modulename)\n',
  unlink: '  File "apps/frappe/frappe/model/delete_doc.py", line 131, in delete_doc\n    check_if_doc_is_linked(doc)\n  File "apps/frappe/frappe/model/delete_doc.py", line 318, in check_if_doc_is_linked\n    raise_link_exists_exception(doc, linked_parent_doctype, reference_docname)\n',
}

function traceback(exception: SiteException): string {
  if (exception.type === 'AuthenticationError') return `${LOGIN}${exception.line}\n`
  const { during } = exception.options
  if (during !== undefined) return `Traceback (most recent call last):\n${FIRST[during]}\nDuring handling of the above exception, another exception occurred:\n\n${DISPATCHER}${exception.line}\n`
  return `${DISPATCHER}${exception.line}\n`
}

/** Entries of `_server_messages` an exception leaves; `thrown` messages carry an id, drawn from `seed` so that a run can be repeated. */
function messagesOf(exception: SiteException, seed: string): ServerMessage[] {
  const { options } = exception
  if (options.messages !== undefined) return options.messages
  return [{
    message: exception.message, title: options.title ?? 'Message', indicator: options.indicator ?? 'red', raise_exception: 1,
    __frappe_exc_id: createHash('sha224').update(`${seed}\u001f${exception.line}`).digest('hex'),
  }]
}

/**
 * The answer Frappe gives for an exception: `exception` and `exc` with the traceback (not for 404, which has neither), `exc_type`, `_exc_source` where an app beside Frappe raised it, `_server_messages`.
 * `shown`: messages shown before the exception, such as notices of the controller.
 */
export function errorAnswer(exception: SiteException, seed: string, shown: ServerMessage[] = []): Answer {
  const body: Record<string, unknown> = {}, told = exception.status !== 404
  if (told) body['exception'] = exception.line
  body['exc_type'] = exception.type
  if (told && exception.options.app) body['_exc_source'] = `${exception.options.app} (app)`
  if (told) body['exc'] = pythonJson([traceback(exception)])
  const messages = [...shown, ...messagesOf(exception, seed)]
  if (messages.length > 0) body['_server_messages'] = pythonJson(messages.map((message) => pythonJson(message)))
  if (exception.options.errorMessage !== undefined) body['_error_message'] = exception.options.errorMessage
  return { status: exception.status, body }
}

/** A result, with the messages shown on the way. */
export function resultAnswer(body: Record<string, unknown>, shown: ServerMessage[] = [], status = 200): Answer {
  return { status, body: shown.length === 0 ? body : { ...body, _server_messages: pythonJson(shown.map((message) => pythonJson(message))) } }
}

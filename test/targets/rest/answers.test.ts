import { expect, test } from 'vitest'
import { judge, plain, type Exchange } from '../../../src/targets/rest/answers.ts'

function answer(status: number, body: unknown, retryAfter: string | null = null): Exchange {
  return typeof body === 'string' ? { kind: 'answer', status, retryAfter, body: null, text: body } : { kind: 'answer', status, retryAfter, body, text: JSON.stringify(body) }
}
const messages = (...list: { message: string; raise_exception?: number }[]): string => JSON.stringify(list.map((entry) => JSON.stringify(entry)))

test('a document or a message is the answer', () => {
  expect(judge(answer(200, { data: { name: 'A' } }))).toEqual({ kind: 'done', data: { name: 'A' } })
  expect(judge(answer(200, { message: ['A', 'B'] }))).toEqual({ kind: 'done', data: ['A', 'B'] })
  expect(judge(answer(202, { data: 'ok' }))).toEqual({ kind: 'done', data: 'ok' })
})

test('what the user of the site would be shown is the reason, without HTML', () => {
  expect(judge(answer(417, {
    exception: 'frappe.exceptions.LinkValidationError: Could not find Customer Group: Nope', exc_type: 'LinkValidationError', exc: '["Traceback ..."]',
    _server_messages: messages({ message: 'Item Price added' }, { message: 'Could not find <strong>Customer Group</strong>: <a href="/app/x">Nope &amp; Co</a>', raise_exception: 1 }),
  }))).toEqual({ kind: 'refused', type: 'LinkValidationError', message: 'Could not find Customer Group: Nope & Co' })
})

test('a mandatory field is said by the exception where no message was raised', () => {
  expect(judge(answer(417, { exception: 'frappe.exceptions.MandatoryError: [Customer, X]: customer_name', exc_type: 'MandatoryError', _server_messages: messages({ message: 'Error: Value missing for Customer: Customer Name' }) })))
    .toEqual({ kind: 'refused', type: 'MandatoryError', message: '[Customer, X]: customer_name' })
})

test.each([
  [409, { exc_type: 'DuplicateEntryError', exception: "frappe.exceptions.DuplicateEntryError: ('Account', 'Cash - NT')" }, 'DuplicateEntryError'],
  [404, { exc_type: 'DoesNotExistError', _server_messages: messages({ message: 'Item NOPE not found', raise_exception: 1 }) }, 'DoesNotExistError'],
  [403, { exc_type: 'PermissionError', exception: 'frappe.exceptions.PermissionError' }, 'PermissionError'],
  [500, { exc_type: 'TypeError', exception: "TypeError: unsupported operand type(s) for -: 'NoneType' and 'float'" }, 'TypeError'],
  [500, { exception: 'pymysql.err.OperationalError: (1292, "Incorrect date value")' }, 'OperationalError'],
])('status %i with an exception refuses the document', (status, body, type) => {
  expect(judge(answer(status, body))).toMatchObject({ kind: 'refused', type })
})

test.each([
  [429, { exc_type: 'TooManyRequestsError', exception: 'frappe.exceptions.TooManyRequestsError' }],
  [500, { exc_type: 'QueryDeadlockError', exception: "frappe.exceptions.QueryDeadlockError: (1213, 'Deadlock found')" }],
  [417, { exc_type: 'QueryTimeoutError', exception: "frappe.exceptions.QueryTimeoutError: (1205, 'Lock wait timeout exceeded')" }],
  [500, { exc_type: 'OperationalError', exception: "pymysql.err.OperationalError: (1205, 'Lock wait timeout exceeded')" }],
  [404, { exc_type: 'DoesNotExistError', _server_messages: messages({ message: 'Item Code must be unique' }) }],
  [503, { exc_type: 'SessionStopped', exception: 'frappe.exceptions.SessionStopped: Session Stopped' }],
])('status %i of a passing failure was rolled back and is tried again', (status, body) => {
  expect(judge(answer(status, body, '3'))).toMatchObject({ kind: 'again', undone: true, retryAfter: '3' })
})

test('pages of a proxy leave open what happened behind it', () => {
  expect(judge(answer(502, '<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>'))).toMatchObject({ kind: 'again', undone: false, message: 'the site answered 502: 502 Bad Gateway 502' })
  expect(judge(answer(504, ''))).toMatchObject({ kind: 'again', undone: false, message: 'the site answered 504: nothing' })
  expect(judge(answer(500, '<h1>Internal Server Error</h1>'))).toMatchObject({ kind: 'again', undone: false })
  expect(judge(answer(429, '<h1>Slow down</h1>'))).toMatchObject({ kind: 'again', undone: true })
  expect(judge(answer(200, '<html>Please log in</html>'))).toMatchObject({ kind: 'broken' })
  expect(judge(answer(301, ''))).toMatchObject({ kind: 'broken' })
  expect(judge(answer(404, '<h1>Not Found</h1>'))).toMatchObject({ kind: 'broken' })
  expect(judge(answer(403, '<h1>Forbidden</h1>'))).toMatchObject({ kind: 'denied' })
})

test('a wrong token is no fault of the document', () => {
  expect(judge(answer(401, { exc_type: 'AuthenticationError', exception: 'frappe.exceptions.AuthenticationError' }))).toMatchObject({ kind: 'denied' })
})

test('413 asks for less at once', () => {
  expect(judge(answer(413, '<h1>Request Entity Too Large</h1>'))).toMatchObject({ kind: 'too-large' })
})

test('no answer: sent or not decides whether to look', () => {
  expect(judge({ kind: 'lost', sent: true, message: 'socket hang up' })).toMatchObject({ kind: 'again', undone: false })
  expect(judge({ kind: 'lost', sent: false, message: 'ECONNREFUSED' })).toMatchObject({ kind: 'again', undone: true })
})

test('HTML becomes one line of text', () => {
  expect(plain('<p>Row #1: 5 &lt; 6</p><ul><li>a&nbsp;b</li><li>&#65;&#x42;</li></ul><script>alert(1)</script>')).toBe('Row #1: 5 < 6 a b AB')
  expect(plain('1 < 2 and 3 > 2')).toBe('1 < 2 and 3 > 2')
})

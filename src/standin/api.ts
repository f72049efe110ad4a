import { messageOf } from '../errors/error.ts'
import type { ApiRequest } from './api-request.ts'
import { errorAnswer, resultAnswer, type Answer } from './answer.ts'
import { CLIENT_METHODS, type Method } from './client-methods.ts'
import { SiteException, thrown, unsupported } from './exception.ts'
import { answerResource, guestRefusal } from './resources.ts'
import { SITE_METHODS } from './site-methods.ts'
import type { ServedSite } from './served-site.ts'

export const METHODS: Readonly<Record<string, Method>> = { ...SITE_METHODS, ...CLIENT_METHODS }
/** Requests of these methods may change the site: they are transactions. */
const CHANGES = new Set(['POST', 'PUT', 'DELETE', 'PATCH'])
const RESOURCE = /^\/api(?:\/v1)?\/resource\/([^/]+)(?:\/(.+?))?\/?$/
const METHOD = /^\/api(?:\/v1)?\/method\/([^/]+)/

/** Who a request comes from. Throws AuthenticationError for a login the site does not know. */
export function userOf(request: ApiRequest, token: string): 'Administrator' | 'Guest' {
  const parts = (request.headers['authorization'] ?? '').split(' ')
  if (parts.length !== 2) return 'Guest'
  const [kind, given] = parts as [string, string]
  const pair = kind.toLowerCase() === 'basic' ? Buffer.from(given, 'base64').toString('utf8') : kind.toLowerCase() === 'token' ? given : null
  if (pair === token) return 'Administrator'
  throw new SiteException('AuthenticationError', '', { messages: [] })
}

async function dispatch(served: ServedSite, request: ApiRequest, user: string): Promise<Answer> {
  const resource = RESOURCE.exec(request.path), method = METHOD.exec(request.path)
  if (resource !== null) {
    const [, doctype, name] = resource
    if (!(name === undefined ? ['GET', 'HEAD', 'POST'] : ['GET', 'HEAD', 'PUT', 'DELETE', 'POST']).includes(request.method)) return wrongMethod()
    if (user === 'Guest') guestRefusal(doctype!)
    return answerResource(served, request, doctype!, name ?? null)
  }
  if (method !== null) return callMethod(served, request, method[1]!, user)
  if (/^\/(private\/)?files\//.test(request.path)) return sendFile(served, request.path, user)
  if (request.path.startsWith('/api/v2/')) throw unsupported('The stand-in speaks version 1 of the API')
  throw thrown('DoesNotExistError', '', { messages: [] })
}

/** A file of the site; private ones only for its user. */
function sendFile(served: ServedSite, path: string, user: string): Answer {
  const bytes = served.files.get(path)
  if (path.startsWith('/private/') && user === 'Guest') return { status: 403, body: {}, text: '<!doctype html>\n<title>403 Forbidden</title>\n' }
  return bytes === null ? { status: 404, body: {}, text: '<!doctype html>\n<title>404 Not Found</title>\n' } : { status: 200, body: {}, bytes }
}

function wrongMethod(): Answer {
  return { status: 405, body: {}, text: '<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n<h1>Method Not Allowed</h1>\n<p>The method is not allowed for the requested URL.</p>\n' }
}

async function callMethod(served: ServedSite, request: ApiRequest, name: string, user: string): Promise<Answer> {
  const method = METHODS[name]
  if (method === undefined) {
    const app = name.split('.')[0]!
    if (!name.includes('.')) throw thrown('ValidationError', `Failed to get method for command ${name} with '${name}'`)
    if (served.site.apps[app] === undefined) throw thrown('ValidationError', `Failed to get method for command ${name} with App ${app} is not installed`)
    throw unsupported(`The stand-in has no method ${name}`)
  }
  if (user === 'Guest' && !method.guest) {
    throw thrown('PermissionError', `<details><summary>You are not permitted to access this resource. Login to access</summary>Function <strong>${name}</strong> is not whitelisted.</details>`, { title: 'Method Not Allowed' })
  }
  if (method.http !== undefined && !method.http.includes(request.method)) throw thrown('PermissionError', 'Not permitted')
  const { cmd: _, ...args } = request.form
  const run = () => method.run(served, args, request)
  const message = await (CHANGES.has(request.method) && !method.own ? served.transaction(run) : run())
  return resultAnswer(message === null || message === undefined ? {} : { message }, served.messages)
}

/** Answers a request as the site would, in one transaction of its own. Never throws: a defect of ours answers 500 with `exc_type` InternalError. */
export async function answerApi(served: ServedSite, request: ApiRequest, token: string): Promise<Answer> {
  const seed = `${request.method} ${request.path}`
  try {
    const user = userOf(request, token)
    return await served.request(() => dispatch(served, request, user))
  } catch (error) {
    const exception = error instanceof SiteException ? error : new SiteException('InternalError', `A defect of the stand-in: ${messageOf(error)}`, { status: 500 })
    return errorAnswer(exception, seed, served.messages)
  }
}

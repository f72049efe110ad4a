import { startStandin, type Standin, type StandinOptions } from '../../src/standin/server.ts'
import { fixedClock } from '../../src/model/clock.ts'

export interface Reply { status: number; body: Record<string, unknown>; headers: Headers }

/** A stand-in with a client to it. */
export interface Opened { standin: Standin; call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>; close(): Promise<void> }

export async function openStandin(options: StandinOptions = {}): Promise<Opened> {
  const standin = await startStandin({ clock: fixedClock('2026-11-22'), ...options })
  return {
    standin,
    async call(method, path, body, headers = {}) {
      const response = await fetch(`${standin.url}${path}`, {
        method, headers: { Authorization: `token ${standin.token}`, ...(body === undefined || body instanceof FormData ? {} : { 'Content-Type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) as Record<string, unknown> : { text }, headers: response.headers }
    },
    close: () => standin.close(),
  }
}

/** Messages of `_server_messages`. */
export function messages(body: Record<string, unknown>): Record<string, unknown>[] {
  return (JSON.parse(String(body['_server_messages'] ?? '[]')) as string[]).map((text) => JSON.parse(text) as Record<string, unknown>)
}

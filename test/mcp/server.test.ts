import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Approvals } from '../../src/cli/mcp/approvals.ts'
import { loadProject } from '../../src/config/project.ts'
import { AuditTrail, checkTrail } from '../../src/ledger/audit-trail.ts'
import { systemClock } from '../../src/model/clock.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 })
const main = resolve(import.meta.dirname, '../../src/cli/main.ts')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-mcp-'))
  mkdirSync(join(folder, 'exports'))
  mkdirSync(join(folder, 'mappings'))
  writeFileSync(join(folder, 'exports', 'brands.csv'), 'id;brand;about\n1;Alpha;first\n2;Beta;second\n')
  writeFileSync(join(folder, 'landfall.yaml'), 'project: shop\nsources:\n  old: {kind: csv, path: exports}\n')
  writeFileSync(join(folder, 'mappings', 'brands.yaml'), '# of the shop\nentity: brands\nsource: old\nkey: id\ndoctype: Brand\nfields:\n  brand: brand\n  description: about\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Called { text: string; error: boolean }
async function call(client: Client, name: string, args: Record<string, unknown> = {}): Promise<Called> {
  const result = await client.callTool({ name, arguments: args }, undefined, { timeout: 120_000 })
  return { text: (result.content as { text: string }[]).map((part) => part.text).join(''), error: result.isError === true }
}

test('over stdio: a role has its tools; a write needs a dry run and a token of a person, given once for exactly that call', async () => {
  const client = new Client({ name: 'test-agent', version: '1' })
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [main, '--project', folder, 'mcp', '--role', 'data-integration-expert'], stderr: 'inherit' }) as unknown as Transport)
  try {
    const { tools } = await client.listTools(), names = tools.map((tool) => tool.name)
    expect(names).toEqual(expect.arrayContaining(['assess', 'map', 'extract', 'load', 'sync', 'trace']))
    expect(names).not.toEqual(expect.arrayContaining(['rollback']))
    expect(tools.filter((tool) => !tool.annotations?.readOnlyHint).map((tool) => tool.name)).toEqual(['map_suggest', 'load', 'sync'])
    expect((await call(client, 'status')).text).toContain('"type":"standing"')

    const dry = await call(client, 'load'), id = /request ([0-9a-f]{8})/.exec(dry.text)?.[1] ?? ''
    expect(dry).toMatchObject({ error: false, text: expect.stringMatching(/^DRY RUN[^]*Nothing was done/) as string })
    expect(await call(client, 'load', { token: 'guessed' })).toEqual({ error: true, text: 'No person gave this token.' })
    const approvals = new Approvals(loadProject(folder), systemClock)
    expect(approvals.open()).toMatchObject([{ id, tool: 'load', by: 'agent test-agent', passed: true }])
    const token = approvals.approve(id, 'anna')
    expect(await call(client, 'sync', { token })).toMatchObject({ error: true, text: expect.stringContaining('was given for load with {}, and for nothing else') as string })
    const loaded = await call(client, 'load', { token })
    expect(loaded).toMatchObject({ error: false, text: expect.stringContaining('"outcomes":{"loaded":2') as string })
    expect(await call(client, 'load', { token })).toMatchObject({ error: true, text: 'This token was used already.' })
    expect((await call(client, 'trace', { what: ['Brand', 'Alpha'] })).text).toContain('"about":"first"')
    expect((await call(client, 'trace', { what: ['--help'] })).error).toBe(true)
  } finally {
    await client.close()
  }
})

test('over HTTP: only with the bearer; the designer adds a field to a mapping with approval; every call is in the audit trail', async () => {
  const child: ChildProcess = spawn(process.execPath, [main, '--project', folder, '--json', 'mcp', '--http', '0', '--role', 'doctype-designer', 'testing-specialist'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const { url, token: bearer } = await new Promise<{ url: string; token: string }>((done, failed) => {
      child.stdout!.once('data', (data: Buffer) => done(JSON.parse(data.toString()) as { url: string; token: string }))
      child.once('close', () => failed(new RangeError('the server ended')))
    })
    const stranger = new Client({ name: 'stranger', version: '1' })
    await expect(stranger.connect(new StreamableHTTPClientTransport(new URL(url)) as unknown as Transport)).rejects.toThrow(/401|bearer/i)
    const client = new Client({ name: 'designer', version: '1' })
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${bearer}` } } }) as unknown as Transport)
    expect((await client.listTools()).tools.map((tool) => tool.name)).not.toContain('load')
    expect((await call(client, 'site_describe', { doctype: 'Brand' })).text).toContain('"fieldname":"description"')
    const field = { entity: 'brands', doctype: 'Brand', fieldname: 'old_number', label: 'Old number' }, mapping = join(folder, 'mappings', 'brands.yaml'), before = readFileSync(mapping, 'utf8')
    const dry = await call(client, 'custom_field', field)
    expect([dry.error, readFileSync(mapping, 'utf8')]).toEqual([false, before])
    const token = new Approvals(loadProject(folder), systemClock).approve(/request ([0-9a-f]{8})/.exec(dry.text)?.[1] ?? '', 'ben')
    expect((await call(client, 'custom_field', { ...field, token })).error).toBe(false)
    expect(readFileSync(mapping, 'utf8')).toMatch(/^# of the shop[^]*custom_fields:\n {2}old_number:\n {4}fieldtype: Data\n {4}label: Old number/)
    expect((await call(client, 'rollback_rehearse')).text).toContain('"proven":true')
    expect((await call(client, 'audit_verify')).text).toContain('"passed":true')
    await client.close()
  } finally {
    child.kill()
  }
  const file = join(folder, '.landfall', 'audit.jsonl'), entries = new AuditTrail(file, systemClock).entries()
  expect(checkTrail(file).faults).toEqual([])
  expect(entries.filter((entry) => entry.detail['mode'] === 'write' && entry.action === 'mcp-call').map((entry) => entry.detail['tool'])).toEqual(['load', 'custom_field'])
  expect(entries.filter((entry) => entry.action === 'mcp-approved').map((entry) => entry.by)).toEqual(['anna', 'ben'])
  expect(entries.filter((entry) => entry.action === 'mcp-refused').map((entry) => entry.detail['tool'])).toEqual(['load', 'sync', 'load'])
})

import { spawn } from 'node:child_process'
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { resolve } from 'node:path'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { z } from 'zod'
import type { Project } from '../../config/project.ts'
import { messageOf } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import type { Clock } from '../../model/clock.ts'
import type { Json } from '../../model/value.ts'
import { openAudit } from '../audit.ts'
import { manifestVersion } from '../reporting.ts'
import { Approvals } from './approvals.ts'
import { ROLES, TOOLS, type Role, type Tool } from './tools.ts'

/** What a server is made of. `main`: the program that tools are run by. */
export interface ServerOptions { project: Project; clock: Clock; roles: Role[]; main: string; signal: AbortSignal }

interface Answer { text: string; code: number }
const MOST_CHARACTERS = 60_000

/** Tools of the roles over one project. Commands run one after another, since a project's staging has one user; every call is in the audit trail. */
export class ToolServer {
  readonly #options: ServerOptions
  readonly #approvals: Approvals
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: ServerOptions) {
    this.#options = options
    this.#approvals = new Approvals(options.project, options.clock)
  }

  /** A server for one connection. */
  serve(): McpServer {
    const { roles } = this.#options
    const server = new McpServer({ name: 'landfall', version: manifestVersion() }, { instructions: `Landfall moves a legacy system into ERPNext. Your roles: ${roles.map((role) => `${role} (${ROLES[role]})`).join(' ')} Tools only read, unless they take \`token\`: those make a dry run and answer a request id; a person approves it with \`landfall mcp approve ID\` and gives you a token; call again with the same arguments and it.` })
    for (const tool of TOOLS.filter((one) => one.roles.some((role) => roles.includes(role)))) {
      const writes = tool.dryRun !== undefined
      const inputSchema = { ...tool.input, ...writes ? { token: z.string().optional().describe('What a person gave for exactly this call. Absent: a dry run.') } : {} }
      server.registerTool(tool.name, { title: tool.name, description: `${tool.about}${writes ? ' WRITES: without `token` it is a dry run.' : ''}`, inputSchema, annotations: { readOnlyHint: !writes, destructiveHint: writes, openWorldHint: false } }, async (input: Record<string, unknown>) => {
        const { token, ...args } = input, by = `agent ${server.server.getClientVersion()?.name ?? 'unknown'}`
        const { text, code } = await this.#inTurn(() => this.#call(tool, args, token as string | undefined, by))
        return { content: [{ type: 'text' as const, text }], isError: code > 1 }
      })
    }
    return server
  }

  async #call(tool: Tool, args: Record<string, unknown>, token: string | undefined, by: string): Promise<Answer> {
    const trail = openAudit(this.#options.project, this.#options.clock), call = { tool: tool.name, arguments: args as { [key: string]: Json } }
    const mode = tool.dryRun === undefined ? 'read' : token === undefined ? 'dry run' : 'write'
    try {
      const request = mode === 'write' ? this.#approvals.use(token!, tool.name, args) : null
      trail.append(by, 'mcp-call', { ...call, mode, ...request === null ? {} : { request } })
      const answer = await this.#run(mode === 'dry run' ? tool.dryRun!(args) : tool.command(args))
      trail.append(by, 'mcp-answer', { ...call, mode, exit: answer.code })
      if (mode !== 'dry run' || answer.code > 1) return answer
      const id = this.#approvals.ask(by, tool.name, args, answer.text, answer.code === 0)
      return { code: answer.code, text: `DRY RUN, request ${id}${answer.code === 0 ? '' : ' (it needs attention: see below)'}. Nothing was done. A person approves it with: landfall mcp approve ${id}\n\n${answer.text}` }
    } catch (error) {
      trail.append(by, 'mcp-refused', { ...call, mode, why: messageOf(error) })
      return { code: 2, text: messageOf(error) }
    }
  }

  #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(body)
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  #run(args: string[]): Promise<Answer> {
    const { main, project, signal } = this.#options
    return new Promise((done, failed) => {
      const child = spawn(process.execPath, [main, '--project', project.paths.root, '--json', ...args], { cwd: project.paths.root, stdio: ['ignore', 'pipe', 'pipe'], signal })
      let out = ''
      // Progress of a run is of no use to an agent; results and errors are.
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => { out += data.toString() })
      child.once('error', failed)
      child.once('close', (code) => {
        const lines = out.split('\n').filter((line) => line !== '' && !/^\{"type":"(progress|step-started)"/.test(line)).join('\n')
        done({ text: redact(lines.length > MOST_CHARACTERS ? `${lines.slice(0, MOST_CHARACTERS)}\n... ${lines.length - MOST_CHARACTERS} characters more` : lines) || `done (exit ${code})`, code: code ?? 5 })
      })
    })
  }
}

/** Speaks over standard input and output until the other side hangs up. */
export async function serveStdio(options: ServerOptions): Promise<void> {
  const server = new ToolServer(options).serve(), transport = new StdioServerTransport()
  await server.connect(transport)
  await new Promise<void>((done) => {
    server.server.onclose = done
    process.stdin.once('end', done)
    options.signal.addEventListener('abort', () => done(), { once: true })
  })
  await server.close()
}

/** Speaks streamable HTTP at `/mcp` of 127.0.0.1; whoever asks must give `token` as bearer. Answers the server, listening. */
export async function serveHttp(options: ServerOptions, port: number, token: string): Promise<Server> {
  const tools = new ToolServer(options), digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const http = createServer((request, response) => {
    const refuse = (status: number, message: string): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null }))
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== '/mcp') return refuse(404, 'The endpoint is /mcp.')
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${token}`))) return refuse(401, 'Give the token that `landfall mcp --http` printed, as bearer.')
    if (request.method !== 'POST') return refuse(405, 'Only POST: there are no sessions.')
    // A request is a connection of its own: what must last is in the project.
    const server = tools.serve(), transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
    response.once('close', () => { void transport.close(); void server.close() })
    server.connect(transport as unknown as Transport).then(() => transport.handleRequest(request, response)).catch((error: unknown) => { if (!response.headersSent) refuse(500, redact(messageOf(error))) })
  })
  await new Promise<void>((done, failed) => {
    http.once('error', failed)
    http.listen(port, '127.0.0.1', done)
  })
  return http
}

/** The program that runs now. */
export const thisProgram = (): string => resolve(process.argv[1]!)

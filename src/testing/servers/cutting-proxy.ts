import { connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP proxy that breaks: for tests of connections that die while data flows. */
export interface CuttingProxy {
  port: number
  /** From now on, each connection ends once this many further bytes came from the server; `reset` sends RST instead of a clean end. */
  cutAfter(bytes: number, reset?: boolean): void
  /** From now on nothing is passed on, and nothing closed: a server that hangs. */
  freezeAfter(bytes: number): void
  stop(): Promise<void>
}

export async function startCuttingProxy(targetPort: number, targetHost = '127.0.0.1'): Promise<CuttingProxy> {
  let limit = Number.POSITIVE_INFINITY, how: 'end' | 'reset' | 'freeze' = 'end'
  const open = new Set<Socket>()
  const server: Server = createServer((client) => {
    const upstream = connect(targetPort, targetHost)
    let passed = 0
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => { open.delete(socket); if (how !== 'freeze') { client.destroy(); upstream.destroy() } })
    }
    client.pipe(upstream)
    upstream.on('data', (data: Buffer) => {
      if (passed >= limit) return
      const part = data.subarray(0, Math.max(0, limit - passed))
      passed += part.length
      if (!client.write(part)) { upstream.pause(); client.once('drain', () => upstream.resume()) }
      if (passed < limit || how === 'freeze') return
      if (how === 'reset') client.resetAndDestroy()
      else client.end(() => upstream.destroy())
    })
    upstream.on('end', () => client.end())
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', () => resolve()) })
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cutAfter: (bytes, reset = false) => { limit = bytes; how = reset ? 'reset' : 'end' },
    freezeAfter: (bytes) => { limit = bytes; how = 'freeze' },
    stop: async () => {
      for (const socket of open) socket.destroy()
      await new Promise<void>((resolve) => { server.close(() => resolve()) })
    },
  }
}

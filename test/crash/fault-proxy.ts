import { connect, createServer } from 'node:net'

/** Faults between a client and MariaDB. `drop`: the connection ends after the server did a COMMIT and before the client hears of it. `deadlock`: a statement is answered as the one a deadlock took. */
export type ProxyFault = 'drop' | 'deadlock'
export interface FaultProxy { port: number; left: Record<ProxyFault, number>; stop(): Promise<void> }

const COM_QUERY = 3
/** What is written within the transaction of a batch. */
const WRITES = /^(LOAD DATA|INSERT|UPDATE|SELECT .* FOR UPDATE)/

/** A proxy that makes so many faults of each kind, at moments drawn by `random`. */
export async function startFaultProxy(targetPort: number, left: Record<ProxyFault, number>, random: () => number): Promise<FaultProxy> {
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    let dropping = false, spoken = false
    client.on('error', () => undefined).on('close', () => upstream.destroy())
    upstream.on('error', () => undefined).on('close', () => client.destroy())
    client.on('data', (data: Buffer) => {
      // Statements are sent whole and one at a time; the text of a statement begins after the head of its packet.
      const text = data.length > 5 && data[3] === 0 && data[4] === COM_QUERY ? data.toString('utf8', 5, Math.min(data.length, 4000)) : ''
      spoken ||= text !== ''
      if (text === 'COMMIT' && left.drop > 0 && random() < 0.3) {
        left.drop--
        dropping = true
      } else if (spoken && WRITES.test(text) && left.deadlock > 0 && random() < 0.03) {
        left.deadlock--
        client.write(refusal(1213, '40001', 'Deadlock found when trying to get lock; try restarting transaction'))
        return
      }
      upstream.write(data)
    })
    upstream.on('data', (data: Buffer) => {
      if (!dropping) return void client.write(data)
      client.destroy()
      upstream.destroy()
    })
  })
  await new Promise<void>((ready) => { server.listen(0, '127.0.0.1', () => ready()) })
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, left, stop: () => new Promise((done) => { server.close(() => done()) }) }
}

/** An error packet, the first answer to a statement. */
function refusal(code: number, state: string, message: string): Buffer {
  const body = Buffer.concat([Buffer.from([0xff, code & 0xff, code >> 8]), Buffer.from(`#${state}${message}`)]), head = Buffer.from([body.length & 0xff, body.length >> 8, 0, 1])
  return Buffer.concat([head, body])
}

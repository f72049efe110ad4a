import { connect } from 'node:net'
import { findBinary, freePort, launch, serverFolder, type PrivateServer } from './server.ts'

/** Starts a private Redis without persistence; well under a second. Throws `usage` when it is not installed. */
export async function startRedis(): Promise<PrivateServer> {
  const binary = findBinary(['redis-server', 'valkey-server'], 'redis-server')
  const folder = serverFolder('redis', {})
  const port = await freePort()
  const server = await launch(binary, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder], { cwd: folder }, folder, () => ping(port))
  return { host: '127.0.0.1', port, user: '', password: '', folder, ...server }
}

async function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      if (data.toString().startsWith('+PONG')) resolve()
      else reject(new Error(data.toString()))
    })
  })
}

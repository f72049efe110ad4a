import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { childEnvironment } from '../../config/environment.ts'

/** Programs the tests start for themselves, with the Debian package that has each. */
const NEEDED: { what: string; package: string; present(): boolean }[] = [
  { what: 'PostgreSQL', package: 'postgresql', present: () => existsSync('/usr/lib/postgresql') && readdirSync('/usr/lib/postgresql').some((version) => existsSync(join('/usr/lib/postgresql', version, 'bin', 'postgres'))) },
  { what: 'MariaDB', package: 'mariadb-server', present: () => onPath('mariadbd') },
  { what: 'Redis', package: 'redis-server', present: () => onPath('redis-server') },
  { what: 'Chromium', package: 'chromium', present: () => onPath('chromium') || onPath('chromium-browser') || onPath('google-chrome') },
]

function onPath(program: string): boolean {
  return ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/snap/bin'].some((folder) => existsSync(join(folder, program)))
}

/** Installs what is missing through apt, as root; where that may not be it says what to install, and the tests that need it will fail. */
export async function installServers(say: (text: string) => void): Promise<void> {
  const missing = NEEDED.filter((item) => !item.present())
  if (missing.length === 0) return
  const names = missing.map((item) => item.what).join(', ')
  const packages = missing.map((item) => item.package)
  const command = `apt-get install -y ${packages.join(' ')}`
  if (!onPath('apt-get')) return say(`Missing for the tests: ${names}. There is no apt here: install ${packages.join(', ')} in this system's own way.`)
  if (process.getuid?.() !== 0) return say(`Missing for the tests: ${names}. Installing needs root: sudo ${command}`)
  say(`Installing for the tests: ${names} ...`)
  // Servers must not start by themselves: tests run their own, on free ports, in temporary folders.
  const env = childEnvironment({ DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' })
  const steps: [string, string[]][] = [['apt-get', ['update', '-q']], ['apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages]]]
  for (const [program, args] of steps) {
    const result = spawnSync(program, args, { env, encoding: 'utf8', maxBuffer: 1 << 26 })
    if (result.status !== 0) return say(`${program} ${args.join(' ')} failed:\n${(result.stderr || result.stdout || String(result.error)).trim().split('\n').slice(-8).join('\n')}\nTests that need ${names} will fail.`)
  }
}

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isAbsolute } from 'node:path'

/** Hundredths of a second are Linux's unit. */
const TICKS = 100

/** Seconds of processor time a process has used, user and system; 0 for one that is gone or that this machine does not know. */
export function processorSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8'), fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  } catch {
    return 0
  }
}

/** The database server of this machine whose pid file this is, or null: it runs elsewhere, or nothing can be seen of it. */
export function databaseProcess(pidFile: string): number | null {
  if (!isAbsolute(pidFile) || !existsSync(pidFile)) return null
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim())
    return /maria|mysql/.test(readFileSync(`/proc/${pid}/comm`, 'utf8')) ? pid : null
  } catch {
    return null
  }
}

/** Processes of this machine that listen at the port of an address (a web server with its workers); none when the address is of another machine. */
export function listeners(url: string): number[] {
  const { hostname, port, protocol } = new URL(url)
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname) && !hostname.endsWith('.localhost') || !existsSync('/proc/net/tcp')) return []
  const wanted = Number(port || (protocol === 'https:' ? 443 : 80)).toString(16).toUpperCase().padStart(4, '0')
  const sockets = new Set(['/proc/net/tcp', '/proc/net/tcp6'].filter((file) => existsSync(file)).flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/)).filter((fields) => fields[3] === '0A' && fields[1]?.endsWith(`:${wanted}`)).map((fields) => `socket:[${fields[9]}]`))
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => { try { return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`)) } catch { return false } })
    } catch {
      return false
    }
  }).map(Number)
}

/** Processor time of this process and of others, between two moments. */
export class Stopwatch {
  readonly #pids: number[]
  readonly #own = process.cpuUsage()
  readonly #before: number[]

  constructor(pids: number[]) {
    this.#pids = pids
    this.#before = pids.map(processorSeconds)
  }

  /** `here`: of this process; `there`: of each of the others, in order. */
  read(): { here: number; there: number[] } {
    const { user, system } = process.cpuUsage(this.#own)
    return { here: (user + system) / 1e6, there: this.#pids.map((pid, i) => Math.max(0, processorSeconds(pid) - this.#before[i]!)) }
  }
}

import { BOOTSTRAP } from './agent-program.ts'

/**
 * Where a bench is. `bench` is its folder there (with `sites/` and `env/`). Every way ends in the bench's own Python with our bootstrap as its program:
 * nothing is copied to the machine and nothing installed.
 */
export type BenchPlace =
  | { way: 'local'; bench: string }
  | { way: 'ssh'; bench: string; host: string; user?: string; port?: number; options?: string[] }
  | { way: 'docker'; bench: string; container: string; user?: string }
  | { way: 'kubectl'; bench: string; pod: string; namespace?: string; container?: string; context?: string }

/** The program to start and its arguments. No shell reads them, except the one that ssh cannot do without: there every word is quoted. */
export function benchCommand(place: BenchPlace, site: string, python?: string): { file: string; args: string[] } {
  const agent = [python ?? `${place.bench}/env/bin/python`, '-W', 'ignore', '-c', BOOTSTRAP, `${place.bench}/sites`, site]
  switch (place.way) {
    case 'local':
      return { file: agent[0]!, args: agent.slice(1) }
    case 'ssh':
      // A lost line must not leave either side waiting for ever.
      return { file: 'ssh', args: ['-T', '-o', 'BatchMode=yes', '-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=4', ...(place.port === undefined ? [] : ['-p', String(place.port)]),
        ...(place.options ?? []), ...(place.user === undefined ? [] : ['-l', place.user]), '--', place.host, agent.map(shellWord).join(' ')] }
    case 'docker':
      return { file: 'docker', args: ['exec', '-i', ...(place.user === undefined ? [] : ['-u', place.user]), place.container, ...agent] }
    case 'kubectl':
      return { file: 'kubectl', args: [...(place.context === undefined ? [] : ['--context', place.context]), ...(place.namespace === undefined ? [] : ['-n', place.namespace]),
        'exec', '-i', place.pod, ...(place.container === undefined ? [] : ['-c', place.container]), '--', ...agent] }
  }
}

/** For people: `ssh erp.example.com:/home/frappe/bench`. */
export function describePlace(place: BenchPlace): string {
  switch (place.way) {
    case 'local': return place.bench
    case 'ssh': return `ssh ${place.user === undefined ? '' : `${place.user}@`}${place.host}:${place.bench}`
    case 'docker': return `docker ${place.container}:${place.bench}`
    case 'kubectl': return `kubectl ${place.namespace === undefined ? '' : `${place.namespace}/`}${place.pod}:${place.bench}`
  }
}

function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

import { z } from 'zod'
import { LandfallError } from '../../errors/error.ts'
import type { Lane } from '../lane.ts'
import type { LaneEnv } from '../site/lanes.ts'
import type { BenchPlace } from './bench-place.ts'
import { BenchLane } from './lane.ts'

/** `target.bench` of landfall.yaml. `way` says how its machine is reached; the bench is a folder there. */
const benchOptions = z.strictObject({
  folder: z.string(), site: z.string(), way: z.enum(['local', 'ssh', 'docker', 'kubectl']).default('local'), host: z.string().optional(), user: z.string().optional(), port: z.int().optional(),
  container: z.string().optional(), pod: z.string().optional(), namespace: z.string().optional(), context: z.string().optional(), python: z.string().optional(), run_as: z.string().default('Administrator'),
  workers: z.int().min(1).max(32).default(1), document_seconds: z.int().min(1).max(3600).default(120),
})

/** The bench lane of the settings. Throws `config-invalid` naming the key that is missing or wrong. */
export function openLane(env: Pick<LaneEnv, 'settings'>): Promise<Lane> {
  return Promise.resolve(openBench(env.settings.bench ?? {}))
}

/** As the lane itself, which can also try documents without writing them. */
export function openBench(settings: Record<string, unknown>): BenchLane {
  const { run_as: user, document_seconds: seconds, workers, site, python, ...place } = checked(settings)
  return new BenchLane({ place: placeOf(place), site, user, workers, documentMs: seconds * 1000, oneStep: false, ...(python === undefined ? {} : { python }) })
}

/** Where the bench of the settings is. Throws `config-invalid`. */
export function benchPlace(settings: Record<string, unknown>): BenchPlace {
  return placeOf(checked(settings))
}

function checked(settings: Record<string, unknown>): z.output<typeof benchOptions> {
  const given = benchOptions.safeParse(settings)
  if (!given.success) {
    const issue = given.error.issues[0]!
    throw new LandfallError('config-invalid', `target.bench${issue.path.map((key) => `.${String(key)}`).join('')}: ${issue.message}`, { hint: 'The bench lane needs `target.bench.folder` and `target.bench.site`.' })
  }
  return given.data
}

function placeOf(given: Pick<z.output<typeof benchOptions>, 'folder' | 'way' | 'host' | 'user' | 'port' | 'container' | 'pod' | 'namespace' | 'context'>): BenchPlace {
  const { folder: bench, way, host, user, port, container, pod, namespace, context } = given
  const missing = (key: string) => new LandfallError('config-invalid', `target.bench.${key} is missing, which \`way: ${way}\` needs.`)
  const some = <T extends object>(values: T) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]: NonNullable<T[K]> }
  if (way === 'ssh') {
    if (host === undefined) throw missing('host')
    return { way, bench, host, ...some({ user, port }) }
  }
  if (way === 'docker') {
    if (container === undefined) throw missing('container')
    return { way, bench, container, ...some({ user }) }
  }
  if (way === 'kubectl') {
    if (pod === undefined) throw missing('pod')
    return { way, bench, pod, ...some({ namespace, context, container }) }
  }
  return { way, bench }
}

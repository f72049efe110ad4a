import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Project } from '../../config/project.ts'
import { readSyncState, type SyncState } from './state.ts'

/** Metrics of a project's syncs in Prometheus' text form. */
export async function metricsText(project: Project, state: SyncState | null): Promise<string> {
  const { Gauge, Registry } = await import('prom-client')
  const registry = new Registry(), name = project.config.project
  const gauge = (metric: string, help: string, labels: string[] = []): InstanceType<typeof Gauge> => new Gauge({ name: `landfall_sync_${metric}`, help, labelNames: ['project', ...labels], registers: [registry] })
  const seconds = (text: string | null): number => (text === null ? 0 : Date.parse(text) / 1000)
  gauge('last_success_timestamp_seconds', 'When the last sync came to its end; 0: none did.').set({ project: name }, seconds(state?.lastSuccess ?? null))
  gauge('last_attempt_timestamp_seconds', 'When the last sync began.').set({ project: name }, seconds(state?.lastAttempt || null))
  gauge('up', '1 when the last sync came to its end, 0 when it failed.').set({ project: name }, state !== null && state.lastError === null ? 1 : 0)
  gauge('duration_seconds', 'How long the last sync took.').set({ project: name }, (state?.milliseconds ?? 0) / 1000)
  gauge('syncs_total', 'Syncs that came to their end.').set({ project: name }, state?.syncs ?? 0)
  gauge('failures_total', 'Syncs that failed.').set({ project: name }, state?.failures ?? 0)
  gauge('documents_written_total', 'Documents added or changed by syncs.').set({ project: name }, state?.written ?? 0)
  gauge('conflicts', 'Documents and fields that wait for a decision.').set({ project: name }, state?.conflicts ?? 0)
  const lag = gauge('lag_seconds', 'How far behind the source\'s clock an entity is known to be complete.', ['source', 'entity'])
  const records = gauge('records', 'Records that the last sync found inserted, updated or deleted.', ['source', 'entity', 'change'])
  for (const { source, entity, lagSeconds, ...counts } of state?.entities ?? []) {
    if (lagSeconds !== null) lag.set({ project: name, source, entity }, lagSeconds)
    for (const change of ['inserted', 'updated', 'deleted'] as const) records.set({ project: name, source, entity, change }, counts[change])
  }
  return registry.metrics()
}

/** Serves the metrics at `/metrics` until it is closed; answers the server and its port. */
export async function serveMetrics(project: Project, port: number): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') { response.writeHead(404).end('Metrics are at /metrics.\n'); return }
    metricsText(project, readSyncState(project)).then((text) => { response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text) }, (error: unknown) => { response.writeHead(500).end(`${String(error)}\n`) })
  })
  await new Promise<void>((resolve, reject) => { server.once('error', reject); server.listen(port, '127.0.0.1', resolve) })
  return { server, port: (server.address() as AddressInfo).port }
}

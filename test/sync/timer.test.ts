import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { metricsText, serveMetrics } from '../../src/cli/sync/metrics.ts'
import { noteSync } from '../../src/cli/sync/state.ts'
import { installTimer } from '../../src/cli/sync/timer.ts'
import { loadProject } from '../../src/config/project.ts'
import { durationMs, syncRule, projectSyncSchema } from '../../src/config/sync-schema.ts'
import { makeProject } from './small-business.ts'

test('a timer starts one sync at a time; metrics tell of the last success, of lag and of failures', async () => {
  const project = loadProject(makeProject('{ kind: sqlite, path: old.db }'))
  const files = installTimer(project, join(project.paths.root, 'units'), ['/usr/bin/node', '/opt/land fall/main.js'], 900_000)
  expect(readFileSync(files.service, 'utf8')).toContain(`ExecStart="/usr/bin/node" "/opt/land fall/main.js" "--project" "${project.paths.root}" "sync" "--once"`)
  expect(readFileSync(files.timer, 'utf8')).toContain('OnUnitActiveSec=900\n')
  const detected = { entity: 'customers', source: 'old', table: 'customers', how: 'window' as const, high: '2026-11-22 10:00:00.5+00', now: '2026-11-22 10:00:03+00', heldBy: null, compared: null, inserted: 2, updated: 1, deleted: 0, unchanged: 0, milliseconds: 5 }
  noteSync(project, '2026-11-22T10:00:03.000Z', { run: null, at: '', detected: [detected], inserted: 0, changed: 0, gone: 0, conflicts: [], facts: null, milliseconds: 1500 })
  const state = noteSync(project, '2026-11-22T11:00:03.000Z', { error: 'the source is away' })
  const text = await metricsText(project, state)
  for (const line of ['landfall_sync_up{project="sync"} 0', 'landfall_sync_last_success_timestamp_seconds{project="sync"} 1795341603', 'landfall_sync_failures_total{project="sync"} 1', 'landfall_sync_lag_seconds{project="sync",source="old",entity="customers"} 2.5', 'landfall_sync_records{project="sync",source="old",entity="customers",change="inserted"} 2']) expect(text).toContain(line)
  const served = await serveMetrics(project, 0)
  expect(await (await fetch(`http://127.0.0.1:${served.port}/metrics`)).text()).toBe(text)
  served.server.close()
})

test('durations, and the rule of an entity over that of the project', () => {
  expect([durationMs('90s'), durationMs('15m'), durationMs('hourly'), durationMs('1.5h'), durationMs('soon')]).toEqual([90_000, 900_000, 3_600_000, 5_400_000, null])
  const project = projectSyncSchema.parse({ deletes: 'disable', lag: '10s' })
  expect(syncRule(project, { field: 'modified', deletes: 'cancel', compare: '1d' })).toMatchObject({ field: 'modified', deletes: 'cancel', lagMs: 10_000, compareMs: 86_400_000, batchSize: 1000, conflicts: 'list', submitted: 'refuse' })
  expect([syncRule(project, false), syncRule(project, undefined)?.compareMs, syncRule(project, { compare: 'never' })?.compareMs]).toEqual([null, 0, null])
})

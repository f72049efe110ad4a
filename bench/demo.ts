import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

/**
 * The whole demo, from source to proven report, in a process of its own: seconds of the run (making the legacy business not counted), peak memory of
 * the process, records a second, for each size. `--records N,M` (default 150000), `--json`. Peak memory is read from /proc, so Linux only.
 */
const { values } = parseArgs({ options: { records: { type: 'string', default: '150000' }, json: { type: 'boolean', default: false } } })

interface Figure { records: number; seconds: number; perSecond: number; peakMegabytes: number; status: string; steps: Record<string, number> }

async function measure(records: number): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'landfall-bench-'))
  try {
    const child = spawn(process.execPath, [resolve(import.meta.dirname, '../src/cli/main.ts'), 'demo', '--records', String(records), '--out', folder, '--json'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, UV_THREADPOOL_SIZE: '16', MALLOC_ARENA_MAX: '2' } })
    let text = '', peak = 0
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
    const watch = setInterval(() => {
      try {
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0))
      } catch { /* it has ended */ }
    }, 250)
    await new Promise((done) => child.once('close', done))
    clearInterval(watch)
    const events = text.trim().split('\n').map((line) => JSON.parse(line) as { type: string; milliseconds?: number; passed?: boolean; scope?: { step: string } })
    const seconds = (events.find((event) => event.type === 'run-ended')?.milliseconds ?? NaN) / 1000
    const steps: Record<string, number> = {}
    for (const event of events) if (event.type === 'step-ended' && event.scope) steps[event.scope.step] = (steps[event.scope.step] ?? 0) + (event.milliseconds ?? 0) / 1000
    return { records, seconds, perSecond: Math.round(records / seconds), peakMegabytes: Math.round(peak / 1024), status: events.find((event) => event.type === 'result')?.passed === true ? 'proven' : 'NOT proven', steps }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const figures: Figure[] = []
for (const records of values.records.split(',').map(Number)) figures.push(await measure(records))
if (values.json) console.log(JSON.stringify(figures))
else {
  console.log('demo, source to proven report     seconds   records/s   peak MB')
  for (const f of figures) {
    console.log(`  ${f.records.toLocaleString('en-US').padStart(12)} records ${f.status.padEnd(10)} ${f.seconds.toFixed(1).padStart(8)} ${f.perSecond.toLocaleString('en-US').padStart(11)} ${f.peakMegabytes.toLocaleString('en-US').padStart(9)}   ${Object.entries(f.steps).map(([step, s]) => `${step} ${s.toFixed(1)}`).join(', ')}`)
  }
  const [first, last] = [figures[0], figures.at(-1)]
  if (first && last && first !== last) console.log(`  ${(last.records / first.records).toFixed(1)} times the records in ${(last.seconds / first.seconds).toFixed(1)} times the time`)
}

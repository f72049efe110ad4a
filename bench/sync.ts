import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startLegacy, type Legacy } from '../test/sync/databases.ts'
import { loadAll, syncOnce, withProject } from '../test/sync/small-business.ts'

/** `node bench/sync.ts [--rows 1000000] [--kind postgres,mysql]`: what a sync costs that finds nothing, and one that finds 100 changed and 100 deleted records by comparing alone. */
const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' }, kind: { type: 'string', default: 'postgres,mysql' } } })
const rows = Number(values.rows)

interface Line { kind: string; what: string; seconds: number; cpuSeconds: number; found: string }
const lines: Line[] = []

async function timed(kind: string, what: string, work: () => Promise<string>): Promise<void> {
  const began = performance.now(), cpu = process.cpuUsage()
  const found = await work()
  const used = process.cpuUsage(cpu)
  lines.push({ kind, what, seconds: (performance.now() - began) / 1000, cpuSeconds: (used.user + used.system) / 1e6, found })
  console.log(`${kind.padEnd(9)} ${what.padEnd(64)} ${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s elapsed  ${((used.user + used.system) / 1e6).toFixed(1).padStart(6)} s of this process  ${found}`)
}

async function fill(legacy: Legacy): Promise<void> {
  const writer = await legacy.connect()
  await writer.run('CREATE TABLE big(id INT PRIMARY KEY, name VARCHAR(80), city VARCHAR(60), street VARCHAR(80), amount NUMERIC(12,2), kind INT, about VARCHAR(120), modified TIMESTAMP NULL)')
  const numbers = legacy.kind === 'postgres' ? `generate_series(1, ${rows}) AS g(n)` : `(SELECT seq AS n FROM seq_1_to_${rows}) AS g`
  const text = (prefix: string, expression: string): string => (legacy.kind === 'postgres' ? `'${prefix}' || ${expression}` : `CONCAT('${prefix}', ${expression})`)
  await writer.run(`INSERT INTO big SELECT n, ${text('Name ', 'n')}, ${text('City ', 'n % 5000')}, ${text('Street ', 'n % 90000')}, n * 1.25, n % 7, ${text('about number ', 'n')}, '2026-01-01 10:00:00' FROM ${numbers}`)
  await writer.run('CREATE INDEX big_modified ON big(modified)')
  await writer.end()
}

for (const kind of values.kind.split(',') as Legacy['kind'][]) {
  const legacy = await startLegacy(kind), folder = mkdtempSync(join(tmpdir(), 'landfall-bench-sync-'))
  try {
    await fill(legacy)
    mkdirSync(join(folder, 'mappings'))
    writeFileSync(join(folder, 'landfall.yaml'), `project: bench\nsources:\n  old: ${legacy.source}\nlimits: { memory: 1GB }\n`)
    writeFileSync(join(folder, 'mappings', 'big.yaml'), 'entity: big\nsync: { field: modified }\nignore: only for the measurement\n')
    await timed(kind, `read ${rows.toLocaleString('en-US')} rows (as a run does)`, async () => { await loadAll(folder); return '' })
    const found = async (): Promise<string> => withProject(folder, async (workspace) => {
      const { detected } = await syncOnce(workspace)
      return detected.map((one) => `found in ${(one.milliseconds / 1000).toFixed(1)} s: ${one.inserted} new, ${one.updated} changed, ${one.deleted} gone; ${one.compared?.differing ?? 0} of ${one.compared?.ranges ?? 0} ranges differed`).join('; ')
    })
    await timed(kind, 'the first sync, which finds nothing', found)
    await timed(kind, 'a sync that finds nothing', found)
    const writer = await legacy.connect(), every = Math.floor(rows / 100)
    await writer.run(`UPDATE big SET about = 'changed without a stamp' WHERE id % ${every} = 17`)
    await writer.run(`DELETE FROM big WHERE id % ${every} = 4321`)
    await timed(kind, '100 changed without a stamp and 100 deleted, found and mapped', found)
    await writer.run(`UPDATE big SET about = 'changed with a stamp', modified = NOW() WHERE id % ${every} = 18`)
    await writer.end()
    await timed(kind, '100 changed with a stamp, found and mapped', found)
  } finally {
    await legacy.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
console.log(JSON.stringify({ bench: 'sync', rows, lines }))

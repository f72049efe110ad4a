import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { startStandin } from '../../src/standin/server.ts'
import { loadAll, makeProject, syncOnce, withProject } from './small-business.ts'

test('a sync into a site over HTTP: inserts, changes through its controllers, what people did meanwhile stays, rows of children are listed', { timeout: 300_000 }, async () => {
  const folder = makeProject('{ kind: sqlite, path: old.db }'), standin = await startStandin({ token: 'standin:secret' })
  const source = new DatabaseSync(join(folder, 'old.db'))
  try {
    writeFileSync(join(folder, 'key'), 'standin')
    writeFileSync(join(folder, 'secret'), 'secret')
    writeFileSync(join(folder, 'landfall.yaml'), `${readFileSync(join(folder, 'landfall.yaml'), 'utf8')}target: { kind: site, url: "${standin.url}", api_key: "\${file:key}", api_secret: "\${file:secret}" }\n`)
    source.exec(`CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, website TEXT, about TEXT, modified DATETIME); CREATE TABLE notes(id INTEGER PRIMARY KEY, title TEXT, body TEXT, modified DATETIME);
      CREATE TABLE readers(id INTEGER PRIMARY KEY, note INT, n INT, who TEXT); INSERT INTO notes VALUES(1, 'Note 1', 'body', '2026-11-22 08:00:00'); INSERT INTO readers VALUES(1, 1, 0, 'Guest')`)
    for (let i = 1; i <= 5; i++) source.exec(`INSERT INTO customers VALUES(${i}, 'Customer ${i}', 'https://c${i}.example', 'about ${i}', '2026-11-22 08:00:00')`)
    await loadAll(folder)
    const customer = async (name: string): Promise<unknown> => standin.served.staging.one(`SELECT website, customer_details, disabled FROM rows."tabCustomer" WHERE name = '${name}'`)
    const put = async (name: string, values: object): Promise<void> => {
      const answer = await fetch(`${standin.url}/api/resource/Customer/${encodeURIComponent(name)}`, { method: 'PUT', headers: { authorization: 'token standin:secret', 'content-type': 'application/json' }, body: JSON.stringify(values) })
      expect(answer.status).toBe(200)
    }
    await put('Customer 1', { website: 'https://by-hand.example' })
    await put('Customer 2', { website: 'https://by-hand.example' })
    source.exec(`UPDATE customers SET about = 'merged' WHERE id = 1; UPDATE customers SET website = 'https://legacy.example', about = 'both' WHERE id = 2; UPDATE customers SET website = 'https://changed.example' WHERE id = 3; DELETE FROM customers WHERE id = 4;
      INSERT INTO customers VALUES(6, 'Neu AG', NULL, 'new', NULL); INSERT INTO readers VALUES(2, 1, 1, 'Administrator')`)
    await withProject(folder, async (workspace) => {
      const result = await syncOnce(workspace, { prove: true })
      expect([await customer('Customer 1'), await customer('Customer 2'), await customer('Customer 3'), await customer('Customer 4'), await customer('Neu AG')]).toEqual([
        { website: 'https://by-hand.example', customer_details: 'merged', disabled: 0 }, { website: 'https://by-hand.example', customer_details: 'both', disabled: 0 }, { website: 'https://changed.example', customer_details: 'about 3', disabled: 0 },
        { website: 'https://c4.example', customer_details: 'about 4', disabled: 1 }, { website: null, customer_details: 'new', disabled: 0 },
      ])
      expect(result.conflicts.map(({ doctype, name, why }) => [doctype, name, why])).toEqual([['Customer', 'Customer 2', 'changed on both sides'], ['Note', expect.any(String), 'the site refused the change: its child rows changed, which this way into the site cannot set']])
      expect(result.facts?.proof?.results.filter((check) => check.status === 'failed').map((check) => [check.id, check.failures.map((failure) => failure.detail)])).toEqual([['fields:Note', ['seen_by row 2 is missing']]])
      expect((await syncOnce(workspace)).run).toBeNull()
    })
  } finally {
    await standin.close()
  }
})

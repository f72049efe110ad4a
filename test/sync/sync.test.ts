import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { rollback } from '../../src/phases/rollback.ts'
import { align } from '../../src/phases/sync/reconciliation.ts'
import { makeContext } from '../../src/run/context.ts'
import type { Workspace } from '../../src/cli/compose.ts'
import { loadAll, makeProject, syncOnce, withProject } from './small-business.ts'

function business(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, 'old.db'))
  database.exec(`CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, website TEXT, about TEXT, modified DATETIME);
    CREATE TABLE notes(id INTEGER PRIMARY KEY, title TEXT, body TEXT, modified DATETIME);
    CREATE TABLE readers(id INTEGER PRIMARY KEY, note INT, n INT, who TEXT)`)
  for (let i = 1; i <= 20; i++) {
    database.exec(`INSERT INTO customers VALUES(${i}, 'Customer ${i}', 'https://c${i}.example', 'about ${i}', '2026-11-22 08:00:00')`)
    database.exec(`INSERT INTO notes VALUES(${i}, 'Note ${i}', 'body ${i}', '2026-11-22 08:00:00'); INSERT INTO readers(note, n, who) VALUES(${i}, 0, 'Administrator'), (${i}, 1, 'Guest')`)
  }
  return database
}

const customer = async (workspace: Workspace, name: string): Promise<Record<string, unknown>> =>
  (await workspace.staging.one(`SELECT name, website, customer_details, disabled FROM ${workspace.target.tables}."tabCustomer" WHERE name = '${name}'`)) ?? {}
const readers = async (workspace: Workspace, title: string): Promise<unknown[]> =>
  (await workspace.staging.all<{ user: string }>(`SELECT c."user" FROM ${workspace.target.tables}."tabNote Seen By" c JOIN ${workspace.target.tables}."tabNote" n ON n.name = c.parent WHERE n.title = '${title}' ORDER BY c.idx`)).map((row) => row.user)

describe('a sync of a SQLite source', () => {
  test('brings inserts, updates, deletes and child rows over, exactly, and proves it; a rollback takes them back and the next sync brings them again', { timeout: 600_000 }, async () => {
    const folder = makeProject('{ kind: sqlite, path: old.db }'), source = business(folder)
    await loadAll(folder)
    source.exec(`INSERT INTO customers VALUES(21, 'Neu AG', NULL, 'new', '2026-11-22 09:00:00'); UPDATE customers SET website = 'https://changed.example', modified = '2026-11-22 09:00:00' WHERE id = 7; DELETE FROM customers WHERE id = 9;
      UPDATE customers SET about = 'no stamp', modified = NULL WHERE id = 8; UPDATE notes SET body = 'new body', modified = '2026-11-22 09:00:00' WHERE id = 3;
      INSERT INTO readers(note, n, who) VALUES(4, 5, 'Administrator'); DELETE FROM readers WHERE note = 5 AND n = 0`)
    await withProject(folder, async (workspace) => {
      const before = await workspace.target.checksums()
      const result = await syncOnce(workspace, { prove: true })
      expect({ inserted: result.inserted, changed: result.changed, gone: result.gone, conflicts: result.conflicts }).toEqual({ inserted: 1, changed: 6, gone: 1, conflicts: [] })
      expect(result.facts?.proof?.results.filter((check) => check.status === 'failed')).toEqual([])
      expect(await customer(workspace, 'Customer 7')).toMatchObject({ website: 'https://changed.example', disabled: 0 })
      expect(await customer(workspace, 'Customer 8')).toMatchObject({ customer_details: 'no stamp' })
      expect(await customer(workspace, 'Customer 9')).toMatchObject({ disabled: 1 })
      expect(await customer(workspace, 'Neu AG')).toMatchObject({ customer_details: 'new' })
      expect([await readers(workspace, 'Note 4'), await readers(workspace, 'Note 5')]).toEqual([['Administrator', 'Guest', 'Administrator'], ['Guest']])
      const again = await syncOnce(workspace)
      expect([again.run, again.detected.map((one) => one.updated + one.inserted + one.deleted)]).toEqual([null, [0, 0, 0]])

      const proof = await rollback(makeContext(workspace.ports(() => undefined), result.run ?? ''), workspace.target, result.run ?? '', 'start')
      expect(proof.differing).toEqual([])
      expect(await workspace.target.checksums()).toEqual(before)
      const third = await syncOnce(workspace)
      expect({ inserted: third.inserted, changed: third.changed, gone: third.gone }).toEqual({ inserted: 1, changed: 6, gone: 1 })
      source.exec(`INSERT INTO customers VALUES(9, 'Customer 9', 'https://back.example', 'back', '2026-11-22 11:00:00')`)
      const fourth = await syncOnce(workspace)
      expect([fourth.inserted, fourth.changed, await customer(workspace, 'Customer 9')]).toEqual([0, 1, { name: 'Customer 9', website: 'https://back.example', customer_details: 'back', disabled: 0 }])
    })
  })

  test('never overwrites what people changed: fields are merged, both-sided changes are listed until somebody decides, their rows stay', { timeout: 600_000 }, async () => {
    const folder = makeProject('{ kind: sqlite, path: old.db }'), source = business(folder)
    await loadAll(folder)
    await withProject(folder, async (workspace) => {
      const site = workspace.target.tables
      await workspace.staging.run(`UPDATE ${site}."tabCustomer" SET website = 'https://by-hand.example', modified = now() WHERE name IN ('Customer 1', 'Customer 2')`)
      await workspace.staging.run(`INSERT INTO ${site}."tabNote Seen By" (name, parent, parenttype, parentfield, idx, "user") SELECT 'by hand', name, 'Note', 'seen_by', 3, 'Guest' FROM ${site}."tabNote" WHERE title = 'Note 6'`)
      source.exec(`UPDATE customers SET about = 'merged', modified = '2026-11-22 09:00:00' WHERE id = 1; UPDATE customers SET website = 'https://legacy.example', about = 'both', modified = '2026-11-22 09:00:00' WHERE id = 2;
        INSERT INTO readers(note, n, who) VALUES(6, 9, 'Administrator')`)
      const result = await syncOnce(workspace, { prove: true })
      expect(result.facts?.proof?.results.filter((check) => check.status === 'failed').map((check) => check.id)).toEqual([])
      expect(await customer(workspace, 'Customer 1')).toMatchObject({ website: 'https://by-hand.example', customer_details: 'merged' })
      expect(await customer(workspace, 'Customer 2')).toMatchObject({ website: 'https://by-hand.example', customer_details: 'both' })
      expect(result.conflicts).toEqual([{ doctype: 'Customer', name: 'Customer 2', entity: 'customers', key: '2', field: 'website', was: 'https://c2.example', site: 'https://by-hand.example', source: 'https://legacy.example', why: 'changed on both sides', kept: 'site' }])
      expect(await readers(workspace, 'Note 6')).toEqual(['Administrator', 'Guest', 'Administrator', 'Guest'])
      await workspace.staging.run(`UPDATE ${site}."tabCustomer" SET website = 'https://legacy.example' WHERE name = 'Customer 2'`)
      expect((await syncOnce(workspace, { all: true })).conflicts).toEqual([])
    })
  })
})

test('rows are aligned: equal ones stay together, what is between them is paired, added or removed', () => {
  expect(align(['a', 'b', 'c'], ['a', 'x', 'c', 'd'])).toEqual([[0, 0], [1, 1], [2, 2], [null, 3]])
  expect(align(['a', 'b', 'c'], ['c'])).toEqual([[0, null], [1, null], [2, 0]])
  expect(align([], ['a'])).toEqual([[null, 0]])
  expect(align(['a', 'b', 'c', 'd'], ['b', 'd', 'e'])).toEqual([[0, null], [1, 0], [2, null], [3, 1], [null, 2]])
})

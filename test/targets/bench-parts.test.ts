import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { agentProgram } from '../../src/targets/bench/agent-program.ts'
import { benchCommand, describePlace } from '../../src/targets/bench/bench-place.ts'
import { shardDocuments } from '../../src/targets/bench/shards.ts'
import type { LaneDocument } from '../../src/targets/lane.ts'
import { hasPython } from './fake-bench.ts'

describe('the way to a bench', () => {
  test('is a list of words, quoted only for ssh, which has a shell read them', () => {
    const local = benchCommand({ way: 'local', bench: '/b' }, 'a.site')
    expect([local.file, local.args.slice(0, 3), local.args.slice(-2)]).toEqual(['/b/env/bin/python', ['-W', 'ignore', '-c'], ['/b/sites', 'a.site']])
    const ssh = benchCommand({ way: 'ssh', bench: "/it's", host: 'erp', user: 'frappe', port: 2222 }, 'a; rm -rf /')
    expect(ssh.args.slice(-4, -1)).toEqual(['frappe', '--', 'erp'])
    expect(ssh.args.at(-1)).toContain(`'/it'\\''s/sites' 'a; rm -rf /'`)
    expect(benchCommand({ way: 'docker', bench: '/b', container: 'erp' }, 's').args.slice(0, 4)).toEqual(['exec', '-i', 'erp', '/b/env/bin/python'])
    expect(benchCommand({ way: 'kubectl', bench: '/b', pod: 'p', namespace: 'n', container: 'c' }, 's').args.slice(0, 8)).toEqual(['-n', 'n', 'exec', '-i', 'p', '-c', 'c', '--'])
    expect(describePlace({ way: 'ssh', bench: '/b', host: 'erp', user: 'frappe' })).toBe('ssh frappe@erp:/b')
  })

  test('carries the whole program, with its length before it', () => {
    const sent = agentProgram(), head = sent.indexOf('\n')
    expect(Number(sent.subarray(0, head).toString())).toBe(sent.length - head - 1)
  })
})

describe('sharding', () => {
  const order = (id: number, item: string): LaneDocument => ({ id, entity: 'e', key: String(id), name: '', docstatus: 1, once: false, nested: false, touches: [], doc: { doctype: 'Sales Order', items: [{ item_code: item }] } })
  const ids = (shards: LaneDocument[][]): number[][] => shards.map((shard) => shard.map((document) => document.id))

  test('keeps documents together that wait for the same rows, in draft order', () => {
    expect(ids(shardDocuments([order(1, 'a'), order(2, 'b'), order(3, 'a'), order(4, 'b'), order(5, 'c')], 2, false))).toEqual([[1, 3, 5], [2, 4]])
  })
  test('gives what hangs together to one worker, and trees', () => {
    expect(shardDocuments([order(1, 'a'), order(2, 'a'), order(3, 'a'), order(4, 'a'), order(5, 'b')], 2, false)).toHaveLength(1)
    expect(shardDocuments([order(1, 'a'), order(2, 'b')], 2, true)).toHaveLength(1)
  })
  test('follows references from payments to what they pay', () => {
    const payment = (id: number, name: string): LaneDocument => ({ id, entity: 'e', key: String(id), name: '', docstatus: 1, once: false, nested: false, touches: [], doc: { doctype: 'Payment Entry', references: [{ reference_name: name }] } })
    expect(ids(shardDocuments([payment(1, 'INV-1'), payment(2, 'INV-2'), payment(3, 'INV-1'), payment(4, 'INV-3')], 2, false))).toEqual([[1, 3], [2, 4]])
  })
})

/** Statements as Frappe and ERPNext write them, and what they are about to write. */
const WRITES: [sql: string, about: unknown][] = [
  ["INSERT INTO `tabSales Invoice` (`name`, `title`) VALUES ('A', 'it\\'s, (so)'), ('B\\\\', NULL)", ['tabSales Invoice', ['A', 'B\\'], false]],
  ["insert into tabSingles (doctype, field, value) values ('Stock Settings', 'x', '1')", ['tabSingles', ['Stock Settings\u001fx'], false]],
  ["INSERT IGNORE INTO `tabTag` (`creation`,`name`) VALUES (now(),'t')", ['tabTag', ['t'], true]],
  ["INSERT INTO `tabDefaultValue` (`name`, `defvalue`) VALUES ('d', 'v') ON DUPLICATE KEY UPDATE `defvalue` = 'v'", ['tabDefaultValue', ['d'], true]],
  ['INSERT INTO `tabBin` (`name`) SELECT `name` FROM `tabItem`', null],
  ["UPDATE `tabSeries` SET `current` = `current` + 1 WHERE `name`='ACC-'", ['tabSeries', 'tabSeries', '`tabSeries`', "`name`='ACC-'"]],
  ["update `tabSales Order Item` set note = 'where set', qty = (select sum(qty) from `tabBin` where item = 'x') where parent = 'set where' limit 2", ['tabSales Order Item', 'tabSales Order Item', '`tabSales Order Item`', "parent = 'set where' limit 2"]],
  ["UPDATE `tabA` a INNER JOIN `tabB B` b ON a.x = b.name SET b.y = 1 WHERE a.z = 2", ['tabB B', 'b', '`tabA` a INNER JOIN `tabB B` b ON a.x = b.name', 'a.z = 2']],
  ["DELETE FROM `tabNote Seen By` WHERE `tabNote Seen By`.`parent`='n'", ['tabNote Seen By', 'tabNote Seen By', '`tabNote Seen By`', "`tabNote Seen By`.`parent`='n'"]],
  ['DELETE FROM tabBin', ['tabBin', 'tabBin', 'tabBin', '1 = 1']],
]

test.skipIf(!hasPython)('of a statement it is told which rows it writes', () => {
  const code = `${readFileSync(resolve(import.meta.dirname, '../../src/targets/bench/agent/statements.py'), 'utf8')}
import json, sys
print(json.dumps([parse_insert(s) if verb_of(s) in ("insert", "replace") else parse_change(s, verb_of(s)) for s in json.load(sys.stdin)]))`
  const { stdout, stderr } = spawnSync('python3', ['-c', code], { input: JSON.stringify(WRITES.map(([sql]) => sql)), encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual(WRITES.map(([, about]) => about))
})

test.skipIf(!hasPython)('only what cannot change within a transaction is remembered', () => {
  const reads: [string, boolean][] = [['SELECT `a` FROM `tabItem` WHERE `name`=\'x\'', true], ['select a from tabItem for update', false], ['SELECT NOW() FROM `tabItem`', false], ['SELECT a FROM `tabItem` LOCK IN SHARE MODE', false],
    ['SELECT table_name FROM information_schema.tables', false], ['SELECT a FROM `__Auth` JOIN `tabUser`', false], ['SELECT 1', false]]
  const code = `${readFileSync(resolve(import.meta.dirname, '../../src/targets/bench/agent/statements.py'), 'utf8')}
import json, sys
print(json.dumps([tables_read(s) is not None for s in json.load(sys.stdin)]))`
  const { stdout } = spawnSync('python3', ['-c', code], { input: JSON.stringify(reads.map(([sql]) => sql)), encoding: 'utf8' })
  expect(JSON.parse(stdout)).toEqual(reads.map(([, kept]) => kept))
})

import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doctypesOf, readCases } from '../../src/cli/cases.ts'
import { fixedClock } from '../../src/model/clock.ts'
import { compareCase } from '../../src/posting/compare.ts'
import { PostingEngine } from '../../src/posting/engine.ts'
import { replayCase } from '../../src/posting/replay.ts'
import { Site } from '../../src/site/site.ts'
import { Staging } from '../../src/staging/staging.ts'

const DOCTYPES = new Set(['Customer', 'Supplier', 'Customer Group', 'Supplier Group', 'Territory', 'Address', 'Contact', 'Communication', 'Comment', 'ToDo', 'Note'])
const SHARED = new URL('../../../shared/erpnext/', import.meta.url).pathname

describe('parties, addresses and messages against the recorded site', () => {
  let staging: Staging, engine: PostingEngine
  beforeAll(async () => {
    staging = await Staging.open(':memory:')
    engine = await PostingEngine.open(staging, Site.load(), fixedClock('2026-11-22'))
  })
  afterAll(async () => { await staging.close() })

  it.each(['vectors', 'chains'])('agrees with every public case of %s', { timeout: 300_000 }, async (name) => {
    const file = `${SHARED}${name}.jsonl.gz`
    if (!existsSync(file)) {
      process.stderr.write(`The recordings in ../shared/erpnext are not here: ${name} was not compared.\n`)
      expect(engine.unsupported('Customer')).toBeNull()
      return
    }
    const cases = readCases(file).filter((recorded) => doctypesOf(recorded).every((doctype) => DOCTYPES.has(doctype)))
    expect(cases.length).toBeGreaterThan(0)
    const differing: unknown[] = []
    for (const recorded of cases) {
      const differences = compareCase(recorded, await replayCase(engine, recorded))
      if (differences.length > 0) differing.push({ id: recorded.id, differences })
    }
    expect(differing).toEqual([])
  })
})

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fixedClock } from '../../../src/model/clock.ts'
import { openSource, type SourceEnv } from '../../../src/sources/registry.ts'
import type { Source } from '../../../src/sources/source.ts'
import { collect } from '../../../src/testing/source-conformance.ts'

/** A folder of its own for one test file; `write` makes files in it. */
export class Folder {
  readonly path: string
  readonly env: SourceEnv

  /** A new temporary folder, or `path`, which is made. */
  constructor(path?: string) {
    this.path = path ?? mkdtempSync(join(tmpdir(), 'landfall-files-'))
    mkdirSync(this.path, { recursive: true })
    this.env = { clock: fixedClock('2026-11-22'), baseFolder: this.path }
  }

  write(name: string, content: string | Buffer): string {
    const path = join(this.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  open(kind: string, options: unknown): Promise<Source> {
    return openSource('files', kind, options, this.env)
  }

  /** Describes and reads the first entity (or `entity`) through staging. A failure is thrown. */
  async load(kind: string, options: unknown, entity?: string, batchRows = 10_000) {
    const source = await this.open(kind, options)
    try {
      const catalog = await source.describe()
      const described = catalog.entities.find((one) => one.name === (entity ?? catalog.entities[0]?.name))!
      const found = await collect(source, described.name, { batchRows })
      if (found.error) throw found.error
      return { ...found, entity: described, rejects: found.batches.flatMap((batch) => batch.rejected), catalog }
    } finally {
      await source.close()
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

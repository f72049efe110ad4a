import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

let version: string | null = null

/** Differs when any rule of the posting engine does: what was proven with other rules is to be proven again. */
export function rulesVersion(): string {
  if (version !== null) return version
  const folder = join(import.meta.dirname, '..'), hash = createHash('sha256')
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.[jt]s$/.test(name)).sort()) hash.update(file).update(readFileSync(join(folder, file)))
  return version = hash.digest('hex').slice(0, 16)
}

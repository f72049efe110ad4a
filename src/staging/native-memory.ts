import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Values handed over between two collections: some 100 MB of native memory at the most. */
const VALUES = 1_000_000

/**
 * What DuckDB hands over lies in native memory until its JavaScript handle is collected, and V8, which sees the handles only, waits for
 * hundreds of megabytes: a run of 150,000 records held 250 MB that nobody used any more. So a collection follows every so many values.
 */
export class NativeMemory {
  #values = 0
  static #collect: (() => void) | null = null

  took(values: number): void {
    this.#values += values
    if (this.#values < VALUES) return
    this.#values = 0
    if (NativeMemory.#collect === null) {
      setFlagsFromString('--expose-gc')
      NativeMemory.#collect = runInNewContext('gc') as () => void
    }
    NativeMemory.#collect()
  }
}

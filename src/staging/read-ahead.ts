import { rmSync } from 'node:fs'
import type { Batch } from '../model/batch.ts'

/**
 * The same batches in the same order, the next one being read while the last is staged: origin and staging work at the same time, with one batch more
 * on disk. A failure of the reader is thrown behind the batches that came before it. Whoever leaves early waits for the batch under way, which is dropped.
 */
export async function* readAhead(batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  const iterator = batches[Symbol.asyncIterator]()
  const ask = () => {
    const next = iterator.next()
    // It is awaited when the reader asks again; until then a failure is nobody's.
    next.catch(() => undefined)
    return next
  }
  let coming = ask()
  try {
    for (;;) {
      const { done, value } = await coming
      if (done) return
      coming = ask()
      yield value as Batch
    }
  } finally {
    const left = await coming.catch(() => null)
    if (left !== null && !left.done && left.value.data.kind === 'csv') rmSync(left.value.data.path, { force: true })
    await iterator.return?.()
  }
}

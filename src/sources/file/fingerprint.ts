import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { LandfallError, messageOf } from '../../errors/error.ts'

const HEAD_BYTES = 65_536

/** First bytes of a file, at most `size`. */
export function readHead(path: string, size = HEAD_BYTES): Buffer {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw new LandfallError('file-unreadable', `The file cannot be opened: ${messageOf(error)}`, { hint: 'Check the path and its permissions.', where: { file: path }, cause: error })
  }
  try {
    const head = Buffer.alloc(size)
    let used = 0
    for (let got = -1; got !== 0 && used < size; used += got) got = readSync(file, head, used, size - used, used)
    return head.subarray(0, used)
  } finally {
    closeSync(file)
  }
}

/** Tells two states of the same files apart: size, time of change and first bytes of each, as 16 hex digits. */
export function fingerprintOf(paths: string[]): string {
  const hash = createHash('sha256')
  for (const path of paths) {
    const stats = statSync(path)
    hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\0`).update(readHead(path))
  }
  return hash.digest('hex').slice(0, 16)
}

/** Throws `source-changed` when the files are no longer as they were when `expected` was taken. */
export function assertUnchanged(entity: string, paths: string[], expected: string): void {
  let now: string
  try {
    now = fingerprintOf(paths)
  } catch (error) {
    throw new LandfallError('source-changed', `A file of \`${entity}\` disappeared while it was read: ${messageOf(error)}`, { hint: 'Restore it, or read the entity again from the start.', where: { entity }, cause: error })
  }
  if (now === expected) return
  throw new LandfallError('source-changed', `The file of \`${entity}\` changed since it was first read: ${paths.join(', ')}`,
    { hint: 'Restore the file as it was, or discard what was staged of this entity and read it again.', where: { entity, ...(paths[0] === undefined ? {} : { file: paths[0] }) } })
}

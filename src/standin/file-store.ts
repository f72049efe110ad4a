import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Bytes of uploaded files by their URL (`/files/a.txt`, `/private/files/a.txt`): in a folder beside the site's file, or in memory with it. */
export class FileStore {
  readonly #folder: string | null
  readonly #kept = new Map<string, Buffer>()

  constructor(storePath: string | null) {
    this.#folder = storePath === null ? null : `${storePath}.files`
  }

  #place(url: string): string {
    return join(this.#folder!, url.startsWith('/private/') ? 'private' : 'public', basename(url))
  }

  has(url: string): boolean {
    return this.#folder === null ? this.#kept.has(url) : existsSync(this.#place(url))
  }

  put(url: string, bytes: Buffer): void {
    if (this.#folder === null) this.#kept.set(url, bytes)
    else {
      const place = this.#place(url)
      mkdirSync(join(place, '..'), { recursive: true })
      writeFileSync(place, bytes)
    }
  }

  get(url: string): Buffer | null {
    if (this.#folder === null) return this.#kept.get(url) ?? null
    return this.has(url) ? readFileSync(this.#place(url)) : null
  }

  remove(url: string): void {
    if (this.#folder === null) this.#kept.delete(url)
    else rmSync(this.#place(url), { force: true })
  }
}

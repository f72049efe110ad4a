import type { LoadedMapping } from '../config/mapping-schema.ts'
import { LandfallError, type Where } from '../errors/error.ts'

export type Path = (string | number)[]

/** What is wrong with mappings, gathered so that all of it is said at once. */
export class Problems {
  readonly #found: { text: string; where: Where; hint: string | null }[] = []

  /** Notes a problem at a path of a mapping file; `error` gives its message and hint when it is ours. */
  add(loaded: LoadedMapping | null, path: Path, message: string | LandfallError): void {
    const place = loaded?.locate?.(path)
    const where: Where = loaded === null ? {} : { file: loaded.file, ...(place ? { line: place.line, column: place.column } : {}) }
    const prefix = [where.file, where.line, where.column].filter((part) => part !== undefined).join(':')
    const text = typeof message === 'string' ? message : message.message
    const entry = { text: `${prefix === '' ? '' : `${prefix}: `}${path.join('.')}: ${text}`, where, hint: typeof message === 'string' ? null : message.hint }
    if (!this.#found.some((other) => other.text === entry.text)) this.#found.push(entry)
  }

  /** Runs a task whose LandfallErrors belong to a path; null when it failed. */
  attempt<T>(loaded: LoadedMapping | null, path: Path, task: () => T): T | null {
    try {
      return task()
    } catch (error) {
      if (!(error instanceof LandfallError)) throw error
      this.add(loaded, path, error)
      return null
    }
  }

  /** Throws `mapping-invalid` listing everything (at most 50) when there is anything. */
  throwIfAny(): void {
    const [first] = this.#found
    if (!first) return
    const shown = this.#found.slice(0, 50).map((entry) => entry.text)
    if (this.#found.length > 50) shown.push(`... and ${this.#found.length - 50} more`)
    throw new LandfallError('mapping-invalid', shown.join('\n'), { where: first.where, ...(first.hint === null ? {} : { hint: first.hint }) })
  }
}

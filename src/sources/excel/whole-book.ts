import { statSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { LandfallError } from '../../errors/error.ts'
import type { Limits } from '../file/limits.ts'
import { ZipFile } from '../file/zip.ts'
import type { Book, BookFormat, SheetExtras, SheetInfo, SheetRow } from './book.ts'

/** Bounds for formats that cannot be streamed. */
const FILE_BYTES = 64 * 2 ** 20, INFLATED_BYTES = 512 * 2 ** 20, THREAD_MB = 1024, THREAD_MS = 180_000

interface Answer { sheets?: SheetInfo[]; rows?: SheetRow[]; done?: boolean; merged?: number; error?: string }

/** A book that must be read whole (.xls, .xlsb, .ods), each time in a thread with a memory and time limit. */
export class WholeBook implements Book {
  readonly sheets: SheetInfo[]
  readonly notes: string[]
  readonly #path: string

  private constructor(path: string, sheets: SheetInfo[], format: BookFormat) {
    this.#path = path
    this.sheets = sheets
    this.notes = [`format .${format}, read whole`]
  }

  static async open(path: string, format: BookFormat, limits: Limits): Promise<WholeBook> {
    const tooLarge = (what: string) => new LandfallError('limit-exceeded', `The book is too large for its format, which must be held in memory: ${what}: ${path}`, { hint: 'Save it as .xlsx, which is streamed.', where: { file: path } })
    if (statSync(path).size > FILE_BYTES) throw tooLarge(`more than ${FILE_BYTES} bytes`)
    if (format !== 'xls') {
      const zip = await ZipFile.open(path, limits)
      try {
        for (const entry of zip.entries) zip.guard(entry, entry.size)
        if (zip.entries.reduce((sum, entry) => sum + entry.size, 0) > INFLATED_BYTES) throw tooLarge(`more than ${INFLATED_BYTES} bytes unpacked`)
        // Declared sizes may lie: unpack once under guard, keeping nothing.
        for (const entry of zip.entries) if (!entry.folder) for await (const _ of zip.read(entry)) continue
      } finally {
        await zip.close()
      }
    }
    for await (const answer of ask(path, undefined)) if (answer.sheets) return new WholeBook(path, answer.sheets, format)
    throw new LandfallError('file-unreadable', `The book lists no sheet: ${path}`, { hint: 'Open it in a spreadsheet program and save it as .xlsx.', where: { file: path } })
  }

  async *rows(sheet: string, extras: SheetExtras): AsyncGenerator<SheetRow> {
    for await (const answer of ask(this.#path, sheet)) {
      if (answer.merged !== undefined) extras.merged = answer.merged
      yield* answer.rows ?? []
    }
  }

  async close(): Promise<void> { /* every thread ends with its task */ }
}

/** Starts a thread for one task and passes on its answers until it is done. */
async function* ask(path: string, sheet: string | undefined): AsyncGenerator<Answer> {
  const file = import.meta.url.endsWith('.ts') ? './book-worker.ts' : './book-worker.js'
  const worker = new Worker(new URL(file, import.meta.url), { workerData: { path, sheet }, resourceLimits: { maxOldGenerationSizeMb: THREAD_MB }, stdout: true, stderr: true })
  const answers: Answer[] = []
  let wake: () => void = () => undefined, ended: string | null = null
  worker.on('message', (answer: Answer) => { answers.push(answer); wake() })
  worker.on('error', (error) => { ended = error.message || 'it failed'; wake() })
  worker.on('exit', () => { ended ??= ''; wake() })
  const timer = setTimeout(() => { ended = `it took more than ${THREAD_MS / 1000} seconds`; wake() }, THREAD_MS)
  try {
    for (;;) {
      const answer = answers.shift()
      if (answer?.error !== undefined) throw unreadable(path, answer.error)
      if (answer) { yield answer; continue }
      if (ended !== null) {
        if (ended !== '') throw unreadable(path, ended)
        return
      }
      await new Promise<void>((done) => { wake = done })
    }
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}

function unreadable(path: string, why: string): LandfallError {
  const encrypted = /password|encrypt/i.test(why)
  return new LandfallError('file-unreadable', encrypted ? `The book is encrypted with a password: ${path}` : `The book cannot be read: ${why}: ${path}`,
    { hint: encrypted ? 'Save it without password.' : 'Open it in a spreadsheet program and save it as .xlsx.', where: { file: path } })
}

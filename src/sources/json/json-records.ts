import { messageOf } from '../../errors/error.ts'
import { selectTexts, type Step } from './json-path.ts'
import { shownByte } from './json-text.ts'
import type { JsonWindow } from './json-window.ts'

const OPEN_ARRAY = 91, CLOSE_ARRAY = 93, OPEN_OBJECT = 123, CLOSE_OBJECT = 125, COMMA = 44, COLON = 58, QUOTE = 34

/** A record's bytes, valid until the next one is asked for; null bytes: longer than the limit. */
export interface RawRecord { bytes: Buffer | null; line: number; /** Index of the bytes in the window, to place faults. */ from: number }

/** The records at the end of `steps`, one by one: an array there gives its elements, anything else is one record. The whole document is walked through and must be well formed around them. */
export async function* streamRecords(window: JsonWindow, steps: Step[]): AsyncGenerator<RawRecord> {
  if (await window.peek() === -1) throw window.fault('the file holds nothing')
  yield* walk(window, steps, 0)
  if (await window.peek() !== -1) throw window.fault('text follows the end of the document')
}

async function* walk(window: JsonWindow, steps: Step[], depth: number): AsyncGenerator<RawRecord> {
  const first = await window.peek()
  const step = steps[depth]
  if (step === undefined) {
    if (first === OPEN_ARRAY && steps[depth - 1] !== '*') for await (const _ of elements(window)) yield await take(window)
    else yield await take(window)
  } else if (step === '*') {
    if (first !== OPEN_ARRAY) await window.skip()
    else for await (const _ of elements(window)) yield* walk(window, steps, depth + 1)
  } else if (first !== OPEN_OBJECT) {
    await window.skip()
  } else {
    for await (const name of members(window)) {
      if (name === step.name) yield* walk(window, steps, depth + 1)
      else await window.skip()
    }
  }
}

async function take(window: JsonWindow): Promise<RawRecord> {
  await window.peek()
  const line = window.line
  const range = await window.value()
  if (range === null) return { bytes: null, line, from: window.at }
  window.at = range.to
  return { bytes: window.buffer.subarray(range.from, range.to), line, from: range.from }
}

/** Stands on each element in turn; the loop's body must take or skip it. */
async function* elements(window: JsonWindow): AsyncGenerator<void> {
  await window.expect(OPEN_ARRAY, '`[`')
  if (await window.peek() === CLOSE_ARRAY) { window.at++; return }
  do yield; while (!await ended(window, CLOSE_ARRAY))
}

/** Stands on the value of each member in turn; yields its key. */
export async function* members(window: JsonWindow): AsyncGenerator<string> {
  await window.expect(OPEN_OBJECT, '`{`')
  if (await window.peek() === CLOSE_OBJECT) { window.at++; return }
  do {
    if (await window.peek() !== QUOTE) throw window.fault('a key in double quotes should stand here')
    const range = await window.value()
    if (range === null) throw window.fault('a key is longer than the limit')
    let key: string
    try {
      key = JSON.parse(window.buffer.toString('utf8', range.from, range.to)) as string
    } catch (error) {
      throw window.fault(messageOf(error), range.from)
    }
    window.at = range.to
    await window.expect(COLON, '`:`')
    await window.peek()
    yield key
  } while (!await ended(window, CLOSE_OBJECT))
}

async function ended(window: JsonWindow, close: number): Promise<boolean> {
  const byte = await window.peek()
  if (byte === close) { window.at++; return true }
  if (byte !== COMMA) throw window.fault(byte < 0 ? 'it ends in the middle (is the file cut off?)' : `${shownByte(byte)} stands where \`,\` or \`${String.fromCharCode(close)}\` should`)
  window.at++
  if (await window.peek() === close) throw window.fault('a comma stands before the end (trailing comma)')
  return false
}

/** One record per line that holds anything. */
export async function* lineRecords(window: JsonWindow): AsyncGenerator<RawRecord> {
  for (let range = await window.lineRange(); range !== null; range = await window.lineRange()) {
    const { from, to, long } = range, line = window.line
    const bytes = window.buffer.subarray(from, to)
    if (long) {
      await window.nextLine()
      yield { bytes: null, line, from }
      continue
    }
    await window.nextLine()
    if (bytes.length > 4096 || bytes.toString('latin1').trim() !== '') yield { bytes, line, from }
  }
}

/** Records by any JSONPath: the document is held whole, up to the window's limit. */
export async function* selectedRecords(window: JsonWindow, path: string): AsyncGenerator<RawRecord | null> {
  const range = await (await window.peek(), window.value())
  if (range === null) { yield null; return }
  let texts: string[]
  try {
    texts = await selectTexts(window.buffer.toString('utf8', range.from, range.to), path)
  } catch (error) {
    if (error instanceof SyntaxError) throw window.fault(messageOf(error), range.from)
    throw error
  }
  window.at = range.to
  if (await window.peek() !== -1) throw window.fault('text follows the end of the document')
  for (const text of texts) yield { bytes: Buffer.from(text), line: 0, from: 0 }
}

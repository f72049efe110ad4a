import { SaxesParser } from 'saxes'
import { LandfallError } from '../../errors/error.ts'

export interface XmlHandler {
  /** `name` without namespace prefix. */
  open(name: string, attributes: Record<string, string>): void
  close(name: string): void
  text?(text: string): void
}

/** Feeds XML piece by piece to a handler. A document type is refused: books have none, and entities could reach files or grow without end. */
export class XmlFeed {
  readonly #parser = new SaxesParser()
  #decoder: InstanceType<typeof TextDecoder> | null = null
  readonly #where: string
  readonly #file: string

  constructor(file: string, part: string, handler: XmlHandler) {
    this.#file = file
    this.#where = part
    const parser = this.#parser
    parser.on('error', (error) => { throw this.#fault(error.message.replace(/^\d+:\d+: /, '')) })
    parser.on('doctype', () => { throw this.#fault('it declares a document type (DTD), which may reach files or the network') })
    parser.on('opentag', (tag) => handler.open(local(tag.name), tag.attributes as Record<string, string>))
    parser.on('closetag', (tag) => handler.close(local(tag.name)))
    if (handler.text) {
      const take = handler.text.bind(handler)
      parser.on('text', take)
      parser.on('cdata', take)
    }
  }

  write(chunk: Buffer): void {
    const wide = chunk[0] === 0xff && chunk[1] === 0xfe ? 'utf-16le' : chunk[0] === 0xfe && chunk[1] === 0xff ? 'utf-16be' : 'utf-8'
    this.#decoder ??= new TextDecoder(wide, { fatal: true })
    let text: string
    try {
      text = this.#decoder.decode(chunk, { stream: true })
    } catch (error) {
      throw this.#fault('it is no valid text', error)
    }
    this.#parser.write(text)
  }

  end(): void {
    this.#parser.close()
  }

  #fault(why: string, cause?: unknown): LandfallError {
    return new LandfallError('file-unreadable', `${this.#where} of the book cannot be read: ${why} (line ${this.#parser.line}, column ${this.#parser.column}): ${this.#file}`,
      { hint: 'Open the book in a spreadsheet program and save it again.', where: { file: this.#file }, cause })
  }
}

function local(name: string): string {
  const colon = name.indexOf(':')
  return colon < 0 ? name : name.slice(colon + 1)
}

/** Attribute by its local name. */
export function attribute(attributes: Record<string, string>, name: string): string | undefined {
  if (attributes[name] !== undefined) return attributes[name]
  const key = Object.keys(attributes).find((one) => one.endsWith(`:${name}`))
  return key === undefined ? undefined : attributes[key]
}

import { expressionError, tokenize, type Token } from './expression-tokens.ts'

/** A parsed expression. `at` is the offset of the node in the text, for messages. */
export type Node =
  | { kind: 'literal'; type: 'text' | 'integer' | 'decimal' | 'boolean' | 'null'; value: string; at: number }
  | { kind: 'column'; alias: string | null; name: string; at: number }
  | { kind: 'unary'; op: '-' | 'not'; arg: Node; at: number }
  | { kind: 'binary'; op: string; left: Node; right: Node; at: number }
  | { kind: 'is_null'; arg: Node; negated: boolean; at: number }
  | { kind: 'in'; arg: Node; list: Node[]; negated: boolean; at: number }
  | { kind: 'case'; subject: Node | null; arms: { when: Node; then: Node }[]; otherwise: Node | null; at: number }
  | { kind: 'call'; name: string; args: Node[]; options: { name: string; value: OptionValue; at: number }[]; at: number }

/** Options of a transform in an expression are literals, or lists of them. */
export type OptionValue = string | number | boolean | null | OptionValue[]

const MAX_DEPTH = 100
const MAX_NODES = 2000
/** Operators in a row nest to the left, and DuckDB refuses SQL that nests too deep. */
const MAX_CHAIN = 200
/** Binding powers; higher binds tighter. */
const POWER: Record<string, number> = { or: 10, and: 20, '=': 40, '<>': 40, '<': 40, '<=': 40, '>': 40, '>=': 40, in: 40, like: 40, ilike: 40, is: 40, not: 40, between: 40, '||': 50, '+': 60, '-': 60, '*': 70, '/': 70, '%': 70 }
const WORDS = new Set(['and', 'or', 'not', 'in', 'like', 'ilike', 'is', 'between', 'case', 'when', 'then', 'else', 'end', 'null', 'true', 'false'])
const REFUSED = new Set(['select', 'from', 'union', 'with', 'where', 'join', 'exists'])

/** Parses an expression. Throws `expression-invalid` with the position. */
export function parseExpression(text: string): Node {
  const parser = new Parser(text)
  const node = parser.expression(0)
  parser.finish()
  return node
}

class Parser {
  readonly #text: string
  readonly #tokens: Token[]
  #next = 0
  #depth = 0
  #nodes = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokenize(text)
    if (this.#tokens.length === 1) throw expressionError(text, 0, 'The expression is empty')
  }

  finish(): void {
    const token = this.#peek()
    if (token.kind !== 'end') throw this.#unexpected(token)
  }

  expression(power: number): Node {
    if (++this.#depth > MAX_DEPTH) throw expressionError(this.#text, this.#peek().at, `The expression is nested more than ${MAX_DEPTH} deep`)
    let left = this.#prefix()
    for (let chain = 0; ; chain++) {
      if (chain > MAX_CHAIN) throw expressionError(this.#text, this.#peek().at, `The expression has more than ${MAX_CHAIN} operators in a row`, 'concat(a, b, ...) and `in (...)` take long lists.')
      if (++this.#nodes > MAX_NODES) throw expressionError(this.#text, this.#peek().at, `The expression has more than ${MAX_NODES} parts`)
      const word = this.#operator()
      const own = word === null ? undefined : POWER[word]
      if (word === null || own === undefined || own <= power) break
      left = this.#infix(left, word, own)
    }
    this.#depth--
    return left
  }

  #infix(left: Node, word: string, own: number): Node {
    const at = this.#take().at
    if (word === 'is') {
      const negated = this.#accept('not')
      this.#expect('null')
      return { kind: 'is_null', arg: left, negated, at }
    }
    if (word === 'not') {
      const token = this.#take()
      const inner = token.kind === 'name' ? token.text.toLowerCase() : ''
      if (inner === 'in') return { kind: 'in', arg: left, list: this.#list(), negated: true, at }
      if (inner === 'like' || inner === 'ilike') return { kind: 'unary', op: 'not', arg: { kind: 'binary', op: inner, left, right: this.expression(own), at }, at }
      if (inner === 'between') return { kind: 'unary', op: 'not', arg: this.#between(left, at, own), at }
      throw this.#unexpected(token)
    }
    if (word === 'in') return { kind: 'in', arg: left, list: this.#list(), negated: false, at }
    if (word === 'between') return this.#between(left, at, own)
    return { kind: 'binary', op: word, left, right: this.expression(own), at }
  }

  #between(left: Node, at: number, own: number): Node {
    const low = this.expression(own)
    this.#expect('and')
    const high = this.expression(own)
    return { kind: 'binary', op: 'and', left: { kind: 'binary', op: '>=', left, right: low, at }, right: { kind: 'binary', op: '<=', left, right: high, at }, at }
  }

  #prefix(): Node {
    const token = this.#take()
    const { at } = token
    if (token.kind === 'number') return { kind: 'literal', type: token.text.includes('.') ? 'decimal' : 'integer', value: token.text, at }
    if (token.kind === 'text') return { kind: 'literal', type: 'text', value: token.text, at }
    if (token.kind === 'quoted') return this.#column(token)
    if (token.kind === 'operator') {
      if (token.text === '(') {
        const inner = this.expression(0)
        this.#expect(')')
        return inner
      }
      if (token.text === '-') return { kind: 'unary', op: '-', arg: this.expression(80), at }
      if (token.text === '+') return this.expression(80)
    }
    if (token.kind !== 'name') throw this.#unexpected(token)
    const word = token.text.toLowerCase()
    if (word === 'null') return { kind: 'literal', type: 'null', value: '', at }
    if (word === 'true' || word === 'false') return { kind: 'literal', type: 'boolean', value: word, at }
    if (word === 'not') return { kind: 'unary', op: 'not', arg: this.expression(30), at }
    if (word === 'case') return this.#case(at)
    if (WORDS.has(word)) throw this.#unexpected(token)
    if (this.#peek().text === '(' && this.#peek().kind === 'operator') return this.#call(token)
    if (REFUSED.has(word) && this.#peek().kind !== 'end' && this.#operator() === null && !/^[),:]$/.test(this.#peek().text)) {
      throw expressionError(this.#text, at, `\`${token.text}\` has no meaning: an expression computes a value of one record and cannot query`)
    }
    return this.#column(token)
  }

  #column(token: Token): Node {
    if (this.#peek().kind !== 'operator' || this.#peek().text !== '.') return { kind: 'column', alias: null, name: token.text, at: token.at }
    this.#take()
    const name = this.#take()
    if (name.kind !== 'name' && name.kind !== 'quoted') throw this.#unexpected(name)
    return { kind: 'column', alias: token.text, name: name.text, at: token.at }
  }

  #case(at: number): Node {
    const subject = this.#isWord('when') ? null : this.expression(0)
    const arms: { when: Node; then: Node }[] = []
    while (this.#accept('when')) {
      const when = this.expression(0)
      this.#expect('then')
      arms.push({ when, then: this.expression(0) })
    }
    if (arms.length === 0) throw this.#unexpected(this.#peek())
    const otherwise = this.#accept('else') ? this.expression(0) : null
    this.#expect('end')
    return { kind: 'case', subject, arms, otherwise, at }
  }

  #call(name: Token): Node {
    this.#take()
    const args: Node[] = []
    const options: { name: string; value: OptionValue; at: number }[] = []
    if (!(this.#peek().kind === 'operator' && this.#peek().text === ')')) {
      do {
        const token = this.#peek(), colon = this.#tokens[this.#next + 1]
        if (token.kind === 'name' && colon?.kind === 'operator' && colon.text === ':') {
          this.#next += 2
          options.push({ name: token.text, value: this.#option(), at: token.at })
        } else {
          if (options.length > 0) throw expressionError(this.#text, token.at, 'Named options come after the values')
          args.push(this.expression(0))
        }
      } while (this.#acceptOperator(','))
    }
    this.#expect(')')
    return { kind: 'call', name: name.text.toLowerCase(), args, options, at: name.at }
  }

  #option(): OptionValue {
    const token = this.#take()
    if (token.kind === 'text') return token.text
    if (token.kind === 'number') return Number(token.text)
    if (token.kind === 'operator' && token.text === '-' && this.#peek().kind === 'number') return -Number(this.#take().text)
    if (token.kind === 'name') {
      const word = token.text.toLowerCase()
      if (word === 'true' || word === 'false') return word === 'true'
      if (word === 'null') return null
    }
    if (token.kind === 'operator' && token.text === '[') {
      if (++this.#depth > MAX_DEPTH) throw expressionError(this.#text, token.at, `The expression is nested more than ${MAX_DEPTH} deep`)
      const list: OptionValue[] = []
      if (!this.#acceptOperator(']')) {
        do list.push(this.#option()); while (this.#acceptOperator(','))
        this.#expect(']')
      }
      this.#depth--
      return list
    }
    throw expressionError(this.#text, token.at, 'An option is a text, a number, true, false or a [list] of them')
  }

  #list(): Node[] {
    this.#expect('(')
    const list: Node[] = []
    do list.push(this.expression(0)); while (this.#acceptOperator(','))
    this.#expect(')')
    return list
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: this.#text.length }
  }

  #take(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#next++
    return token
  }

  #operator(): string | null {
    const token = this.#peek()
    if (token.kind === 'operator') return token.text
    return token.kind === 'name' && WORDS.has(token.text.toLowerCase()) ? token.text.toLowerCase() : null
  }

  #isWord(word: string): boolean {
    const token = this.#peek()
    return token.kind === 'name' && token.text.toLowerCase() === word
  }

  #accept(word: string): boolean {
    if (!this.#isWord(word)) return false
    this.#next++
    return true
  }

  #acceptOperator(text: string): boolean {
    const token = this.#peek()
    if (token.kind !== 'operator' || token.text !== text) return false
    this.#next++
    return true
  }

  #expect(text: string): void {
    const token = this.#take()
    if ((token.kind !== 'operator' && token.kind !== 'name') || token.text.toLowerCase() !== text) throw this.#unexpected(token, text)
  }

  #unexpected(token: Token, wanted?: string): Error {
    const found = token.kind === 'end' ? 'The expression ends too early' : `\`${token.text}\` is not expected here`
    return expressionError(this.#text, token.at, wanted === undefined ? found : `${found}; expected \`${wanted}\``)
  }
}

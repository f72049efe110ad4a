import { LandfallError } from '../errors/error.ts'

export type TokenKind = 'number' | 'text' | 'name' | 'quoted' | 'operator' | 'end'
/** `at` is the offset in the expression, from 0. */
export interface Token { kind: TokenKind; text: string; at: number }

const MAX_LENGTH = 10_000
const OPERATORS = ['<>', '!=', '<=', '>=', '||', '==', '=', '<', '>', '+', '-', '*', '/', '%', '(', ')', ',', '.', ':', '[', ']']

/** An error of an expression, with the place marked. `at` counts from 0; people are told from 1. */
export function expressionError(expression: string, at: number, message: string, hint?: string): LandfallError {
  const start = Math.max(0, at - 30)
  const shown = expression.slice(start, at + 30).replace(/\s/g, ' ')
  return new LandfallError('expression-invalid', `${message} (at character ${at + 1}: ${start > 0 ? '…' : ''}${shown.slice(0, at - start)}⟨${shown.slice(at - start, at - start + 1)}⟩${shown.slice(at - start + 1)})`, {
    hint: hint ?? 'docs/reference/expressions.md lists operators and functions.', where: { column: at + 1 },
  })
}

/** Cuts an expression into tokens. Throws `expression-invalid` for what belongs to no token; comments and semicolons do not exist. */
export function tokenize(expression: string): Token[] {
  if (expression.length > MAX_LENGTH) throw expressionError(expression, MAX_LENGTH, `The expression is longer than ${MAX_LENGTH} characters`)
  const tokens: Token[] = []
  let at = 0
  while (at < expression.length) {
    const c = expression[at] ?? ''
    if (/\s/.test(c)) { at++; continue }
    if (c === "'" || c === '"' || c === '`') {
      const { text, end } = quoted(expression, at, c)
      tokens.push({ kind: c === "'" ? 'text' : 'quoted', text, at })
      at = end
      continue
    }
    const rest = expression.slice(at, at + 200)
    const number = /^(\d+(\.\d+)?|\.\d+)(?![\p{L}_\d])/u.exec(rest)
    if (number) { tokens.push({ kind: 'number', text: number[0], at }); at += number[0].length; continue }
    const name = /^[\p{L}_][\p{L}\p{M}\p{N}_]*/u.exec(rest)
    if (name) { tokens.push({ kind: 'name', text: name[0], at }); at += name[0].length; continue }
    const operator = OPERATORS.find((op) => expression.startsWith(op, at))
    if (operator === undefined) {
      const what = c === ';' ? 'There is only one expression; `;` has no meaning' : `\`${c}\` has no meaning here`
      throw expressionError(expression, at, what)
    }
    if (expression.startsWith('--', at)) throw expressionError(expression, at, 'There are no comments in expressions', 'For minus a negative number write `- (-x)`.')
    tokens.push({ kind: 'operator', text: operator === '==' ? '=' : operator === '!=' ? '<>' : operator, at })
    at += operator.length
  }
  tokens.push({ kind: 'end', text: '', at: expression.length })
  return tokens
}

/** A text or quoted name; the quote doubled stands for itself. */
function quoted(expression: string, at: number, quote: string): { text: string; end: number } {
  let text = '', i = at + 1
  for (;;) {
    const end = expression.indexOf(quote, i)
    if (end < 0) throw expressionError(expression, at, quote === "'" ? 'This text is not closed' : 'This quoted name is not closed')
    text += expression.slice(i, end)
    if (expression[end + 1] !== quote) {
      if (text.includes('\0')) throw expressionError(expression, at, 'A text cannot hold the NUL character')
      return { text, end: end + 1 }
    }
    text += quote
    i = end + 2
  }
}

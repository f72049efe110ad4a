import { didYouMean } from '../model/closest.ts'
import { literal } from '../staging/staging.ts'
import { pattern } from '../transforms/pattern.ts'
import { FUNCTIONS, type Parameter } from './expression-functions.ts'
import { parseExpression, type Node } from './expression-syntax.ts'
import { expressionError } from './expression-tokens.ts'
import type { Scope } from './scope.ts'
import { applyBound } from './transform-chain.ts'
import { asDecimal, asText, castTo, commonType, isNumeric, sqlType, type Typed, type ValueType } from './value-type.ts'

const MAX_SQL = 2000
const FORMS = ['if', 'coalesce', 'nullif', 'greatest', 'least']

/**
 * Compiles an expression to DuckDB SQL over the relation of a scope. Only columns of the scope, literals, operators, the functions of
 * expression-functions.ts and transforms can be reached. Throws `expression-invalid` with the position and what was probably meant.
 */
export function compileExpression(text: string, scope: Scope): Typed {
  return new Compiler(text, scope).node(parseExpression(text))
}

/** A condition: anything but a boolean is an error. NULL counts as false. */
export function compileCondition(text: string, scope: Scope): string {
  const value = compileExpression(text, scope)
  if (value.type !== 'boolean' && value.type !== 'null') throw expressionError(text, 0, `A condition is wanted, this is ${describe(value.type)}`, 'Compare it with something: = , <>, is null ...')
  return `coalesce(${value.sql}, false)`
}

function describe(type: ValueType): string {
  return { text: 'a text', integer: 'a whole number', decimal: 'a number', double: 'a number', boolean: 'true or false', date: 'a date', timestamp: 'a point in time', time: 'a time of day', null: 'null' }[type]
}

class Compiler {
  readonly #text: string
  readonly #scope: Scope

  constructor(text: string, scope: Scope) {
    this.#text = text
    this.#scope = scope
  }

  /** Long SQL becomes a column of its own, so that what nests deep in the expression does not in the query. */
  node(node: Node): Typed {
    const value = this.#node(node)
    return value.sql.length > MAX_SQL && value.literal === undefined ? { ...value, sql: this.#scope.relation.compute(value.sql) } : value
  }

  #node(node: Node): Typed {
    switch (node.kind) {
      case 'literal': return this.#literal(node)
      case 'column': return this.#column(node)
      case 'unary': return this.#unary(node)
      case 'binary': return this.#binary(node)
      case 'is_null': return { sql: `(${this.node(node.arg).sql} IS ${node.negated ? 'NOT ' : ''}NULL)`, type: 'boolean' }
      case 'in': return this.#in(node)
      case 'case': return this.#case(node)
      case 'call': return this.#call(node)
    }
  }

  #fail(at: number, message: string, hint?: string): never {
    throw expressionError(this.#text, at, message, hint)
  }

  #literal(node: Node & { kind: 'literal' }): Typed {
    if (node.type === 'text') return { sql: literal(node.value), type: 'text', literal: node.value }
    if (node.type === 'null') return { sql: 'NULL', type: 'null' }
    if (node.type === 'boolean') return { sql: node.value, type: 'boolean' }
    if (node.type === 'integer' && node.value.length > 18) this.#fail(node.at, 'This number is too large')
    if (node.type === 'decimal' && (node.value.length > 28 || (node.value.split('.')[1] ?? '').length > 9)) this.#fail(node.at, 'A decimal number has at most 9 places')
    return node.type === 'integer' ? { sql: `CAST(${node.value} AS BIGINT)`, type: 'integer' } : { sql: `CAST(${node.value} AS DECIMAL(38,9))`, type: 'decimal' }
  }

  #column(node: Node & { kind: 'column' }): Typed {
    const found = this.#scope.column(node.alias, node.name)
    if (found) return found
    const name = node.alias === null ? node.name : `${node.alias}.${node.name}`
    const known = this.#scope.names()
    return this.#fail(node.at, `There is no column \`${name}\`${didYouMean(name, known)}`, `Columns here: ${known.slice(0, 40).join(', ')}${known.length > 40 ? ' ...' : ''}`)
  }

  #unary(node: Node & { kind: 'unary' }): Typed {
    const arg = this.node(node.arg)
    if (node.op === 'not') {
      this.#want(arg, 'boolean', node.at, 'not')
      return { sql: `(NOT ${castTo(arg, 'boolean')})`, type: 'boolean' }
    }
    this.#want(arg, 'number', node.at, '-')
    return { sql: `(- ${arg.sql})`, type: arg.type }
  }

  #binary(node: Node & { kind: 'binary' }): Typed {
    const left = this.node(node.left), right = this.node(node.right), { op, at } = node
    if (op === 'and' || op === 'or') {
      this.#want(left, 'boolean', node.left.at, op)
      this.#want(right, 'boolean', node.right.at, op)
      return { sql: `(${castTo(left, 'boolean')} ${op.toUpperCase()} ${castTo(right, 'boolean')})`, type: 'boolean' }
    }
    if (op === '||') return { sql: `(${asText(left)} || ${asText(right)})`, type: 'text' }
    if (op === 'like' || op === 'ilike') {
      this.#want(left, 'text', node.left.at, op)
      this.#want(right, 'text', node.right.at, op)
      return { sql: `(${left.sql} ${op === 'like' ? 'LIKE' : 'ILIKE'} ${right.sql})`, type: 'boolean' }
    }
    if (op === '+' || op === '-' || op === '*' || op === '/' || op === '%') return this.#arithmetic(op, left, right, node)
    const [a, b] = this.#comparable(left, right, at)
    return { sql: `(${a} ${op} ${b})`, type: 'boolean' }
  }

  /** Decimal-safe: sums and products of whole numbers stay whole, everything else is exact to 9 places; what overflows or divides by zero is null. */
  #arithmetic(op: string, left: Typed, right: Typed, node: Node & { kind: 'binary' }): Typed {
    if (op !== '*' && op !== '/' && op !== '%' && (left.type === 'date' || left.type === 'timestamp')) {
      this.#fail(node.at, `\`${op}\` does not work on dates`, 'Use add_days(date, n), add_months or days_between(from, to).')
    }
    this.#want(left, 'number', node.left.at, op)
    this.#want(right, 'number', node.right.at, op)
    if (left.type === 'integer' && right.type === 'integer' && op !== '/') {
      return { sql: `TRY(${left.sql} ${op} ${op === '%' ? `nullif(${right.sql}, 0)` : right.sql})`, type: 'integer' }
    }
    const a = asDecimal(left), b = asDecimal(right)
    if (op === '/') return { sql: `TRY(CAST(round(CAST(${a} AS DECIMAL(38,9)) / nullif(${b}, 0), 9) AS DECIMAL(38,9)))`, type: 'decimal' }
    if (op === '%') return { sql: `TRY(CAST(${a} % nullif(${b}, 0) AS DECIMAL(38,9)))`, type: 'decimal' }
    return { sql: `TRY(CAST(${a} ${op} ${b} AS DECIMAL(38,9)))`, type: 'decimal' }
  }

  /** Both sides as one type; a text literal beside a date is read as a date. */
  #comparable(left: Typed, right: Typed, at: number): [string, string] {
    const dated = (value: Typed, other: Typed): Typed => {
      if (value.literal === undefined || !['date', 'timestamp', 'time'].includes(other.type)) return value
      const form = { date: /^\d{4}-\d{2}-\d{2}$/, timestamp: /^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$/, time: /^\d{2}:\d{2}(:\d{2})?$/ }[other.type as 'date' | 'timestamp' | 'time']
      if (!form.test(value.literal)) this.#fail(at, `\`${value.literal}\` is no ${other.type}`, 'Write dates as \'2024-12-31\'.')
      return { sql: `TRY_CAST(${value.sql} AS ${sqlType(other.type)})`, type: other.type }
    }
    const a = dated(left, right), b = dated(right, left)
    const type = commonType(a.type, b.type)
    if (type === null) {
      this.#fail(at, `${describe(a.type)} and ${describe(b.type)} cannot be compared`, a.type === 'text' || b.type === 'text' ? 'Make the text a number with number(x) or a date with date(x), or the other a text with text(x).' : undefined)
    }
    return [castTo(a, type), castTo(b, type)]
  }

  #in(node: Node & { kind: 'in' }): Typed {
    const arg = this.node(node.arg)
    const parts = node.list.map((item) => this.#comparable(arg, this.node(item), item.at))
    const same = parts.every(([a]) => a === parts[0]?.[0])
    const sql = same ? `(${parts[0]?.[0]} IN (${parts.map(([, b]) => b).join(', ')}))` : `(${parts.map(([a, b]) => `${a} = ${b}`).join(' OR ')})`
    return { sql: node.negated ? `(NOT ${sql})` : sql, type: 'boolean' }
  }

  #case(node: Node & { kind: 'case' }): Typed {
    const subject = node.subject === null ? null : this.node(node.subject)
    const arms = node.arms.map((arm) => {
      const when = this.node(arm.when)
      if (subject !== null) return { when: this.#comparable(subject, when, arm.when.at).join(' = '), then: this.node(arm.then), at: arm.then.at }
      this.#want(when, 'boolean', arm.when.at, 'when')
      return { when: when.sql, then: this.node(arm.then), at: arm.then.at }
    })
    const otherwise = node.otherwise === null ? null : this.node(node.otherwise)
    const type = this.#unify([...arms.map((arm) => ({ value: arm.then, at: arm.at })), ...(otherwise ? [{ value: otherwise, at: node.otherwise?.at ?? node.at }] : [])])
    return { sql: `(CASE ${arms.map((arm) => `WHEN ${arm.when} THEN ${castTo(arm.then, type)}`).join(' ')}${otherwise ? ` ELSE ${castTo(otherwise, type)}` : ''} END)`, type }
  }

  #unify(values: { value: Typed; at: number }[]): ValueType {
    return values.reduce<ValueType>((type, { value, at }) => {
      const common = commonType(type, value.type)
      return common ?? this.#fail(at, `This is ${describe(value.type)}, but the other answers are ${describe(type)}`, 'All branches give the same type; text(x) makes anything a text.')
    }, 'null')
  }

  #call(node: Node & { kind: 'call' }): Typed {
    const { name, at } = node
    if (FORMS.includes(name)) return this.#form(node)
    const transform = this.#scope.registry.find(name)
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
    if (transform !== undefined && known === undefined) return this.#transform(node)
    if (known === undefined) {
      const all = [...FORMS, ...Object.keys(FUNCTIONS), ...this.#scope.registry.all().map((t) => t.name)]
      return this.#fail(at, `There is no function \`${name}\`${didYouMean(name, all)}`)
    }
    if (node.options.length > 0) this.#fail(node.options[0]?.at ?? at, `\`${name}\` takes no named options`)
    const least = known.parameters.length - (known.optional ?? 0)
    if (node.args.length < least || (!known.more && node.args.length > known.parameters.length)) {
      this.#fail(at, `\`${name}\` takes ${known.parameters.length}${known.more ? ' or more' : ''} value${known.parameters.length === 1 ? '' : 's'}, found ${node.args.length}`, `${name}: ${known.about}`)
    }
    const args = node.args.map((arg, i) => {
      const value = this.node(arg)
      this.#want(value, known.parameters[Math.min(i, known.parameters.length - 1)] ?? 'any', arg.at, name)
      return value
    })
    if (name === 'matches' && (args[1]?.literal === undefined || !pattern.safeParse(args[1].literal).success)) this.#fail(node.args[1]?.at ?? at, 'The second value is a regular expression written as a literal (RE2: no look-around)')
    return { sql: known.sql(args), type: typeof known.result === 'function' ? known.result(args) : known.result }
  }

  #form(node: Node & { kind: 'call' }): Typed {
    const { name, at } = node
    const wanted: Record<string, [number, number]> = { if: [2, 3], nullif: [2, 2], coalesce: [1, 200], greatest: [1, 200], least: [1, 200] }
    const [min, max] = wanted[name] ?? [1, 1]
    if (node.args.length < min || node.args.length > max || node.options.length > 0) this.#fail(at, `\`${name}\` takes ${min === max ? min : `${min} to ${max}`} values, found ${node.args.length}`)
    const args = node.args.map((arg) => ({ value: this.node(arg), at: arg.at }))
    const first = args[0] as { value: Typed; at: number }
    if (name === 'if') {
      this.#want(first.value, 'boolean', first.at, 'if')
      const type = this.#unify(args.slice(1))
      const [yes, no] = args.slice(1).map((arg) => castTo(arg.value, type))
      return { sql: `(CASE WHEN ${first.value.sql} THEN ${yes}${no === undefined ? '' : ` ELSE ${no}`} END)`, type }
    }
    if (name === 'nullif') {
      const [a, b] = this.#comparable(first.value, args[1]!.value, at)
      return { sql: `(CASE WHEN ${a} = ${b} THEN NULL ELSE ${first.value.sql} END)`, type: first.value.type }
    }
    const type = this.#unify(args)
    return { sql: `${name}(${args.map((arg) => castTo(arg.value, type)).join(', ')})`, type }
  }

  #transform(node: Node & { kind: 'call' }): Typed {
    const transform = this.#scope.registry.find(node.name)!
    const [subject, ...rest] = node.args
    if (!subject) return this.#fail(node.at, `\`${node.name}\` needs a value`, `${node.name}: ${transform.about}`)
    const options: Record<string, unknown> = Object.fromEntries(node.options.map((option) => [option.name, option.value]))
    rest.forEach((arg, i) => {
      const name = transform.positional?.[i]
      if (name === undefined) return this.#fail(arg.at, `\`${node.name}\` takes ${transform.positional?.length ? `${1 + transform.positional.length} values` : 'one value'}; give options by name: ${node.name}(x, option: ...)`)
      options[name] = this.#constant(arg)
    })
    let bound
    try {
      bound = this.#scope.registry.bind(node.name, options)
    } catch (error) {
      return this.#fail(node.at, error instanceof Error ? error.message.replace(/\.$/, '') : String(error), transform.about)
    }
    return applyBound(this.node(subject), bound, this.#scope.relation).value
  }

  #constant(node: Node): unknown {
    if (node.kind === 'literal') return node.type === 'text' ? node.value : node.type === 'null' ? null : node.type === 'boolean' ? node.value === 'true' : Number(node.value)
    if (node.kind === 'unary' && node.op === '-' && node.arg.kind === 'literal') return -Number(node.arg.value)
    return this.#fail(node.at, 'An option of a transform is a literal, not computed')
  }

  #want(value: Typed, wanted: Parameter, at: number, by: string): void {
    const { type } = value
    const fits = type === 'null' || wanted === 'any' || (wanted === 'number' && isNumeric(type)) || (wanted === 'date' && (type === 'date' || type === 'timestamp')) || wanted === type
      || (wanted === 'text' && type === 'text') || (wanted === 'integer' && type === 'integer')
    if (fits) return
    const advice = wanted === 'number' ? 'Use number(x), which knows how people write numbers.' : wanted === 'date' ? 'Use date(x) or timestamp(x).' : wanted === 'text' ? 'Use text(x).' : undefined
    this.#fail(at, `\`${by}\` needs ${wanted === 'date' ? 'a date' : wanted === 'number' ? 'a number' : wanted === 'integer' ? 'a whole number' : wanted === 'boolean' ? 'true or false' : 'a text'}, this is ${describe(type)}`, advice)
  }
}

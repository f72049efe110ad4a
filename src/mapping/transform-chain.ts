import { LandfallError } from '../errors/error.ts'
import type { TransformStep } from '../config/mapping-schema.ts'
import { decimalCast } from '../transforms/decimal-cast.ts'
import type { BoundTransform, TransformRegistry } from '../transforms/registry.ts'
import { isBlank } from '../transforms/transform.ts'
import type { Relation } from './relation.ts'
import { asDecimal, asText, isNumeric, sqlType, typeOfOutput, type Typed } from './value-type.ts'

/** A transformed value with what is to be watched: `failed` where it could not be transformed, `lossy` where something was dropped; `input` is what went in. */
export interface Applied { value: Typed; input: string; failed: string | null; lossy: string | null; by: string }

/** Applies one transform to a value within a relation. */
export function applyBound(value: Typed, bound: BoundTransform, relation: Relation): Applied {
  const { transform, options } = bound
  const text = relation.compute(asText(value))
  let input = text, result: Typed
  if (transform.sql) {
    if (transform.input === 'number') {
      input = relation.compute(isNumeric(value.type) ? asDecimal(value) : `CASE WHEN regexp_full_match(trim(${text}), '[-+]?(\\d+(\\.\\d*)?|\\.\\d+)') THEN ${decimalCast(`trim(${text})`)} END`)
    }
    result = { sql: relation.compute(transform.sql(input, options)), type: typeOfOutput(transform.output) }
  } else {
    const answer = relation.lookup(text, bound)
    const type = typeOfOutput(transform.output)
    result = { sql: type === 'text' ? answer : relation.compute(`TRY_CAST(${answer} AS ${sqlType(type)})`), type }
  }
  const blank = transform.blank ? transform.blank(text, options) : isBlank(text)
  return {
    value: result, input: text, by: transform.name,
    failed: transform.mayBeNull ? null : `(${text} IS NOT NULL AND ${result.sql} IS NULL AND NOT coalesce(${blank}, false))`,
    lossy: transform.loses ? transform.loses(text, options) : null,
  }
}

/** Applies a chain as a mapping writes it. Throws `transform-invalid` for unknown transforms and wrong options. */
export function applyChain(value: Typed, steps: TransformStep[], registry: TransformRegistry, relation: Relation): { value: Typed; applied: Applied[] } {
  const applied: Applied[] = []
  let current = value
  for (const bound of bindChain(steps, registry)) {
    const step = applyBound(current, bound, relation)
    applied.push(step)
    current = step.value
  }
  return { value: current, applied }
}

/** The transforms of a chain with their options checked. */
export function bindChain(steps: TransformStep[], registry: TransformRegistry): BoundTransform[] {
  return steps.map((step) => {
    if (typeof step === 'string') return registry.bind(step)
    const [entry] = Object.entries(step)
    if (!entry) throw new LandfallError('transform-invalid', 'A transform without a name.')
    return registry.bind(entry[0], entry[1] ?? {})
  })
}

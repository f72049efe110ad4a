import { TransformRegistry } from '../transforms/registry.ts'

/** Lists that explain codes: the transform that knows them, and the concepts of columns that hold them. */
export const VALUE_LISTS: readonly { transform: 'country' | 'currency' | 'uom' | 'language'; concept: string }[] = [
  { transform: 'country', concept: 'country' }, { transform: 'currency', concept: 'currency' }, { transform: 'uom', concept: 'unit' }, { transform: 'language', concept: 'language' },
]

const registry = new TransformRegistry()

/** What the list of a transform makes of a value; null when it has no such value. */
export function explainValue(transform: string, value: string): string | null {
  const bound = registry.bind(transform)
  const result = bound.transform.apply?.(value, bound.options) ?? null
  return result === null ? null : String(result)
}

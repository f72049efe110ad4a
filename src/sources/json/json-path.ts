import { LandfallError, messageOf } from '../../errors/error.ts'

/** A step towards the records: into a member by name, or into every element of an array. */
export type Step = { name: string } | '*'

const STEP = /\.([\p{L}_][\p{L}\p{N}_]*)|\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\[\s*"((?:[^"\\]|\\.)*)"\s*\]|\[\s*\*\s*\]/uy

/** The steps of a JSONPath made of names and `[*]` only, which can be followed while streaming; null for any other. */
export function streamingSteps(path: string): Step[] | null {
  const text = path.trim()
  if (!text.startsWith('$')) return null
  const steps: Step[] = []
  for (let at = 1; at < text.length; at = STEP.lastIndex) {
    STEP.lastIndex = at
    const match = STEP.exec(text)
    if (!match) return null
    const name = match[1] ?? match[2] ?? match[3]
    steps.push(name === undefined ? '*' : { name: name.replace(/\\(.)/g, '$1') })
  }
  return steps
}

/**
 * The texts of what any JSONPath (RFC 9535) selects in a document that is small enough to be held whole. Numbers keep all their digits.
 * Throws `config-invalid` when the path is wrong.
 */
export async function selectTexts(document: string, path: string): Promise<string[]> {
  const { paths } = await import('jsonpath-rfc9535')
  let places: string[]
  try {
    places = paths(JSON.parse(document) as never, path)
  } catch (error) {
    if (error instanceof SyntaxError && /JSON/.test(error.message)) throw error
    throw new LandfallError('config-invalid', `\`records\` is no JSONPath: ${path}: ${messageOf(error)}`, { hint: 'Write it as in RFC 9535, e.g. $.data[?@.active == true].' })
  }
  // The same document with numbers as they are written: what is selected by value is then taken by place.
  const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON
  const exact = (JSON.parse as (text: string, revive: (key: string, value: unknown, context: { source: string }) => unknown) => unknown)(document, (_, value, context) => (typeof value === 'number' ? raw(context.source) : value))
  return places.map((place) => JSON.stringify(follow(exact, place)))
}

/** Goes along a normalized path: `$['a'][0]`. */
function follow(root: unknown, place: string): unknown {
  let node = root
  for (const match of place.matchAll(/\[(?:(\d+)|'((?:[^'\\]|\\.)*)')\]/g)) {
    const key = match[1] ?? JSON.parse(`"${(match[2] as string).replace(/\\'/g, "'").replace(/"/g, '\\"')}"`) as string
    node = Object.getOwnPropertyDescriptor(node, key)?.value
  }
  return node
}

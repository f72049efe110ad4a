import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { LandfallError, messageOf } from '../errors/error.ts'
import type { TransformRegistry } from './registry.ts'
import type { Transform } from './transform.ts'

const NAME = /^[a-z][a-z0-9_]{0,59}$/
const OUTPUTS = ['VARCHAR', 'DOUBLE', 'DECIMAL(38,9)', 'BIGINT', 'DATE', 'TIMESTAMP', 'BOOLEAN']

/**
 * Loads a project's own transforms (TypeScript or JavaScript modules, absolute paths) into the registry. A module's default export is a
 * transform or a list of them: `{name, about?, options?, output?, mayBeNull?, apply(value, options)}`. They run over distinct values in this
 * process, with its rights: they are the project's code, as trusted as its author. Throws `transform-invalid` naming the file.
 */
export async function loadProjectTransforms(registry: TransformRegistry, files: string[]): Promise<void> {
  for (const file of files) {
    let module: { default?: unknown }
    try {
      module = await import(pathToFileURL(file).href) as { default?: unknown }
    } catch (error) {
      throw new LandfallError('transform-invalid', `${file} cannot be loaded: ${messageOf(error)}`, { where: { file }, hint: 'TypeScript runs with its types stripped: no enums, namespaces or parameter properties.', cause: error })
    }
    const given = Array.isArray(module.default) ? module.default : [module.default]
    for (const candidate of given) registry.add(checked(candidate, file), file)
  }
}

function checked(candidate: unknown, file: string): Transform {
  const wrong = (what: string) => new LandfallError('transform-invalid', `${file}: ${what}`, { where: { file }, hint: 'export default { name, about, apply(value, options) { return ... } }' })
  if (candidate === null || typeof candidate !== 'object') throw wrong('has no transform as its default export.')
  const { name, about, options, output, apply, mayBeNull, positional } = candidate as Partial<Transform>
  if (typeof name !== 'string' || !NAME.test(name)) throw wrong(`the name of a transform is lower-case letters, digits and _, found ${JSON.stringify(name ?? null)}.`)
  if (typeof apply !== 'function') throw wrong(`transform \`${name}\` needs a function apply(value, options).`)
  if (output !== undefined && !OUTPUTS.includes(output)) throw wrong(`transform \`${name}\`: output is one of ${OUTPUTS.join(', ')}.`)
  if (options !== undefined && typeof (options as { safeParse?: unknown }).safeParse !== 'function') throw wrong(`transform \`${name}\`: options is a zod schema.`)
  return {
    name, about: about ?? '', options: options ?? z.looseObject({}), output: output ?? 'VARCHAR',
    ...(mayBeNull === undefined ? {} : { mayBeNull }), ...(positional === undefined ? {} : { positional }),
    apply: (value, given) => {
      let result: unknown
      try {
        result = apply(value, given)
      } catch (error) {
        throw new LandfallError('transform-invalid', `${file}: transform \`${name}\` failed on ${JSON.stringify(value?.slice(0, 200) ?? null)}: ${messageOf(error)}`, { where: { file }, cause: error })
      }
      if (result === null || result === undefined) return null
      if (typeof result !== 'string') {
        throw new LandfallError('transform-invalid', `${file}: transform \`${name}\` gave ${typeof result} for ${JSON.stringify(value?.slice(0, 200) ?? null)}; it must give text or null.`, { where: { file } })
      }
      return result
    },
  }
}

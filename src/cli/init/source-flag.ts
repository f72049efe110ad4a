import { LandfallError } from '../../errors/error.ts'

/** A source as given on the command line or by answers; `variables`: environment variables that hold its secrets. */
export interface SourceSpec { name: string; kind: string; options: Record<string, string | number | boolean>; variables: string[] }

const SECRETS = new Set(['password', 'token', 'secret', 'client_secret', 'clientSecret', 'api_key', 'apiKey'])

/**
 * Reads `[NAME=]KIND:OPTIONS`, where OPTIONS is `key=value,key=value` or a bare path or URL. A secret that is written out is replaced by a
 * reference to an environment variable: it must not end up in a file. Throws `usage`.
 */
export function parseSourceFlag(text: string): SourceSpec {
  const match = /^(?:([A-Za-z][A-Za-z0-9_-]*)=)?([a-z][a-z0-9-]*):(.+)$/s.exec(text)
  if (!match) throw new LandfallError('usage', `"${text}" is not a source.`, { hint: 'Write [NAME=]KIND:OPTIONS, e.g. shop=sqlite:shop.db or erp=postgres:host=db,database=erp,user=reader' })
  const [, name, kind = '', rest = ''] = match
  const spec: SourceSpec = { name: name ?? kind, kind, options: {}, variables: [] }
  if (!/^[A-Za-z]+=/.test(rest)) return { ...spec, options: { [kind === 'rest' ? 'baseUrl' : 'path']: rest } }
  for (const part of rest.split(/,(?=[A-Za-z]+=)/)) {
    const at = part.indexOf('=')
    setOption(spec, part.slice(0, at), part.slice(at + 1))
  }
  return spec
}

/** Sets an option from text: numbers and booleans become what they are, secrets a reference. */
export function setOption(spec: SourceSpec, key: string, value: string): void {
  if (SECRETS.has(key) && !value.startsWith('${')) {
    const variable = `${spec.name}_${key}`.toUpperCase().replaceAll('-', '_')
    spec.variables.push(variable)
    spec.options[key] = `\${env:${variable}}`
    return
  }
  spec.options[key] = /^\d{1,9}$/.test(value) ? Number(value) : value === 'true' ? true : value === 'false' ? false : value
}

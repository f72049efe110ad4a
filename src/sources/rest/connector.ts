import { LandfallError } from '../../errors/error.ts'
import type { SourceEnv } from '../registry.ts'
import type { Source } from '../source.ts'
import { RestClient } from './client.ts'
import type { RestOptions } from './options.ts'
import { RestSource, isJsonPath } from './source.ts'

export { optionsSchema } from './options.ts'

/** Opens a REST source. Nothing is asked before `describe`; throws `config-invalid` for a JSONPath that is none. */
export async function open(name: string, options: RestOptions, env: SourceEnv): Promise<Source> {
  for (const [entity, one] of Object.entries(options.entities)) {
    if ('in' in one.paging && one.paging.in === 'body' && one.method === 'GET') {
      throw new LandfallError('config-invalid', `Entity \`${entity}\` of source \`${name}\`: paging in the body needs \`method: POST\`.`, { hint: 'A GET has no body: page in the query.' })
    }
    for (const path of [one.records, one.total, one.paging.kind === 'cursor' ? one.paging.next : undefined]) {
      if (path === undefined || isJsonPath(path)) continue
      throw new LandfallError('config-invalid', `Entity \`${entity}\` of source \`${name}\`: \`${path}\` is no JSONPath.`, { hint: 'RFC 9535, for example `$.data[*]`.' })
    }
  }
  return new RestSource(name, options, new RestClient(options, env))
}

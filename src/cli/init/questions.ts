import { cancel, confirm, intro, isCancel, outro, select, text } from '@clack/prompts'
import { LandfallError } from '../../errors/error.ts'
import { SOURCE_KINDS } from '../../sources/registry.ts'
import { setOption, type SourceSpec } from './source-flag.ts'

const SERVERS = new Set(['postgres', 'mysql'])

/** Asks a person at a terminal for the project's name and sources. Throws `interrupted` when they leave. */
export async function askProject(folder: string, name: string | undefined): Promise<{ name: string; sources: SourceSpec[] }> {
  intro(`A Landfall project in ${folder}`)
  const project = name ?? await ask(text({ message: 'Name of the project', initialValue: 'migration', validate: (value) => (/^[A-Za-z][A-Za-z0-9_-]*$/.test(value ?? '') ? undefined : 'Letters, digits, _ and -, beginning with a letter') }))
  const sources: SourceSpec[] = []
  for (let more = true; more; more = await ask(confirm({ message: 'Another source?', initialValue: false }))) {
    const kind = await ask(select({ message: 'Where is the legacy data?', options: SOURCE_KINDS.map((value) => ({ value, label: value })) }))
    const sourceName = await ask(text({ message: 'Name of this source', initialValue: sources.length === 0 ? 'legacy' : `legacy${sources.length + 1}` }))
    const spec: SourceSpec = { name: sourceName, kind, options: {}, variables: [] }
    if (SERVERS.has(kind)) {
      for (const [key, about, initial] of [['host', 'Host', '127.0.0.1'], ['database', 'Database', ''], ['user', 'User (reading is enough)', '']] as const) setOption(spec, key, await ask(text({ message: about, initialValue: initial })))
      setOption(spec, 'password', '${env:' + await ask(text({ message: 'Environment variable that holds the password', initialValue: `${sourceName.toUpperCase()}_PASSWORD` })) + '}')
    } else {
      setOption(spec, kind === 'rest' ? 'baseUrl' : 'path', await ask(text({ message: kind === 'rest' ? 'Address of the API' : 'File or folder' })))
    }
    sources.push(spec)
  }
  outro('Looking at the sources ...')
  return { name: project, sources }
}

async function ask<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  const answer = await question
  if (isCancel(answer)) {
    cancel('Nothing was written.')
    throw new LandfallError('interrupted', 'No project was made.')
  }
  return answer as Exclude<T, symbol>
}

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { LandfallError, messageOf } from '../errors/error.ts'
import type { Clock } from '../model/clock.ts'
import { parseJson } from '../model/written-float.ts'
import { PostingEngine } from '../posting/engine.ts'
import type { Answer, Case } from '../posting/replay.ts'
import { Site } from '../site/site.ts'
import { Staging } from '../staging/staging.ts'

export type RecordedCase = Case & Omit<Answer, 'id'>

/** Cases of a file of JSON lines, gzip or not. Throws `file-unreadable` naming the line. */
export function readCases(file: string): RecordedCase[] {
  return readLines<RecordedCase>(file)
}

/** Lines of a file of JSON lines, gzip or not. Throws `file-unreadable` naming the line. */
export function readLines<T>(file: string): T[] {
  if (!existsSync(file)) throw new LandfallError('config-missing', `There is no file ${file}`, { where: { file } })
  const raw = readFileSync(file), text = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw).toString('utf8') : raw.toString('utf8')
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    try {
      return [parseJson(line) as T]
    } catch (error) {
      throw new LandfallError('file-unreadable', `Not a line of JSON: ${messageOf(error)}`, { where: { file, line: i + 1 }, cause: error })
    }
  })
}

/** The recorded cases beside the repository and in it: `../shared/erpnext` (vectors, chains, random) and `test/vectors`. */
export function defaultCaseFiles(folder: string): string[] {
  const shared = `${folder}/../shared/erpnext`, own = `${folder}/test/vectors`
  return [
    ...['vectors', 'chains', 'random'].map((name) => `${shared}/${name}.jsonl.gz`).filter((file) => existsSync(file)),
    ...(existsSync(own) ? readdirSync(own).filter((name) => name.endsWith('.jsonl.gz')).sort().map((name) => `${own}/${name}`) : []),
  ]
}

/** DocTypes of the documents of a case. */
export function doctypesOf(input: Case): string[] {
  const docs = input.docs ?? (input.doc === undefined ? [] : [input.doc])
  return docs.map((spec) => String(('doc' in spec && !('doctype' in spec) ? (spec as { doc: { doctype: string } }).doc : (spec as { doctype: string })).doctype))
}

/** Runs `body` with an engine of its own on a site in memory. */
export async function withEngine<T>(site: string | null, clock: Clock, body: (engine: PostingEngine) => Promise<T>): Promise<T> {
  const staging = await Staging.open(':memory:', { threads: 1 })
  try {
    return await body(await PostingEngine.open(staging, Site.load(site), clock))
  } finally {
    await staging.close()
  }
}

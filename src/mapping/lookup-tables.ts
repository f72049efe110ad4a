import { LandfallError } from '../errors/error.ts'
import type { Staging } from '../staging/staging.ts'
import type { Lookup, Relation } from './relation.ts'

const SLICE = 50_000

/** Fills the lookup tables of a relation, in the order in which they depend on each other: every distinct value is transformed once. */
export async function fillLookups(staging: Staging, relation: Relation): Promise<void> {
  for (const lookup of relation.lookups) await fill(staging, lookup)
}

async function fill(staging: Staging, lookup: Lookup): Promise<void> {
  const name = (suffix: string) => lookup.table.replace(/"$/, `${suffix}"`)
  const values = name('_values'), results = name('_results')
  await staging.run(`CREATE OR REPLACE TABLE ${values} AS SELECT row_number() OVER () AS n, v FROM (SELECT DISTINCT CAST(${lookup.input} AS VARCHAR) AS v FROM (${lookup.below()}) WHERE ${lookup.input} IS NOT NULL)`)
  await staging.run(`CREATE OR REPLACE TABLE ${results} (n BIGINT, r VARCHAR)`)
  const { transform, options } = lookup.bound
  const total = Number((await staging.one(`SELECT count(*) AS n FROM ${values}`))?.['n'] ?? 0)
  const table = /^work\."(.*)"$/.exec(results)?.[1]?.replaceAll('""', '"') ?? ''
  for (let from = 0; from < total; from += SLICE) {
    const ordinals: number[] = [], answers: (string | null)[] = []
    for await (const chunk of staging.scan(`SELECT n, v FROM ${values} WHERE n > ${from} AND n <= ${from + SLICE}`)) {
      const [ns = [], vs = []] = chunk.columns as [number[], string[]]
      ns.forEach((n, i) => {
        ordinals.push(n)
        answers.push(apply(transform.name, () => transform.apply?.(vs[i] ?? null, options) ?? null, vs[i] ?? ''))
      })
    }
    await staging.appendColumns({ schema: 'work', table }, [{ name: 'n', kind: 'BIGINT', values: ordinals }, { name: 'r', kind: 'VARCHAR', values: answers }])
  }
  // Joined by ordinal: a text may change on its way through this process (a byte order mark is lost), and a key must not.
  await staging.run(`CREATE OR REPLACE TABLE ${lookup.table} AS SELECT v.v AS k, r.r AS r FROM ${values} v JOIN ${results} r ON r.n = v.n`)
  await staging.run(`DROP TABLE ${values}`)
  await staging.run(`DROP TABLE ${results}`)
}

function apply(name: string, task: () => string | null, value: string): string | null {
  try {
    return task()?.replaceAll('\0', '') ?? null
  } catch (error) {
    if (error instanceof LandfallError) throw error
    throw new LandfallError('internal', `Transform \`${name}\` failed on ${JSON.stringify(value.slice(0, 200))}.`, { cause: error })
  }
}

import { LandfallError } from '../errors/error.ts'

/** The item called `name`; `source-entity-unknown` with the nearest names otherwise. */
export function chooseEntity<T extends { name: string }>(source: string, items: Iterable<T>, name: string): T {
  const all = [...items]
  const found = all.find((one) => one.name === name)
  if (found) return found
  const near = all.filter((one) => one.name.toLowerCase().includes(name.toLowerCase()) || name.toLowerCase().includes(one.name.toLowerCase()))
  throw new LandfallError('source-entity-unknown', `Source \`${source}\` has no entity \`${name}\`.`,
    { hint: `It has: ${(near.length > 0 ? near : all).slice(0, 12).map((one) => one.name).join(', ') || 'none'}.`, where: { entity: name } })
}

/** The columns asked for, in that order, or all of them; `source-entity-unknown` names the one that is not there. */
export function chooseColumns<T extends { name: string }>(entity: string, columns: T[], wanted?: string[]): T[] {
  if (!wanted) return columns
  return wanted.map((name) => {
    const column = columns.find((one) => one.name === name)
    if (column) return column
    throw new LandfallError('source-entity-unknown', `Entity \`${entity}\` has no column \`${name}\`.`,
      { hint: `It has: ${columns.slice(0, 30).map((one) => one.name).join(', ')}.`, where: { entity } })
  })
}

/** Throws `interrupted` when the run was stopped. */
export function checkStopped(signal: AbortSignal | undefined, entity: string): void {
  if (signal?.aborted) throw new LandfallError('interrupted', `Reading of \`${entity}\` was stopped.`, { where: { entity } })
}

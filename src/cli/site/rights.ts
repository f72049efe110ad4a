import type { Right } from '../../targets/snapshot/site-facts.ts'
import { colors } from '../colors.ts'
import type { Terminal } from '../terminal.ts'

const LANES: Record<Right['lane'], string> = { pull: 'Snapshot of the site', rest: 'Load over REST', bench: 'Load through the bench', express: 'Load into the database' }

/** Rights by lane, what is missing with the way out. */
export function showRights(all: readonly Right[], onlyMissing: boolean, terminal: Terminal): void {
  const rights = onlyMissing ? all.filter((right) => right.has !== true) : all
  if (terminal.json) {
    for (const right of rights) terminal.emit({ type: 'right', ...right })
    return terminal.emit({ type: 'result', rights: all.length, missing: all.filter((right) => right.has === false).length, unclear: all.filter((right) => right.has === null).length })
  }
  const width = Math.max(...rights.map((right) => right.what.length), 1)
  for (const [lane, title] of Object.entries(LANES)) {
    const of = rights.filter((right) => right.lane === lane)
    if (of.length === 0) continue
    terminal.print(colors.bold(title))
    for (const { what, has, why, wayOut } of of) {
      const mark = has === true ? colors.green('✓') : has === false ? colors.red('✗') : colors.dim('?')
      terminal.print(`  ${mark} ${what.padEnd(width)}  ${has === true ? '' : has === null ? 'the site does not say' : why}`.trimEnd())
      if (has === false) terminal.print(`    ${colors.dim('→')} ${wayOut}`)
    }
    terminal.print('')
  }
  const missing = all.filter((right) => right.has === false).length
  terminal.print(missing === 0 ? `${colors.green('✓')} nothing is missing` : `${colors.red('✗')} ${missing} of ${all.length} rights are missing`)
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diffSites, type SiteDifference } from '../../site/diff.ts'
import { Site } from '../../site/site.ts'
import { colors } from '../colors.ts'
import { formatCount, formatTable, type Terminal } from '../terminal.ts'
import type { SiteAccess } from './access.ts'
import { pullInto } from './pull.ts'

/** A side of a comparison: `shipped`, `live` (the site the flags name, pulled for the occasion), or a folder. Throws `site-invalid`. */
export async function siteOf(side: string, access: () => SiteAccess, terminal: Terminal, signal: AbortSignal): Promise<Site> {
  if (side === 'shipped') return Site.load()
  if (side !== 'live') return Site.load(side)
  const folder = mkdtempSync(join(tmpdir(), 'landfall-site-'))
  try {
    await pullInto(folder, access(), { via: 'auto', full: true, more: [], also: [], cap: 50_000 }, terminal, signal)
    return Site.load(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const AREAS: [SiteDifference['area'], string][] = [
  ['version', 'Versions'], ['DocType', 'DocTypes'], ['field', 'Fields'], ['column', 'Columns'], ['controller', 'Controllers'], ['setting', 'Settings'], ['default', 'Global defaults'], ['series', 'Counters'], ['record', 'Records'],
]
const WIDTH = 40

function cell(value: string | null): string {
  if (value === null) return '-'
  const flat = value.replaceAll('\n', '⏎')
  return flat === '' ? "''" : flat.length > WIDTH ? `${flat.slice(0, WIDTH - 1)}…` : flat
}

/** Records that one side lacks altogether, in one line per DocType; everything else line by line. */
function shortened(differences: readonly SiteDifference[]): SiteDifference[] {
  const counted = new Map<string, { name: string; left: number; right: number; lone: SiteDifference }>(), lines: SiteDifference[] = []
  for (const one of differences) {
    if (one.area !== 'record' || one.property !== null || one.doctype === null) { lines.push(one); continue }
    const known = counted.get(one.doctype) ?? { name: one.doctype, left: 0, right: 0, lone: one }
    if (one.left === null) known.right++
    else known.left++
    counted.set(one.doctype, known)
  }
  for (const { name, left, right, lone } of counted.values()) {
    lines.push(left + right === 1 ? lone : { area: 'record', doctype: name, what: name, property: null, left: left === 0 ? null : `${formatCount(left)} more`, right: right === 0 ? null : `${formatCount(right)} more` })
  }
  return lines
}

/** Prints differences by area, at most `limit` of each. */
export function showDiff(left: string, right: string, differences: readonly SiteDifference[], limit: number, terminal: Terminal): void {
  if (terminal.json) {
    for (const one of differences) terminal.emit({ type: 'difference', ...one })
    return terminal.emit({ type: 'result', left, right, differences: differences.length })
  }
  if (differences.length === 0) return terminal.print(`${colors.green('✓')} ${left} and ${right} are equal`)
  for (const [area, title] of AREAS) {
    const all = differences.filter((one) => one.area === area)
    if (all.length === 0) continue
    const lines = shortened(all), shown = lines.slice(0, limit)
    terminal.print(`${colors.bold(title)}  ${formatCount(all.length)} ${all.length === 1 ? 'difference' : 'differences'}`)
    terminal.print(formatTable(['  what', 'property', left, right], shown.map((one) => [`  ${one.what}`, one.property ?? '', cell(one.left), cell(one.right)])))
    if (lines.length > shown.length) terminal.print(colors.dim(`  ... and ${formatCount(lines.length - shown.length)} more: --limit ${lines.length}`))
    terminal.print('')
  }
  terminal.print(`${colors.yellow('!')} ${formatCount(differences.length)} differences between ${left} and ${right}`)
}

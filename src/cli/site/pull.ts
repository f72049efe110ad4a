import { readSiteRecords } from '../../site/folder.ts'
import { Site } from '../../site/site.ts'
import { readState, writeSnapshot, type Snapshot } from '../../site/snapshot.ts'
import { systemClock } from '../../model/clock.ts'
import { pullSite } from '../../targets/snapshot/pull.ts'
import { colors } from '../colors.ts'
import { formatCount, formatSeconds, formatTable, type Terminal } from '../terminal.ts'
import { openReader, type SiteAccess } from './access.ts'

/** `more`: DocTypes asked for by name, whatever their size; `also`: those the mappings write. */
export interface PullWishes { via: string; full: boolean; more: string[]; also: string[]; cap: number }

/** Pulls a snapshot into a folder, going on from the one that is there. */
export async function pullInto(folder: string, access: SiteAccess, wishes: PullWishes, terminal: Terminal, signal: AbortSignal): Promise<Snapshot> {
  const { reader, code } = await openReader(access, wishes.via, signal)
  try {
    const state = wishes.full ? null : readState(folder)
    const before = state === null ? null : { state, rows: readSiteRecords(folder) }
    const { snapshot, state: next } = await pullSite(reader, {
      clock: systemClock, shipped: Site.load(), code, before, more: wishes.more, also: wishes.also, cap: wishes.cap, progress: (what) => { if (terminal.live) terminal.say(colors.dim(`  reading ${what}`)) },
    })
    writeSnapshot(folder, snapshot, next)
    return snapshot
  } finally {
    await reader.close()
  }
}

const WIDTH = 140

/** What a person wants to know of a pull: how much, what is missing, what could interfere. */
export function showPull(folder: string, snapshot: Snapshot, terminal: Terminal): void {
  const { origin, settings, doctypes, records } = snapshot
  const rows = [...records.values()].reduce((sum, list) => sum + list.length, 0)
  if (terminal.json) {
    return terminal.emit({
      type: 'result', folder, origin, versions: settings.apps, doctypes: doctypes.length, records: rows, record_doctypes: records.size, series: Object.keys(settings.series).length, could_interfere: snapshot.interferes,
      not_read: snapshot.notRead, documents_left_out: snapshot.leftOut,
    })
  }
  const again = origin.reused.doctypes + origin.reused.records
  const versions = Object.entries(settings.apps).map(([app, version]) => `${app} ${version}`).join(', ')
  terminal.print(`${colors.green('✓')} ${colors.bold(origin.site)}  ${versions}${origin.user === null ? '' : `, as ${origin.user}`}`)
  terminal.print(`  ${formatCount(doctypes.length)} DocTypes, ${formatCount(rows)} records of ${formatCount(records.size)} DocTypes, ${Object.keys(settings.singles).length} settings, ${Object.keys(settings.series).length} counters`)
  terminal.print(`  ${formatSeconds(origin.seconds * 1000)}, ${formatCount(origin.requests)} requests by ${origin.ways.join(' and ')}${again > 0 ? `; ${formatCount(origin.reused.doctypes)} DocTypes and ${formatCount(origin.reused.records)} records had not changed` : ''}`)
  terminal.print(`  columns ${origin.columns}; controllers ${origin.controllers.note}${origin.controllers.unknown.length > 0 ? `, ${formatCount(origin.controllers.unknown.length)} DocTypes unknown` : ''}`)
  if (snapshot.interferes.length > 0) {
    terminal.print(`\n${colors.yellow('!')} could interfere with a migration`)
    terminal.print(formatTable(['  kind', 'name', 'DocType', 'what it does'], snapshot.interferes.map((one) => [`  ${one.kind}`, one.name, one.doctype ?? '', one.what])))
  }
  if (snapshot.notRead.length > 0) {
    terminal.print(`\n${colors.yellow('!')} could not be read`)
    for (const { what, why, hint } of snapshot.notRead) terminal.print(`  ${what.length > WIDTH ? `${what.slice(0, WIDTH)}... (all in snapshot.yaml)` : what}: ${why}\n    ${colors.dim(hint)}`)
  }
  const left = Object.entries(snapshot.leftOut)
  if (left.length > 0) terminal.print(`\n  on the site, not in the folder: ${left.map(([doctype, count]) => `${formatCount(count)} ${doctype}`).join(', ')}`)
  terminal.print(`\n  next  site: ${folder} in landfall.yaml, then landfall preflight`)
}

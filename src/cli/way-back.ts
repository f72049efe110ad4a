import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LandfallError } from '../errors/error.ts'
import { timestamp } from '../model/clock.ts'
import { differences } from '../phases/rollback.ts'
import { procedureMarkdown, procedurePage, type ProcedureView } from '../report/procedure.ts'
import { recover, rehearse, type Recovery } from '../targets/backup/recovery.ts'
import type { SiteBackup, Told } from '../targets/backup/site-backup.ts'
import { rehearseUndo } from '../targets/rehearsal/rehearse-undo.ts'
import type { Workspace } from './compose.ts'

/** Where the last rehearsal of a way back is kept, for gates, evidence and reports. */
export const procedureFolder = (workspace: Pick<Workspace, 'project'>): string => join(workspace.project.paths.state, 'rollback')

/** What a person without the program does at each step. */
const BY_HAND: Record<string, string> = {
  'Stop writes': 'bench --site NAME set-maintenance-mode on; wait until SHOW MASTER STATUS stands still',
  'What was written since': 'mariadb-binlog -v --base64-output=DECODE-ROWS --start-position=... | read the rows',
  'Restore beside': 'CREATE DATABASE beside; gunzip -c database.sql.gz | mariadb beside',
  'Replay': 'mariadb-binlog --database=SITE --rewrite-db="SITE->beside" --start-position=... --stop-position=... | mariadb beside',
  'Replay on to the checkpoint': 'the same with the positions of the checkpoint',
  'Validate': 'compare counts and checksums of the tables with those of the point',
  'Switch the database': 'CREATE DATABASE before; RENAME TABLE of every table: site to before, beside to site',
  'Switch files and settings': 'put public/files, private/files and site_config.json of the backup in place',
  'Copy the site': 'copy .landfall/site.duckdb', 'Undo by the ledger': 'landfall rollback', 'Validate after the switch': 'compare once more; clear the cache; open the site',
}

/** Documents of runs of Landfall, by which its own writes are told from those of people. */
async function ownDocuments(workspace: Workspace): Promise<(doctype: string, name: string) => boolean> {
  const rows = await workspace.staging.all<{ doctype: string; name: string }>(`SELECT doctype, name FROM ${workspace.target.documents} WHERE outcome = 'loaded' AND name IS NOT NULL`)
  const known = new Set(rows.map((row) => `${row.doctype}\u0000${row.name}`))
  return (doctype, name) => known.has(`${doctype}\u0000${name}`)
}

/** Goes back to a point through backup and log, for real. */
export async function goBack(workspace: Workspace, backups: SiteBackup, to: string, run: string | null, discard: boolean, told: Told): Promise<ProcedureView> {
  const done = await recover(backups, { point: backups.book.find(to, run), discard, ours: await ownDocuments(workspace), told })
  return viewOf(workspace, done, [`What stood there before is in the database ${done.old}; drop it when nobody needs it any more.`, 'Points after this one need a new backup: landfall backup.'])
}

/** Tries it in staging. */
export async function rehearseBack(workspace: Workspace, backups: SiteBackup, to: string, run: string | null, told: Told): Promise<ProcedureView> {
  return viewOf(workspace, await rehearse(backups, { point: backups.book.find(to, run), ours: await ownDocuments(workspace), told }), await backups.limits())
}

function viewOf({ project, clock }: Workspace, done: Recovery, notes: string[]): ProcedureView {
  return {
    project: project.config.project, at: timestamp(clock).slice(0, 19), rehearsed: done.rehearsed, way: 'backup and binary log', command: `landfall rollback --by backup --to ${done.point.id}`, point: { ...done.point, at: done.point.at.slice(0, 19) },
    backup: done.backup, proven: done.proven, oracle: done.oracle, tables: done.tables, rows: done.rows, files: done.files, seconds: done.seconds,
    steps: done.steps.map((step) => ({ ...step, manual: BY_HAND[step.step.replace(', in staging', '').replace(/^Switch$/, 'Switch the database').replace(/^Files$/, 'Switch files and settings')] ?? '' })), later: done.later?.documents ?? null, notes,
  }
}

/** Tries the undo of a run on a copy of the rehearsal site, and compares with the checksums of its mark. Throws `usage`, `rollback-failed`. */
export async function rehearseLedger(workspace: Workspace, run: string, to: string): Promise<ProcedureView> {
  const { staging, target, project, clock } = workspace, mark = (await target.marks(run)).find((entry) => entry.mark === to)
  if (!mark) throw new LandfallError('usage', `Run ${run} never reached "${to}".`, { hint: `It can go back to: ${(await target.marks(run)).map((entry) => entry.mark).join(', ')}.` })
  const tried = await rehearseUndo(staging, project.paths.site, clock, run, to === 'start' ? null : to), wrong = differences(mark.checksums, tried.sums)
  if (wrong.length > 0) throw new LandfallError('rollback-failed', `In the copy ${wrong.length} tables are not as they were: ${wrong.slice(0, 10).join(', ')}.`, { hint: 'The site itself was not touched.' })
  const tables = Object.keys(tried.sums).length
  return {
    project: project.config.project, at: timestamp(clock).slice(0, 19), rehearsed: true, way: 'undo ledger', command: `landfall rollback --run ${run} --to ${to}`, point: { id: run, name: to, at: mark.at.slice(0, 19) }, backup: null, proven: tables > 0, oracle: `the checksums of "${to}"`,
    tables, rows: Object.values(tried.sums).reduce((sum, one) => sum + one.rows, 0), files: 0, seconds: tried.steps.reduce((sum, one) => sum + one.seconds, 0), steps: tried.steps.map((step) => ({ ...step, manual: BY_HAND[step.step] ?? '' })), later: [], notes: [],
  }
}

/** Writes the procedure as Markdown, page and data; answers the files. */
export function writeProcedure(folder: string, view: ProcedureView): string[] {
  mkdirSync(folder, { recursive: true })
  return Object.entries({ 'rollback-procedure.md': procedureMarkdown(view), 'rollback-procedure.html': procedurePage(view), 'rollback-procedure.json': `${JSON.stringify(view, null, 1)}\n` }).map(([name, text]) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  })
}

import { join, resolve } from 'node:path'
import type { Project } from '../config/project.ts'
import { LandfallError } from '../errors/error.ts'
import type { Clock } from '../model/clock.ts'
import { PointedTarget } from '../targets/backup/pointed-target.ts'
import { SiteBackup } from '../targets/backup/site-backup.ts'
import { optionsOf } from '../targets/express/open.ts'
import type { Target } from '../targets/target.ts'
import { siteSettings } from './lanes.ts'

/** Whether a project says how its site is backed up. */
export function hasBackups({ config }: Project): boolean {
  return config.target.kind === 'site' && config.target.backup !== undefined && config.target.database !== undefined
}

/** Opens the backups of a project's site; close them. Throws `config-invalid` when it has none. */
export function openBackups(project: Project, clock: Clock): SiteBackup {
  const { target } = project.config, { backup, bench, database } = target
  if (target.kind !== 'site' || backup === undefined || database === undefined) {
    throw new LandfallError('config-invalid', 'The project does not say how its site is backed up.', { hint: target.kind === 'site' ? 'Give `target.database` and `target.backup`; see docs/backup-and-rollback.md. Without them the undo ledger takes runs back.' : 'The rehearsal site needs no backup: landfall rollback takes runs and phases back, byte for byte.' })
  }
  const settings = siteSettings(target), options = optionsOf(settings.database ?? {})
  const folder = backup.site_folder !== undefined ? resolve(project.paths.root, backup.site_folder) : bench?.way === 'local' ? join(bench.folder, 'sites', bench.site) : null
  return new SiteBackup({
    options: { ...options, ...backup.user === undefined ? {} : { user: backup.user, password: backup.password ?? '' } }, baseFolder: project.paths.root, folder: resolve(project.paths.root, backup.folder),
    siteFolder: folder, checkpoints: backup.checkpoints, quietSeconds: backup.quiet_seconds, redisCache: database.redis_cache,
  }, clock)
}

/** The target of a project, noting points as it goes where the project has backups. */
export function withPoints(project: Project, target: Target, clock: Clock): Target {
  if (!hasBackups(project)) return target
  let opened: SiteBackup | null = null
  const pointed = new PointedTarget(target, () => (opened ??= openBackups(project, clock)), project.config.target.backup!.before_run), close = pointed.close.bind(pointed)
  return Object.assign(pointed, { close: async () => { opened?.close(); await close() } })
}

/** What cannot be taken back and how, said before anything is loaded into a real site. */
export async function backupLimits(project: Project, clock: Clock): Promise<string[]> {
  if (project.config.target.kind !== 'site') return []
  if (!hasBackups(project)) return ['No backup is set up (`target.backup` with `target.database`): this run can be taken back by the undo ledger only.']
  const backups = openBackups(project, clock)
  try {
    return await backups.limits()
  } finally {
    backups.close()
  }
}

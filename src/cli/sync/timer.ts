import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Project } from '../../config/project.ts'

/** A word of a systemd command line. */
const word = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`

/** Writes a service that syncs once and a timer that starts it, into `folder`; answers the two files. A sync that is still going on is not started again. */
export function installTimer(project: Project, folder: string, command: string[], everyMs: number): { service: string; timer: string; name: string } {
  const name = `landfall-sync-${project.config.project}`, seconds = Math.max(1, Math.round(everyMs / 1000))
  mkdirSync(folder, { recursive: true })
  const service = join(folder, `${name}.service`), timer = join(folder, `${name}.timer`)
  writeFileSync(service, `[Unit]\nDescription=Landfall: sync of ${project.config.project}\nAfter=network-online.target\nWants=network-online.target\n\n[Service]\nType=oneshot\nWorkingDirectory=${project.paths.root.replaceAll('%', '%%')}\nExecStart=${[...command, '--project', project.paths.root, 'sync', '--once'].map(word).join(' ')}\nEnvironment=UV_THREADPOOL_SIZE=16\nNice=5\n`)
  writeFileSync(timer, `[Unit]\nDescription=Landfall: sync of ${project.config.project} every ${seconds} s\n\n[Timer]\nOnBootSec=${Math.min(seconds, 300)}\nOnUnitActiveSec=${seconds}\nUnit=${name}.service\n\n[Install]\nWantedBy=timers.target\n`)
  return { service, timer, name }
}

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { loadProject } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { checkTrail } from '../../ledger/audit-trail.ts'
import { checkManifest } from '../../ledger/manifest.ts'
import { systemClock } from '../../model/clock.ts'
import { colors } from '../colors.ts'
import { environmentOf, withWorkspace } from '../environment.ts'
import { gatherEvidence, knownRoot } from '../evidence.ts'

export function register(program: Command, signal: AbortSignal): void {
  program.command('evidence').description('Gather plan, mappings, proofs, reconciliation, rollback rehearsal, acceptance, cutover and audit trail in one folder with hashes; or check such a folder.')
    .option('-o, --out <folder>', 'where it goes')
    .option('--verify <folder>', 'check a folder: every file that was edited, taken away or put in is named')
    .option('--root <hash>', 'with --verify: the hash over all files that was printed when it was written; default: that of the project\'s audit trail, where there is one')
    .addHelpText('after', '\nExamples:\n  $ landfall evidence --out evidence\n  $ landfall evidence --verify evidence')
    .action(async (options: { out?: string; verify?: string; root?: string }, command: Command) => {
      const env = environmentOf(command, signal), { terminal } = env
      if (options.verify !== undefined) {
        const folder = resolve(options.verify), check = checkManifest(folder, options.root ?? rootHere(env.globals.project, folder)), trail = checkTrail(resolve(folder, 'audit.jsonl'))
        const faults = [...check.faults, ...trail.faults.map((fault) => ({ path: `audit.jsonl:${fault.line}`, what: fault.what }))]
        if (terminal.json) terminal.emit({ type: 'result', ...check, faults, passed: faults.length === 0 })
        else {
          for (const fault of faults) terminal.print(`${colors.red('broken')}  ${fault.path} ${fault.what}`)
          terminal.print(faults.length === 0 ? `${colors.green('whole')}  ${check.files} files are as they were written; hash over all ${check.root}` : `${faults.length} faults`)
        }
        if (faults.length > 0) process.exitCode = 1
        return
      }
      if (options.out === undefined) throw new LandfallError('usage', 'Where shall the evidence go?', { hint: 'landfall evidence --out FOLDER' })
      await withWorkspace(env, [], async (workspace) => {
        const { view, manifest } = await gatherEvidence(workspace, resolve(options.out!))
        if (terminal.json) return terminal.emit({ type: 'result', ...view, root: manifest.root, files: manifest.files.length })
        for (const part of view.parts) terminal.print(`${colors.green('in it')}   ${part.title}: ${part.about}`)
        for (const part of view.missing) terminal.print(`${colors.yellow('missing')} ${part.title} (${part.how})`)
        terminal.print(`${manifest.files.length} files in ${resolve(options.out!)}, hash over all ${manifest.root}`)
      })
    })
}

/** A pack is checked anywhere; where it is checked beside its project, the audit trail knows its hash. */
function rootHere(project: string, folder: string): string | null {
  try {
    return knownRoot({ project: loadProject(project), clock: systemClock }, folder)
  } catch {
    return null
  }
}

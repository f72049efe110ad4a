import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcedureView } from '../../report/procedure.ts'
import type { GateView } from '../../report/run-view.ts'
import { Acceptance, type SignOff } from '../acceptance/acceptance.ts'
import type { Workspace } from '../compose.ts'
import { assembleView } from '../reporting.ts'
import { procedureFolder } from '../way-back.ts'

/**
 * Go or no-go, computed: the gates and proofs of the last transfer, a way back that was tried and proven, and a signature on what is transferred: on this plan and these mappings.
 * The data of the last hours cannot have been signed; what moves it was.
 */
export async function goGates(workspace: Workspace): Promise<GateView[]> {
  const acceptance = new Acceptance(workspace), view = await assembleView(workspace, acceptance.facts), procedure = join(procedureFolder(workspace), 'rollback-procedure.json'), { plan, mapping } = acceptance.hashes()
  const way = existsSync(procedure) ? JSON.parse(readFileSync(procedure, 'utf8')) as ProcedureView : null
  const signs = signatures(workspace).filter((sign) => sign.hashes['plan'] === plan && sign.hashes['mapping'] === mapping), signed = signs.at(-1)
  return [
    ...view.gates, ...acceptance.facts.proof === null ? [{ id: 'proof', title: 'Proof', value: 'not proven', limit: 'proven', passed: false }] : [],
    { id: 'rollback_tested', title: 'Rollback tested', value: way === null ? 'never' : `${way.proven ? 'proven' : 'NOT proven'} in ${way.seconds.toFixed(1)} s by ${way.way}, ${way.at}`, limit: 'proven', passed: way?.proven === true },
    { id: 'signed', title: 'Signed off', value: signed === undefined ? 'nobody has signed this plan and these mappings' : `by ${signed.by} (${signed.role}), ${signed.at.slice(0, 16)}, for run ${signed.run}`, limit: 'signed', passed: signed !== undefined },
  ]
}

/** Signatures of all runs, oldest first. */
function signatures({ project }: Workspace): SignOff[] {
  const folder = join(project.paths.state, 'acceptance')
  if (!existsSync(folder)) return []
  return readdirSync(folder).map((run) => join(folder, run, 'sign-off.jsonl')).filter((file) => existsSync(file)).flatMap((file) => readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as SignOff)).sort((a, b) => a.at.localeCompare(b.at))
}

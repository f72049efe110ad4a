import type { CheckResult } from '../checks/check.ts'
import type { PhaseContext } from './phase.ts'

/** All proofs over what was loaded; calls `onCheck` with the results of each as it is done. */
export type Prover<P> = (onCheck: (done: CheckResult[]) => void) => Promise<P>

/** Runs the proofs and answers what they say; a proof that cannot be carried out is `unchecked`, which is not a pass. Reads the data only. */
export async function verify<P>(ctx: PhaseContext, prove: Prover<P>): Promise<P> {
  const gauge = ctx.gauge({ step: 'verify' }, null)
  const proof = await prove((done) => gauge.add(done.length, done.filter((result) => result.status === 'failed').length))
  gauge.end()
  return proof
}

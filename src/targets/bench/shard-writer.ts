import { LandfallError } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'
import type { LaneBatch, LaneDocument, LaneOutcome } from '../lane.ts'
import type { Answer, BenchSession } from './bench-session.ts'

export interface ShardWrite {
  batch: LaneBatch
  documents: LaneDocument[]
  options: { documentMs: number; commitDocuments: number; commitMs: number; oneStep: boolean }
  /** The agent to ask; a new one when the last has ended. */
  session: () => Promise<BenchSession>
  /** Gathers statements whose rows the agent could not tell. */
  unclear: Set<string>
}

/** As the agent settles a document. `batch`: of what was there already, the batch that wrote it. */
interface Settled extends LaneOutcome { batch?: string; unclear?: string[] }

/** Beyond a document's own limit, which its process keeps by itself: for the commit, and for the line. */
const GRACE_MS = 30_000
/** A process may end this often without a document settled in between. */
const ENDS = 3

/**
 * Has one agent write documents, with as many lives as it takes. What is settled is committed; after a process ended, the next one is given the rest and looks
 * in the ledger first. A document that hung is refused, and so is one under which a process ended twice: it would end the next one too.
 */
export async function writeShard(write: ShardWrite): Promise<Map<number, LaneOutcome>> {
  const { batch, options } = write
  const outcomes = new Map<number, LaneOutcome>(), ends = new Map<number, number>()
  let lives = 0, fruitless = 0
  for (let open = write.documents; open.length > 0; open = open.filter((document) => !outcomes.has(document.id))) {
    const session = await write.session(), before = outcomes.size
    const answer = await session.ask('write', { run: batch.run, batch: batch.batch, doctype: batch.doctype, documents: open, options }, {
      silenceMs: options.documentMs + GRACE_MS,
      onEvent: (event) => {
        for (const settled of (event.settled ?? []) as Settled[]) {
          for (const statement of settled.unclear ?? []) write.unclear.add(statement)
          outcomes.set(settled.id, outcomeOf(settled, lives > 0 && settled.batch === batch.batch))
        }
      },
    })
    if (answer.kind === 'ok' && outcomes.size === before) throw new LandfallError('ledger-broken', `The agent on the bench left documents of ${batch.doctype} without an outcome.`, { where: { doctype: batch.doctype } })
    if (answer.kind === 'ok') continue
    lives++
    if (answer.kind === 'failed' && !answer.lost) throw new LandfallError('target-failed', `The bench cannot write ${batch.doctype}: ${answer.type}: ${redact(answer.message)}`, { where: { doctype: batch.doctype } })
    const refused = blame(answer, ends, options.documentMs)
    if (refused !== null) outcomes.set(refused.id, refused)
    fruitless = outcomes.size > before ? 0 : fruitless + 1
    if (fruitless >= ENDS) {
      throw new LandfallError('target-failed', `The agent on the bench ended ${ENDS} times without settling a document: ${redact(answer.kind === 'ended' ? answer.stderr : answer.message)}`, { where: { doctype: batch.doctype } })
    }
  }
  return outcomes
}

/** A document committed by an earlier life of this very call was loaded by it, not found. */
function outcomeOf(settled: Settled, ours: boolean): LaneOutcome {
  return { id: settled.id, status: ours && settled.status === 'unchanged' ? 'loaded' : settled.status, name: settled.name, reason: settled.reason }
}

/** The refusal of the document that a process ended at, when it is to blame. */
function blame(answer: Answer, ends: Map<number, number>, documentMs: number): LaneOutcome | null {
  if (answer.kind !== 'ended' || answer.at === null) return null
  if (answer.hung) return { id: answer.at, status: 'refused', name: null, reason: { type: 'DocumentHung', message: `Not done after ${documentMs} ms; it was cut off. ${standing(answer.stderr)}`.trim() } }
  const times = (ends.get(answer.at) ?? 0) + 1
  ends.set(answer.at, times)
  return times < 2 ? null : { id: answer.at, status: 'refused', name: null, reason: { type: 'AgentEnded', message: `The process ended twice at this document: ${redact(answer.stderr).slice(0, 1_000)}` } }
}

/** Where a hung process stood, of what Python wrote about it: the innermost place is the first. */
function standing(stderr: string): string {
  const place = /File "([^"]+)", line (\d+)(?: in (\S+))?/.exec(stderr)
  return place === null ? '' : `It stood in ${place[3] ?? '?'} (${place[1]}:${place[2]}).`
}

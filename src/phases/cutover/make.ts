import type { Runbook, RunbookStep } from '../../config/runbook-schema.ts'
import { planOrder, type Plan } from '../../model/plan.ts'

/** What a runbook is made from. `lastSeconds`: of the last run, null where there is none; `measured`: seconds of steps in the last rehearsal, by id. */
export interface RunbookFacts { project: string; plan: Plan; lastSeconds: number | null; syncs: boolean; backups: boolean; realSite: boolean; measured: Record<string, number> }

const owners = { lead: 'migration lead', it: 'system administrator', business: 'head of the business side' }

/** The usual cutover for a project, from its plan and from what its runs and rehearsals took. Freeze and switch are the user's to fill in. */
export function makeRunbook(facts: RunbookFacts): Runbook {
  const ran = facts.lastSeconds === null ? 60 : Math.max(1, facts.lastSeconds)
  const names = planOrder(facts.plan), transfer = facts.syncs ? 'sync --verify' : 'run --yes'
  const point = facts.backups ? 'backup --point before-cutover' : null
  const steps: Omit<RunbookStep, 'rehearse' | 'freeze' | 'go' | 'seconds'>[] & Partial<RunbookStep>[] = []
  const add = (step: Partial<RunbookStep> & Pick<RunbookStep, 'id' | 'title' | 'owner' | 'do'>, seconds: number): void => {
    steps.push({ after: steps.length === 0 ? [] : [steps.at(-1)!.id], rehearse: 'do', freeze: false, go: false, ...step, seconds: Math.round((facts.measured[step.id] ?? seconds) * 10) / 10 })
  }
  if (facts.backups) add({ id: 'backup', title: 'Back up the new site, proven by a test restore', owner: owners.it, do: { landfall: 'backup' } }, ran / 2)
  add({ id: 'freeze', title: 'Close the old system: nobody writes any more', owner: owners.business, do: { person: 'Close the old system to everybody who writes (replace this by the command or SQL that does it, as shell: ...)' }, check: { person: 'Nobody can write: try it (replace this by a command, e.g. shell: test "$(psql -Atc ...)" = 0)' }, back: { person: 'Open the old system again' }, freeze: true, rehearse: 'skip' }, 120)
  if (point !== null) add({ id: 'point', title: 'Note the point to go back to', owner: owners.lead, do: { landfall: point } }, 5)
  add({ id: 'transfer', title: `Last transfer of ${names.length} kinds of documents (${names.slice(0, 4).join(', ')}${names.length > 4 ? ', ...' : ''})`, owner: owners.lead, do: { landfall: transfer }, back: facts.backups ? { landfall: 'rollback --by backup --to before-cutover --yes --discard-later-writes' } : { person: 'Take back the last transfer: landfall rollback --run RUN, the run it printed (earlier runs stay)' } }, ran)
  add({ id: 'proof', title: 'Prove everything: counts, totals, relations, ledgers, every field', owner: owners.lead, do: { landfall: 'verify' } }, ran / 3)
  add({ id: 'gate', title: 'Go or no-go: the criteria are computed', owner: owners.business, do: { landfall: 'cutover --gate' }, rehearse: { landfall: 'cutover --gate --rehearsal' } }, 10)
  add({ id: 'switch', title: facts.realSite ? 'Open the new site to everybody' : 'Switch over', owner: owners.it, do: { person: 'Open the new site: addresses, logins, printers, integrations (replace this by the commands that do it)' }, check: { person: 'A user logs in and opens a document of today' }, back: { person: 'Close the new site, open the old system again' }, rehearse: 'skip', go: true }, 300)
  return { cutover: facts.project, steps: steps as RunbookStep[] }
}

import type { Command } from 'commander'
import { makePlan, planDocuments } from '../../phases/plan.ts'
import type { ShapeProof } from '../../posting/canary/proof.ts'
import { environmentOf, withWorkspace } from '../environment.ts'
import { proveFor } from '../lanes.ts'
import { formatCount, formatTable, type Terminal } from '../terminal.ts'

interface ProveFlags { doctype?: string[]; each: string; most: string; seed: string; again?: boolean }

export function register(program: Command, signal: AbortSignal): void {
  program.command('prove').description('Try canaries on the site: documents of every shape go through its own controllers in a transaction that is rolled back, and what they wrote is compared with what is predicted. Shapes that prove equal may take the express lane.')
    .option('--doctype <names...>', 'only these DocTypes')
    .option('--each <n>', 'canaries for each shape at least', '3')
    .option('--most <n>', 'canaries for each shape at most', '12')
    .option('--seed <n>', 'draws the random ones', '1')
    .option('--again', 'also shapes whose proof still holds')
    .addHelpText('after', '\nExamples:\n  $ landfall preflight && landfall prove\n  $ landfall prove --doctype Customer Item --again\n  $ landfall prove --json | jq \'select(.status == "differs")\'')
    .action(async (flags: ProveFlags, command: Command) => {
      const env = environmentOf(command, signal)
      await withWorkspace(env, [], async (workspace) => {
        const plan = makePlan(planDocuments(workspace.mappings()), (name) => workspace.site.doctype(name))
        const proofs = await proveFor(workspace, plan, {
          canaries: { each: Number(flags.each), most: Number(flags.most), seed: Number(flags.seed) }, ...(flags.again === undefined ? {} : { again: flags.again }), ...(flags.doctype === undefined ? {} : { doctypes: flags.doctype }),
          onDoctype: (_doctype, done) => { if (env.terminal.json) for (const proof of done) env.terminal.emit({ type: 'proof', ...proof }) },
        })
        showProofs(env.terminal, proofs)
      })
    })
}

const DIFFERENCES_SHOWN = 12

function showProofs(terminal: Terminal, proofs: ShapeProof[]): void {
  const count = (status: ShapeProof['status']): number => proofs.filter((proof) => proof.status === status).length
  const documents = proofs.filter((proof) => proof.status === 'equal').reduce((sum, proof) => sum + proof.documents, 0)
  if (terminal.json) {
    terminal.emit({ type: 'result', shapes: proofs.length, equal: count('equal'), differ: count('differs'), open: count('open'), documents })
    return
  }
  terminal.print(formatTable(['DocType', 'shape', 'documents', 'canaries', 'proof'], proofs.map((proof) => [proof.doctype, proof.shape, formatCount(proof.documents), String(proof.canaries), proof.status === 'equal' ? 'equal' : `${proof.status}: ${proof.reason ?? ''}`])))
  for (const proof of proofs.filter(({ differences }) => differences.length > 0)) {
    terminal.print(`\n${proof.doctype} ${proof.shape} (${proof.features.join(', ')})`)
    for (const { where, recorded, predicted } of proof.differences.slice(0, DIFFERENCES_SHOWN)) terminal.print(`  ${where}: the site ${recorded}, predicted ${predicted}`)
    if (proof.differences.length > DIFFERENCES_SHOWN) terminal.print(`  and ${proof.differences.length - DIFFERENCES_SHOWN} more: --json lists all`)
  }
  terminal.print(`\n${proofs.length} shapes: ${count('equal')} equal (${formatCount(documents)} documents may go express), ${count('differs')} differ, ${count('open')} open.`)
}

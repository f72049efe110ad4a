import { colors } from './colors.ts'
import type { CauseGroup } from '../phases/preflight.ts'
import type { RunFacts } from '../run/facts.ts'
import type { ReportFiles } from './reporting.ts'
import { formatCount, type Terminal } from './terminal.ts'

/** Findings by root cause, as a person reads them. */
export function showGroups(terminal: Terminal, groups: CauseGroup[]): void {
  for (const group of groups) {
    if (terminal.json) { terminal.emit({ event: 'finding', ...group }); continue }
    const color = group.severity === 'blocking' ? colors.red : group.severity === 'warning' ? colors.yellow : colors.dim
    terminal.print(`${color(group.severity.padEnd(8))} ${group.id}  ${group.type}  ${group.doctype}${group.field ? `.${group.field}` : ''}  ${formatCount(group.documents)} documents`)
    terminal.print(`         ${group.message.split('\n')[0] ?? ''}`)
    for (const example of group.examples) terminal.print(colors.dim(`           ${example.entity ?? example.doctype} ${example.key ?? example.id}${example.value === null ? '' : `: ${example.value}`}`))
    if (group.hint) terminal.print(`         ${colors.green('fix')} ${group.hint}`)
  }
}

/** Says how a run came out and answers the exit code: 0, or 1 when findings, proofs or the error gate need attention. */
export function showFacts(terminal: Terminal, facts: RunFacts, report: ReportFiles): number {
  const failed = facts.proof?.results.filter((result) => result.status === 'failed') ?? []
  const blocked = facts.status === 'blocked'
  const passed = !blocked && failed.length === 0 && report.gatesPassed
  if (terminal.json) {
    terminal.emit({ type: 'result', run: facts.run, status: facts.status, passed, findings: facts.findings, outcomes: facts.outcomes, proof: facts.proof === null ? null : { passed: facts.proof.passed, checks: facts.proof.results.length, failed: failed.length }, report: report.files })
    return passed ? 0 : 1
  }
  if (blocked) {
    terminal.print(`${colors.red('Nothing was loaded')}: ${formatCount(facts.findings?.refusedDocuments ?? 0)} documents have blocking findings.`)
    terminal.print('Fix the causes above and run again, or load the rest with: landfall run --skip-blocked')
  }
  if (facts.outcomes) {
    const { loaded, unchanged, refused, skipped } = facts.outcomes
    terminal.print(`Documents: ${formatCount(loaded)} loaded, ${formatCount(unchanged)} there already, ${formatCount(refused)} refused, ${formatCount(skipped)} skipped`)
  }
  if (facts.proof) {
    const unchecked = facts.proof.results.filter((result) => result.status === 'unchecked').length
    terminal.print(`Proof: ${failed.length === 0 ? colors.green('passed') : colors.red(`${failed.length} checks failed`)} (${facts.proof.results.length} checks${unchecked > 0 ? `, ${unchecked} could not be made` : ''})`)
    for (const result of failed.slice(0, 10)) {
      terminal.print(`  ${result.title}: ${result.summary}`)
      for (const failure of result.failures.slice(0, 3)) terminal.print(colors.dim(`    ${failure.doctype} ${failure.name ?? failure.key ?? ''}: ${failure.detail}`))
    }
  }
  for (const gate of report.gates) terminal.print(`${gate.title}: ${gate.value} (limit ${gate.limit}) ${gate.passed ? colors.green('passed') : colors.red('missed')}`)
  for (const file of report.files) terminal.print(`Report: ${file}`)
  return passed ? 0 : 1
}

import { stringify } from 'yaml'
import type { Json } from '../model/value.ts'
import { groupStatus, type RunView } from './run-view.ts'

/**
 * The report as data, with the keys people know: `migration_summary` holds `start_time`, `end_time`, `statistics`, `by_entity`,
 * `validation_results` and `error_summary`; everything else stands below those. Counts are records, times ISO 8601 in UTC.
 */
export function summarize(view: RunView): { migration_summary: { [key: string]: Json } } {
  const checks = (group: 'record_counts' | 'data_integrity' | 'relationships' | 'sum_totals'): Json => {
    const all = view.checks.filter((check) => check.group === group)
    return {
      status: groupStatus(view, group), checks: all.length, passed: all.filter((check) => check.status === 'passed').length,
      failed: all.filter((check) => check.status === 'failed').length, unchecked: all.filter((check) => check.status === 'unchecked').length,
      ...(group === 'sum_totals' ? { totals: view.totals.map((t) => ({ name: t.name, group: t.group, legacy: t.legacy, left_out: t.leftOut, site: t.site, difference: t.difference })), ledgers: ledgerSummary(view) } : {}),
      failures: all.filter((check) => check.status !== 'passed').map((check) => ({ check: check.title, status: check.status, summary: check.summary, documents: check.failures.slice(0, 20).map((f) => `${f.doctype} ${f.name ?? f.key ?? ''}: ${f.detail}`) })),
    }
  }
  return {
    migration_summary: {
      start_time: view.startTime,
      end_time: view.endTime,
      statistics: {
        total_records: view.statistics.totalRecords, successful: view.statistics.successful, failed: view.statistics.failed, skipped: view.statistics.skipped,
        error_rate: view.statistics.errorRate, documents: view.statistics.documents, rows: view.statistics.rows, seconds: view.seconds, status: view.status,
        gates: view.gates.map((gate) => ({ id: gate.id, title: gate.title, value: gate.value, limit: gate.limit, passed: gate.passed })),
        phases: view.phases.map((phase) => ({ name: phase.name, wave: phase.wave, seconds: phase.seconds, records: phase.records })),
      },
      by_entity: Object.fromEntries(view.entities.map((entity) => [entity.name, {
        source_count: entity.sourceCount, migrated: entity.migrated, errors: entity.errors, skipped: entity.skipped, skipped_because: entity.skippedWhy, doctypes: entity.doctypes,
      }])),
      validation_results: { record_counts: checks('record_counts'), data_integrity: checks('data_integrity'), relationships: checks('relationships'), sum_totals: checks('sum_totals') },
      error_summary: view.errors.map((error) => ({ type: error.type, count: error.count, resolution: error.resolution, where: error.field === null ? error.doctype : `${error.doctype}.${error.field}`, message: error.message, cause: error.cause })),
    },
  }
}

/** Per proof of a ledger how many figures there are, and each that differs with the documents behind it. */
function ledgerSummary(view: RunView): Json {
  return [...Map.groupBy(view.ledgers, (line) => line.name)].map(([name, lines]) => ({
    name, ledger: lines[0]!.ledger, figures: lines.length, differing: lines.filter((line) => !line.passed).length,
    differences: lines.filter((line) => !line.passed).slice(0, 100).map((line) => ({
      of: line.subject, period: line.period, currency: line.currency, figure: line.measure, legacy: line.legacy, site: line.site, difference: line.difference,
      documents: line.vouchers.slice(0, 10).map((one) => `${one.doctype} ${one.name ?? ''} ${one.why}`.replace('  ', ' ')),
    })),
  }))
}

export function renderYaml(view: RunView): string {
  return stringify(summarize(view), { lineWidth: 160 })
}

/** The whole view beside the summary, for machines. */
export function renderJson(view: RunView): string {
  return `${JSON.stringify({ ...summarize(view), run: view }, null, 1)}\n`
}

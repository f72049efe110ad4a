/** The run seen as data: what YAML, JSON, HTML and the server show. Assembled once; nothing in it is computed by the renderers. */
export interface RunView {
  project: string
  run: string
  landfall: string
  source: { name: string; kind: string; version: string }[]
  target: { kind: string; name: string; apps: Record<string, string> }
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  startTime: string
  endTime: string
  seconds: number
  status: 'succeeded' | 'failed' | 'stopped'
  statistics: { totalRecords: number; successful: number; failed: number; skipped: number; errorRate: number; documents: number; rows: number }
  entities: EntityView[]
  doctypes: DocTypeView[]
  phases: PhaseView[]
  checks: CheckView[]
  totals: TotalView[]
  /** Figures of the legacy system's ledgers against the site's; null fields of `books`: nothing was proven. */
  ledgers: LedgerView[]
  books: BooksView
  errors: CauseView[]
  warnings: CauseView[]
  gates: GateView[]
  merges: { clusters: number; absorbed: number; examples: { survivor: string; absorbed: string; entity: string; rule: string; score: number | null }[] }
  placeholders: { doctype: string; name: string; references: number; key: string }[]
  rollback: { seconds: number; proven: boolean } | null
}

/** sourceCount = migrated + errors + skipped. `errors`: rejected while read or refused by the site's rules; `skipped`: left out by policy, each with its reason in `skippedWhy`. */
export interface EntityView { name: string; source: string; sourceCount: number; migrated: number; errors: number; skipped: number; skippedWhy: Record<string, number>; doctypes: string[] }
export interface DocTypeView { doctype: string; drafts: number; loaded: number; refused: number; skipped: number; rows: number }
export interface PhaseView { name: string; wave: number | null; startSeconds: number; seconds: number; records: number }
export interface CheckView { id: string; group: 'record_counts' | 'sum_totals' | 'relationships' | 'data_integrity'; title: string; status: 'passed' | 'failed' | 'unchecked'; compared: number; failed: number; summary: string; failures: { doctype: string; name: string | null; key: string | null; detail: string }[] }
export interface TotalView { name: string; group: string; records: number; documents: number; legacy: string; leftOut: string; site: string; difference: string; passed: boolean }
/** One figure of a ledger on both sides; `vouchers` are the documents behind a difference. */
export interface LedgerView { name: string; ledger: string; subject: string; period: string; currency: string; measure: string; records: number; legacy: string; site: string; difference: string; passed: boolean; vouchers: { doctype: string; name: string | null; date: string | null; entity: string | null; key: string | null; legacy: string | null; site: string | null; why: string }[] }
/** The site's books by its own ledger rows. `ages`: 0-30, 31-60, 61-90, 91-120, 121 and more days. */
export interface BooksView {
  trialBalance: { company: string; period: string; account: string; rootType: string; debit: string; credit: string; balance: string }[]
  open: { side: 'receivable' | 'payable'; company: string; parties: number; outstanding: string; ages: string[] }[]
  stock: { company: string; warehouse: string; items: number; value: string }[]
}
/** A root cause with how often, what to do, and examples with the legacy record beside them. */
export interface CauseView { cause: string; type: string; doctype: string; field: string | null; count: number; message: string; resolution: string; examples: { key: string; value: string | null; record: string | null }[] }
export interface GateView { id: string; title: string; value: string; limit: string; passed: boolean }

export const GROUPS = ['record_counts', 'data_integrity', 'relationships', 'sum_totals'] as const

/** `passed`, `failed` or `unchecked` for a group of checks: one failure fails it, and nothing checked is not a pass. */
export function groupStatus(view: RunView, group: (typeof GROUPS)[number]): 'passed' | 'failed' | 'unchecked' {
  const checks = view.checks.filter((check) => check.group === group)
  if (checks.some((check) => check.status === 'failed')) return 'failed'
  return checks.some((check) => check.status === 'passed') ? 'passed' : 'unchecked'
}

import type { PlanPhase } from '../../model/plan.ts'

/**
 * Documents per second of each way into a site, by phase: what forecasts rest on until a pilot of the project has measured its own. Sources, all on 2 cores
 * with MariaDB 10.11 and ERPNext 15.71.1:
 * - rest: README, `Measured`: Customer 7/s, Item 10/s, submitted Sales Order 0.6 to 2/s over HTTP, the machine under load. Text records as masters.
 * - controllers: docs of the ground truth: Customer 97/s; a posted sales invoice of 5 lines 238 to 380 ms, so 3/s.
 * - bench: README: Customer 1.35 to 1.5, orders and invoices 1.6 to 1.8 times less processor time of Python than the plain loop: 97 × 1.4 and 3 × 1.7.
 * - express: rows predicted and loaded in bulk: 1,382 posted invoices/s and about 20,000 customers/s into the live tables; half of that, since express takes about
 *   twice the processor time of a bare LOAD DATA (README: 0.53 and 0.47).
 * - rehearsal: README: 150,000 records in 39.0 s from source to proven report, so 3,850 records/s whatever the phase.
 */
export const LANE_RATES: readonly { lane: string; rates: Record<PlanPhase, number>; basis: string }[] = [
  { lane: 'rehearsal', rates: { master: 3850, transactional: 3850, historical: 3850 }, basis: 'the demo business of 150,000 records, source to proven report' },
  { lane: 'express', rates: { master: 10_000, transactional: 690, historical: 10_000 }, basis: 'posted invoices and customers loaded in bulk, halved for what prediction costs' },
  { lane: 'bench', rates: { master: 136, transactional: 5, historical: 136 }, basis: 'the site\'s own Python in one process, customers and invoices of 5 lines' },
  { lane: 'rest', rates: { master: 8, transactional: 1.3, historical: 8 }, basis: 'HTTP to a site under load, customers, items and submitted orders' },
]

import { literal, type Staging } from '../../staging/staging.ts'
import { compareCase, type Difference } from '../compare.ts'
import type { CaseDoc } from '../replay.ts'
import type { DraftRef } from './chain.ts'
import type { Effect } from './set.ts'
import type { Shape } from './shapes.ts'

/** A document of a set that is tried: as ERPNext is given it, then submitted or not. */
export interface CanaryDocument { ref: DraftRef; doc: CaseDoc; submit: boolean }

/**
 * Puts documents through a site's own controllers, one after another in a transaction that is rolled back, each named as the site names it, and answers what each did,
 * in order: rows as they are at the end, changes to older rows with every document that had a part in them.
 */
export interface CanaryRunner { run(documents: CanaryDocument[]): Promise<Effect[]> }

/** `equal`: all canaries did what was predicted. `differs`: some did not; `open`: none was tried, or the engine does not predict the DocType. */
export type ProofStatus = 'equal' | 'differs' | 'open'

/** What a shape's canaries told. `differences` are those of the first canary that has any, each `table.column: site, predicted`. */
export interface ShapeProof { doctype: string; shape: string; status: ProofStatus; canaries: number; documents: number; differences: Difference[]; reason: string | null; features: string[] }

/** What a proof is bound to: a site described or customised otherwise, other versions of its apps, or other rules need another one. `rules` by DocType, where a change to one leaves the others. */
export interface ProofBinding { site: string; rules: string | ((doctype: string) => string) }

export function bindingOf(site: { hash(): string }, { rules, siteState = '' }: { rules: ProofBinding['rules']; siteState?: string }): ProofBinding {
  return { site: siteState === '' ? site.hash() : `${site.hash()} ${siteState}`, rules }
}

const rulesOf = ({ rules }: ProofBinding, doctype: string): string => (typeof rules === 'string' ? rules : rules(doctype))

const TABLE = 'ops.proofs (site VARCHAR, rules VARCHAR, doctype VARCHAR, shape VARCHAR, status VARCHAR, canaries BIGINT, documents BIGINT, differences VARCHAR, reason VARCHAR, features VARCHAR, "at" VARCHAR)'

/** Keeps a proof in `ops.proofs`, in place of an earlier one of the same shape. */
export async function saveProof(staging: Staging, binding: ProofBinding, proof: ShapeProof, at: string): Promise<void> {
  await staging.run(`CREATE TABLE IF NOT EXISTS ${TABLE}`)
  await staging.transaction(async () => {
    await staging.run(`DELETE FROM ops.proofs WHERE doctype = ${literal(proof.doctype)} AND shape = ${literal(proof.shape)}`)
    await staging.run(`INSERT INTO ops.proofs VALUES (${[binding.site, rulesOf(binding, proof.doctype), proof.doctype, proof.shape, proof.status, proof.canaries, proof.documents, JSON.stringify(proof.differences), proof.reason, JSON.stringify(proof.features), at].map((value) => literal(value)).join(', ')})`)
  })
}

/** Proofs that hold for this site and these rules, by shape. */
export async function proofsOf(staging: Staging, binding: ProofBinding, doctype: string): Promise<Map<string, ShapeProof>> {
  if (!await staging.exists('ops.proofs')) return new Map()
  const rows = await staging.all<Record<string, string | number | null>>(`SELECT * FROM ops.proofs WHERE site = ${literal(binding.site)} AND rules = ${literal(rulesOf(binding, doctype))} AND doctype = ${literal(doctype)}`)
  return new Map(rows.map((row) => [String(row['shape']), {
    doctype, shape: String(row['shape']), status: row['status'] as ProofStatus, canaries: Number(row['canaries']), documents: Number(row['documents']),
    differences: JSON.parse(String(row['differences'])) as Difference[], reason: row['reason'] as string | null, features: JSON.parse(String(row['features'])) as string[],
  }]))
}

/** Compares what the site did with a document and what was predicted; empty when they are equal. */
export function compareEffects(recorded: Effect, predicted: Effect): Difference[] {
  // As a case of one document, whose own name may be a random one.
  const one = ({ names, ...effect }: Effect) => ({ id: '', ...effect, ...(names === undefined ? {} : { name: names[0]! }) })
  return compareCase(one(recorded), one(predicted))
}

/** Judges a shape by what its canaries did. */
export function judge(shape: Shape, results: { differences: Difference[]; predicted: Effect }[]): ShapeProof {
  const base = { doctype: shape.doctype, shape: shape.shape, documents: shape.documents, canaries: results.length, features: shape.features }
  if (results.length === 0) return { ...base, status: 'open', differences: [], reason: 'No canary of this shape was tried' }
  const unsupported = results.find(({ predicted }) => predicted.error?.type === 'Unsupported')
  if (unsupported) return { ...base, status: 'open', differences: [], reason: unsupported.predicted.error!.message }
  const refused = results.find(({ predicted, differences }) => predicted.error !== undefined && differences.length === 0)
  if (refused) return { ...base, status: 'open', differences: [], reason: `Site and prediction refuse a canary: ${refused.predicted.error!.message}` }
  const differs = results.find(({ differences }) => differences.length > 0)
  if (differs) return { ...base, status: 'differs', differences: differs.differences, reason: `${results.filter(({ differences }) => differences.length > 0).length} of ${results.length} canaries did otherwise` }
  return { ...base, status: 'equal', differences: [], reason: null }
}

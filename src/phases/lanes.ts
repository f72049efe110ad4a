import { LandfallError } from '../errors/error.ts'
import { proofsOf, type ProofBinding, type ShapeProof } from '../posting/canary/proof.ts'
import { findShapes } from '../posting/canary/shapes.ts'
import type { Site } from '../site/site.ts'
import { literal, type Staging } from '../staging/staging.ts'
import type { LaneKind } from '../targets/lane.ts'

/** Which way the documents of one shape go, and why. */
export interface LaneChoice { doctype: string; shape: string; lane: LaneKind; reason: string; documents: number; proof: ShapeProof | null }

export interface LaneOptions {
  site: Site
  /** DocTypes in order of load. */
  order: string[]
  /** Lanes this project has access for. */
  available: LaneKind[]
  /** What the user asked for: for all, or for single DocTypes. `auto` chooses. */
  wanted: { all: LaneKind | 'auto'; doctypes: Record<string, LaneKind | 'auto'> }
  binding: ProofBinding
  /** Only tell: the choice of a run that has begun to load stays as it is. */
  keep?: boolean
}

/** The lane that takes what cannot go express: the site's own controllers decide, by the faster way there is. */
const BY_CONTROLLERS: LaneKind[] = ['bench', 'rest']

/**
 * Chooses a lane for every shape of the drafts, in `ops.lanes` (doctype, shape, lane); documents that may go express are in `ops.permits` (doctype, id). Express only takes shapes whose canaries proved equal. Documents of a DocType that
 * refer to each other, or that change rows of others, all take one lane: two would write in another order than was predicted.
 * Throws `config-invalid` when a lane is asked for that the project has no access for, or when there is none at all.
 */
export async function chooseLanes(staging: Staging, options: LaneOptions): Promise<LaneChoice[]> {
  await staging.run('CREATE TABLE IF NOT EXISTS ops.lanes (doctype VARCHAR, shape VARCHAR, lane VARCHAR)')
  if (options.available.length === 0) throw new LandfallError('config-invalid', 'The target names no way into the site.', { hint: 'Give `url` with `api_key` and `api_secret`, or `bench`, or `database`.' })
  const choices: LaneChoice[] = []
  for (const doctype of options.order) {
    const shapes = await findShapes(staging, options.site, doctype)
    if (shapes.length === 0) continue
    const proofs = await proofsOf(staging, options.binding, doctype), wanted = laneWanted(options, doctype)
    const made = shapes.map((shape) => ({ doctype, shape: shape.shape, documents: shape.documents, proof: proofs.get(shape.shape) ?? null, ...laneFor(options, wanted, proofs.get(shape.shape) ?? null) }))
    choices.push(...await together(staging, options, doctype, made))
  }
  if (options.keep === true) return choices
  await staging.transaction(async () => {
    await staging.run(`DELETE FROM ops.lanes WHERE doctype IN (${[...options.order, ''].map((doctype) => literal(doctype)).join(', ')})`)
    for (const choice of choices) await staging.run(`INSERT INTO ops.lanes VALUES (${[choice.doctype, choice.shape, choice.lane].map((value) => literal(value)).join(', ')})`)
    await staging.run('CREATE OR REPLACE TABLE ops.permits AS SELECT DISTINCT s.doctype, s.id FROM ops.shapes s JOIN ops.lanes l ON l.doctype = s.doctype AND l.shape = s.shape'
      + ` WHERE l.lane = 'express' AND (s.doctype || ' ' || s.shape) IN (${['', ...choices.filter(({ proof }) => proof?.status === 'equal').map(({ doctype, shape }) => `${doctype} ${shape}`)].map((text) => literal(text)).join(', ')})`)
  })
  return choices
}

function laneWanted({ wanted, available }: LaneOptions, doctype: string): LaneKind | 'auto' {
  const lane = wanted.doctypes[doctype] ?? wanted.all
  if (lane === 'auto' || available.includes(lane)) return lane
  throw new LandfallError('config-invalid', `${doctype} is to take the ${lane} lane, and the project has no access for it.`, { hint: lane === 'rest' ? 'Give `target.url`, `api_key` and `api_secret`.' : lane === 'bench' ? 'Give `target.bench`.' : 'Give `target.database`.', where: { doctype } })
}

function laneFor({ available }: LaneOptions, wanted: LaneKind | 'auto', proof: ShapeProof | null): { lane: LaneKind; reason: string } {
  const fallback = BY_CONTROLLERS.find((lane) => available.includes(lane))
  if (wanted !== 'auto' && wanted !== 'express') return { lane: wanted, reason: 'asked for' }
  if (available.includes('express') && proof?.status === 'equal') return { lane: 'express', reason: `${proof.canaries} canaries did what was predicted` }
  const why = !available.includes('express') ? 'no access to the database' : proof === null ? 'not proven: landfall prove' : proof.status === 'differs'
    ? `the site does otherwise: ${[...new Set(proof.differences.map((difference) => difference.where))].slice(0, 3).join(', ')}` : proof.reason ?? 'not proven'
  if (fallback === undefined) throw new LandfallError('config-invalid', `Documents of ${proof?.doctype ?? 'a DocType'} cannot take the express lane (${why}), and there is no other.`, { hint: 'Give `target.bench`, or `target.url` with a login.' })
  return { lane: fallback, reason: why }
}

/** One lane for a DocType whose documents hang together: the one that suits the worst of its shapes. */
async function together(staging: Staging, options: LaneOptions, doctype: string, choices: LaneChoice[]): Promise<LaneChoice[]> {
  const lanes = new Set(choices.map((choice) => choice.lane))
  if (lanes.size < 2) return choices
  const meta = options.site.doctype(doctype)!, itself = meta.nsm_parent_field !== null && meta.nsm_parent_field !== '' || [meta, ...meta.tableFields().map((field) => options.site.doctype(field.options ?? ''))].some((part) => part?.linkFields().some((field) => field.options === doctype) === true)
  const changes = await staging.exists('ops.updates') ? Number((await staging.one<{ n: number }>(`SELECT count(*) AS n FROM (SELECT 1 FROM ops.updates WHERE doctype = ${literal(doctype)} LIMIT 1)`))!.n) : 0
  if (!itself && changes === 0) return choices
  const worst = choices.filter((choice) => choice.lane !== 'express').sort((a, b) => b.documents - a.documents)[0]!
  return choices.map((choice) => (choice.lane === worst.lane ? choice : { ...choice, lane: worst.lane, reason: `with the rest of ${doctype}, which ${itself ? 'refers to itself' : 'changes rows of others'} (${worst.reason})` }))
}

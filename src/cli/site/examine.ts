import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Project } from '../../config/project.ts'
import { loadMappings } from '../../config/mappings.ts'
import { Checks, type DoctorCheck } from '../../doctor/check.ts'
import { checkDatabase } from '../../doctor/database.ts'
import { checkMachine, machineFacts } from '../../doctor/machine.ts'
import { checkRights, checkSite } from '../../doctor/site.ts'
import { examineSource } from '../../doctor/source.ts'
import { LandfallError } from '../../errors/error.ts'
import { systemClock } from '../../model/clock.ts'
import { planDocuments } from '../../phases/plan.ts'
import { referenceDoctypes } from '../../site/reference-doctypes.ts'
import { Site } from '../../site/site.ts'
import { probeRights, probeSite } from '../../targets/rest/snapshot/site-probe.ts'
import { benchRunner, codeFacts } from '../../targets/snapshot/bench.ts'
import { databaseRights, probeDatabase } from '../../targets/snapshot/database-probe.ts'
import type { Right } from '../../targets/snapshot/site-facts.ts'
import { openProjectSource } from '../compose.ts'
import type { SiteAccess } from './access.ts'

/** Documents that most migrations load; a project's own mappings say better. */
const USUAL = ['Customer', 'Supplier', 'Item', 'Address', 'Contact', 'Sales Order', 'Sales Invoice', 'Purchase Invoice', 'Payment Entry', 'Journal Entry']

/** DocTypes a project's mappings write, or the usual ones; a broken mapping is for others to report. */
export function wantedDoctypes(project: Project | null): string[] {
  if (project === null) return USUAL
  try {
    const names = [...new Set(planDocuments(loadMappings(project)).map((document) => document.doctype))]
    return names.length > 0 ? names : USUAL
  } catch (error) {
    if (error instanceof LandfallError) return USUAL
    throw error
  }
}

/** Rights for every lane there is a way to. */
export async function rightsOf(access: SiteAccess, project: Project | null): Promise<Right[]> {
  const shipped = Site.load(), rights: Right[] = []
  if (access.rest !== null) {
    const wanted = wantedDoctypes(project)
    rights.push(...await probeRights(access.rest, wanted.map((name) => ({ name, submits: shipped.doctype(name)?.is_submittable ?? false })), referencesOf(wanted, shipped), systemClock))
  }
  if (access.bench !== null) rights.push(await benchRight(access.bench))
  if (access.database !== null) rights.push(...databaseRights(access.database, await probeDatabase(access.database, systemClock)))
  return rights
}

/** DocTypes that documents of the given ones, and their rows, link to, as far as a snapshot holds such. */
function referencesOf(wanted: readonly string[], shipped: Site): string[] {
  const rows = shipped.doctypes().map((meta) => ({ name: meta.name, module: meta.module, issingle: meta.issingle, istable: meta.istable, is_virtual: meta.is_virtual, is_submittable: meta.is_submittable }))
  const held = new Set(referenceDoctypes(rows)), metas = wanted.flatMap((name) => shipped.doctype(name) ?? [])
  const children = metas.flatMap((meta) => meta.tableFields().flatMap((field) => shipped.doctype(field.options ?? '') ?? []))
  return [...new Set([...metas, ...children].flatMap((meta) => meta.linkFields().map((field) => field.options ?? '')))].filter((name) => held.has(name) && name !== 'User').sort()
}

async function benchRight(bench: NonNullable<SiteAccess['bench']>): Promise<Right> {
  const right = { lane: 'bench' as const, what: `run Python of ${bench.folder} on ${bench.site}`, why: 'its controllers write the documents', wayOut: 'Run Landfall as the user that owns the bench.' }
  try {
    return { ...right, has: await benchRunner(bench)('result = frappe.db.sql("select 1")[0][0]') === 1 }
  } catch (error) {
    if (!(error instanceof LandfallError)) throw error
    return { ...right, has: false, why: error.message, wayOut: error.hint ?? right.wayOut }
  }
}

const FACTORS: Record<string, number> = { KB: 1 << 10, MB: 1 << 20, GB: 1 << 30, TB: 1024 * (1 << 30) }

/** `700MB` in bytes. */
function bytesOf(text: string): number {
  const match = /^([\d.]+) ?([KMGT]B)$/i.exec(text)
  return match === null ? 0 : Number(match[1]) * FACTORS[match[2]!.toUpperCase()]!
}

/** Everything `landfall doctor` looks at, area after area; `report` is called with the checks of each as they are known. */
export async function examine(project: Project | null, folder: string, access: SiteAccess, report: (checks: DoctorCheck[]) => void): Promise<DoctorCheck[]> {
  const all: DoctorCheck[] = []
  const add = (checks: DoctorCheck[]): void => { all.push(...checks); report(checks) }
  const { records, checks } = await sourceChecks(project)
  const limits = project?.config.limits ?? { memory: '700MB', spill: '20GB', threads: 2 }
  add(checkMachine(machineFacts(project?.paths.state ?? folder, { memory: bytesOf(limits.memory), spill: bytesOf(limits.spill), threads: limits.threads }), records))
  if (checks.length > 0) add(checks)
  if (access.rest !== null) {
    const facts = await probeSite(access.rest, wantedDoctypes(project), systemClock), { frappe = '', erpnext = '' } = Site.load().apps
    add([...checkSite(facts, { frappe, erpnext }), ...(facts.user === null ? [] : checkRights((await rightsOf({ ...access, bench: null, database: null }, project))))])
  }
  if (access.bench !== null) add(await benchChecks(access.bench))
  if (access.database !== null) {
    const facts = await probeDatabase(access.database, systemClock)
    add([...checkDatabase(facts), ...(facts.unreachable === null ? checkRights(databaseRights(access.database, facts)).map((check) => ({ ...check, area: 'database' as const })) : [])])
  }
  return all
}

async function sourceChecks(project: Project | null): Promise<{ records: { known: number; uncounted: number } | null; checks: DoctorCheck[] }> {
  if (project === null) return { records: null, checks: [] }
  const spool = mkdtempSync(join(tmpdir(), 'landfall-doctor-'))
  try {
    const checks: DoctorCheck[] = []
    const records = { known: 0, uncounted: 0 }
    for (const [name, source] of Object.entries(project.config.sources)) {
      const exam = await examineSource(name, source.kind, () => openProjectSource(project, name), systemClock, spool)
      checks.push(...exam.checks)
      records.known += exam.records
      records.uncounted += exam.uncounted
    }
    return { records, checks }
  } finally {
    rmSync(spool, { recursive: true, force: true })
  }
}

async function benchChecks(bench: NonNullable<SiteAccess['bench']>): Promise<DoctorCheck[]> {
  const checks = new Checks('bench')
  const right = await benchRight(bench)
  checks.add('python', 'its Python, on the site', right.has === true ? 'ok' : 'fail', right.has === true ? `${bench.folder}, ${bench.site}` : right.why, right.wayOut)
  if (right.has !== true) return checks.list
  const facts = await codeFacts(benchRunner(bench)), hooked = Object.keys(facts.hooks)
  checks.add('apps', 'apps', 'ok', Object.entries(facts.apps).map(([app, version]) => `${app} ${version}`).join(', '))
  checks.add('hooks', 'code of other apps', hooked.length > 0 ? 'warn' : 'ok', hooked.length > 0 ? `runs on documents of ${hooked.slice(0, 8).join(', ')}` : 'none runs on documents', 'Those documents are not predicted: they go through the site\'s own controllers.')
  return checks.list
}

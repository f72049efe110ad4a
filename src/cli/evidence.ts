import { copyFileSync, cpSync, createWriteStream, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { stringify } from 'yaml'
import { LandfallError } from '../errors/error.ts'
import { redact } from '../errors/redact.ts'
import { checkTrail } from '../ledger/audit-trail.ts'
import { writeManifest, type Manifest } from '../ledger/manifest.ts'
import { timestamp } from '../model/clock.ts'
import { displayKey } from '../model/key.ts'
import { evidencePage, type EvidenceView } from '../report/evidence-page.ts'
import { trainingMarkdown, trainingPage } from '../report/acceptance-page.ts'
import { trainingNotes } from '../phases/acceptance/training.ts'
import { draftRelation } from '../model/draft.ts'
import { literal } from '../staging/staging.ts'
import { Acceptance } from './acceptance/acceptance.ts'
import { auditFile, openAudit, whoAmI } from './audit.ts'
import type { Workspace } from './compose.ts'
import { manifestVersion, writeReport } from './reporting.ts'
import { cutoverFolder } from './cutover/paths.ts'
import { procedureFolder } from './way-back.ts'

/** Gathers everything that shows how a run came about and what it came to, in one folder with a manifest. Throws `usage` when the folder holds something else. */
export async function gatherEvidence(workspace: Workspace, folder: string): Promise<{ view: EvidenceView; manifest: Manifest }> {
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, 'manifest.json'))) throw new LandfallError('usage', `${folder} is not empty and holds no evidence pack.`, { hint: 'Name a new folder.' })
  mkdirSync(folder, { recursive: true })
  const { project, clock } = workspace, acceptance = new Acceptance(workspace), { facts } = acceptance, trail = openAudit(project, clock)
  const parts: EvidenceView['parts'] = [], missing: EvidenceView['missing'] = []
  const write = (path: string, text: string): string => {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), redact(text))
    return path
  }
  parts.push({ title: 'Plan', about: 'Phases and waves, links set in a second pass', files: [write('plan.yaml', stringify(facts.plan)), write('plan.json', `${JSON.stringify(facts.plan, null, 1)}\n`)] })
  parts.push({ title: 'Mappings', about: 'What becomes of every column, and the project\'s settings (secrets stay references)', files: [project.paths.config, ...project.mappingFiles].map((path) => write(`mapping/${basename(path)}`, readFileSync(path, 'utf8'))) })
  await writeReport(workspace, facts, join(folder, 'report'))
  parts.push({ title: 'Report', about: 'Records, documents, totals to the cent, errors by cause, times', files: ['report/report.html', 'report/report.yaml', 'report/report.json'] })
  if (facts.proof === null) missing.push({ title: 'Proof', how: 'landfall verify' })
  else {
    parts.push({ title: 'Proof', about: `${facts.proof.results.length} checks with every failure`, files: [write('proof/checks.json', `${JSON.stringify(facts.proof.results, plainNumbers, 1)}\n`), write('proof/checks.yaml', stringify(facts.proof.results.map(({ id, title, status, compared, failed, summary }) => ({ id, title, status, compared, failed, summary }))))] })
    parts.push({ title: 'Reconciliation', about: 'Totals and ledger figures of both sides, and the books', files: [write('proof/reconciliation.json', `${JSON.stringify({ totals: facts.proof.totals, ledgers: facts.proof.ledgers ?? [], books: facts.proof.books ?? null }, plainNumbers, 1)}\n`)] })
  }
  parts.push({ title: 'Where every document comes from', about: 'Document, legacy entity, key and record, line by line', files: [await crosswalk(workspace, folder)] })
  const copy = (title: string, about: string, from: string, to: string, how: string, only?: RegExp): void => {
    const names = existsSync(from) ? readdirSync(from).filter((name) => (only === undefined || only.test(name)) && /\.(html|md|json|jsonl|xlsx|yaml)$/.test(name)) : []
    if (names.length === 0) return void missing.push({ title, how })
    mkdirSync(join(folder, to), { recursive: true })
    for (const name of names) cpSync(join(from, name), join(folder, to, name))
    parts.push({ title, about, files: names.map((name) => `${to}/${name}`) })
  }
  copy('Rollback, rehearsed', 'The procedure with measured times; every table proven', procedureFolder(workspace), 'rollback', 'landfall rollback --rehearse', /^rollback-procedure/)
  copy('Acceptance and sign-off', 'Test scripts with results by machine and by people, criteria, signatures', acceptance.folder, 'acceptance', 'landfall accept prepare, record, sign', /^(?!training)/)
  copy('Cutover', 'The runbook as it was run, timed', cutoverFolder(project), 'cutover', 'landfall cutover --plan, --rehearse')
  const training = { project: project.config.project, screens: trainingNotes(workspace.mappings(), workspace.site) }
  parts.push({ title: 'Training notes', about: 'Old screen and field, new place', files: [write('training/training.html', trainingPage(training)), write('training/training.md', trainingMarkdown(training))] })
  trail.append(whoAmI(), 'evidence-gathered', { run: facts.run, folder: basename(folder) })
  copyFileSync(auditFile(project), join(folder, 'audit.jsonl'))
  copyFileSync(`${auditFile(project)}.head`, join(folder, 'audit.jsonl.head'))
  const audit = checkTrail(auditFile(project))
  parts.push({ title: 'Audit trail', about: 'Who did what, each entry bound to the one before', files: ['audit.jsonl', 'audit.jsonl.head'] })
  const view: EvidenceView = {
    project: project.config.project, run: facts.run, at: timestamp(clock).slice(0, 19), landfall: manifestVersion(), parts, missing, gates: await acceptance.gates(),
    signatures: acceptance.signed().map((sign) => ({ by: sign.by, role: sign.role, at: sign.at, holds: acceptance.changedSince(sign).length === 0 })), audit: { entries: audit.entries, head: audit.head, whole: audit.faults.length === 0 },
  }
  write('index.html', evidencePage(view))
  write('evidence.yaml', stringify(view))
  write('evidence.json', `${JSON.stringify(view, null, 1)}\n`)
  const manifest = writeManifest(folder, { project: view.project, run: view.run, at: view.at, audit: audit.head, ...acceptance.hashes() })
  trail.append(whoAmI(), 'evidence-written', { run: facts.run, folder: basename(folder), root: manifest.root, files: manifest.files.length })
  return { view, manifest }
}

/** Hash over all files of the last pack of this name, as the audit trail has it. */
export function knownRoot(workspace: Pick<Workspace, 'project' | 'clock'>, folder: string): string | null {
  const entry = openAudit(workspace.project, workspace.clock).entries().findLast((one) => one.action === 'evidence-written' && one.detail['folder'] === basename(folder))
  return entry === undefined ? null : String(entry.detail['root'])
}

/** Every document with its legacy record, compressed. */
async function crosswalk({ staging, target }: Workspace, folder: string): Promise<string> {
  const quoted = (value: unknown): string => `"${String(value ?? '').replaceAll('"', '""')}"`
  async function* lines(): AsyncGenerator<string> {
    yield 'doctype,name,docstatus,run,entity,legacy_key,record\n'
    for (const { doctype } of await staging.all<{ doctype: string }>(`SELECT DISTINCT doctype FROM ${target.documents} WHERE outcome = 'loaded' ORDER BY doctype`)) {
      const drafts = await staging.exists(draftRelation(doctype)), row = drafts ? 'd._source_row' : 'NULL'
      for await (const chunk of staging.scan(`SELECT l.doctype, l.name, l.docstatus, l.run, l.entity, l."key", ${row} FROM ${target.documents} l ${drafts ? `LEFT JOIN ${draftRelation(doctype)} d ON d._entity = l.entity AND d._key = l."key"` : ''} WHERE l.doctype = ${literal(doctype)} AND l.outcome = 'loaded' ORDER BY l.name`)) {
        for (let i = 0; i < chunk.count; i++) yield `${chunk.columns.map((column, c) => quoted(c === 5 && typeof column[i] === 'string' ? displayKey(column[i] as string) : column[i])).join(',')}\n`
      }
    }
  }
  await pipeline(Readable.from(lines()), createGzip(), createWriteStream(join(folder, 'documents.csv.gz')))
  return 'documents.csv.gz'
}

const plainNumbers = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { CONFIG_FILE, loadProject, type Project } from '../../config/project.ts'
import { LandfallError } from '../../errors/error.ts'
import { systemClock } from '../../model/clock.ts'
import type { Assessment } from '../../model/assessment.ts'
import { holdAgainst } from '../../phases/assess/documentation.ts'
import { renderAssessment } from '../../report/assessment-page.ts'
import { assessmentJson, assessmentYaml } from '../../report/assessment-summary.ts'
import { openSource, stagedFolders } from '../../sources/registry.ts'
import { ParquetScan } from '../../staging/parquet-scan.ts'
import { assessSources, type AssessRequest } from '../assess/reading.ts'
import { readSchemaDocuments } from '../assess/schema-documents.ts'
import { sourcesOf } from '../assess/source-argument.ts'
import { openProjectSource } from '../compose.ts'
import { environmentOf } from '../environment.ts'
import { Progress } from '../progress.ts'
import { manifestVersion } from '../reporting.ts'
import { formatCount, formatTable, type Terminal } from '../terminal.ts'

interface AssessFlags { out?: string; sample?: string; entity?: string[]; ignoreDeclared?: boolean; schemaDocs?: string[] }

export function register(program: Command, signal: AbortSignal): void {
  program.command('assess').description('Look at sources never seen before: volumes, columns, keys, relations, duplicates, dirt, and what each finding would cost. Writes assessment.json, .yaml and .html.')
    .argument('[source...]', 'configured sources, a connection URL, a file or a folder; default: all sources of the project')
    .option('-o, --out <folder>', 'where it goes; default: .landfall/assessment of the project, else assessment')
    .option('--sample <n>', 'read at most so many records of each entity; what rests on it says so')
    .option('--entity <name...>', 'only these entities')
    .option('--ignore-declared', 'find keys and relations as if the sources declared none')
    .option('--schema-docs <file...>', 'documentation of the schema, held against what is found: DDL (.sql), or a data dictionary as a book or CSV')
    .addHelpText('after', '\nExamples:\n  $ landfall assess                                            all sources of the project\n  $ landfall assess erp --out dossier\n  $ landfall assess postgres://reader@db:5432/erp --out dossier\n  $ landfall assess exports/ --sample 100000\n  $ landfall assess --schema-docs schema.sql dictionary.xlsx\n  $ landfall assess --json | jq .findings')
    .action(async (names: string[], flags: AssessFlags, command: Command) => {
      const { globals, terminal } = environmentOf(command, signal)
      const project = existsSync(join(globals.project, CONFIG_FILE)) ? loadProject(globals.project) : null
      const out = resolve(flags.out ?? (project === null ? 'assessment' : join(project.paths.state, 'assessment')))
      const progress = new Progress(terminal, systemClock.elapsed)
      const documented = await readSchemaDocuments(flags.schemaDocs ?? [], out, signal)
      const assessed = await assessSources({
        project: project?.config.project ?? names.join(', ').replace(/\/\/.*@/, '//'), landfall: manifestVersion(), sources: await sourcesFor(project, names, globals.project), scratchFolder: join(out, '.reading'), only: flags.entity ?? null, limit: limitOf(flags.sample),
        useDeclared: flags.ignoreDeclared !== true, clock: systemClock, signal, emit: (event) => { if (!terminal.json) progress.show(event) },
      })
      progress.close()
      const assessment = documented.length === 0 ? assessed : holdAgainst(assessed, documented, flags.schemaDocs!.map((file) => basename(file)))
      const files = writeAssessment(assessment, out)
      // `map --suggest`, `plan` and `status` find it here.
      if (project !== null && out !== resolve(project.paths.state, 'assessment')) writeAssessment(assessment, join(project.paths.state, 'assessment'))
      show(terminal, assessment, files)
    })
}

function limitOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1) throw new LandfallError('usage', `--sample ${text} is no number of records.`, { hint: 'A whole number of 1 or more.' })
  return limit
}

async function sourcesFor(project: Project | null, names: string[], folder: string): Promise<AssessRequest['sources']> {
  if (names.length === 0 && project === null) throw new LandfallError('usage', `Nothing to assess: there is no ${CONFIG_FILE} in ${folder}, and no source was named.`, { hint: 'landfall assess postgres://reader@host/erp, landfall assess exports/' })
  const configured = Object.keys(project?.config.sources ?? {})
  const sources: AssessRequest['sources'] = []
  for (const name of names.length === 0 ? configured : names) {
    if (project !== null && configured.includes(name)) {
      const { kind, options, ...rest } = project.config.sources[name]!
      sources.push({ name, open: (staging) => openProjectSource(project, name, staging), folders: await stagedFolders(kind, { ...rest, ...options }, project.paths.root) })
      continue
    }
    for (const given of sourcesOf(name)) {
      const base = process.cwd()
      sources.push({ name: given.name, open: (staging) => openSource(given.name, given.kind, given.options, { clock: systemClock, baseFolder: base, scan: new ParquetScan(staging) }), folders: await stagedFolders(given.kind, given.options, base) })
    }
  }
  return sources
}

/** Writes the three files; answers their paths as one types them. */
export function writeAssessment(assessment: Assessment, out: string): string[] {
  mkdirSync(out, { recursive: true })
  return Object.entries({ 'assessment.json': assessmentJson(assessment), 'assessment.yaml': assessmentYaml(assessment), 'assessment.html': renderAssessment(assessment) }).map(([name, text]) => {
    writeFileSync(join(out, name), text)
    const near = relative('.', join(out, name))
    return near.startsWith('..') ? join(out, name) : near
  })
}

function show(terminal: Terminal, assessment: Assessment, files: string[]): void {
  if (terminal.json) return terminal.emit({ ...assessment, files })
  const { totals, findings } = assessment
  terminal.print(`${formatCount(totals.entities)} entities, ${formatCount(totals.columns)} columns, ${formatCount(totals.records)} records; ${formatCount(totals.relations)} relations, ${formatCount(totals.personalColumns)} columns of personal data`)
  if (findings.length > 0) {
    terminal.print(formatTable(['records', 'effect', 'finding', 'where', 'answer'], findings.slice(0, 15).map((finding) => [finding.records, finding.effect, finding.title, `${finding.entity}${finding.columns.length === 0 ? '' : `: ${finding.columns.join(', ')}`}`, `${finding.remedy.kind} ${finding.remedy.name}`])))
    if (findings.length > 15) terminal.print(`... and ${formatCount(findings.length - 15)} more`)
  }
  for (const line of assessment.restsOnSample) terminal.print(line)
  const { documentation } = assessment
  if (documentation) terminal.print(`Documentation (${documentation.files.join(', ')}): ${formatCount(documentation.tables)} tables, ${formatCount(documentation.columns)} columns; ${formatCount(documentation.found)} columns found, ${formatCount(documentation.agreeing)} as it says`)
  for (const file of files) terminal.print(file)
}

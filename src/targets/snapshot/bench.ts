import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LandfallError, messageOf } from '../../errors/error.ts'
import type { Loose } from '../../site/compact.ts'
import type { DatabaseAddress } from './database.ts'
import type { CodeFacts } from './reader.ts'
import { SqlReader, type Sql } from './sql-reader.ts'

/** Runs Python inside a bench, connected to the site as its administrator; `result` of the script comes back as JSON. */
export type PythonRunner = (python: string) => Promise<unknown>

export interface BenchAddress { folder: string; site: string }

const MARK = '--landfall-result--'

/** A runner over the bench's own interpreter. Throws `target-failed` with the last words of the script, `config-invalid` when the folder is no bench. */
export function benchRunner(bench: BenchAddress): PythonRunner {
  const python = join(bench.folder, 'env', 'bin', 'python'), sites = join(bench.folder, 'sites')
  if (!existsSync(python) || !existsSync(join(sites, bench.site, 'site_config.json'))) {
    throw new LandfallError('config-invalid', `${bench.folder} is no bench with the site ${bench.site}`, { hint: 'A bench has env/bin/python and sites/SITE/site_config.json.' })
  }
  return async (script) => {
    const whole = `import frappe, json\nfrappe.init(${JSON.stringify(bench.site)}, sites_path=".")\nfrappe.connect()\nfrappe.db.begin(read_only=True)\nresult = None\n${script}\n` +
      `print("\\n" + ${JSON.stringify(MARK)} + json.dumps(result, default=str))\nfrappe.destroy()\n`
    const { code, output, errors } = await runPython(python, sites, whole)
    const at = output.lastIndexOf(MARK)
    if (code !== 0 || at < 0) {
      throw new LandfallError('target-failed', `Python in the bench failed: ${errors.trim().split('\n').at(-1) ?? `exit code ${code}`}`, { where: { file: bench.folder }, hint: 'Run as the user that owns the bench.' })
    }
    return JSON.parse(output.slice(at + MARK.length)) as unknown
  }
}

function runPython(python: string, cwd: string, script: string): Promise<{ code: number; output: string; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, ['-W', 'ignore', '-'], { cwd, stdio: 'pipe' })
    const output: Buffer[] = [], errors: Buffer[] = []
    child.stdout.on('data', (data: Buffer) => output.push(data))
    child.stderr.on('data', (data: Buffer) => errors.push(data))
    child.once('error', (error) => reject(new LandfallError('target-failed', `Python of the bench cannot be started: ${messageOf(error)}`, { cause: error })))
    child.once('close', (code) => resolve({ code: code ?? -1, output: Buffer.concat(output).toString('utf8'), errors: Buffer.concat(errors).toString('utf8') }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(script)
  })
}

/** Where the site's database is, by its own configuration. */
export function databaseOfBench(bench: BenchAddress): DatabaseAddress {
  const read = (path: string): Record<string, unknown> => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown> : {})
  const config = { ...read(join(bench.folder, 'sites', 'common_site_config.json')), ...read(join(bench.folder, 'sites', bench.site, 'site_config.json')) }
  const name = String(config['db_name'] ?? '')
  return {
    host: String(config['db_host'] ?? '127.0.0.1'), port: Number(config['db_port'] ?? 3306), user: String(config['db_user'] ?? name), password: String(config['db_password'] ?? ''), database: name,
    ...(typeof config['db_socket'] === 'string' ? { socket: config['db_socket'] } : {}),
  }
}

/** Methods an insert or submit calls; of those, a snapshot says which a DocType's class has of its own. */
const METHODS = [
  '__setup__', 'autoname', 'before_naming', 'before_insert', 'before_validate', 'validate', 'before_save', 'after_insert', 'on_update', 'before_submit', 'on_submit', 'on_change', 'db_insert', 'insert', 'save', 'submit',
]

const FACTS = `
from frappe.model.base_document import BaseDocument, get_controller
from frappe.model.document import Document
nothing = (lambda self: None).__code__.co_code
METHODS = ${JSON.stringify(METHODS)}
own = ("frappe", "erpnext")
result = {"apps": {}, "controllers": {}, "hooks": {}}
for app in frappe.get_installed_apps():
    try:
        result["apps"][app] = frappe.get_attr(app + ".__version__")
    except Exception:
        result["apps"][app] = "?"
def add(doctype, text):
    result["hooks"].setdefault(doctype, []).append(text)
for name in frappe.get_all("DocType", pluck="name"):
    try:
        kind = get_controller(name)
    except Exception:
        continue
    found = set()
    for base in kind.__mro__:
        if base in (Document, BaseDocument, object):
            continue
        for method in METHODS:
            code = getattr(vars(base).get(method), "__code__", None)
            if code is not None and code.co_code != nothing:
                found.add(method)
    result["controllers"][name] = sorted(found)
    if kind.__module__.split(".")[0] not in own:
        row = frappe.db.get_value("DocType", name, ["module", "custom"])
        home = frappe.db.get_value("Module Def", row[0], "app_name")
        if home in own:
            add(name, kind.__module__ + "." + kind.__name__ + " in place of its class")
for doctype, events in frappe.get_doc_hooks().items():
    for event, handlers in events.items():
        for handler in handlers if isinstance(handlers, (list, tuple)) else [handlers]:
            if handler.split(".")[0] not in own:
                add(doctype, handler + " on " + event)
`

/** Versions, insert-path methods of all DocTypes, and hooks of other apps: what only the site's Python knows. */
export async function codeFacts(run: PythonRunner): Promise<CodeFacts> {
  return await run(FACTS) as CodeFacts
}

/** SQL through the bench's Python, for where its database cannot be reached from here: statements asked for at the same time travel in one script. */
function sqlThrough(run: PythonRunner): Sql {
  type Waiting = { statement: string; values: unknown[]; resolve(rows: Loose[]): void; reject(error: unknown): void }
  let waiting: Waiting[] = []
  // Python's driver writes a list with its parentheses.
  const send = async (): Promise<void> => {
    const batch = waiting
    waiting = []
    const list = batch.map(({ statement, values }) => [statement.replaceAll('(?)', '%s').replaceAll('?', '%s'), values])
    try {
      const answers = await run(`result = []\nfor statement, values in json.loads(${JSON.stringify(JSON.stringify(list))}):\n    try:\n        result.append([frappe.db.sql(statement, [tuple(v) if isinstance(v, list) else v for v in values], as_dict=True), None])\n` +
        '    except Exception as error:\n        result.append([None, str(error)])\n') as [Loose[] | null, string | null][]
      answers.forEach(([rows, error], i) => {
        if (rows === null) batch[i]!.reject(new LandfallError('target-failed', `The site's database refused a question: ${error ?? ''}`))
        else batch[i]!.resolve(rows)
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  return (statement, values) => new Promise<Loose[]>((resolve, reject) => {
    waiting.push({ statement, values, resolve, reject })
    if (waiting.length === 1) setImmediate(() => { void send() })
  })
}

/** Reads a site through a bench's Python alone. */
export function benchReader(run: PythonRunner, site: string): SqlReader {
  return new SqlReader('bench', site, sqlThrough(run))
}

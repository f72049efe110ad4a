import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { RULES } from '../doctypes/rules.ts'

const FOLDER = join(import.meta.dirname, '..')
const RULES_FILE = /^doctypes\/rules\.[jt]s$/

/** Only a rule that posts further drafts runs the rule of another DocType; `doctypes` it names there may be those. */
const BRINGS_OTHERS = /\.post\(|\bNestedDrafts\b/

/** A file of the posting engine: its text, and the files of the engine it imports. */
interface Part { text: string; imports: string[] }

let parts: Map<string, Part> | null = null
const versions = new Map<string, string>()

/**
 * Differs when anything does that the prediction of a DocType's documents depends on: the engine itself, the DocType's own rule with all it is made of, and the rules of the DocTypes whose documents
 * these may bring into being. What was proven with other rules is to be proven again; a change to one DocType's rule leaves the proofs of the others.
 */
export function rulesVersion(doctype: string): string {
  let version = versions.get(doctype)
  if (version === undefined) versions.set(doctype, version = hashOf(filesOf(doctype)))
  return version
}

/** Files of the engine that a DocType's version covers, relative to its folder. */
export function filesOf(doctype: string): string[] {
  parts ??= readParts()
  const owners = ownersOf(parts), found = new Set<string>()
  // The list of all rules is how the engine finds them; what each of them says is looked at by itself.
  const open = [...[...parts.keys()].filter((file) => /^engine\.[jt]s$/.test(file)), ...owners === null ? [...parts.keys()] : ruleFiles(owners, doctype)]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file) || owners !== null && RULES_FILE.test(file)) continue
    const part = parts.get(file)
    if (part === undefined) continue
    found.add(file)
    open.push(...part.imports)
    if (owners !== null && BRINGS_OTHERS.test(part.text)) for (const [other, owner] of owners) if (part.text.includes(`'${other}'`)) open.push(owner)
  }
  return [...found].sort()
}

const ruleFiles = (owners: Map<string, string>, doctype: string): string[] => (owners.has(doctype) ? [owners.get(doctype)!] : [])

function readParts(): Map<string, Part> {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
  return new Map(files.map((file) => {
    const text = readFileSync(join(FOLDER, file), 'utf8')
    const imports = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => relative(FOLDER, join(FOLDER, dirname(file), path!))).filter((path) => !path.startsWith('..'))
    return [file, { text, imports }]
  }))
}

/** The file of each DocType's rule, as the list of rules names them; null when the list is not written as it is expected, and everything counts for every DocType then. */
function ownersOf(all: Map<string, Part>): Map<string, string> | null {
  const list = [...all].find(([file]) => RULES_FILE.test(file))
  if (list === undefined) return null
  const [file, { text }] = list, from = new Map<string, string>()
  for (const [, names, path] of text.matchAll(/import (?:type )?\{([^}]+)\} from '(\.[^']+)'/g)) {
    for (const name of names!.split(',')) from.set(name.trim().split(/\s+as\s+/).at(-1)!, relative(FOLDER, join(FOLDER, dirname(file), path!)))
  }
  const names = (/RULES\b[^=]*=\s*\[([^\]]*)\]/.exec(text)?.[1] ?? '').split(',').map((name) => name.trim()).filter(Boolean)
  if (names.length !== RULES.length || names.some((name) => !from.has(name))) return null
  return new Map(RULES.map((rule, i) => [rule.doctype, from.get(names[i]!)!]))
}

function hashOf(files: string[]): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(parts!.get(file)!.text)
  return hash.digest('hex').slice(0, 16)
}

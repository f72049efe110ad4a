import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { LandfallError, messageOf } from '../errors/error.ts'
import { registerSecret } from '../errors/redact.ts'
import { environment } from './environment.ts'
import { problemError } from './validate.ts'
import { formatPath, type ConfigProblem } from './validate.ts'
import type { ConfigPath, YamlFile } from './yaml-file.ts'

const REFERENCE = /\$\{(env|file):([^}]+)\}/g
const SECRET_KEY = /^(password|passwd|pwd|secret|client_secret|clientSecret|token|api_key|apiKey|api_secret|access_token|refresh_token|private_key)$/

/** Where a source lives is no secret: redacting `postgres` or `3306` everywhere would make every message unreadable. */
const PUBLIC_KEY = /^(kind|host|port|database|user|path|schemas?|baseUrl|url)$/

/** Where a resolved value came from, for `config --explain`. */
export interface SecretUse { path: string; from: string }

/**
 * Replaces `${env:NAME}` and `${file:PATH}` (relative to the project folder, last newline removed) in every text below `prefix`, registers each
 * value for redaction, and refuses secrets that are written out. Throws `secret-missing` or `config-invalid`, with the place.
 */
export function resolveSecrets(value: unknown, file: YamlFile, folder: string, prefix: ConfigPath, used: SecretUse[] = []): unknown {
  const problems: ConfigProblem[] = []
  const walk = (node: unknown, path: ConfigPath): unknown => {
    if (typeof node === 'string') {
      const key = path.at(-1)
      if (typeof key === 'string' && SECRET_KEY.test(key) && node !== '' && !node.includes('${')) {
        const { line, column } = file.at(path)
        problems.push({ file: file.path, line, column, message: `${formatPath(path)}: a secret is written out, allowed \${env:NAME} or \${file:PATH}` })
        registerSecret(node)
      }
      return node.replace(REFERENCE, (_, kind: string, name: string) => {
        used.push({ path: formatPath(path), from: `${kind}:${name}` })
        return kind === 'env' ? fromEnvironment(name, file, path) : fromFile(name, file, folder, path)
      })
    }
    if (Array.isArray(node)) return node.map((item, i) => walk(item, [...path, i]))
    if (node !== null && typeof node === 'object') return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, walk(item, [...path, key])]))
    return node
  }
  const resolved = walk(value, prefix)
  if (problems.length > 0) throw problemError(problems)
  return resolved
}

function fromEnvironment(name: string, file: YamlFile, path: ConfigPath): string {
  const value = environment(name)
  if (value === undefined) throw missing(`the environment variable ${name} is not set`, `Set it before starting: export ${name}=...`, file, path)
  if (!isPublic(path)) registerSecret(value)
  return value
}

function isPublic(path: ConfigPath): boolean {
  const key = path.at(-1)
  return typeof key === 'string' && PUBLIC_KEY.test(key)
}

function fromFile(name: string, file: YamlFile, folder: string, path: ConfigPath): string {
  try {
    const value = readFileSync(resolve(folder, name), 'utf8').replace(/\r?\n$/, '')
    if (!isPublic(path)) registerSecret(value)
    return value
  } catch (error) {
    throw missing(`the file ${name} cannot be read (${messageOf(error)})`, 'Create it, readable by you alone.', file, path)
  }
}

function missing(what: string, hint: string, file: YamlFile, path: ConfigPath): LandfallError {
  const { line, column } = file.at(path)
  return new LandfallError('secret-missing', `${file.path}:${line}:${column}: ${formatPath(path)}: ${what}`, { where: { file: file.path, line, column }, hint })
}

import { z } from 'zod'
import { redact } from '../errors/redact.ts'
import type { Project } from './project.ts'
import { configSchema } from './schema.ts'

export interface Explained { path: string; value: string; from: string }

/** Every value of a project with where it comes from; values read from secrets are shown as their reference. */
export function explainProject(project: Project): Explained[] {
  const secrets = new Map(project.secrets.map((use) => [use.path, use.from]))
  return [...project.origins].map(([path, from]) => {
    const secret = secrets.get(path)
    return { path, value: secret ? `\${${secret}}` : redact(display(valueAt(project.config, path))), from: secret ? `${from} (${secret})` : from }
  })
}

/** JSON Schema (draft 2020-12) of landfall.yaml, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return { $id: 'https://landfall.dev/schema/landfall.json', title: 'landfall.yaml', ...z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) }
}

function display(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value) ?? ''
}

function valueAt(root: unknown, path: string): unknown {
  const parts = path.replaceAll('[', '.').replaceAll(']', '').split('.')
  let value = root
  for (let i = 0; i < parts.length; i++) {
    if (value === null || typeof value !== 'object') return undefined
    // Names may hold dots themselves (a file as entity): try the longest key first.
    let taken = parts.length
    for (; taken > i; taken--) if (Object.hasOwn(value, parts.slice(i, taken).join('.'))) break
    value = (value as Record<string, unknown>)[parts.slice(i, Math.max(taken, i + 1)).join('.')]
    i = Math.max(taken, i + 1) - 1
  }
  return value
}

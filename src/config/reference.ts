import { z } from 'zod'
import { customizationSchema } from './customizations.ts'
import { configSchema, ENVIRONMENT } from './schema.ts'

interface Node { description?: string; default?: unknown; type?: string; enum?: unknown[]; properties?: Record<string, Node>; required?: string[]; additionalProperties?: Node | boolean; items?: Node; anyOf?: Node[]; pattern?: string; minimum?: number; maximum?: number }

/** docs/reference/config.md, generated from the schema. */
export function configReference(): string {
  const root = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Node
  const lines = ['# landfall.yaml', '', 'Generated from `src/config/schema.ts` by `npm run docs`; do not edit.', '', '| key | value | default | what it is |', '|---|---|---|---|']
  const walk = (node: Node, path: string, required: boolean): void => {
    if (path !== '') lines.push(`| \`${path}\` | ${valueOf(node)} | ${node.default === undefined || isEmpty(node.default) ? (required ? 'required' : '') : `\`${JSON.stringify(node.default).replaceAll('"', '')}\``} | ${(node.description ?? '').replaceAll('|', '\\|')} |`)
    for (const [key, child] of Object.entries(node.properties ?? {})) walk(child, path === '' ? key : `${path}.${key}`, node.required?.includes(key) ?? false)
    if (typeof node.additionalProperties === 'object' && (node.additionalProperties.properties || node.additionalProperties.additionalProperties)) walk({ ...node.additionalProperties, description: '' }, `${path}.NAME`, false)
    if (node.type === 'array' && node.items?.properties) for (const [key, child] of Object.entries(node.items.properties)) walk(child, `${path}[].${key}`, node.items.required?.includes(key) ?? false)
  }
  walk(root, '', true)
  lines.push('', 'Secrets: any text under `sources` and `target` may hold `${env:NAME}` or `${file:PATH}`; a password, token or key that is written out is refused.', '', '## Environment', '', '| variable | overrides |', '|---|---|')
  for (const [variable, path] of Object.entries(ENVIRONMENT)) lines.push(`| \`${variable}\` | \`${path}\` |`)
  lines.push('', 'A flag of the command line overrides both; `landfall config --explain` says where each value comes from.', '', '# customizations/*.yaml', '', 'Custom fields, properties and DocTypes the site is to have; `landfall customize diff` holds them against it.', '', '| key | value | default | what it is |', '|---|---|---|---|')
  walk(z.toJSONSchema(customizationSchema, { io: 'input', unrepresentable: 'any' }) as Node, '', true)
  lines.push('')
  return lines.join('\n')
}

function valueOf(node: Node): string {
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (node.anyOf) return [...new Set(node.anyOf.map(valueOf))].join(' or ')
  if (node.type === 'array') return `list of ${node.items ? valueOf(node.items) : 'values'}`
  if (node.type === 'object') return 'map'
  if (node.type === 'integer' || node.type === 'number') return node.maximum === undefined || node.maximum > 1e12 ? 'number' : `${node.minimum ?? 0} to ${node.maximum}`
  return node.type === 'string' ? 'text' : node.type ?? 'any'
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

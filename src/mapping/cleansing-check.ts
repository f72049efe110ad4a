import { didYouMean } from '../model/closest.ts'
import type { TransformRegistry } from '../transforms/registry.ts'
import { cleanColumns, type MappedEntity } from './entity.ts'
import { compileCondition, compileExpression } from './expression.ts'
import type { Path, Problems } from './problems.ts'
import { Relation } from './relation.ts'
import { Scope } from './scope.ts'

/** Compiles every expression and column name of an entity's cleansing, so that mistakes are told before anything is read. */
export function checkCleansing(entity: MappedEntity, registry: TransformRegistry, problems: Problems): void {
  const { mapping, loaded } = entity
  const scope = new Scope(new Relation(`SELECT * FROM ${entity.clean}`, 'check'), registry, cleanColumns(entity))
  const column = (name: string, path: Path) => {
    if (!scope.field(name)) problems.add(loaded, path, `there is no column \`${name}\`${didYouMean(name, scope.names())}`)
  }
  if (mapping.where !== undefined) problems.attempt(loaded, ['where'], () => compileCondition(mapping.where ?? '', scope))
  mapping.duplicates?.forEach((rule, i) => {
    rule.exact?.forEach((text, j) => problems.attempt(loaded, ['duplicates', i, 'exact', j], () => compileExpression(text, scope)))
    if (!rule.fuzzy) return
    const { compare, block } = rule.fuzzy
    problems.attempt(loaded, ['duplicates', i, 'fuzzy', 'compare'], () => compileExpression(compare, scope))
    block.forEach((text, j) => problems.attempt(loaded, ['duplicates', i, 'fuzzy', 'block', j], () => compileExpression(text, scope)))
  })
  if (typeof mapping.survivor === 'object') column(mapping.survivor.most_recent, ['survivor', 'most_recent'])
  for (const [name, rule] of Object.entries(mapping.survivorship ?? {})) if (typeof rule === 'object') column(rule.most_recent, ['survivorship', name, 'most_recent'])
}

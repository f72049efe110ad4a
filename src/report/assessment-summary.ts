import { stringify } from 'yaml'
import type { Assessment } from '../model/assessment.ts'

/** The assessment with the keys people know: `entities`, `relations`, `findings`, beside totals, lanes and what rests on a sample. */
export function assessmentJson(assessment: Assessment): string {
  return `${JSON.stringify(assessment, null, 1)}\n`
}

/** The same for reading: without the lists of values, patterns and examples. */
export function assessmentYaml(assessment: Assessment): string {
  const { entities, findings, ...rest } = assessment
  return stringify({
    ...rest,
    entities: entities.map(({ columns, ...entity }) => ({
      ...entity,
      columns: columns.map(({ frequent: _frequent, patterns: _patterns, formats: _formats, outliers: _outliers, ...column }) => column),
    })),
    findings: findings.map(({ examples, ...finding }) => ({ ...finding, examples: examples.slice(0, 3) })),
  }, { lineWidth: 160, aliasDuplicateObjects: false })
}

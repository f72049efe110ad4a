/** Which room of src/ may import which, as data. `types` may be imported as types only. A room always may import itself. */
export const ROOMS: Record<string, { may: string[]; types?: string[] }> = {
  model: { may: [] },
  errors: { may: ['model'] },
  config: { may: ['model', 'errors'] },
  sources: { may: ['model', 'errors'] },
  staging: { may: ['model', 'errors'] },
  transforms: { may: ['model', 'errors', 'staging-text'] },
  site: { may: ['model', 'errors', 'staging-text'], types: ['staging'] },
  ledger: { may: ['model', 'errors', 'staging-text'], types: ['staging'] },
  mapping: { may: ['model', 'errors', 'transforms', 'site', 'config', 'staging-text'], types: ['staging'] },
  posting: { may: ['model', 'errors', 'site', 'staging-text'], types: ['staging'] },
  targets: { may: ['model', 'errors', 'site', 'ledger', 'staging-text'], types: ['staging', 'posting'] },
  checks: { may: ['model', 'errors', 'site', 'staging-text'], types: ['staging'] },
  standin: { may: ['model', 'errors', 'site', 'staging', 'posting'] },
  doctor: { may: ['model', 'errors'], types: ['sources', 'targets'] },
  phases: { may: ['model', 'errors', 'mapping', 'posting', 'site', 'ledger', 'staging', 'config'], types: ['sources', 'targets', 'checks', 'transforms', 'report'] },
  run: { may: ['model', 'errors', 'phases', 'ledger'], types: ['staging', 'targets', 'checks', 'sources', 'config', 'site', 'posting', 'mapping'] },
  report: { may: ['model', 'errors', 'ledger', 'staging-text'], types: ['staging', 'checks'] },
  server: { may: ['model', 'errors', 'report', 'run'] },
  testing: { may: ['model', 'errors', 'sources', 'targets', 'staging', 'site', 'ledger', 'posting'] },
  cli: { may: ['*'] },
}

/** Words that only one place may use, as patterns over the code without comments and strings. */
export const CONFINED: { what: string; pattern: RegExp; in: RegExp; hint: string }[] = [
  { what: "DuckDB's API", pattern: /@duckdb\//, in: /^src\/staging\//, hint: 'write SQL through the Staging class' },
  { what: 'fetch and undici', pattern: /\bfetch\(|from 'undici'|import\('undici'\)/, in: /^src\/(sources\/rest|targets\/rest)\//, hint: 'use a source or target' },
  { what: 'the environment', pattern: /process\.env\b/, in: /^src\/config\//, hint: 'read configuration through src/config' },
  { what: 'the console', pattern: /\bconsole\.|process\.(stdout|stderr|exit)\b/, in: /^src\/cli\//, hint: 'emit events or throw a LandfallError' },
  { what: 'time and randomness', pattern: /\bDate\.now\(|new Date\(\)|Math\.random\(|performance\.now\(/, in: /^src\/model\/clock\.ts$/, hint: 'take a Clock' },
  { what: 'bare errors', pattern: /throw new (Error|TypeError)\(/, in: /^$/, hint: 'throw a LandfallError with a code' },
  { what: 'eval', pattern: /\beval\(|new Function\(/, in: /^$/, hint: 'parse and compile' },
  { what: 'overwriting inserts', pattern: /\b(REPLACE INTO|INSERT OR REPLACE|INSERT IGNORE|INSERT OR IGNORE)\b/i, in: /^$/, hint: 'a collision is a finding' },
]

export const UNWANTED_NAMES = /(^|[-/.])(util|utils|helper|helpers|common|shared|manager|service|misc)([-/.]|$)/
export const MAX_LINES = 400

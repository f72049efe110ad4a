/**
 * Every error code, with what kind it is and what to do in general. Kinds: `usage` (the command or configuration is wrong), `source`,
 * `target`, `data` (input that cannot be read at all), `conflict` (somebody else holds or changed it), `broken` (an invariant of ours
 * failed: the run stops, the ledger is intact), `transient` (retrying may help). run/policy.ts alone decides what follows.
 * The reference page docs/reference/errors.md is generated from this table.
 */
export type ErrorKind = 'usage' | 'source' | 'target' | 'data' | 'conflict' | 'broken' | 'transient'

export interface CodeInfo { kind: ErrorKind; about: string }

export const CODES = {
  'config-invalid': { kind: 'usage', about: 'landfall.yaml or a mapping file does not fit the schema.' },
  'config-missing': { kind: 'usage', about: 'A file or value the command needs is not there.' },
  'secret-missing': { kind: 'usage', about: 'A `${env:NAME}` or file reference could not be resolved.' },
  'usage': { kind: 'usage', about: 'The command line is wrong.' },
  'expression-invalid': { kind: 'usage', about: 'A mapping expression does not parse or names something unknown.' },
  'transform-invalid': { kind: 'usage', about: 'A transform is unknown or its options are wrong.' },
  'mapping-invalid': { kind: 'usage', about: 'A mapping names an entity, column, DocType or field that does not exist.' },
  'source-unreachable': { kind: 'source', about: 'The source could not be reached or refused the connection.' },
  'source-denied': { kind: 'source', about: 'The source refused access.' },
  'source-failed': { kind: 'source', about: 'The source failed while being read.' },
  'source-entity-unknown': { kind: 'source', about: 'The source has no such entity or column.' },
  'source-short': { kind: 'source', about: 'The source delivered fewer records than it announced.' },
  'source-changed': { kind: 'source', about: 'The source changed while it was read, so that resuming would mix two states.' },
  'host-not-allowed': { kind: 'usage', about: 'A REST source tried to reach a host that is not allow-listed.' },
  'file-unreadable': { kind: 'data', about: 'A file is not what its name or configuration says, is torn, or exceeds a limit.' },
  'encoding-uncertain': { kind: 'data', about: 'The encoding of a file cannot be told for certain; configure it.' },
  'limit-exceeded': { kind: 'data', about: 'Input exceeds a limit that protects memory or disk.' },
  'staging-failed': { kind: 'broken', about: 'The staging database refused a statement.' },
  'staging-locked': { kind: 'conflict', about: 'Another process holds the staging file.' },
  'site-invalid': { kind: 'usage', about: 'A site description is missing or damaged.' },
  'posting-failed': { kind: 'broken', about: 'The posting engine failed on its own account.' },
  'target-failed': { kind: 'target', about: 'The target failed while being written.' },
  'target-denied': { kind: 'target', about: 'The site refused the login, or the user may not do what the load needs.' },
  'target-changed': { kind: 'conflict', about: 'The target changed since pre-flight.' },
  'ledger-broken': { kind: 'broken', about: 'The ledger or journal contradicts itself or the target.' },
  'preflight-blocked': { kind: 'data', about: 'Blocking findings are open and the policy says stop.' },
  'preflight-stale': { kind: 'usage', about: 'What pre-flight (or a plan) approved has changed since: mappings, corrections, configuration or site.' },
  'verify-failed': { kind: 'data', about: 'A proof failed; the report names the documents.' },
  'rollback-failed': { kind: 'broken', about: 'After an undo the tables are not as before.' },
  'interrupted': { kind: 'transient', about: 'The run was stopped; `landfall run --resume` goes on.' },
  'internal': { kind: 'broken', about: 'A defect in Landfall.' },
} as const satisfies Record<string, CodeInfo>

export type ErrorCode = keyof typeof CODES

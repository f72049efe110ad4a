import { z } from 'zod'
import { projectSyncSchema } from './sync-schema.ts'

/** A strict object whose error names the allowed keys, so that a typo can be answered with what was meant. */
export function strict<T extends z.ZodRawShape>(shape: T) {
  const allowed = Object.keys(shape).join(', ')
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? `allowed: ${allowed}` : undefined) })
}

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a name starts with a letter and holds letters, digits, _ and -')
const size = z.string().regex(/^\d+(\.\d+)? ?(KB|MB|GB|TB)$/i, 'a size such as 512MB or 2GB')

/** Policies for every entity; a mapping file's own win. Their meaning and defaults: mapping-schema.ts. */
const projectPolicies = strict({
  type_mismatch: z.enum(['transform', 'null', 'reject']).optional().describe('A value does not fit its type: take what the lenient transform makes of it, load nothing for the field, or reject the record.'),
  missing_reference: z.enum(['create_placeholder', 'skip', 'fail']).optional().describe('A reference points to nothing: create a marked placeholder, leave the document out, or refuse it with a blocking finding.'),
  duplicate: z.enum(['skip_duplicates', 'merge', 'keep_both', 'fail']).optional().describe('Two records are the same: keep the survivor as it is, merge, only report, or refuse.'),
})

export const sourceSchema = z.looseObject({
  kind: z.string().describe('postgres, mysql, sqlite, csv, excel, json, parquet, rest ... (`landfall describe --kinds`). Further keys (or `options`) are the options of that kind.'),
  options: z.record(z.string(), z.unknown()).optional().describe('Options of the kind, where they are kept apart.'),
})

export const limitsSchema = strict({
  memory: size.default('700MB').describe('Memory limit of the staging database.'),
  spill: size.default('20GB').describe('Disk the staging database may use beyond its memory.'),
  batch_rows: z.int().min(1).max(1_000_000).default(10_000).describe('Records per batch to begin with; batches adapt between a tenth and ten times of it.'),
  load_batch: z.int().min(1).max(1_000_000).default(5_000).describe('Documents per load batch to begin with; adapts likewise.'),
  threads: z.int().min(1).max(64).default(2).describe('Threads of the staging database.'),
  retries: z.int().min(0).max(20).default(3).describe('How often a transient failure is tried again before the run stops.'),
})

const span = z.string().regex(/^\d+(\.\d+)? ?(minutes?|hours?|days?|weeks?)$/, 'a span of time such as 4 hours, 2 days or 1 week')

const transformationRule = strict({
  doctype: z.string().describe('DocType whose documents the rule is about.'),
  field: z.string().describe('Its field that must be given; `items.qty` for a child\'s.'),
  transform: z.string().optional().describe('A transform that must be applied to it, or to the column it comes from.'),
  why: z.string().optional().describe('Shown where the rule is not kept.'),
})

/** What a migration is asked for. `landfall plan` checks it against assessment, mappings and measurements. */
export const timelineSchema = strict({
  preparation: span.default('2 weeks').describe('Until the mappings are approved.'),
  execution: span.default('48 hours').describe('Reading, mapping and loading everything.'),
  validation: span.default('1 week').describe('Proofs, and people looking.'),
  cutover: span.default('4 hours').describe('From the last entry in the legacy system to the first in the new one.'),
})

export const requirementsSchema = strict({
  modules: z.array(z.string()).optional().describe('Modules of the site that are to be filled: [Selling, Buying, Stock, Accounts].'),
  transformation_rules: z.array(transformationRule).default([]).describe('What mappings must do.'),
  timeline: timelineSchema.prefault({}).describe('Windows that forecasts are held against.'),
  rollback: strict({
    within: span.optional().describe('How long taking everything back may take.'),
    points: z.enum(['phase', 'start']).default('phase').describe('Where one must be able to go back to: the end of each phase, or only before it began.'),
  }).prefault({}).describe('What must be possible when something goes wrong.'),
  performance: strict({
    documents_per_second: z.number().positive().optional().describe('Mapped, posted and loaded, over all.'),
    memory: size.optional().describe('What staging may have at most.'),
  }).prefault({}).describe('Targets that measurements are held against.'),
  max_error_rate: z.number().min(0).max(1).default(0.001).describe('The gate: share of records that may fail (0.001 is 0.1%).'),
  max_minutes: z.number().positive().optional().describe('The gate: longest a run may take, from the source to the proof.'),
  tolerance: z.number().min(0).max(0.01).default(0).describe('Largest difference of a total that still passes, in units of its currency.'),
})

export const totalSchema = strict({
  name: z.string().describe('Shown in reports.'),
  entity: z.string().describe('Entity whose records are summed.'),
  sum: z.string().describe('Column of the cleansed entity.'),
  by: z.string().optional().describe('Column the total is split by, e.g. the currency.'),
  doctype: z.string().describe('DocType the records become.'),
  field: z.string().describe('Its field that must add up to the same.'),
  group: z.string().optional().describe('Its field that corresponds to `by`.'),
})

const oneOrMoreColumns = z.union([z.string(), z.array(z.string()).min(1)]).transform((value) => (Array.isArray(value) ? value : [value]))
const ledgerSubject = (what: string) => z.union([
  z.string().describe('Column with its name, number or title.'),
  strict({
    ref: z.string().describe('Entity the legacy key belongs to.'),
    key: oneOrMoreColumns.describe('Columns of the figures that hold the key, in the order of that entity\'s `key`.'),
    doctype: z.string().optional().describe('Which of the DocTypes the entity becomes.'),
  }),
  strict({
    column: z.string().describe('Column with what the legacy system calls it.'),
    map: z.union([z.record(z.string(), z.string()), z.string()]).describe('{legacy: name on the site}, or a CSV (from, to) or YAML file relative to landfall.yaml. What it does not list counts as it is.'),
  }),
  strict({ value: z.string().describe('The same for every figure: a name on the site.') }),
]).describe(what)

/** The legacy system's own figures of a ledger: an entity (a query or a file) with a mapping file that types its columns and makes no documents. */
export const ledgerSchema = strict({
  name: z.string().describe('Shown in reports.'),
  ledger: z.enum(['accounts', 'receivable', 'payable', 'stock']).describe('accounts: balances of accounts (GL Entry). receivable, payable: what parties owe and are owed (Payment Ledger Entry). stock: quantities and values (Stock Ledger Entry).'),
  entity: z.string().describe('Entity whose records are the figures.'),
  company: z.string().optional().describe('Default: the project\'s company.'),
  as_of: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date, YYYY-MM-DD').optional().describe('The figures are those of the end of this day; later entries of the site do not count. Default: all entries.'),
  account: ledgerSubject('accounts: the account of a figure.').optional(),
  party: ledgerSubject('receivable and payable: the party of a figure.').optional(),
  item: ledgerSubject('stock: the item of a figure.').optional(),
  warehouse: ledgerSubject('stock: its warehouse; without one, items are compared over all warehouses.').optional(),
  debit: z.string().optional().describe('accounts: column with the debit; the balance is debit less credit.'),
  credit: z.string().optional().describe('accounts: column with the credit.'),
  balance: z.string().optional().describe('accounts: column with the balance, debit positive, where there are no two columns.'),
  period: z.string().optional().describe('accounts: column with the month (YYYY-MM or a date) or year of a figure; movements of the period are then compared rather than balances.'),
  period_length: z.enum(['month', 'year']).default('month').describe('What `period` holds.'),
  outstanding: z.string().optional().describe('receivable and payable: column with the open amount, positive where it is owed.'),
  currency: z.string().optional().describe('receivable and payable: column with the currency of the amount (that of the party\'s account). Default: the company\'s.'),
  due_date: z.string().optional().describe('receivable and payable: column with the due date; amounts are then compared by age as well (needs `as_of`).'),
  quantity: z.string().optional().describe('stock: column with the quantity.'),
  value: z.string().optional().describe('stock: column with the value.'),
  voucher: ledgerSubject('The document a figure belongs to (an open invoice): a difference is then followed document by document.').optional(),
  complete: z.boolean().default(true).describe('What the site has and the figures do not list is a difference. false: only what is listed is compared.'),
})

const openItemsSchema = (party: string, account: string) => strict({
  entity: z.string().describe('Entity with an open item each.'),
  party: ledgerSubject(`The ${party} of an item.`),
  outstanding: z.string().describe('Column with the open amount, positive where it is owed; negative amounts (credits, advances) become opening journal entries.'),
  number: z.string().optional().describe('Column with the legacy number of the document, kept in a field of the new one.'),
  date: z.string().optional().describe('Column with its date. Default: the opening date, or the due date where that is earlier.'),
  due_date: z.string().optional().describe('Column with the due date.'),
  currency: z.string().optional().describe('Column with the currency of the amount. Default: the company\'s.'),
  conversion_rate: z.string().optional().describe('Column with the rate of that currency on the opening day, in the company\'s currency.'),
  account: z.union([z.string(), z.record(z.string(), z.string())]).optional().describe(`The ${account} account, or {currency: account}. Default: the company's.`),
})

/** Opening balances: the documents that ERPNext's conventions want, made of the legacy system's last figures, and the proof that they tie out. */
export const openingSchema = strict({
  date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date, YYYY-MM-DD').describe('The last day of the legacy books: opening documents carry this date.'),
  company: z.string().optional().describe('Default: the project\'s company.'),
  temporary_account: z.string().optional().describe('Default: the company\'s account of type Temporary. It must end at zero.'),
  accounts: strict({
    entity: z.string().describe('Entity with the trial balance.'),
    account: ledgerSubject('The account of a balance.'),
    debit: z.string().optional().describe('Column with the debit.'),
    credit: z.string().optional().describe('Column with the credit.'),
    balance: z.string().optional().describe('Column with the balance, debit positive, where there are no two columns.'),
    except: z.array(z.union([z.string(), z.number()]).transform(String)).default([]).describe('What the legacy system calls accounts that get no entry of their own. Control accounts of open items and stock are left out without being named, where `account` is a map or a name.'),
    retained_earnings: z.string().optional().describe('Account that takes the balances of income and expense accounts, which ERPNext does not allow in opening entries.'),
  }).optional().describe('Balances of accounts: a Journal Entry (Opening Entry) each.'),
  receivable: openItemsSchema('customer', 'receivable').optional().describe('Open items of customers: a Sales Invoice (opening) each.'),
  payable: openItemsSchema('supplier', 'payable').optional().describe('Open items of suppliers: a Purchase Invoice (opening) each.'),
  stock: strict({
    entity: z.string().describe('Entity with the stock on the opening day.'),
    item: ledgerSubject('The item.'),
    warehouse: ledgerSubject('Its warehouse.'),
    quantity: z.string().describe('Column with the quantity.'),
    value: z.string().describe('Column with the value of the whole quantity.'),
  }).optional().describe('Stock: a Stock Reconciliation (Opening Stock) each.'),
})

export const proofSchema = strict({
  totals: z.array(totalSchema).default([]).describe('Totals that both sides must agree on, in exact decimals within `requirements.tolerance`.'),
  ledgers: z.array(ledgerSchema).default([]).describe('Figures of the legacy system that the site\'s ledgers must agree with: trial balance, open items, stock.'),
})

export const runSchema = strict({
  on_blocking: z.enum(['stop', 'skip_documents']).default('stop').describe('Blocking findings before the load: stop and load nothing, or load the rest and leave those documents out.'),
  on_source_error: z.enum(['stop', 'skip']).default('stop').describe('An entity that cannot be read: stop the run, or go on without it (its documents are missing and reported).'),
  now: z.string().regex(/^\d{4}-\d{2}-\d{2}/, 'a date, YYYY-MM-DD').optional().describe('The day the run pretends to be, for defaults such as Today and series with the year. Default: today.'),
  prove: z.boolean().default(true).describe('Where the database and the bench are set up: try canaries of shapes that are not proven yet before the load, in transactions that are rolled back.'),
  verify: z.boolean().default(true).describe('Prove the result after the load.'),
})

export const restSchema = strict({
  concurrency: z.int().min(1).max(64).default(4).describe('Most requests at once; fewer when the site pushes back or slows down.'),
  batch: z.int().min(1).max(200).default(50).describe('Documents per request where the site names them itself; all or none of a request go in.'),
  timeout_seconds: z.int().min(1).max(3600).default(120).describe('How long an answer may take. What was lost is looked for, never sent again blindly.'),
  retries: z.int().min(0).max(100).default(10).describe('How often a request is tried again while the site pushes back, before the run stops.'),
  submit_wait_seconds: z.int().min(1).max(86_400).default(600).describe('How long to wait for documents that the site submits in the background.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Further headers of every request, for what stands in front of the site.'),
})

export const benchSchema = strict({
  folder: z.string().describe('Folder of the bench, on the machine it is on: it has `sites/` and `env/`.'),
  site: z.string().describe('Name of the site, a folder below `sites/`.'),
  way: z.enum(['local', 'ssh', 'docker', 'kubectl']).default('local').describe('How that machine is reached.'),
  host: z.string().optional().describe('Of `way: ssh`.'),
  user: z.string().optional().describe('Whom to log in as, of `way: ssh` and `docker`.'),
  port: z.int().min(1).max(65_535).optional().describe('Of `way: ssh`.'),
  container: z.string().optional().describe('Of `way: docker` and `kubectl`.'),
  pod: z.string().optional().describe('Of `way: kubectl`.'),
  namespace: z.string().optional().describe('Of `way: kubectl`.'),
  context: z.string().optional().describe('Of `way: kubectl`.'),
  python: z.string().optional().describe('Interpreter in place of the bench\'s own `env/bin/python`.'),
  run_as: z.string().default('Administrator').describe('User of the site that documents are written as.'),
  workers: z.int().min(1).max(32).default(1).describe('Processes at most.'),
  document_seconds: z.int().min(1).max(3600).default(120).describe('A document that takes longer is cut off and refused.'),
})

export const databaseSchema = strict({
  name: z.string().min(1).describe('The site\'s database: `db_name` of its site_config.json.'),
  host: z.string().min(1).default('127.0.0.1').describe('Host name or address of the site\'s MariaDB.'),
  port: z.int().min(1).max(65_535).default(3306).describe('Port.'),
  socket: z.string().min(1).optional().describe('Unix socket, instead of host and port.'),
  user: z.string().min(1).optional().describe('User. Default: the site\'s own, which is named like its database.'),
  password: z.string().default('').describe('Password: `${env:NAME}` or `${file:PATH}`; `db_password` of site_config.json.'),
  tls: z.enum(['off', 'require', 'verify']).default('off').describe('`require` encrypts without checking who answers, `verify` also checks the certificate.'),
  tls_ca: z.string().optional().describe('File of the authority that signed the server\'s certificate (PEM).'),
  tls_cert: z.string().optional().describe('File of the client certificate (PEM).'),
  tls_key: z.string().optional().describe('File of the client key (PEM).'),
  connect_timeout_seconds: z.int().min(1).max(600).default(10).describe('How long to wait for a connection.'),
  lock_wait_seconds: z.int().min(1).max(600).default(20).describe('How long a statement waits for rows that somebody else holds.'),
  retries: z.int().min(0).max(100).default(4).describe('How often a batch is tried again after a deadlock, a lock wait or a lost connection.'),
  bulk: z.enum(['auto', 'infile', 'insert']).default('auto').describe('`infile` streams into LOAD DATA LOCAL INFILE, `insert` writes statements of many rows, `auto` takes the first where the server allows it.'),
  redis_cache: z.string().min(1).optional().describe('The site\'s cache: `redis_cache` of common_site_config.json. It is emptied after each phase; without it by the bench lane, where that is set up.'),
})

export const backupSchema = strict({
  folder: z.string().default('.landfall/backups').describe('Where backups, points and kept files go, relative to landfall.yaml.'),
  site_folder: z.string().optional().describe('Folder of the site on this machine: it has site_config.json, public/ and private/. Default: that of `target.bench`, where its `way` is local. Without it files and settings are not backed up, and the site is not closed during a rollback.'),
  before_run: z.boolean().default(true).describe('Make a backup before the first document of a run, and prove it by a test restore.'),
  checkpoints: z.boolean().default(true).describe('Note the place in the binary log after every batch, so that a rollback can go there.'),
  quiet_seconds: z.number().min(0).max(600).default(2).describe('How long nobody may have written before a rollback begins.'),
  user: z.string().min(1).optional().describe('Account that may make databases and read the binary log. Default: that of `target.database`, which as a rule may not.'),
  password: z.string().optional().describe('Its password: `${env:NAME}` or `${file:PATH}`.'),
})

const laneChoice = z.enum(['auto', 'rest', 'bench', 'express'])

export const targetSchema = strict({
  kind: z.enum(['rehearsal', 'site']).default('rehearsal').describe('rehearsal: a whole ERPNext site in an embedded database inside the project. site: a real one.'),
  url: z.string().optional().describe('Address of the site, for kind `site`: https://erp.example.com.'),
  api_key: z.string().optional().describe('API key of the user that documents are written as; that user needs the right to create them.'),
  api_secret: z.string().optional().describe('Its secret: `${env:NAME}` or `${file:PATH}`.'),
  lane: laneChoice.default('auto').describe('The way in. rest: HTTP. bench: the site\'s own Python. express: its database, for documents of proven shapes (`landfall prove`); the others go by bench or rest. auto: the fastest of those that are set up.'),
  lanes: z.record(z.string(), laneChoice).default({}).describe('The way in for single DocTypes: `{Customer: express, Sales Invoice: rest}`.'),
  rest: restSchema.prefault({}).describe('The HTTP lane.'),
  bench: benchSchema.optional().describe('The bench lane.'),
  database: databaseSchema.optional().describe('The express lane; it needs another one beside it for what is not proven.'),
  backup: backupSchema.optional().describe('Backups of the site\'s database (reached as `database` says), files and settings, with points that a rollback can go to.'),
})

export const configSchema = strict({
  project: name.describe('Name of the project; appears in reports.'),
  company: z.string().optional().describe('Company of the site that documents belong to where a mapping does not say. Default: the site\'s default company.'),
  sources: z.record(name, sourceSchema).describe('Where legacy data comes from, by name.'),
  mappings: z.union([z.string(), z.array(z.string())]).default('mappings').describe('Mapping files, or folders of them, relative to landfall.yaml.'),
  target: targetSchema.prefault({}).describe('Where documents go.'),
  site: z.string().default('shipped').describe('Description of the site: `shipped` (ERPNext 15 with a fixture company), or a folder of the form of the ground truth.'),
  policies: projectPolicies.default({}).describe('Policies for every entity whose mapping does not set its own.'),
  limits: limitsSchema.prefault({}).describe('Bounds on memory, disk and batches.'),
  requirements: requirementsSchema.prefault({}).describe('What the result must satisfy.'),
  opening: openingSchema.optional().describe('Opening balances from trial balance, open items and stock.'),
  proof: proofSchema.prefault({}).describe('What is proven after the load beside counts, relations, integrity and fields.'),
  run: runSchema.prefault({}).describe('How a run behaves.'),
  sync: projectSyncSchema.prefault({}).describe('How `landfall sync` keeps the target up to date while the legacy system is still used; a mapping file\'s own `sync` wins.'),
})

export type OpeningConfig = z.output<typeof openingSchema>
export type LedgerConfig = z.output<typeof ledgerSchema>
export type LedgerSubject = LedgerConfig['voucher'] & {}
export type ProjectConfig = z.output<typeof configSchema>

/** Settings that an environment variable may override, for machines; a flag overrides both. */
export const ENVIRONMENT: Record<string, string> = {
  LANDFALL_MEMORY: 'limits.memory', LANDFALL_SPILL: 'limits.spill', LANDFALL_THREADS: 'limits.threads', LANDFALL_BATCH_ROWS: 'limits.batch_rows',
  LANDFALL_LOAD_BATCH: 'limits.load_batch', LANDFALL_SITE: 'site', LANDFALL_ON_BLOCKING: 'run.on_blocking', LANDFALL_NOW: 'run.now',
}

import { z } from 'zod'

const auth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('token'), token: z.string().min(1).describe('The token, as `${env:NAME}`.'), header: z.string().default('Authorization').describe('Header that carries it.'), prefix: z.string().default('Bearer ').describe('Text before the token.') }),
  z.strictObject({ kind: z.literal('basic'), user: z.string(), password: z.string().describe('Password, as `${env:NAME}`.') }),
  z.strictObject({ kind: z.literal('oauth2'), tokenUrl: z.url().describe('Where tokens are given; its host must be allowed.'), clientId: z.string(), clientSecret: z.string().describe('Secret, as `${env:NAME}`.'), scope: z.string().optional() }),
])

const place = z.enum(['query', 'body']).default('query').describe('Where the page is asked for: in the URL, or in the JSON body of a POST.')

const paging = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('page'), param: z.string().default('page'), start: z.number().int().default(1), in: place, sizeParam: z.string().optional(), size: z.number().int().positive().optional() }),
  z.strictObject({ kind: z.literal('offset'), param: z.string().default('offset'), in: place, sizeParam: z.string().default('limit'), size: z.number().int().positive().default(100) }),
  z.strictObject({ kind: z.literal('cursor'), param: z.string().default('cursor'), next: z.string().describe('JSONPath to the next cursor in the answer.'), in: z.enum(['query', 'body', 'url']).default('query').describe('What the cursor is: a query parameter, a member of the body, or the URL of the next page itself.'), sizeParam: z.string().optional(), size: z.number().int().positive().optional() }),
  z.strictObject({ kind: z.literal('link') }),
])

const entity = z.strictObject({
  path: z.string().min(1).describe('Path below `baseUrl`, with its query.'),
  method: z.enum(['GET', 'POST']).default('GET'),
  body: z.record(z.string(), z.unknown()).optional().describe('JSON body of a POST.'),
  query: z.record(z.string(), z.string()).default({}).describe('Further query parameters.'),
  records: z.string().default('$[*]').describe('JSONPath (RFC 9535) to the records of an answer.'),
  total: z.string().optional().describe('JSONPath to the number of all records, where the answer has it: the end is checked against it.'),
  key: z.array(z.string()).default([]).describe('Columns that identify a record: a record met twice shows that the collection shifted between pages.'),
  duplicates: z.enum(['fail', 'reject']).default('fail').describe('What follows when a key comes again: stop, or reject the second record.'),
  paging: paging.default({ kind: 'none' }),
})

export const optionsSchema = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/ }).describe('Where the API lives.'),
  allowedHosts: z.array(z.string()).default([]).describe('Further hosts (`host` or `host:port`) that may be asked; credentials go to the host of `baseUrl` only.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Headers of every request.'),
  auth: auth.default({ kind: 'none' }),
  entities: z.record(z.string(), entity).describe('What to read: a name and an endpoint each.'),
  concurrency: z.number().int().min(1).max(4).default(1).describe('Pages asked for at once, where pages are numbered.'),
  ratePerSecond: z.number().positive().optional().describe('Most requests a second.'),
  timeoutMs: z.number().int().positive().default(30_000).describe('How long to wait for headers, and between pieces of the body.'),
  retries: z.number().int().nonnegative().default(5).describe('Further attempts after 429, 5xx and broken connections.'),
  maxWaitMs: z.number().int().positive().default(120_000).describe('Longest wait that Retry-After may ask for.'),
  maxBodyBytes: z.number().int().positive().default(64 << 20).describe('Largest answer, unpacked.'),
})

export type RestOptions = z.output<typeof optionsSchema>
export type RestEntityOptions = RestOptions['entities'][string]

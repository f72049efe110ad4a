import { z } from 'zod'
import { limitsSchema } from './limits.ts'

/** Endings that make a file of a folder an entity of source kind `file`. */
export const TEXT_ENDINGS = ['.csv', '.tsv', '.tab', '.psv', '.txt', '.dat', '.asc']

const formatShape = {
  encoding: z.string().optional().describe('Encoding of the file, e.g. windows-1252. Found when absent; where it cannot be told for certain the source asks for it.'),
  delimiter: z.string().min(1).max(8).optional().describe('What stands between values: one or several characters. Found when absent.'),
  quote: z.string().length(1).nullable().optional().describe('Quote around values, null for none. Found when absent.'),
  escape: z.enum(['doubled', 'backslash']).optional().describe('How a quote stands within quotes. Found when absent.'),
  newline: z.enum(['lf', 'cr', 'any']).optional().describe('What ends a record: lf (and CRLF), cr, or any of the three. Found when absent.'),
  header: z.union([z.boolean(), z.number().int().positive()]).optional().describe('true: the first record names the columns; false: there is no header; a number: the line it stands on, lines above are left out. Found when absent.'),
  names: z.array(z.string()).optional().describe('Names of the columns, instead of those of the header.'),
  skipTop: z.number().int().nonnegative().default(0).describe('Lines left out at the top.'),
  skipBottom: z.number().int().nonnegative().default(0).describe('Records left out at the bottom, e.g. totals.'),
  skip: z.array(z.string()).default([]).describe('Lines matching one of these regular expressions are left out, e.g. "^Total".'),
  comment: z.string().min(1).optional().describe('Lines beginning with this are left out.'),
  ragged: z.enum(['reject', 'pad']).default('reject').describe('Records with too few values: reject them, or take the missing ones as NULL. Too many values always reject.'),
  nulls: z.array(z.string()).default(['', '\\N']).describe('Unquoted texts that mean NULL.'),
  nul: z.enum(['reject', 'remove']).default('reject').describe('Records holding NUL bytes: reject them, or remove the bytes.'),
  widths: z.array(z.number().int().positive()).optional().describe('Fixed-width text: characters of each column. Values lose the spaces around them.'),
  member: z.string().optional().describe('Member of a zip archive with several.'),
}

const formatSchema = z.strictObject(formatShape)

/** How one file is to be read; what is absent is found. */
export type Format = z.infer<typeof formatSchema>

/** The same for one entity: nothing has a default here, or it would hide what the source says for all. */
const ownFormat = z.strictObject({
  path: z.string(),
  ...Object.fromEntries(Object.entries(formatShape).map(([key, one]) => [key, one instanceof z.ZodDefault ? one.unwrap().optional() : one])) as unknown as { [K in keyof typeof formatShape]: z.ZodOptional<(typeof formatShape)[K]> },
})

export const optionsSchema = z.strictObject({
  path: z.string().optional().describe('A file, a folder (an entity per file) or a glob (all its files are one entity). Relative to landfall.yaml.'),
  entities: z.record(z.string(), z.union([z.string(), ownFormat])).optional()
    .describe('Entities by name: a path or glob, or an object with `path` and options that hold for this entity only. Relative to `path`.'),
  ...formatShape,
  limits: limitsSchema.prefault({}).describe('Guards against files made to exhaust the machine.'),
})

export type FileOptions = z.infer<typeof optionsSchema>

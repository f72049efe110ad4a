import { z } from 'zod'

/** What protects memory and disk against files made to exhaust them, or broken ones. */
export const limitsSchema = z.strictObject({
  inflatedBytes: z.number().int().positive().default(64 * 2 ** 30).describe('Bytes a compressed file may hold when unpacked.'),
  ratio: z.number().positive().default(250).describe('How many times larger than its compressed form a file may be; counts from 16 MiB on.'),
  cellBytes: z.number().int().positive().default(16 * 2 ** 20).describe('Bytes of one value; a record with a longer one is rejected.'),
  recordBytes: z.number().int().positive().default(64 * 2 ** 20).describe('Bytes of one record; a longer one is rejected.'),
  columns: z.number().int().positive().default(4000).describe('Columns of an entity. Each takes staging about 256 KiB of memory.'),
})

export type Limits = z.infer<typeof limitsSchema>

/** Unpacked size below which the ratio is not looked at: small files of zeros are harmless. */
export const RATIO_FROM_BYTES = 16 * 2 ** 20

/** A batch ends when its values pass this size, however few its records. */
export const BATCH_BYTES = 16 * 2 ** 20

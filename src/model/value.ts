/** A scalar as it travels between rooms. Text is the lossless form: sources read everything as text and staging types it. */
export type Value = string | number | bigint | boolean | null

/** A row as a plain record; keys are column names as the owner of the row spells them. */
export type Row = Record<string, Value>

/** JSON as it is written to journals and reports. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * Drafts are documents as ERPNext would be given them: tables `drafts."<DocType>"` for documents and
 * `drafts."<DocType>.<table field>"` for their child rows. Column conventions (in SQL):
 *
 * documents: `_id` BIGINT (unique within the DocType, ascending in order of insert), `_entity` VARCHAR and `_key` VARCHAR (canonical
 * legacy key, model/key.ts; unique together per DocType), `_source_row` BIGINT (ordinal in raw, may be NULL), then one column per field
 * given. `docstatus` 1 means insert, then submit; `_docstatus` 1 that the document is inserted as submitted, in one step (2 is refused).
 * child rows: `_parent` BIGINT (the document's `_id`), `_idx` BIGINT (1, 2, 3... within parent), then the fields given.
 *
 * Field columns may be of any type; VARCHAR text is coerced as Frappe coerces strings. NULL means "not given".
 */
export interface DraftTable { doctype: string; parentfield: string | null; relation: string; fields: string[] }

export const DRAFT_COLUMNS = ['_id', '_entity', '_key', '_source_row'] as const
export const CHILD_COLUMNS = ['_parent', '_idx'] as const

export function draftRelation(doctype: string, parentfield: string | null = null): string {
  const name = parentfield === null ? doctype : `${doctype}.${parentfield}`
  return `drafts."${name.replaceAll('"', '""')}"`
}

/** Whether a column of drafts, by its type in staging, goes to a site as a number. Decimals come from staging as text, so that none is lost; sites take numbers, and add them up before they cast them. */
export function isNumericColumn(type: string): boolean {
  return /^(DECIMAL|DOUBLE|FLOAT|HUGEINT|U?(BIG|SMALL|TINY)?INT(EGER)?|BOOLEAN)/.test(type)
}

/**
 * `blocking`: ERPNext would refuse the document, or it cannot be predicted. `warning`: ERPNext would accept it but silently change,
 * drop or guess something. `info`: worth knowing.
 */
export type Severity = 'blocking' | 'warning' | 'info'

/** A fact about one document (or record), found by a set-based check. Bad data is a finding, never an exception. */
export interface Finding {
  severity: Severity
  /** The site's exception type where the site would raise one (`LinkValidationError`), else a kebab-case code of ours (`unknown-field`). */
  type: string
  /** DocType, or `entity:<name>` before mapping. */
  doctype: string
  /** Draft `_id`, or the record's ordinal before mapping. */
  id: number
  /** Legacy entity and canonical key, where known. */
  entity: string | null
  key: string | null
  /** Field the finding is about (`items.uom` for a child's), child row index from 1. */
  field: string | null
  idx: number | null
  message: string
  /** The offending value, cut at 200 characters. */
  value: string | null
  /** Groups findings with one root cause: type, DocType, field, and the value where the value is the cause. */
  cause: string
  /** What to do about it. */
  hint: string | null
}

/**
 * A mapping as people read it: old place → new place, the rule in words, examples. Made of mappings and site (`mapping/documentation.ts`), written by
 * `report/mapping-page.ts`; training notes and evidence rest on it too.
 */
export interface MappingExample { key: string; old: string | null; new: string | null }

/** One field of the new document. `old`: columns that feed it, as `column` or `entity.column`; empty for what is the same in every document. */
export interface DocumentedField {
  field: string
  label: string
  fieldtype: string
  old: string[]
  /** What happens on the way, one sentence each; empty: taken as it is. */
  rules: string[]
  /** Value by value, where a map says so. */
  values: { old: string; new: string | null }[]
  examples: MappingExample[]
}

/** The rows of a table field: one for the record itself (`from` null), or one per record of another entity. */
export interface DocumentedRows { field: string; label: string; doctype: string; from: string | null; rules: string[]; fields: DocumentedField[] }

export interface DocumentedDocument { doctype: string; phase: string; rules: string[]; fields: DocumentedField[]; rows: DocumentedRows[] }

export interface DocumentedEntity {
  entity: string
  source: string
  table: string
  records: number | null
  file: string | null
  /** How records are chosen, cleansed and told apart. */
  rules: string[]
  documents: DocumentedDocument[]
  /** Its records become rows of another entity's documents. */
  partOf: string[]
  ignored: { column: string; reason: string }[]
  open: string[]
}

export interface MappingDocument {
  project: string
  landfall: string
  madeAt: string
  /** Where the examples come from; null: no run or pre-flight has come so far, so there are none. */
  examplesFrom: string | null
  entities: DocumentedEntity[]
  missing: { doctype: string; field: string; label: string; entity: string }[]
}

import type { AssessedColumn } from '../../model/assessment.ts'
import type { Entity } from '../../model/entity.ts'
import type { NameMeaning } from '../../mapping/words/name.ts'
import type { Measured } from './measures.ts'

/** An entity while it is being assessed. `relation`: SQL of its staged records, every column text, `_row` the ordinal. */
export interface Subject {
  id: string
  source: string
  entity: Entity
  relation: string
  meaning: NameMeaning
  records: number
  columns: AssessedColumn[]
  measured: Measured[]
  dirt: { column: number; kind: string; records: number }[]
  key: { columns: string[]; declared: boolean; why: string } | null
  uniqueColumns: string[]
}

import { LandfallError } from '../../errors/error.ts'
import { duckType } from '../../site/tables.ts'
import type { DocTypeMeta, Field } from '../../site/doctype.ts'

/** How a column is computed with: `text` VARCHAR, `int` BIGINT, `check` BIGINT 0/1, `float` DOUBLE, the rest as DuckDB names them. */
export type Kind = 'text' | 'int' | 'check' | 'float' | 'date' | 'datetime' | 'time'

export interface PlannedColumn {
  name: string
  kind: Kind
  /** DuckDB type in `rows`. */
  stored: string
  /** Maximal characters of a varchar, or null. */
  length: number | null
  nullable: boolean
  /** Absent for columns every table has (name, owner, idx, _comments...). */
  field?: Field
}

/** Columns Frappe itself fills in every row. */
export const STANDARD = new Set(['name', 'creation', 'modified', 'modified_by', 'owner', 'docstatus', 'idx', 'parent', 'parentfield', 'parenttype'])
/** Columns a new document always starts without. */
export const OPTIONAL = new Set(['_user_tags', '_comments', '_assign', '_liked_by', '_seen'])

export const DUCK_TYPES: Record<Kind, string> = { text: 'VARCHAR', int: 'BIGINT', check: 'BIGINT', float: 'DOUBLE', date: 'DATE', datetime: 'TIMESTAMP', time: 'TIME' }

const FLOATS = new Set(['Float', 'Currency', 'Percent', 'Rating', 'Duration'])

function kindOf(field: Field | undefined, stored: string): Kind {
  if (field?.fieldtype === 'Check') return 'check'
  if (field !== undefined && FLOATS.has(field.fieldtype)) return 'float'
  if (stored === 'BIGINT') return 'int'
  if (stored.startsWith('DECIMAL') || stored === 'DOUBLE') return 'float'
  if (stored === 'DATE') return 'date'
  if (stored === 'TIMESTAMP') return 'datetime'
  if (stored === 'TIME') return 'time'
  return 'text'
}

/** What the framework knows about a DocType, worked out once. */
export class DocTypePlan {
  readonly meta: DocTypeMeta
  readonly columns: PlannedColumn[]
  readonly byName: Map<string, PlannedColumn>
  readonly children: { field: Field; plan: DocTypePlan }[]

  constructor(meta: DocTypeMeta, childPlan: (doctype: string) => DocTypePlan) {
    this.meta = meta
    this.columns = meta.columns.map((column) => {
      const field = meta.field(column.name), stored = duckType(column.type)
      const length = /^varchar\((\d+)\)/i.exec(column.type)
      return { name: column.name, kind: kindOf(field, stored), stored, length: length ? Number(length[1]) : null, nullable: column.nullable, field }
    })
    this.byName = new Map(this.columns.map((column) => [column.name, column]))
    this.children = meta.tableFields().filter((field) => field.options !== null).map((field) => ({ field, plan: childPlan(field.options!) }))
  }

  column(name: string): PlannedColumn {
    const column = this.byName.get(name)
    if (column === undefined) throw new LandfallError('posting-failed', `${this.meta.name} has no column ${name}`, { where: { doctype: this.meta.name } })
    return column
  }

  /** Link fields with a target, then Dynamic Links, in the order in which Frappe resolves them. */
  links(): Field[] {
    return [...this.meta.linkFields().filter((field) => field.options !== '[Select]'), ...this.meta.dynamicLinkFields()].filter((field) => this.byName.has(field.fieldname))
  }
}

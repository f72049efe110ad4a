/** A field of a DocType, custom fields and property setters applied. Absent texts are null, absent flags false. */
export interface Field {
  fieldname: string
  label: string
  fieldtype: string
  /** Link: the DocType; Dynamic Link: the field naming it; Table: the child DocType; Select: choices, one a line; else what the type means by it. */
  options: string | null
  default: string | null
  /** JavaScript-like condition (`eval:doc.x == 1`) or a fieldname. */
  mandatory_depends_on: string | null
  /** `link_field.source_field`. */
  fetch_from: string | null
  /** Maximal length in characters; 0 when the field type's own applies. */
  length: number
  /** Decimal places of its own; null when the site's setting applies. */
  precision: number | null
  reqd: boolean
  unique: boolean
  non_negative: boolean
  fetch_if_empty: boolean
  read_only: boolean
  hidden: boolean
  no_copy: boolean
  allow_on_submit: boolean
  set_only_once: boolean
  is_virtual: boolean
  ignore_user_permissions: boolean
  search_index: boolean
}

/** A column of a DocType's table as MariaDB has it. */
export interface Column {
  name: string
  /** MariaDB's own: `varchar(140)`, `decimal(21,9)`, `datetime(6)`. */
  type: string
  nullable: boolean
  /** `PRI`, `UNI`, `MUL` or ''. */
  key: string
  default: string | null
}

export const FIELD_FLAGS = [
  'reqd', 'unique', 'non_negative', 'fetch_if_empty', 'read_only', 'hidden', 'no_copy', 'allow_on_submit', 'set_only_once', 'is_virtual',
  'ignore_user_permissions', 'search_index',
] as const

export const DOCTYPE_FLAGS = ['issingle', 'istable', 'is_tree', 'is_submittable', 'is_virtual', 'track_changes', 'allow_rename'] as const

export const DOCTYPE_TEXTS = ['autoname', 'naming_rule', 'title_field', 'search_fields', 'nsm_parent_field'] as const

/** Fields of these types hold rows of a child DocType. */
export const TABLE_FIELDTYPES: ReadonlySet<string> = new Set(['Table', 'Table MultiSelect'])

/** Fields of these types hold nothing: they lay out a form. */
export const LAYOUT_FIELDTYPES: ReadonlySet<string> = new Set([
  'Section Break', 'Column Break', 'Tab Break', 'HTML', 'Table', 'Table MultiSelect', 'Button', 'Image', 'Fold', 'Heading',
])

/** What a DocType is made of. */
export interface DocTypeData extends Record<(typeof DOCTYPE_FLAGS)[number], boolean>, Record<(typeof DOCTYPE_TEXTS)[number], string | null> {
  name: string
  module: string
  /** Insert-path methods (`validate`, `autoname`...) the DocType's Python class overrides; empty: framework rules only; null: nobody knows. */
  controller: string[] | null
  fields: Field[]
  /** Empty for singles and virtual DocTypes. */
  columns: Column[]
}

/** A DocType of the site, with the questions that are asked of it most. Fields and columns keep the site's own order. */
export class DocTypeMeta implements DocTypeData {
  readonly name: string
  readonly module: string
  readonly issingle: boolean
  readonly istable: boolean
  readonly is_tree: boolean
  readonly is_submittable: boolean
  readonly is_virtual: boolean
  readonly track_changes: boolean
  readonly allow_rename: boolean
  /** Frappe's naming expression, e.g. `field:item_code`, `naming_series:`, `hash`, `format:X-{####}`; null when none. */
  readonly autoname: string | null
  readonly naming_rule: string | null
  readonly title_field: string | null
  readonly search_fields: string | null
  /** The Link field of a tree's parent; null for anything that is no nested set. */
  readonly nsm_parent_field: string | null
  readonly controller: string[] | null
  readonly fields: Field[]
  readonly columns: Column[]
  readonly #fields: Map<string, Field>
  readonly #columns: Map<string, Column>

  constructor(data: DocTypeData) {
    this.name = data.name
    this.module = data.module
    this.issingle = data.issingle
    this.istable = data.istable
    this.is_tree = data.is_tree
    this.is_submittable = data.is_submittable
    this.is_virtual = data.is_virtual
    this.track_changes = data.track_changes
    this.allow_rename = data.allow_rename
    this.autoname = data.autoname
    this.naming_rule = data.naming_rule
    this.title_field = data.title_field
    this.search_fields = data.search_fields
    this.nsm_parent_field = data.nsm_parent_field
    this.controller = data.controller
    this.fields = data.fields
    this.columns = data.columns
    this.#fields = new Map(data.fields.map((field) => [field.fieldname, field]))
    this.#columns = new Map(data.columns.map((column) => [column.name, column]))
  }

  /** Name of its table: `tabSales Order`. */
  get table(): string {
    return `tab${this.name}`
  }

  field(fieldname: string): Field | undefined {
    return this.#fields.get(fieldname)
  }

  column(name: string): Column | undefined {
    return this.#columns.get(name)
  }

  /** Fields that hold a value of the document itself: neither layout nor child tables. Virtual fields are among them. */
  valueFields(): Field[] {
    return this.fields.filter((field) => !LAYOUT_FIELDTYPES.has(field.fieldtype))
  }

  /** Table and Table MultiSelect fields; `options` is the child DocType. */
  tableFields(): Field[] {
    return this.fields.filter((field) => TABLE_FIELDTYPES.has(field.fieldtype))
  }

  /** Link fields; `options` is the DocType linked to. */
  linkFields(): Field[] {
    return this.fields.filter((field) => field.fieldtype === 'Link')
  }

  /** Dynamic Link fields; `options` is the field that names the DocType. */
  dynamicLinkFields(): Field[] {
    return this.fields.filter((field) => field.fieldtype === 'Dynamic Link')
  }
}

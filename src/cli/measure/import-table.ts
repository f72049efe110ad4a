/** Documents as a table for Frappe's Data Import: a column a field, child fields as `items.qty`; a document has as many rows as its longest child table, the further ones without its own fields. */
export function importTable(documents: Record<string, unknown>[]): string[][] {
  const own: string[] = [], childs: { table: string; field: string }[] = []
  for (const doc of documents) {
    for (const [field, value] of Object.entries(doc)) {
      if (field === 'doctype') continue
      if (!Array.isArray(value)) {
        if (!own.includes(field)) own.push(field)
        continue
      }
      for (const row of value as Record<string, unknown>[]) for (const name of Object.keys(row)) if (name !== 'doctype' && !childs.some((child) => child.table === field && child.field === name)) childs.push({ table: field, field: name })
    }
  }
  const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value))
  const rows = documents.flatMap((doc) => {
    const tables = Object.entries(doc).filter((entry): entry is [string, Record<string, unknown>[]] => Array.isArray(entry[1]))
    const height = Math.max(1, ...tables.map(([, list]) => list.length))
    return Array.from({ length: height }, (_, i) => [...own.map((field) => (i === 0 ? text(doc[field]) : '')), ...childs.map(({ table, field }) => text((doc[table] as Record<string, unknown>[] | undefined)?.[i]?.[field]))])
  })
  return [[...own, ...childs.map(({ table, field }) => `${table}.${field}`)], ...rows]
}

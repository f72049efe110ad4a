import { ident, literal, type Staging } from '../../staging/staging.ts'
import { asciiFold, asciiOnly, fold } from './collation.ts'

const INLINE = 50

/** Names (or other unique texts) of a table's rows that are equal, under the site's collation, to any of `texts`: fold → stored text, the first stored wins. */
export async function storedUnder(staging: Staging, table: string, column: string, texts: Iterable<string>, where = 'TRUE'): Promise<Map<string, string>> {
  const wanted = new Set<string>()
  for (const text of texts) wanted.add(fold(text))
  const found = new Map<string, string>()
  if (wanted.size === 0) return found
  const col = ident(column), folds = [...wanted]
  let list: string
  if (folds.length <= INLINE) list = folds.map(literal).join(', ')
  else {
    await staging.run(`CREATE OR REPLACE TEMP TABLE "wanted folds" (f VARCHAR)`)
    await staging.appendColumns({ database: 'temp', schema: 'main', table: 'wanted folds' }, [{ name: 'f', kind: 'VARCHAR', values: folds }])
    list = 'SELECT f FROM temp."wanted folds"'
  }
  const sql = `SELECT ${col} AS n FROM ${table} WHERE ${where} AND ${col} IS NOT NULL AND (NOT (${asciiOnly(col)}) OR ${asciiFold(col)} IN (${list}))`
  for await (const chunk of staging.scan(sql)) {
    const names = chunk.columns[0]!
    for (let i = 0; i < chunk.count; i++) {
      const name = names[i] as string, key = fold(name)
      if (wanted.has(key) && !found.has(key)) found.set(key, name)
    }
  }
  return found
}

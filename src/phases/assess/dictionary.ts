import type { DocumentedColumn, DocumentedTable } from '../../model/documented-schema.ts'
import { lengthOfWords, typeOfWords } from './type-words.ts'

type Role = 'table' | 'column' | 'type' | 'length' | 'required' | 'nullable' | 'key' | 'references' | 'values' | 'about'

/** How heads of a data dictionary are called, in the languages assessment understands; the first role that fits a head takes it. */
const HEADS: [Role, RegExp][] = [
  ['references', /^(foreign ?key|fk|references?|refers to|verweis|fremdschlüssel|referenz|clé étrangère|clave (externa|foránea)|verwijzing)$/],
  ['key', /^(primary ?key|pk|key|schlüssel|primärschlüssel|clé( primaire)?|clave( primaria)?|chave|chiave|sleutel)$/],
  ['nullable', /^(null(able|s)?\??|allow nulls?|is null(able)?|leer erlaubt|optional)$/],
  ['required', /^(required|mandatory|not ?null|pflicht(feld)?|obligatoire|obligatorio|obrigatório|obbligatorio|verplicht)\??$/],
  ['length', /^(length|len|size|länge|longueur|longitud|tamanho|lunghezza|lengte|max(imum)? length)$/],
  ['values', /^((allowed|possible|valid) values|values|domain|codes?|werte|wertebereich|valeurs|valores|valori|waarden)$/],
  ['type', /^((data|column|field)? ?type|datentyp|typ|type de données|tipo( de dato)?|tipo de dados|gegevenstype)$/],
  ['table', /^(table|table name|entity|tabelle|tabellenname|objekt|table_name|tabla|tabela|tabella|tabel)$/],
  ['column', /^(column|column name|column_name|field|field name|attribute|name|spalte|spaltenname|feld|feldname|colonne|champ|columna|campo|coluna|colonna|kolom|veld)$/],
  ['about', /^(description|comment|meaning|remarks?|definition|beschreibung|bedeutung|bemerkung|descripción|descrição|descrizione|omschrijving|notes?)$/],
]
const YES = /^(y|yes|true|1|x|ja|j|oui|o|si|sí|s|sim|pk|✓|✔)$/i

/**
 * Reads a sheet that describes columns, one a line. A head must say which cell names the column; which table, says another, or the sheet's name. Answers null for
 * a sheet that describes nothing.
 */
export function readDictionary(file: string, sheet: string, heads: string[], rows: (string | null)[][]): DocumentedTable[] | null {
  const roles = new Map<Role, number>()
  for (const [role, pattern] of HEADS) {
    const at = heads.findIndex((head, i) => ![...roles.values()].includes(i) && pattern.test(head.trim().toLowerCase().replaceAll('_', ' ')) )
    if (at >= 0) roles.set(role, at)
  }
  // Besides the column's name a sheet says something of it; else any list of names would be one.
  if (!roles.has('column') || !['type', 'about', 'references', 'required', 'nullable'].some((role) => roles.has(role as Role))) return null
  const tables = new Map<string, DocumentedTable>()
  let last = ''
  rows.forEach((row, i) => {
    const cell = (role: Role): string => row[roles.get(role) ?? -1]?.trim() ?? ''
    if (cell('table') !== '') last = cell('table')
    const name = roles.has('table') ? last : sheet
    const table = tables.get(name.toLowerCase()) ?? { name, where: `${file}, ${sheet}, line ${i + 2}`, about: '', columns: [] }
    tables.set(name.toLowerCase(), table)
    if (cell('column') === '') { table.about ||= cell('about'); return }
    table.columns.push(columnOf(cell))
  })
  return [...tables.values()].filter((table) => table.columns.length > 0)
}

function columnOf(cell: (role: Role) => string): DocumentedColumn {
  const declared = cell('length') !== '' && !cell('type').includes('(') ? `${cell('type')}(${cell('length')})` : cell('type')
  const [, table, , column] = /^([^.(\s]+)(\.|\s*\()?([^.)\s]*)?\)?/.exec(cell('references')) ?? []
  const key = YES.test(cell('key'))
  return {
    name: cell('column'), declared, type: typeOfWords(declared), length: lengthOfWords(declared), key, required: key || YES.test(cell('required')) || /^(n|no|false|0|nein|non|not null)$/i.test(cell('nullable')),
    references: table === undefined || table === '' || YES.test(table) || /^(n|no|-|nein)$/i.test(table) ? null : { table, column: column === undefined || column === '' ? null : column },
    values: listOf(cell('values')), about: cell('about'),
  }
}

/** `A = active, B = blocked` and `A|B|C`: the values; a text that lists nothing gives none. */
function listOf(text: string): string[] {
  const parts = text.split(/[,;|\n]/).map((part) => part.split(/[=:–]| - /)[0]!.trim().replace(/^['"]|['"]$/g, '')).filter((part) => part !== '')
  return parts.length > 1 ? parts : []
}

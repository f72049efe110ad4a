import type { ColumnType } from '../../model/entity.ts'

const FAMILIES: [RegExp, ColumnType][] = [
  [/^(tiny|small|medium|big)?int(eger)?\d*\b|^(small|big)?serial\d*\b|^(whole )?number ?\(\d+\)|^(ganz)?zahl$|^counter$|^identity\b/, 'integer'],
  [/^(numeric|decimal|dec|number|money|smallmoney|currency|betrag|amount)\b/, 'decimal'],
  [/^(float|real|double)/, 'float'],
  [/^(bool|boolean|bit|yes\/?no|ja\/?nein|logical)\b/, 'boolean'],
  [/^(timestamptz|timestamp with time zone|datetimeoffset)/, 'timestamptz'],
  [/^(timestamp|datetime|smalldatetime)/, 'timestamp'],
  [/^(date|datum|fecha)\b/, 'date'],
  [/^time\b/, 'time'],
  [/^(uuid|uniqueidentifier|guid)\b/, 'uuid'],
  [/^jsonb?\b/, 'json'],
  [/^(bytea|blob|(tiny|medium|long)blob|binary|varbinary|image|raw)\b/, 'binary'],
  [/^(n?(var)?char|character|n?text|(tiny|medium|long)text|string|clob|memo|n?varchar2|enum|bpchar|alphanumeric|alfanum)/, 'text'],
]

/** What the words of a declared type mean, in the dialects of SQL and of people; null where they say nothing to us. `number(9)` has no decimals, `number(9,2)` has. */
export function typeOfWords(words: string): ColumnType | null {
  const plain = words.trim().toLowerCase()
  return FAMILIES.find(([pattern]) => pattern.test(plain))?.[1] ?? null
}

/** The length a declared text type has: 40 of `varchar(40)`. */
export function lengthOfWords(words: string): number | null {
  const found = /char[a-z0-9 ]*\((\d+)/i.exec(words) ?? /^(?:string|text|alphanumeric|alfanum)\w* ?\(?(\d+)\)?$/i.exec(words.trim())
  return found ? Number(found[1]) : null
}

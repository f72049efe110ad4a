import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { displayKey } from '../model/key.ts'
import { draftRelation } from '../model/draft.ts'
import { rawRelation, relationSql } from '../staging/load.ts'
import { ident, literal, type Staging } from '../staging/staging.ts'
import type { Extracted } from './extract.ts'

/**
 * Writes one JSON line per document that was not loaded and per record that was set aside, with the reason and the legacy record beside it, and answers how
 * many. `{doctype, entity, key, type, message, record}`; `record` is null where there is none (placeholders).
 */
export async function writeErrorLog(staging: Staging, extracted: Extracted, file: string): Promise<number> {
  const out = createWriteStream(file)
  let lines = 0
  const write = async (select: string): Promise<void> => {
    for await (const chunk of staging.scan(select)) {
      const [doctype = [], entity = [], key = [], type = [], message = [], record = []] = chunk.columns
      for (let i = 0; i < chunk.count; i++) {
        const text = record[i]
        const line = { doctype: doctype[i], entity: entity[i], key: typeof key[i] === 'string' ? displayKey(key[i] as string) : null, type: type[i], message: message[i], record: typeof text === 'string' ? parse(text) : null }
        if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain')
        lines++
      }
    }
  }
  const refused = await staging.exists('ops.refused') ? await staging.all<{ doctype: string }>('SELECT DISTINCT doctype FROM ops.refused ORDER BY doctype') : []
  for (const { doctype } of refused) {
    for (const read of extracted.entities) {
      const raw = relationSql(rawRelation(read.source, read.table))
      if (!await staging.exists(raw) || !await staging.exists(draftRelation(doctype))) continue
      await write(`SELECT ${literal(doctype)}, d._entity, d._key, r.type, r.message, to_json(o)::VARCHAR FROM ops.refused r JOIN ${draftRelation(doctype)} d ON d._id = r.id `
        + `LEFT JOIN ${raw} o ON o.${ident('_row')} = d._source_row WHERE r.doctype = ${literal(doctype)} AND d._entity = ${literal(read.entity)} ORDER BY d._id`)
    }
  }
  await write(`SELECT 'entity:' || entity, entity, NULL::VARCHAR, 'rejected-record', source_where || coalesce(':' || line, '') || ': ' || reason, raw FROM ops.rejected ORDER BY entity, ordinal`)
  out.end()
  await once(out, 'finish')
  return lines
}

/** The record as data where it is JSON, else as the text that was found. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

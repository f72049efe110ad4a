import type { NameWish, NamingRule } from '../framework/rule.ts'

/** Accounts and cost centers are called `number - title - abbreviation of the company`. */
export function numberedNaming(number: string, title: string): NamingRule {
  const abbreviations = new Map<string, string>()
  return {
    columns: [number, title, 'company'],
    async prepare(ctx) {
      abbreviations.clear()
      for (const row of await ctx.staging.all<{ name: string; abbr: string | null }>('SELECT name, abbr FROM rows."tabCompany"')) {
        if (row.abbr !== null) abbreviations.set(row.name, row.abbr)
      }
    },
    wish(values): NameWish {
      const name = values[title], abbreviation = abbreviations.get(String(values['company'] ?? ''))
      // The controller does not look whether they are there: Python's own errors are what the site answers with.
      if (typeof name !== 'string') return { name: null, error: { type: 'AttributeError', message: `${title} is missing, and the name is made of it` } }
      if (abbreviation === undefined) return { name: null, error: { type: 'TypeError', message: 'Without a company with an abbreviation there is no name' } }
      const numbered = String(values[number] ?? '').trim()
      return { name: [...(numbered === '' ? [] : [numbered]), name.trim(), abbreviation].join(' - '), taken: 'refuse' }
    },
  }
}

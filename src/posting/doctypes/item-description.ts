import type { PostingContext } from '../framework/rule.ts'
import { findUnsupported } from './conditions.ts'

/** Descriptions lose their markup where Stock Settings say so; plain text only loses the white space before it. */
export async function cleanDescriptions(ctx: PostingContext): Promise<void> {
  if (ctx.site.single('Stock Settings')['clean_description_html'] !== '1') return
  await findUnsupported(ctx, `regexp_matches(description, '[<&]')`, 'markup', 'description')
  await ctx.staging.run(`UPDATE ${ctx.doc} SET description = regexp_replace(replace(description, '>', '&gt;'), '^[ \\t\\n\\r\\f]+', '') WHERE description IS NOT NULL`)
}

import type { PostingRule } from '../framework/rule.ts'
import { missing, on } from './conditions.ts'

/** Note: an announcement expires after a week, and only public notes can be one. */
export const rule: PostingRule = {
  doctype: 'Note',
  reads: [],
  steps: [{
    stage: 'validate', id: 'note',
    async run(ctx) {
      await ctx.staging.run(`UPDATE ${ctx.doc} SET expire_notification_on = CASE WHEN ${on('notify_on_login')} AND expire_notification_on IS NULL THEN CAST(creation AS DATE) + 7 ELSE expire_notification_on END, ` +
        `notify_on_login = CASE WHEN ${on('"public"')} THEN notify_on_login ELSE 0 END, content = CASE WHEN ${missing('content')} THEN '<span></span>' ELSE content END`)
    },
  }],
}

import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { assignments, assignmentComments } from './assignments.ts'

/** ToDo: an assignment leaves a comment on the record it is about, whose `_assign` lists who has something to do. */
export const rule: PostingRule = {
  doctype: 'ToDo',
  reads: ['User'],
  writes: ['Comment'],
  steps: [
    { stage: 'on_update', id: 'assignment-comment', run: (ctx: PostingContext) => assignmentComments(ctx) },
    { stage: 'on_update', id: 'assign', run: (ctx: PostingContext) => assignments(ctx) },
  ],
}

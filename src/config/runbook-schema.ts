import { z } from 'zod'
import { strict } from './schema.ts'

/** What a step does, or how it is checked or taken back: a command of Landfall, a command of the shell, or something a person does and confirms. */
const actionSchema = z.union([
  strict({ landfall: z.string().min(1).describe('Arguments of landfall, on this project: `sync --verify`.') }),
  strict({ shell: z.string().min(1).describe('Command of the shell, in the project\'s folder. Exit code 0: it worked.') }),
  strict({ person: z.string().min(1).describe('What a person does, who then confirms it by name.') }),
])
export type RunbookAction = z.output<typeof actionSchema>

const stepSchema = strict({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'a name of small letters, digits and -'),
  title: z.string().min(1),
  owner: z.string().min(1).describe('Who answers for it.'),
  seconds: z.number().min(0).describe('How long it takes; measured by rehearsals.'),
  after: z.array(z.string()).default([]).describe('Steps that must be done before.'),
  do: actionSchema,
  check: actionSchema.optional().describe('How it is known that it worked.'),
  back: actionSchema.optional().describe('How it is taken back.'),
  rehearse: z.union([z.enum(['do', 'skip']), actionSchema]).default('do').describe('In a rehearsal: the same, nothing, or something else in its place.'),
  freeze: z.boolean().default(false).describe('With this step people stop working in the old system: the time without one begins.'),
  go: z.boolean().default(false).describe('With this step they begin to work in the new one: that time ends.'),
})
export type RunbookStep = z.output<typeof stepSchema>

/** cutover.yaml: the steps of a cutover as data. */
export const runbookSchema = strict({
  cutover: z.string().describe('Name of the project.'),
  steps: z.array(stepSchema).min(1),
})
export type Runbook = z.output<typeof runbookSchema>

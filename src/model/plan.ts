export const PLAN_PHASES = ['master', 'transactional', 'historical'] as const
export type PlanPhase = (typeof PLAN_PHASES)[number]

/**
 * A DocType in use: `fields` it is given (`customer_group`, `items.item_code`), `constants` values that are the same for every document
 * (they tell which DocType a Dynamic Link points to), and the phase its mapping asks for.
 */
export interface PlanDocument { doctype: string; phase: PlanPhase | null; fields: string[]; constants: Record<string, string[]> }

/** DocType, field and DocType linked to: set after both are loaded, because neither can come first. */
export interface DeferredLink { doctype: string; field: string; target: string }
export interface Wave { number: number; doctypes: string[] }
export interface Plan { phases: { name: PlanPhase; waves: Wave[] }[]; deferred: DeferredLink[]; notes: string[] }

/** DocTypes of a plan in order of work. */
export function planOrder(plan: Plan): string[] {
  return plan.phases.flatMap((phase) => phase.waves.flatMap((wave) => wave.doctypes))
}

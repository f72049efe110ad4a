import type { PostingRule } from '../framework/rule.ts'
import { rule as customer } from './customer.ts'

/** The rules of all DocTypes that have one. */
export const RULES: readonly PostingRule[] = [customer]

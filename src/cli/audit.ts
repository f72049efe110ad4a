import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Project } from '../config/project.ts'
import { AuditTrail } from '../ledger/audit-trail.ts'
import type { Clock } from '../model/clock.ts'

/** Where the audit trail of a project lies. */
export const auditFile = (project: Project): string => join(project.paths.state, 'audit.jsonl')

/** The audit trail of a project. */
export function openAudit(project: Project, clock: Clock): AuditTrail {
  return new AuditTrail(auditFile(project), clock)
}

/** Who sits at the terminal, as the machine knows them. */
export function whoAmI(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}

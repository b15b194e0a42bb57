import type { Application, PersonReader } from '../../application/index.ts'
import type { Operation } from '../operation.ts'
import { auditEventOperations } from './audit-events.ts'
import { certificateOperations } from './certificates.ts'
import { groupOperations } from './groups.ts'
import { projectOperations } from './projects.ts'
import type { Reading } from './read.ts'
import { signingPolicyOperations } from './signing-policies.ts'
import { trustedBuildSystemOperations } from './trusted-build-systems.ts'
import { userOperations } from './users.ts'
import { webHookOperations } from './web-hooks.ts'

/** The administration of an organization, for tools without GraphQL. */
export function administrationOperations(
  options: Reading & { readonly application: Application; readonly persons: PersonReader },
): readonly Operation[] {
  return [
    ...projectOperations(options),
    ...signingPolicyOperations(options),
    ...certificateOperations(options),
    ...userOperations(options),
    ...groupOperations(options),
    ...trustedBuildSystemOperations(options),
    ...webHookOperations(options),
    ...auditEventOperations(options),
  ]
}

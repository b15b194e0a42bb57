import type { Application, PersonReader } from '../../application/index.ts'
import type { EventLog } from '../../event-log/index.ts'
import type { Operation } from '../operation.ts'
import { artifactConfigurationOperations } from './artifact-configurations.ts'
import { auditEventOperations } from './audit-events.ts'
import { certificateOperations } from './certificates.ts'
import { changeProposalOperations } from './change-proposals.ts'
import { grantOperations } from './grants.ts'
import { groupOperations } from './groups.ts'
import { historyOperations } from './history.ts'
import { keyOperations } from './keys.ts'
import { newCertificateOperations } from './new-certificates.ts'
import { notificationOperations } from './notification-preferences.ts'
import { projectOperations } from './projects.ts'
import type { Reading } from './read.ts'
import { securityOperations } from './security.ts'
import { signingPolicyOperations } from './signing-policies.ts'
import { simulationOperations } from './simulation.ts'
import { trustedBuildSystemOperations } from './trusted-build-systems.ts'
import { userOperations } from './users.ts'
import { versionOperations } from './versions.ts'
import { webHookOperations } from './web-hooks.ts'
import { whereUsedOperations } from './where-used.ts'

/** The administration of an organization, for tools without GraphQL. */
export function administrationOperations(
  options: Reading & {
    readonly application: Application
    readonly persons: PersonReader
    readonly log: Pick<EventLog, 'readStream'>
  },
): readonly Operation[] {
  return [
    ...projectOperations(options),
    ...signingPolicyOperations(options),
    ...artifactConfigurationOperations(options),
    ...versionOperations(options),
    ...simulationOperations(options),
    ...certificateOperations(options),
    ...newCertificateOperations(options),
    ...keyOperations(options),
    ...grantOperations(options),
    ...changeProposalOperations(options),
    ...userOperations(options),
    ...groupOperations(options),
    ...trustedBuildSystemOperations(options),
    ...webHookOperations(options),
    ...whereUsedOperations(options),
    ...notificationOperations(options),
    ...auditEventOperations(options),
    ...historyOperations(options),
    ...securityOperations(options),
  ]
}

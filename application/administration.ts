import { type CertificateId, type ChangeProposalId, type ContinuityFinding, streams } from '../domain/index.ts'
import {
  type ArtifactConfigurationAdministration,
  createArtifactConfigurationAdministration,
} from './artifact-configuration-administration.ts'
import type { Caller, Requester } from './caller.ts'
import {
  type CertificateAdministration,
  type CertificateAdministrationDependencies,
  createCertificateAdministration,
} from './certificate-administration.ts'
import { checkContinuity } from './certificates.ts'
import { type ChangeControlInput, changeChangeControl } from './change-control.ts'
import { approveChange, type ChangeDecided, type ChangeDecisionInput, rejectChange } from './change-proposals.ts'
import { createGrants, type Grants } from './grants.ts'
import { type ChangeCall, type GuardedCall, openGuard } from './guard.ts'
import type { Handled } from './handle-command.ts'
import { createPeopleAdministration, type PeopleAdministration } from './people-administration.ts'
import type { ApplicationDependencies } from './ports.ts'
import { createProjectAdministration, type ProjectAdministration } from './project-administration.ts'
import { changeStatementKey, type StatementKeyInput } from './statement-key.ts'
import {
  createTrustedBuildSystemAdministration,
  type TrustedBuildSystemAdministration,
} from './trusted-build-system-administration.ts'
import { createWebHookAdministration, type WebHookAdministration } from './web-hook-administration.ts'

/**
 * The use cases of those who run an organization, and of the set-up. Each authorises the requester itself and changes
 * nothing when it refuses.
 *
 * Everything throws `Refusal` (domain) for what the requester did wrong, such as `FORBIDDEN`, and `ServiceError` for what
 * cannot be done now. A refused user is recorded in the security stream.
 */
export interface Administration
  extends PeopleAdministration,
    ProjectAdministration,
    ArtifactConfigurationAdministration,
    CertificateAdministration,
    TrustedBuildSystemAdministration,
    WebHookAdministration,
    Grants {
  /**
   * Says from when on changes of rules need the approval of others.
   *
   * @throws Refusal `FORBIDDEN`, and as the organization's decider
   */
  changeChangeControl(requester: Requester, input: ChangeControlInput): Promise<Handled>

  /**
   * Says which key signs where something comes from.
   *
   * @throws Refusal `FORBIDDEN`, `KEY_…`, `CHANGE_STALE`, and as the organization's decider
   */
  changeStatementKey(requester: Requester, input: StatementKeyInput): Promise<Handled>

  /**
   * Approves a proposed change; the last approval that it takes applies it.
   *
   * @throws Refusal `FORBIDDEN`, `CHANGE_PROPOSAL_NOT_FOUND`, `CHANGE_STALE`, and as the decider of change proposals
   */
  approveChange(caller: Caller, input: ChangeDecisionInput): Promise<ChangeDecided>

  /**
   * Rejects a proposed change; its author takes it back so.
   *
   * @throws Refusal `FORBIDDEN`, `CHANGE_PROPOSAL_NOT_FOUND`, and as the decider of change proposals
   */
  rejectChange(caller: Caller, input: ChangeDecisionInput): Promise<ChangeDecided>

  /** Says what changes when a certificate takes another's place. @throws Refusal `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_NOT_ISSUED` */
  checkContinuity(
    requester: Requester,
    input: { readonly before: CertificateId; readonly after: CertificateId },
  ): Promise<readonly ContinuityFinding[]>
}

/** What the administration needs of the world. */
export type AdministrationDependencies = CertificateAdministrationDependencies &
  Pick<
    ApplicationDependencies,
    | 'persons'
    | 'administrators'
    | 'configurationTexts'
    | 'refusals'
    | 'room'
    | 'secrets'
    | 'checkTarget'
    | 'buildSystems'
    | 'webHooks'
  >

/** Puts the use cases of the administration together, each behind the guard. */
export function createAdministration(dependencies: AdministrationDependencies): Administration {
  const guard = openGuard(dependencies)
  const change: ChangeCall = (useCase, requester, subject, run) => {
    const call: GuardedCall = { useCase, requester, writes: 'change', ...(subject === undefined ? {} : { subject }) }
    return guard(call, run)
  }
  return {
    ...createPeopleAdministration(dependencies, change),
    ...createProjectAdministration(dependencies, change),
    ...createArtifactConfigurationAdministration(dependencies, { change, guard }),
    ...createGrants(dependencies, change),
    ...createCertificateAdministration(dependencies, change),
    checkContinuity: (requester, input) =>
      guard({ useCase: 'checkContinuity', requester, subject: streams.certificate(input.before) }, () =>
        checkContinuity(dependencies, requester, input),
      ),
    ...createTrustedBuildSystemAdministration(dependencies, change),
    ...createWebHookAdministration(dependencies, { change, guard }),
    changeChangeControl: (requester, input) =>
      change('changeChangeControl', requester, streams.organization(requester.organizationId), () =>
        changeChangeControl(dependencies, requester, input),
      ),
    changeStatementKey: (requester, input) =>
      change('changeStatementKey', requester, streams.organization(requester.organizationId), () =>
        changeStatementKey(dependencies, requester, input),
      ),
    approveChange: (caller, input) =>
      change('approveChange', caller, streams.changeProposal(input.changeProposalId as ChangeProposalId), () =>
        approveChange(dependencies, caller, input),
      ),
    rejectChange: (caller, input) =>
      change('rejectChange', caller, streams.changeProposal(input.changeProposalId as ChangeProposalId), () =>
        rejectChange(dependencies, caller, input),
      ),
  }
}

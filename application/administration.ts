import {
  type CertificateId,
  type CertificateRestrictions,
  type ChangeProposalId,
  type ContinuityFinding,
  type KeyId,
  streams,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import type { Caller, Requester } from './caller.ts'
import {
  type CertificateChanged,
  checkContinuity,
  disableCertificate,
  enableCertificate,
  installCertificate,
  renewCertificate,
  restrictCertificate,
} from './certificates.ts'
import { type ChangeControlInput, changeChangeControl } from './change-control.ts'
import { approveChange, type ChangeDecided, type ChangeDecisionInput, rejectChange } from './change-proposals.ts'
import {
  type AuthorityCertificateInput,
  type CreatedCertificate,
  createSelfSignedCertificate,
  disableKey,
  requestCertificate,
  type SelfSignedCertificateInput,
} from './create-certificate.ts'
import { type ChangeCall, type GuardedCall, openGuard } from './guard.ts'
import type { BasedOn, Handled } from './handle-command.ts'
import { createPeopleAdministration, type PeopleAdministration } from './people-administration.ts'
import type { ApplicationDependencies } from './ports.ts'
import { createProjectAdministration, type ProjectAdministration } from './project-administration.ts'

/**
 * The use cases of those who run an organization, and of the set-up. Each authorises the requester itself and changes
 * nothing when it refuses.
 *
 * Everything throws `Refusal` (domain) for what the requester did wrong, such as `FORBIDDEN`, and `ServiceError` for what
 * cannot be done now. A refused user is recorded in the security stream.
 */
export interface Administration extends PeopleAdministration, ProjectAdministration {
  /**
   * Says from when on changes of rules need the approval of others.
   *
   * @throws Refusal `FORBIDDEN`, and as the organization's decider
   */
  changeChangeControl(requester: Requester, input: ChangeControlInput): Promise<Handled>

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

  /** Has a self-signed certificate made, and its key. @throws Refusal `FORBIDDEN`, and as the deciders */
  createSelfSignedCertificate(requester: Requester, input: SelfSignedCertificateInput): Promise<CreatedCertificate>

  /** Says what changes when a certificate takes another's place. @throws Refusal `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_NOT_ISSUED` */
  checkContinuity(
    requester: Requester,
    input: { readonly before: CertificateId; readonly after: CertificateId },
  ): Promise<readonly ContinuityFinding[]>

  /** Has the request for a certificate of an authority made, and its key. @throws Refusal as the deciders */
  requestCertificate(requester: Requester, input: AuthorityCertificateInput): Promise<CreatedCertificate>

  /** Installs what an authority issued. @throws Refusal `CERTIFICATE_…`, `ISSUED_…`, `CHAIN_…`, `X509_…`, … */
  installCertificate(
    requester: Requester,
    input: { readonly certificateId: CertificateId; readonly file: Uint8Array },
  ): Promise<CertificateChanged>

  /** Has the next certificate of the same names and key made, or asked for. @throws Refusal as its decider */
  renewCertificate(requester: Requester, input: { readonly certificateId: CertificateId }): Promise<CertificateChanged>

  /** Changes what policies that use a certificate must demand. @throws Refusal `CERTIFICATE_RESTRICTIONS_…` */
  restrictCertificate(
    requester: Requester,
    input: { readonly certificateId: CertificateId; readonly restrictions: CertificateRestrictions } & BasedOn,
  ): Promise<CertificateChanged>

  /** Enables a certificate that was disabled. @throws Refusal `CERTIFICATE_ENABLED`, `CERTIFICATE_NOT_ISSUED` */
  enableCertificate(
    requester: Requester,
    input: { readonly certificateId: CertificateId; readonly reason: string | null },
  ): Promise<CertificateChanged>

  /** Disables a certificate. @throws Refusal `FORBIDDEN`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_DISABLED` */
  disableCertificate(
    requester: Requester,
    input: { readonly certificateId: CertificateId; readonly reason: string | null },
  ): Promise<{ readonly position: LogPosition }>

  /** Disables a key. @throws Refusal `FORBIDDEN`, `KEY_NOT_FOUND`, `KEY_DISABLED` */
  disableKey(
    requester: Requester,
    input: { readonly keyId: KeyId; readonly reason: string | null },
  ): Promise<{ readonly position: LogPosition }>
}

/** What the administration needs of the world. */
export type AdministrationDependencies = Pick<
  ApplicationDependencies,
  'log' | 'now' | 'persons' | 'administrators' | 'refusals' | 'room' | 'certificates'
> & {
  readonly workflows: Pick<
    ApplicationDependencies['workflows'],
    'generateKey' | 'issueCertificate' | 'enrolCertificate'
  >
}

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
    changeChangeControl: (requester, input) =>
      change('changeChangeControl', requester, streams.organization(requester.organizationId), () =>
        changeChangeControl(dependencies, requester, input),
      ),
    approveChange: (caller, input) =>
      change('approveChange', caller, streams.changeProposal(input.changeProposalId as ChangeProposalId), () =>
        approveChange(dependencies, caller, input),
      ),
    rejectChange: (caller, input) =>
      change('rejectChange', caller, streams.changeProposal(input.changeProposalId as ChangeProposalId), () =>
        rejectChange(dependencies, caller, input),
      ),
    createSelfSignedCertificate: (requester, input) =>
      change('createSelfSignedCertificate', requester, undefined, () =>
        createSelfSignedCertificate(dependencies, requester, input),
      ),
    checkContinuity: (requester, input) =>
      guard({ useCase: 'checkContinuity', requester, subject: streams.certificate(input.before) }, () =>
        checkContinuity(dependencies, requester, input),
      ),
    requestCertificate: (requester, input) =>
      change('requestCertificate', requester, undefined, () => requestCertificate(dependencies, requester, input)),
    installCertificate: (requester, input) =>
      change('installCertificate', requester, streams.certificate(input.certificateId), () =>
        installCertificate(dependencies, requester, input),
      ),
    renewCertificate: (requester, input) =>
      change('renewCertificate', requester, streams.certificate(input.certificateId), () =>
        renewCertificate(dependencies, requester, input),
      ),
    restrictCertificate: (requester, input) =>
      change('restrictCertificate', requester, streams.certificate(input.certificateId), () =>
        restrictCertificate(dependencies, requester, input),
      ),
    enableCertificate: (requester, input) =>
      change('enableCertificate', requester, streams.certificate(input.certificateId), () =>
        enableCertificate(dependencies, requester, input),
      ),
    disableCertificate: (requester, input) =>
      change('disableCertificate', requester, streams.certificate(input.certificateId), () =>
        disableCertificate(dependencies, requester, input),
      ),
    disableKey: (requester, input) =>
      change('disableKey', requester, streams.key(input.keyId), () => disableKey(dependencies, requester, input)),
  }
}

import { type Permission, type SigningRequestId, streams } from '../domain/index.ts'
import { acceptInvitation } from './accept-invitation.ts'
import { createAdministration } from './administration.ts'
import type { Application } from './application.ts'
import { approveSigningRequests } from './approve-signing-requests.ts'
import { authenticate } from './authenticate.ts'
import { authenticateJob, isIdentityToken } from './authenticate-job.ts'
import { useCases } from './authorize.ts'
import { authorizeQuery } from './authorize-query.ts'
import { approveSigningRequest, cancelSigningRequest, denySigningRequest } from './change-signing-request.ts'
import { canSubmit } from './check-submission.ts'
import { openAuditLogExports } from './export-audit-log.ts'
import { openGuard } from './guard.ts'
import { locateSigningRequest } from './locate-signing-request.ts'
import { openArtifact } from './open-artifact.ts'
import type { ApplicationDependencies } from './ports.ts'
import { resubmitSigningRequest } from './resubmit-signing-request.ts'
import { asCallersFailure } from './service-failure.ts'
import { signHashes } from './sign-hashes.ts'
import { submitBuildArtifact } from './submit-build-artifact.ts'
import { submitFromAppVeyor } from './submit-from-app-veyor.ts'
import { submitSigningRequest } from './submit-signing-request.ts'
import { readUnsubscription, unsubscribe } from './unsubscribe.ts'
import { admitUpload, uploadArtifact } from './upload-artifact.ts'
import { admitUnsignedArtifact, uploadUnsignedArtifact } from './upload-unsigned-artifact.ts'

export { isLogPosition, logPositionForm } from '../event-log/index.ts'
export type * from './accept-invitation.ts'
export * from './administration.ts'
export { openApiTokenUses } from './api-token-uses.ts'
export type * from './api-tokens.ts'
export * from './application.ts'
export { type AppointedAdministrator, type Appointment, appointAdministrator } from './appoint-administrator.ts'
export { type ApprovalAnswer, type ApproveSigningRequestsInput, mostApprovals } from './approve-signing-requests.ts'
export type { ArtifactConfigurationAdministration } from './artifact-configuration-administration.ts'
export type * from './artifact-configuration-port.ts'
export type * from './artifact-configurations.ts'
export type { Credentials } from './authenticate.ts'
export type { UseCase } from './authorize.ts'
export type * from './build-ports.ts'
export { type Caller, type Requester, withChangeReason } from './caller.ts'
export type * from './certificates.ts'
export type * from './change-control.ts'
export type * from './change-proposals.ts'
export type * from './change-signing-request.ts'
export type * from './change-user.ts'
export type * from './create-certificate.ts'
export * from './create-organization.ts'
export type * from './create-project.ts'
export type * from './create-signing-policy.ts'
export type * from './create-user.ts'
export type * from './delete-key.ts'
export type * from './erase-user.ts'
export type { ExportAuditLogInput } from './export-audit-log.ts'
export type * from './grants.ts'
export type * from './groups.ts'
export type { BasedOn, Handled } from './handle-command.ts'
export type * from './import-certificate.ts'
export * from './invite-user.ts'
export type * from './kept-secrets.ts'
export type { GivenLinkSecret } from './link-secrets.ts'
export type * from './locate-signing-request.ts'
export * from './mailed-tokens.ts'
export type * from './open-artifact.ts'
export type { PeopleAdministration } from './people-administration.ts'
export * from './ports.ts'
export type * from './project-administration.ts'
export type * from './projects.ts'
export type * from './proxy-keys.ts'
export * from './refusal-audit.ts'
export type * from './resubmit-signing-request.ts'
export * from './resume.ts'
export * from './revoke-process-key.ts'
export * from './running-requests.ts'
export { ServiceError } from './service-failure.ts'
export type { Setup } from './setup.ts'
export type * from './sign-hashes.ts'
export type * from './signing-policies.ts'
export * from './simulate-past-requests.ts'
export * from './simulate-submission.ts'
export type * from './source-summary-port.ts'
export type { StatedCall } from './stated-node.ts'
export type * from './submission.ts'
export type * from './submit-from-app-veyor.ts'
export { requestIdOfKey } from './submitted-before.ts'
export type * from './trusted-build-system-administration.ts'
export type * from './trusted-build-system-links.ts'
export type * from './trusted-build-systems.ts'
export * from './unfinished-index.ts'
export type * from './unsubscribe.ts'
export type * from './upload-artifact.ts'
export type * from './upload-unsigned-artifact.ts'
export * from './visible-history.ts'
export * from './watch-certificates.ts'
export type { WebHookAdministration } from './web-hook-administration.ts'
export type * from './web-hook-deliveries.ts'
export * from './web-hook-ports.ts'
export type * from './web-hooks.ts'

/** What is asked by somebody whom we do not know yet. */
type WithoutCaller = 'authenticate' | 'acceptInvitation' | 'readUnsubscription' | 'unsubscribe'

/** The permission that each use case needs, by its name. One that stands in no line of it does not pass the type check. */
export const permissionsOfUseCases: Readonly<
  Record<Exclude<keyof Application, WithoutCaller | 'authorizeQuery'>, Permission>
> = useCases

/**
 * Puts the use cases together: each with its dependencies, and behind the guard, which records refusals and says failures
 * in the caller's terms.
 */
export function createApplication(dependencies: ApplicationDependencies): Application {
  const guard = openGuard(dependencies)
  const exportAuditLog = openAuditLogExports(dependencies)
  const approveOne: Application['approveSigningRequest'] = (requester, input) =>
    guard({ useCase: 'approveSigningRequest', requester, subject: requestStream(input), writes: 'change' }, () =>
      approveSigningRequest(dependencies, requester, input),
    )
  return {
    ...createAdministration(dependencies),
    authenticate: async (credentials, remoteAddress, before) => {
      try {
        const caller = isIdentityToken(credentials.apiToken)
          ? await authenticateJob(dependencies, credentials, remoteAddress)
          : await authenticate(dependencies, credentials, remoteAddress, before)
        dependencies.apiTokenUses?.note(caller)
        return caller
      } catch (error) {
        throw asCallersFailure(error)
      }
    },
    acceptInvitation: async (input, remoteAddress) => {
      try {
        return await acceptInvitation(dependencies, input, remoteAddress)
      } catch (error) {
        throw asCallersFailure(error)
      }
    },
    readUnsubscription: (token) => readUnsubscription(dependencies, token),
    unsubscribe: async (token, remoteAddress) => {
      try {
        return await unsubscribe(dependencies, token, remoteAddress)
      } catch (error) {
        throw asCallersFailure(error)
      }
    },
    authorizeQuery: (caller, asked) => authorizeQuery(dependencies, caller, asked),
    submitSigningRequest: (requester, input) =>
      guard({ useCase: 'submitSigningRequest', requester, writes: 'submission' }, () =>
        submitSigningRequest(dependencies, requester, input),
      ),
    submitFromAppVeyor: (requester, input) =>
      guard({ useCase: 'submitFromAppVeyor', requester, writes: 'submission' }, () =>
        submitFromAppVeyor(dependencies, requester, input),
      ),
    submitBuildArtifact: (requester, input) =>
      guard({ useCase: 'submitBuildArtifact', requester, writes: 'submission' }, () =>
        submitBuildArtifact(dependencies, requester, input),
      ),
    signHashes: (requester, input) =>
      guard({ useCase: 'signHashes', requester, writes: 'submission' }, () =>
        signHashes(dependencies, requester, input),
      ),
    resubmitSigningRequest: (requester, input) => {
      const subject = requestStream({ signingRequestId: input.originalSigningRequestId })
      return guard({ useCase: 'resubmitSigningRequest', requester, subject, writes: 'submission' }, () =>
        resubmitSigningRequest(dependencies, requester, input),
      )
    },
    canSubmit: (requester, input) =>
      guard({ useCase: 'canSubmit', requester, writes: 'submission' }, () => canSubmit(dependencies, requester, input)),
    approveSigningRequest: approveOne,
    approveSigningRequests: (requester, input) =>
      guard({ useCase: 'approveSigningRequests', requester, writes: 'change' }, () =>
        approveSigningRequests(approveOne, requester, input),
      ),
    denySigningRequest: (requester, input) =>
      guard({ useCase: 'denySigningRequest', requester, subject: requestStream(input), writes: 'change' }, () =>
        denySigningRequest(dependencies, requester, input),
      ),
    cancelSigningRequest: (requester, input) =>
      guard({ useCase: 'cancelSigningRequest', requester, subject: requestStream(input), writes: 'change' }, () =>
        cancelSigningRequest(dependencies, requester, input),
      ),
    admitUpload: (requester, input) =>
      guard({ useCase: 'admitUpload', partOf: 'uploadArtifact', requester, writes: 'submission' }, () =>
        admitUpload(dependencies, requester, input),
      ),
    uploadArtifact: (requester, input) =>
      guard({ useCase: 'uploadArtifact', requester, writes: 'submission' }, () =>
        uploadArtifact(dependencies, requester, input),
      ),
    discardUpload: (requester, uploadId) =>
      guard({ useCase: 'discardUpload', partOf: 'uploadArtifact', requester }, () =>
        dependencies.uploads.discard(uploadId, requester.userId),
      ),
    admitUnsignedArtifact: (requester, input) =>
      guard(
        {
          useCase: 'admitUnsignedArtifact',
          partOf: 'uploadUnsignedArtifact',
          requester,
          subject: requestStream(input),
          writes: 'submission',
        },
        () => admitUnsignedArtifact(dependencies, requester, input),
      ),
    uploadUnsignedArtifact: (requester, input) =>
      guard({ useCase: 'uploadUnsignedArtifact', requester, subject: requestStream(input), writes: 'submission' }, () =>
        uploadUnsignedArtifact(dependencies, requester, input),
      ),
    openArtifact: (requester, input) =>
      guard({ useCase: 'openArtifact', requester, subject: requestStream(input) }, () =>
        openArtifact(dependencies, requester, input),
      ),
    locateSigningRequest: (requester, input) =>
      guard({ useCase: 'locateSigningRequest', requester, subject: requestStream(input) }, () =>
        locateSigningRequest(dependencies, requester, input),
      ),
    exportAuditLog: (requester, input) =>
      guard({ useCase: 'exportAuditLog', requester }, () => exportAuditLog(requester, input)),
  }
}

/** The stream of the request that a call is about; its id is what the caller named it by, and not checked yet. */
function requestStream({ signingRequestId }: { readonly signingRequestId: string }): string {
  return streams.signingRequest(signingRequestId as SigningRequestId)
}

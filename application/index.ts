import { type SigningRequestId, streams } from '../domain/index.ts'
import { createAdministration } from './administration.ts'
import type { Application } from './application.ts'
import { authenticate } from './authenticate.ts'
import { approveSigningRequest, cancelSigningRequest, denySigningRequest } from './change-signing-request.ts'
import { canSubmit } from './check-submission.ts'
import { openGuard } from './guard.ts'
import { openArtifact } from './open-artifact.ts'
import type { ApplicationDependencies } from './ports.ts'
import { submitSigningRequest } from './submit-signing-request.ts'
import { admitUpload, uploadArtifact } from './upload-artifact.ts'

export * from './administration.ts'
export * from './application.ts'
export type { Credentials } from './authenticate.ts'
export type { Caller, Requester } from './caller.ts'
export type * from './change-signing-request.ts'
export type * from './create-certificate.ts'
export * from './create-organization.ts'
export type * from './create-project.ts'
export type * from './create-signing-policy.ts'
export type * from './create-user.ts'
export type * from './erase-user.ts'
export type * from './groups.ts'
export type * from './open-artifact.ts'
export * from './ports.ts'
export * from './refusal-audit.ts'
export * from './resume.ts'
export * from './revoke-process-key.ts'
export { ServiceError } from './service-failure.ts'
export type { Setup } from './setup.ts'
export type * from './submission.ts'
export * from './unfinished-index.ts'
export type * from './upload-artifact.ts'

/**
 * Puts the use cases together: each with its dependencies, and behind the guard, which records refusals and says failures
 * in the caller's terms.
 */
export function createApplication(dependencies: ApplicationDependencies): Application {
  const guard = openGuard(dependencies)
  return {
    ...createAdministration(dependencies),
    authenticate: (credentials, remoteAddress) =>
      guard({ command: 'authenticate', requester: undefined }, () =>
        authenticate(dependencies, credentials, remoteAddress),
      ),
    submitSigningRequest: (requester, input) =>
      guard({ command: 'submitSigningRequest', requester, writes: 'submission' }, () =>
        submitSigningRequest(dependencies, requester, input),
      ),
    canSubmit: (requester, input) =>
      guard({ command: 'canSubmit', requester, writes: 'submission' }, () => canSubmit(dependencies, requester, input)),
    approveSigningRequest: (requester, input) =>
      guard({ command: 'approveSigningRequest', requester, subject: requestStream(input), writes: 'change' }, () =>
        approveSigningRequest(dependencies, requester, input),
      ),
    denySigningRequest: (requester, input) =>
      guard({ command: 'denySigningRequest', requester, subject: requestStream(input), writes: 'change' }, () =>
        denySigningRequest(dependencies, requester, input),
      ),
    cancelSigningRequest: (requester, input) =>
      guard({ command: 'cancelSigningRequest', requester, subject: requestStream(input), writes: 'change' }, () =>
        cancelSigningRequest(dependencies, requester, input),
      ),
    admitUpload: (requester, input) =>
      guard({ command: 'uploadArtifact', requester, writes: 'submission' }, () =>
        admitUpload(dependencies, requester, input),
      ),
    uploadArtifact: (requester, input) =>
      guard({ command: 'uploadArtifact', requester, writes: 'submission' }, () =>
        uploadArtifact(dependencies, requester, input),
      ),
    openArtifact: (requester, input) =>
      guard({ command: 'openArtifact', requester, subject: requestStream(input) }, () =>
        openArtifact(dependencies, requester, input),
      ),
  }
}

/** The stream of the request that a call is about; its id is what the caller named it by, and not checked yet. */
function requestStream({ signingRequestId }: { readonly signingRequestId: string }): string {
  return streams.signingRequest(signingRequestId as SigningRequestId)
}

import { Refusal } from '../domain/index.ts'
import type { Application } from './application.ts'
import { approveSigningRequest } from './approve-signing-request.ts'
import { authenticate } from './authenticate.ts'
import { type Caller, initiatorOf } from './caller.ts'
import { cancelSigningRequest } from './cancel-signing-request.ts'
import { canSubmit } from './check-submission.ts'
import { denySigningRequest } from './deny-signing-request.ts'
import { openArtifact } from './open-artifact.ts'
import type { ApplicationDependencies } from './ports.ts'
import { asCallersFailure } from './service-failure.ts'
import { submitSigningRequest } from './submit-signing-request.ts'
import { admitUpload, uploadArtifact } from './upload-artifact.ts'

export * from './application.ts'
export type { Caller, Requester } from './caller.ts'
export * from './create-certificate.ts'
export * from './create-organization.ts'
export * from './create-project.ts'
export * from './create-signing-policy.ts'
export * from './create-user.ts'
export * from './groups.ts'
export * from './ports.ts'
export * from './refusal-audit.ts'
export * from './resume.ts'
export * from './revoke-process-key.ts'
export type { Setup } from './setup.ts'
export * from './unfinished-index.ts'

/**
 * Puts the use cases together: each with its dependencies, its refusals recorded, its failures in the caller's terms. What
 * a full disk would leave half done is refused before it begins.
 */
export function createApplication(dependencies: ApplicationDependencies): Application {
  const { refusals, room } = dependencies

  async function guarded<Result>(
    command: string,
    caller: Caller | undefined,
    subject: string | null,
    useCase: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await useCase()
    } catch (error) {
      const failure = asCallersFailure(error)
      if (failure instanceof Refusal && caller !== undefined) {
        const { organizationId } = caller
        await refusals.record({ ...initiatorOf(caller), organizationId, command, subject, refusal: failure })
      }
      throw failure
    }
  }

  async function roomFor<Result>(what: 'submission' | 'change', useCase: () => Promise<Result>): Promise<Result> {
    await room.require(what)
    try {
      return await useCase()
    } catch (error) {
      // What cannot be written shows late, and far from its reason.
      if (!(error instanceof Refusal)) await room.require(what)
      throw error
    }
  }

  return {
    authenticate: (credentials, remoteAddress) =>
      guarded('authenticate', undefined, null, () => authenticate(dependencies, credentials, remoteAddress)),
    submitSigningRequest: (caller, input) =>
      guarded('submitSigningRequest', caller, null, () =>
        roomFor('submission', () => submitSigningRequest(dependencies, caller, input)),
      ),
    canSubmit: (caller, input) =>
      guarded('canSubmit', caller, null, () => roomFor('submission', () => canSubmit(dependencies, caller, input))),
    approveSigningRequest: (caller, input) =>
      guarded('approveSigningRequest', caller, input.signingRequestId, () =>
        roomFor('change', () => approveSigningRequest(dependencies, caller, input)),
      ),
    denySigningRequest: (caller, input) =>
      guarded('denySigningRequest', caller, input.signingRequestId, () =>
        roomFor('change', () => denySigningRequest(dependencies, caller, input)),
      ),
    cancelSigningRequest: (caller, input) =>
      guarded('cancelSigningRequest', caller, input.signingRequestId, () =>
        roomFor('change', () => cancelSigningRequest(dependencies, caller, input)),
      ),
    admitUpload: (caller, input) =>
      guarded('uploadArtifact', caller, null, () =>
        roomFor('submission', () => admitUpload(dependencies, caller, input)),
      ),
    uploadArtifact: (caller, input) =>
      guarded('uploadArtifact', caller, null, () =>
        roomFor('submission', () => uploadArtifact(dependencies, caller, input)),
      ),
    openArtifact: (caller, input) =>
      guarded('openArtifact', caller, input.signingRequestId, () => openArtifact(dependencies, caller, input)),
  }
}

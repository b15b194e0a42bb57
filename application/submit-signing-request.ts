import { randomUUID } from 'node:crypto'
import {
  activeProject,
  activeSigningPolicy,
  certificateDecider,
  chosenTreatment,
  currentVersion,
  maySubmit,
  Refusal,
  type SigningRequestId,
  type Submission,
  signingRequestDecider,
  streams,
  usableCertificate,
} from '../domain/index.ts'
import type { SigningRequestChanged, SubmitSigningRequestInput } from './application.ts'
import type { Caller } from './caller.ts'
import { actorOf } from './initiator.ts'
import { load } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { findTarget } from './submission-target.ts'
import { requestIdOfKey, submittedBefore } from './submitted-before.ts'

/**
 * Submits an uploaded artifact: everything that can be checked is checked before a request exists. With an idempotency key
 * the request's id follows from it, so that a second submission, also one at the same moment, finds the first.
 */
export async function submitSigningRequest(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: SubmitSigningRequestInput,
): Promise<SigningRequestChanged> {
  const { idempotencyKey: key = null } = input
  if (key === null) return submit(dependencies, caller, input, randomUUID() as SigningRequestId)
  const signingRequestId = requestIdOfKey(caller, key)
  const before = () => submittedBefore(dependencies, caller, input, signingRequestId)
  const first = await before()
  if (first !== undefined) return first
  try {
    return await submit(dependencies, caller, input, signingRequestId)
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'SIGNING_REQUEST_EXISTS')) throw error
    const twin = await before()
    if (twin === undefined) throw error
    return twin
  }
}

async function submit(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: SubmitSigningRequestInput,
  signingRequestId: SigningRequestId,
): Promise<SigningRequestChanged> {
  const { log, workflows, uploads, now } = dependencies
  const target = await findTarget(dependencies, caller, input)
  const project = activeProject(target.project)
  const policy = activeSigningPolicy(target.policy)
  const { version, settings } = currentVersion(policy)
  if (!maySubmit(caller, settings))
    throw new Refusal(
      'FORBIDDEN',
      `You are not a submitter of the signing policy ${project.slug}/${policy.slug}. Ask a project administrator.`,
      { permission: 'submit' },
    )
  const { certificateId, approval, timestamp } = settings
  const existingSignatures = chosenTreatment(settings.existingSignatures, input.existingSignatures ?? null)
  usableCertificate((await load(log, streams.certificate(certificateId), certificateDecider)).state, now())
  const { fileName, sha256, size } = await uploads.find(input.uploadId, caller.userId)

  const submission: Submission = {
    signingRequestId,
    organizationId: caller.organizationId,
    projectId: project.projectId,
    signingPolicyId: policy.signingPolicyId,
    signingPolicyVersion: version,
    certificateId,
    approval,
    timestamp,
    existingSignatures,
    submitter: caller.userId,
    description: input.description,
    artifact: { fileName, sha256, size },
    program: { description: project.name, descriptionUrl: project.repositoryUrl },
  }
  const command = { type: 'SubmitSigningRequest', submission } as const
  signingRequestDecider.decide(command, signingRequestDecider.initialState())
  const { position } = await workflows.submit(signingRequestId, { command, initiator: initiatorOf(caller) })
  return { signingRequestId, position }
}

/** The caller, as workflows take it. */
export function initiatorOf(caller: Caller) {
  const { remoteAddress, callId } = caller
  return { actor: actorOf(caller), callId, ...(remoteAddress === undefined ? {} : { remoteAddress }) }
}

import { randomUUID } from 'node:crypto'
import {
  activeProject,
  activeSigningPolicy,
  certificateDecider,
  chosenTreatment,
  currentVersion,
  maySubmit,
  organizationDecider,
  type Project,
  type ProjectId,
  projectDecider,
  Refusal,
  type SigningPolicy,
  type SigningPolicyId,
  type SigningRequestId,
  type Submission,
  signingPolicyDecider,
  signingRequestDecider,
  streams,
  usableCertificate,
} from '../domain/index.ts'
import type { SigningRequestChanged, SubmitSigningRequestInput } from './application.ts'
import type { Caller } from './caller.ts'
import { actorOf } from './initiator.ts'
import { load, loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

/** Submits an uploaded artifact: everything that can be checked is checked before a request exists. */
export async function submitSigningRequest(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: SubmitSigningRequestInput,
): Promise<SigningRequestChanged> {
  const { log, workflows, uploads, now } = dependencies
  const project = await findProject(dependencies, caller, input.project)
  const policy = await findPolicy(dependencies, project, input.signingPolicy)
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

  const signingRequestId = randomUUID() as SigningRequestId
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

async function findProject({ log }: ApplicationDependencies, caller: Caller, name: string): Promise<Project> {
  const { state: organization } = await load(log, streams.organization(caller.organizationId), organizationDecider)
  const slugs = organization.status === 'none' ? {} : organization.projectSlugs
  const id = named(slugs, name) ?? (name.toLowerCase() as ProjectId)
  const { state } = await loadOwn(log, streams.project(id), projectDecider, caller)
  if (state.status === 'none')
    throw new Refusal('PROJECT_NOT_FOUND', `There is no project ${JSON.stringify(name.slice(0, 100))}.`)
  return activeProject(state)
}

async function findPolicy({ log }: ApplicationDependencies, project: Project, name: string): Promise<SigningPolicy> {
  const id = named(project.signingPolicySlugs, name) ?? (name.toLowerCase() as SigningPolicyId)
  const { state } = await load(log, streams.signingPolicy(id), signingPolicyDecider)
  if (state.status === 'none' || state.projectId !== project.projectId)
    throw new Refusal(
      'SIGNING_POLICY_NOT_FOUND',
      `The project ${project.slug} has no signing policy ${JSON.stringify(name.slice(0, 100))}; it has: ${Object.keys(project.signingPolicySlugs).join(', ') || 'none'}.`,
    )
  return activeSigningPolicy(state)
}

function named<Id>(slugs: Readonly<Record<string, Id>>, name: string): Id | undefined {
  const slug = name.toLowerCase()
  return Object.hasOwn(slugs, slug) ? slugs[slug] : undefined
}

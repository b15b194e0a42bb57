import { randomUUID } from 'node:crypto'
import {
  currentVersion,
  fold,
  type GroupId,
  type SigningRequest,
  type SigningRequestId,
  type Submission,
  signingPolicyDecider,
  streams,
  type UserId,
  uploadedFile,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import { type Workflows, WorkflowsUnavailable } from '../../workflows/port.ts'
import { otherDigest, type TestOrganization } from './test-organization.ts'
import { until } from './until.ts'

/** Who asks, as the application says it. */
export const initiator = (userId: UserId) => ({
  actor: { kind: 'user', userId, authentication: { method: 'apiToken', tokenId: randomUUID() as never } } as const,
  callId: randomUUID(),
})

/** A submission of a program to the policy of the organization. */
export async function submission(
  organization: TestOrganization,
  program: Uint8Array = sampleProgram(),
  changes: Partial<Submission> = {},
): Promise<Submission> {
  async function* bytes() {
    yield program
  }
  const artifact = { fileName: 'program.exe', ...(await organization.store.put(bytes())) }
  const { events } = await readWholeStream(organization.log, streams.signingPolicy(organization.signingPolicyId))
  const policy = fold(signingPolicyDecider, events)
  if (policy.status === 'none') throw new Error('There is no policy')
  const { version, settings } = currentVersion(policy)
  const { certificateId, approval, timestamp } = settings
  const { projectId, signingPolicyId, submitter, setup } = organization
  return {
    signingRequestId: randomUUID() as SigningRequestId,
    organizationId: setup.organizationId,
    projectId,
    signingPolicyId,
    signingPolicyVersion: version,
    certificateId,
    approval,
    timestamp,
    existingSignatures: 'replace',
    submitter,
    description: null,
    source: uploadedFile(artifact),
    program: { description: null, descriptionUrl: null },
    ...changes,
  }
}

/**
 * Submits a program through the workflow. When a busy Temporal does not answer in time, the same call is sent again, as its
 * error says: what it recorded the first time is answered, and nothing is recorded twice.
 */
export async function submit(workflows: Workflows, organization: TestOrganization, program?: Uint8Array) {
  const made = await submission(organization, program)
  const command = { type: 'SubmitSigningRequest', submission: made } as const
  const call = { command, initiator: initiator(made.submitter) }
  const answered = async () => {
    try {
      return await workflows.submit(made.signingRequestId, call)
    } catch (error) {
      if (error instanceof WorkflowsUnavailable) return undefined
      throw error
    }
  }
  await until('the submission is answered', answered, 60_000)
  return made.signingRequestId
}

/** Approves the plan of a request through its workflow, as a member of groups, if any. */
export async function approve(
  workflows: Workflows,
  { signingRequestId, plan }: SigningRequest,
  approver: UserId,
  groups: readonly GroupId[] = [],
) {
  const command = {
    type: 'Approve',
    groups,
    approver,
    planDigest: plan?.digest ?? otherDigest,
    comment: null,
  } as const
  return workflows.change(signingRequestId, { command, initiator: initiator(approver) })
}

/** Waits until a request has this status in the log. */
export function reached(
  organization: TestOrganization,
  id: SigningRequestId,
  status: SigningRequest['workflowStatus'],
) {
  return until(`the request is ${status}`, async () => {
    const request = await organization.request(id)
    return request.workflowStatus === status ? request : undefined
  })
}

/** The types of a request's events, in order. */
export async function typesOf(organization: TestOrganization, id: SigningRequestId) {
  const { events } = await readWholeStream(organization.log, streams.signingRequest(id))
  return events.map(({ type }) => type)
}

/** What is left when everything ends right after the last approval: the log has it, the running workflow has not. */
export async function approvedUnnoticed(
  workflows: Workflows,
  organization: TestOrganization,
): Promise<SigningRequestId> {
  const id = await submit(workflows, organization)
  const { plan } = await reached(organization, id, 'WaitingForApproval')
  const planDigest = plan?.digest ?? otherDigest
  for (const approver of organization.approvers.slice(0, 2))
    await organization.tell(id, { type: 'Approve', groups: [], approver, planDigest, comment: null }, approver)
  return id
}

import { randomUUID } from 'node:crypto'
import {
  type CertificateId,
  fold,
  type KeyId,
  type OrganizationId,
  type ProjectId,
  type Sha256Digest,
  type SigningPolicyId,
  type SigningRequestCommand,
  type SigningRequestEvent,
  type SigningRequestId,
  signingRequestDecider,
  streams,
  type UserId,
  uploadedFile,
} from '../domain/index.ts'
import type { NewEvent } from '../event-log/index.ts'
import { aManifest, aPlan } from '../test/support/submission.ts'

/** An event and its place. */
export type PlacedEvent = { readonly streamId: string; readonly revision: number; readonly event: SigningRequestEvent }

const digest = (character: string) => character.repeat(64) as Sha256Digest
const approvers = Array.from({ length: 3 }, () => randomUUID() as UserId)
const submitter = randomUUID() as UserId
const projects = Array.from({ length: 10 }, () => randomUUID() as ProjectId)
const policies = projects.map(() => randomUUID() as SigningPolicyId)
const certificateId = randomUUID() as CertificateId
const keyId = randomUUID() as KeyId

/** Everything that happens to a request that two of three people approve, decided by the domain: eight events. */
export function completedRequest(organizationId: OrganizationId): readonly PlacedEvent[] {
  const signingRequestId = randomUUID() as SigningRequestId
  const streamId = streams.signingRequest(signingRequestId)
  const choice = Math.floor(Math.random() * projects.length)
  const artifact = { fileName: 'setup.exe', sha256: digest('a'), size: 123_456 }
  const planDigest = digest('b')
  const commands: readonly SigningRequestCommand[] = [
    {
      type: 'SubmitSigningRequest',
      submission: {
        signingRequestId,
        organizationId,
        projectId: projects[choice] as ProjectId,
        signingPolicyId: policies[choice] as SigningPolicyId,
        signingPolicyVersion: 3,
        certificateId,
        approval: {
          approvers: approvers.map((user) => ({ user })),
          requiredApprovals: 2,
          submitterMayApprove: false,
          deadlineSeconds: null,
        },
        timestamp: 'required',
        existingSignatures: 'replace',
        submitter,
        description: 'Nightly build of the main branch',
        source: uploadedFile(artifact),
        program: { description: 'The program', descriptionUrl: 'https://example.com' },
      },
    },
    { type: 'RecordRetrieval', artifact },
    { type: 'RecordPlan', planDigest, ...aPlan, at: new Date().toISOString() },
    ...approvers
      .slice(0, 2)
      .map((approver) => ({ type: 'Approve' as const, groups: [], approver, planDigest, comment: 'Checked.' })),
    { type: 'StartSigning', planDigest, certificateId, certificateThumbprint: digest('c'), keyId },
    {
      type: 'RecordSigned',
      attempt: 1,
      ...aManifest(
        { unsignedSha256: artifact.sha256, signedSha256: digest('d'), signedSize: 133_000 },
        { time: new Date().toISOString(), authority: 'http://timestamp.example.com', uncovered: [] },
      ),
      signedArtifact: { fileName: 'setup.exe', sha256: digest('d'), size: 133_000 },
    },
  ]
  const events: SigningRequestEvent[] = []
  for (const command of commands)
    events.push(...signingRequestDecider.decide(command, fold(signingRequestDecider, events)))
  return events.map((event, revision) => ({ streamId, revision, event }))
}

/** An event as it is appended. */
export function recordedAs({ streamId, event }: PlacedEvent, organizationId: OrganizationId): NewEvent {
  return {
    id: randomUUID(),
    type: event.type,
    data: event.data,
    metadata: {
      schemaVersion: 1,
      organizationId,
      actor: { kind: 'system', component: 'workflow' },
      correlationId: streamId,
      causationId: randomUUID(),
      occurredAt: new Date().toISOString(),
    },
  }
}

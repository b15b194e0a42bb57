import {
  type GroupId,
  type Instant,
  type LinkSecretId,
  type ProjectCommand,
  type ProjectId,
  type SigningPolicyCommand,
  type SigningPolicySettings,
  type SigningRequestCommand,
  type TrustedBuildSystemCommand,
  type TrustedBuildSystemId,
  type TrustedBuildSystemTokenId,
  trustedBuildSystemKinds,
  type UserId,
  unrestricted,
} from '../../../domain/index.ts'
import { aManifest, anArtifact, aPlan, aSubmission } from '../submission.ts'
import { digest, pick, randomOrganization, uuid } from './values.ts'

/** What may be asked of a project. */
export function projectCommands(number: number, detail: number): readonly ProjectCommand[] {
  return [
    {
      type: 'CreateProject',
      projectId: uuid('3', number),
      organizationId: randomOrganization,
      slug: `project-${number}`,
      name: `Project ${number}`,
      description: null,
      repositoryUrl: detail % 2 === 0 ? null : 'https://example.com/repository',
      readers: detail % 3 === 0 ? [] : [{ user: uuid('1', detail % 3) }],
      configurators: [],
    },
    {
      type: 'ChangeProject',
      name: `Project ${detail % 7}`,
      description: null,
      repositoryUrl: detail % 5 === 0 ? null : 'https://example.com/repository',
      readers: [],
      configurators: detail % 2 === 0 ? [] : [{ group: uuid('6', detail % 3) }],
    },
    { type: 'DeactivateProject', reason: 'done' },
    { type: 'ReactivateProject' },
  ]
}

/** What may be asked of a trusted build system. */
export function buildSystemCommands(
  trustedBuildSystemId: TrustedBuildSystemId,
  detail: number,
  at: Instant,
): readonly TrustedBuildSystemCommand[] {
  const token = {
    tokenId: uuid<TrustedBuildSystemTokenId>('9', detail),
    tokenHash: digest(detail),
    prefix: `tok${String(detail % 900).padStart(3, '0')}`,
  }
  const projectId = uuid<ProjectId>('3', detail % 3)
  const previousTokenValidUntil = detail % 4 === 1 ? new Date(Date.parse(at) + 3_600_000).toISOString() : null
  return [
    {
      type: 'CreateTrustedBuildSystem',
      trustedBuildSystemId,
      organizationId: randomOrganization,
      slug: `system-${detail % 2}`,
      kind: pick(trustedBuildSystemKinds, detail),
      name: 'Build system',
      description: null,
      token,
    },
    { type: 'ChangeTrustedBuildSystem', name: `Build system ${detail % 50}`, description: 'Builds' },
    { type: 'RotateToken', token, previousTokenValidUntil, at },
    { type: 'LinkProject', projectId, settings: detail % 2 === 0 ? {} : { number: detail }, secrets: [] },
    {
      type: 'ChangeLink',
      projectId,
      settings: { number: detail },
      secrets: [{ name: 'apiKey', secretId: detail % 3 === 0 ? null : uuid<LinkSecretId>('b', detail) }],
    },
    { type: 'UnlinkProject', projectId },
    { type: 'DisableTrustedBuildSystem', reason: null },
    { type: 'EnableTrustedBuildSystem' },
    { type: 'RegisterProxyKey', keyId: digest(detail % 3), publicKey: `MCowBQYDK2VwAyEA${'A'.repeat(43)}=` },
    { type: 'RemoveProxyKey', keyId: digest(detail % 3), reason: null },
  ]
}

/** What may be asked of a signing policy. */
export function policyCommands(number: number, detail: number): readonly SigningPolicyCommand[] {
  const certificateId = uuid('2', number) as SigningPolicySettings['certificateId']
  const certificate = {
    certificateId,
    kind: 'selfSigned',
    keyAlgorithm: 'ec-p256',
    name: 'Certificate',
    restrictions: unrestricted,
    issued: null,
  } as const
  const people = { submitters: [uuid<UserId>('1', 3)], approvers: [0, 1, 2].map((user) => uuid<UserId>('1', user)) }
  const group = { group: uuid<GroupId>('6', detail % 3) }
  const approvers = [...people.approvers.map((user) => ({ user })), ...(detail % 5 === 0 ? [group] : [])]
  const settings: SigningPolicySettings = {
    name: `Policy ${detail % 50}`,
    certificateId,
    submitters: [{ user: uuid('1', 3) }, ...(detail % 2 === 0 ? [group] : [])],
    approval:
      detail % 3 === 0
        ? null
        : { approvers, requiredApprovals: 1 + (detail % 3), submitterMayApprove: false, deadlineSeconds: null },
    timestamp: 'required',
    release: false,
    existingSignatures: ['replace', 'append', 'refuse'],
  }
  return [
    {
      type: 'CreateSigningPolicy',
      signingPolicyId: uuid('4', number),
      organizationId: randomOrganization,
      projectId: uuid('3', detail % 4),
      slug: `policy-${number}`,
      settings,
      certificate,
      people,
    },
    { type: 'ChangeSigningPolicy', settings, certificate, replaced: null, people },
    { type: 'DeactivateSigningPolicy', reason: null },
    { type: 'ReactivateSigningPolicy', certificate, people },
  ]
}

/** What may be asked of a signing request. */
export function requestCommands(detail: number): readonly SigningRequestCommand[] {
  const people = [0, 1, 2].map((user) => uuid<UserId>('1', user))
  const group = uuid<GroupId>('6', detail % 3)
  const approvers = [{ group }, ...people.slice(0, 2).map((user) => ({ user }))]
  const submission = aSubmission({
    signingRequestId: uuid('5', detail % 12),
    organizationId: randomOrganization,
    projectId: uuid('3', detail % 4),
    signingPolicyId: uuid('4', detail % 4),
    certificateId: uuid('2', detail % 4),
    submitter: uuid('1', 3),
    approval:
      detail % 4 === 0
        ? null
        : { approvers, requiredApprovals: 1 + (detail % 2), submitterMayApprove: false, deadlineSeconds: 60 },
    description: detail % 2 === 0 ? null : 'Beschreibung\nmit "Zeichen" 👩‍🔧',
  })
  const planDigest = digest(0)
  const approver = pick(people, detail)
  const submit: SigningRequestCommand = { type: 'SubmitSigningRequest', submission }
  const retrieve: SigningRequestCommand = { type: 'RecordRetrieval', artifact: anArtifact }
  // Always the same moment, so that its deadline is known: a minute later, as the policy says.
  const plan: SigningRequestCommand = { type: 'RecordPlan', planDigest, ...aPlan, at: '2026-01-01T00:00:00.000Z' }
  const approve: SigningRequestCommand = { type: 'Approve', groups: [group], approver, planDigest, comment: 'fine' }
  const start: SigningRequestCommand = {
    type: 'StartSigning',
    planDigest,
    certificateId: submission.certificateId,
    certificateThumbprint: digest(detail),
    keyId: uuid('8', detail % 4),
  }
  const signed: SigningRequestCommand = {
    type: 'RecordSigned',
    attempt: 1 + (detail % 2),
    ...aManifest({ unsignedSha256: anArtifact.sha256, signedSha256: digest(1), signedSize: 9 }),
    signedArtifact: { fileName: 'setup.exe', sha256: digest(1), size: 9 },
  }
  return [
    // What leads on stands there more than once: most histories should get somewhere.
    ...[submit, submit, retrieve, retrieve, plan, plan, approve, approve, approve, start, start, signed, signed],
    { type: 'Deny', groups: [], approver, comment: null },
    { type: 'InvalidateApproval', approver, reason: pick(['userDeactivated', 'removedFromGroup'] as const, detail) },
    { type: 'ExpireApproval', deadline: '2026-01-01T00:01:00.000Z' },
    { type: 'Cancel', canceledBy: uuid('1', 3), reason: null },
    { type: 'Fail', workflowStatus: 'ProcessingFailed', failure: { code: 'X', message: 'y', path: null } },
  ]
}

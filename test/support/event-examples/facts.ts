import {
  type Actor,
  type AnyDomainEvent,
  type ApiTokenId,
  type CertificateId,
  type ChangeProposalId,
  type GrantId,
  type GroupId,
  type InvitationId,
  type KeyId,
  type KeyStoreName,
  type LinkSecretId,
  type OrganizationId,
  type ProjectId,
  type SealedText,
  type SessionId,
  type Sha256Digest,
  type SigningPolicyId,
  type SigningRequestId,
  type TrustedBuildSystemId,
  type TrustedBuildSystemTokenId,
  type UserId,
  uploadedFile,
  type WebSession,
} from '../../../domain/index.ts'
import { fixedUuid } from '../submission.ts'

export const id = {
  organization: fixedUuid<OrganizationId>('3'),
  user: fixedUuid<UserId>('1'),
  approver: fixedUuid<UserId>('a'),
  group: fixedUuid<GroupId>('7'),
  project: fixedUuid<ProjectId>('4'),
  policy: fixedUuid<SigningPolicyId>('5'),
  certificate: fixedUuid<CertificateId>('6'),
  authorityCertificate: fixedUuid<CertificateId>('0'),
  key: fixedUuid<KeyId>('8'),
  importedKey: fixedUuid<KeyId>('9'),
  importedCertificate: fixedUuid<CertificateId>('9'),
  openPgpKey: fixedUuid<CertificateId>('a'),
  token: fixedUuid<ApiTokenId>('b'),
  session: fixedUuid<SessionId>('c'),
  change: fixedUuid<ChangeProposalId>('f'),
  staleChange: fixedUuid<ChangeProposalId>('0'),
  rejectedChange: fixedUuid<ChangeProposalId>('2'),
  grant: fixedUuid<GrantId>('1'),
  spentGrant: fixedUuid<GrantId>('2'),
  buildSystem: fixedUuid<TrustedBuildSystemId>('d'),
  linkedBuildSystem: fixedUuid<TrustedBuildSystemId>('e'),
  linkSecret: fixedUuid<LinkSecretId>('1'),
  newLinkSecret: fixedUuid<LinkSecretId>('2'),
  ciUser: fixedUuid<UserId>('8'),
  invited: fixedUuid<UserId>('9'),
  linkedUser: fixedUuid<UserId>('e'),
  invitation: fixedUuid<InvitationId>('b'),
  nextInvitation: fixedUuid<InvitationId>('c'),
  buildSystemToken: fixedUuid<TrustedBuildSystemTokenId>('e'),
}
/** Of what belongs to none. */
export const noOrganization = '00000000-0000-0000-0000-000000000000' as OrganizationId
export const at = '2026-03-01T12:00:00.000Z'
export const digest = (byte: string) => byte.repeat(32) as Sha256Digest

/** An event's data without its version; of a union, of each member. */
type FactsOf<Data> = Data extends unknown ? Omit<Data, 'schemaVersion'> : never

/** An event of its first form, and who caused it. */
export const caused =
  (actor: Actor) =>
  <Type extends AnyDomainEvent['type']>(type: Type, facts: FactsOf<Extract<AnyDomainEvent, { type: Type }>['data']>) =>
    [{ type, data: { schemaVersion: 1, ...facts } } as unknown as AnyDomainEvent, actor] as const

/** The same event in a later form. */
export const inForm = (schemaVersion: number, [{ type, data }, actor]: ReturnType<ReturnType<typeof caused>>) =>
  [{ type, data: { ...data, schemaVersion } } as unknown as AnyDomainEvent, actor] as const

export const bySetup = caused({ kind: 'system', component: 'setup' })
export const byWorkflow = caused({ kind: 'system', component: 'workflow' })
export const byDetection = caused({ kind: 'system', component: 'detection' })
export const byWebHooks = caused({ kind: 'system', component: 'webHooks' })
export const bySigner = caused({ kind: 'system', component: 'signer' })
export const byToken = caused({
  kind: 'user',
  userId: id.user,
  authentication: { method: 'apiToken', tokenId: id.token },
})
export const signedIn: WebSession = {
  sessionId: id.session,
  signIn: { method: 'openIdConnect', issuer: 'https://sign-in.example', amr: ['pwd', 'otp'] },
  authenticatedAt: at,
}
export const bySession = caused({ kind: 'user', userId: id.user, authentication: { method: 'session', ...signedIn } })
export const byPasskey = caused({
  kind: 'user',
  userId: id.approver,
  authentication: { method: 'passkeyAssertion', credentialId: 'cGFzc2tleQ', session: signedIn },
})
export const byBuild = caused({
  kind: 'user',
  userId: id.user,
  authentication: { method: 'identityToken', issuer: 'https://builds.example', tokenId: 'job-1' },
  vouchedBy: {
    trustedBuildSystemId: id.buildSystem,
    proof: { method: 'token', tokenId: id.buildSystemToken },
    node: {
      subject: 'CN=node-1,OU=Builds,O=Acme',
      issuer: 'CN=Acme Nodes,O=Acme',
      serialNumber: '0a1b',
      template: '1.3.6.1.4.1.311.21.8.1',
      rule: 'release-nodes',
    },
  },
})
/** By a node of which a proxy signed who it is; what it signed stands for a signature here. */
export const byBuildNode = caused({
  kind: 'user',
  userId: id.user,
  authentication: { method: 'apiToken', tokenId: id.token },
  vouchedBy: {
    trustedBuildSystemId: id.buildSystem,
    proof: { method: 'token', tokenId: id.buildSystemToken },
    node: {
      subject: 'CN=node-2,OU=Builds,O=Acme',
      issuer: 'CN=Acme Nodes,O=Acme',
      serialNumber: '0a1c',
      template: 'BuildNode',
      rule: 'release-nodes',
    },
    nodeStatement: 'e30.e30.AA',
  },
})
export const byInvitation = caused({
  kind: 'user',
  userId: id.invited,
  authentication: { method: 'session', ...signedIn, signIn: { method: 'invitation' } },
})
export const byOperator = caused({ kind: 'system', component: 'operator' })
export const byAudit = caused({ kind: 'system', component: 'refusalAudit' })
export const nobody = caused({ kind: 'anonymous' })

/** Sealed by nobody: what stands for a sealed text here opens with no key. */
export const sealed = (filling: number): SealedText => ({
  algorithm: 'A256GCM',
  nonce: Buffer.alloc(12, filling).toString('base64'),
  ciphertext: Buffer.alloc(80, filling).toString('base64'),
})

export const policySettings = {
  name: 'Release',
  certificateId: id.certificate,
  submitters: [{ user: id.user }],
  approval: {
    approvers: [{ user: id.approver }, { group: id.group }],
    requiredApprovals: 1,
    submitterMayApprove: false,
    deadlineSeconds: 86_400,
  },
  timestamp: 'required',
  release: false,
  existingSignatures: ['append', 'refuse'],
} as const
export const keyDescription = (keyId: KeyId) => ({
  keyId,
  organizationId: id.organization,
  name: 'Release key',
  keyStore: 'default' as KeyStoreName,
  label: `countersign-${keyId}`,
  ckaId: keyId.replaceAll('-', ''),
  algorithm: 'ec-p256' as const,
})
export const storedKey = {
  publicKey: Buffer.from('a public key').toString('base64'),
  token: { label: 'countersign', serialNumber: '01', manufacturer: 'Maker', model: 'Model' },
}
export const artifact = { fileName: 'release.zip', sha256: digest('ab'), size: 5_000_000 }
export const plannedDeadline = '2026-03-02T12:00:00.000Z'
export const through = [{ user: id.approver }, { group: id.group }]
export const failure = { code: 'STEP_STALLED', message: 'It does not go on.', path: ['release.zip', 'bin/a.exe'] }

export function submission(signingRequestId: SigningRequestId) {
  const { approval, timestamp } = policySettings
  return {
    signingRequestId,
    organizationId: id.organization,
    projectId: id.project,
    signingPolicyId: id.policy,
    signingPolicyVersion: 2,
    certificateId: id.certificate,
    approval,
    timestamp,
    existingSignatures: 'append',
    submitter: id.user,
    description: 'Release 1.0\nof March',
    source: uploadedFile(artifact),
    program: { description: 'Tool', descriptionUrl: 'https://git.example/tool' },
  } as const
}

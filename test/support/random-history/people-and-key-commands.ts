import {
  type CertificateCommand,
  fold,
  type GroupCommand,
  globalRoles,
  type Instant,
  type InvitationFacts,
  type InvitationId,
  type KeyCommand,
  type KeyId,
  keyAlgorithms,
  keyDecider,
  type OrganizationCommand,
  type SealedText,
  type UserCommand,
  type UserId,
  unrestricted,
} from '../../../domain/index.ts'
import { issuedFacts, plainRequest } from '../issued-facts.ts'
import { digest, pick, randomOrganization, uuid } from './values.ts'

/** What may be asked of the organization. */
export const organizationCommands: readonly OrganizationCommand[] = [
  { type: 'CreateOrganization', organizationId: randomOrganization, name: 'Random' },
]

/** What nobody here opens. */
function sealed(text: string): SealedText {
  return { algorithm: 'A256GCM', nonce: 'AAAAAAAAAAAAAAAA', ciphertext: Buffer.from(text).toString('base64') }
}

/** What may be asked of a user. */
export function userCommands(number: number, detail: number, at: Instant): readonly UserCommand[] {
  return [
    {
      type: 'CreateUser',
      userId: uuid('1', number),
      organizationId: randomOrganization,
      kind: pick(['interactive', 'ci'] as const, detail),
      name: sealed(`name ${number}`),
      email: detail % 2 === 0 ? null : sealed('email'),
    },
    { type: 'DeactivateUser', reason: 'left' },
    { type: 'ReactivateUser' },
    ...(detail % 5 === 0 ? [{ type: 'EraseUser' } as const] : []),
    { type: 'GrantGlobalRoles', roles: [pick(globalRoles, detail)] },
    { type: 'WithdrawGlobalRole', role: pick(globalRoles, detail) },
    {
      type: 'IssueApiToken',
      tokenId: uuid('7', detail % 3),
      name: 'token',
      tokenHash: digest(detail),
      prefix: 'abcd',
      expiresAt: null,
      at,
    },
    { type: 'RevokeApiToken', tokenId: uuid('7', detail % 3) },
    { type: 'LinkBuildActor', system: 'https://ci.example.org', actorId: String(detail % 3) },
    { type: 'UnlinkBuildActor', system: 'https://ci.example.org', actorId: String(detail % 3) },
    {
      type: 'InviteUser',
      userId: uuid('1', number),
      organizationId: randomOrganization,
      kind: 'interactive',
      name: sealed(`name ${number}`),
      email: sealed('email'),
      invitation: invitation(detail),
    },
    { type: 'IssueInvitation', invitation: invitation(detail) },
    { type: 'RevokeInvitation' },
    {
      type: 'AcceptInvitation',
      tokenHash: digest(detail),
      at,
      apiToken: {
        tokenId: uuid('7', detail % 3),
        name: 'token',
        tokenHash: digest(detail),
        prefix: 'abcd',
        expiresAt: null,
      },
    },
    { type: 'ProveEmailAddress', method: 'operator' },
  ]
}

function invitation(detail: number): InvitationFacts {
  // As of any moment, and by the clock: what has expired depends on neither.
  const expiresAt = '2099-01-01T00:00:00.000Z'
  return { invitationId: uuid<InvitationId>('7', detail), tokenHash: digest(detail), expiresAt, delivery: 'shown' }
}

function keyRequest(number: number, detail: number) {
  return {
    type: 'RequestKeyGeneration',
    keyId: uuid<KeyId>('8', number),
    organizationId: randomOrganization,
    name: `Key ${number}`,
    keyStore: pick(['default', 'second'], detail),
    algorithm: pick(keyAlgorithms, detail),
  } as const
}

const keyActor = (detail: number) => ({ userId: uuid<UserId>('1', detail % 4), peopleBehind: [] })

/** What may be asked of a key. */
export function keyCommands(number: number, detail: number): readonly KeyCommand[] {
  const token = { label: 'random', serialNumber: '1', manufacturer: 'Random', model: 'Random' }
  const key = { publicKey: 'MAA=', token }
  return [
    keyRequest(number, detail),
    { ...keyRequest(number, detail), type: 'RequestKeyImport', publicKey: 'MAA=' },
    { type: 'RecordGenerated', key },
    { type: 'RecordImported', key },
    { type: 'RecordImportPrepared', transportKey: 'MAA=' },
    { type: 'DisableKey', reason: null },
    { type: 'RequestKeyDeletion', by: keyActor(detail), reason: null, at: '2026-03-01T12:00:00.000Z', usedBy: [] },
    { type: 'WithdrawKeyDeletion', reason: null },
    {
      type: 'ConfirmKeyDeletion',
      by: keyActor(detail + 1),
      label: `countersign-${uuid<KeyId>('8', number)}`,
      at: '2026-03-01T12:00:00.000Z',
      usedBy: [],
    },
    { type: 'RecordDestroyed', wasInStore: true },
  ]
}

/** What may be asked of a group. */
export function groupCommands(number: number, detail: number): readonly GroupCommand[] {
  const user = (offset: number) => uuid<UserId>('1', (detail + offset) % 4)
  return [
    {
      type: 'CreateGroup',
      groupId: uuid('6', number),
      organizationId: randomOrganization,
      name: `Group ${number}`,
      description: null,
      members: detail % 2 === 0 ? [] : [user(0), user(1)],
    },
    { type: 'ChangeGroupMembers', add: [user(0)], remove: [user(1)] },
    { type: 'ChangeGroupMembers', add: [], remove: [user(0), user(1)] },
    { type: 'DescribeGroup', name: `Group ${detail % 50}`, description: detail % 2 === 0 ? null : 'Ünïcödé' },
  ]
}

/** What may be asked of a certificate. */
export function certificateCommands(number: number, detail: number): readonly CertificateCommand[] {
  const validity = { notBefore: '2020-01-01T00:00:00.000Z', notAfter: '2090-01-01T00:00:00.000Z' }
  const keyRequested = keyDecider.decide(keyRequest(detail % 4, detail), keyDecider.initialState())
  return [
    {
      type: 'RequestCertificate',
      request: {
        certificateId: uuid('2', number),
        organizationId: randomOrganization,
        keyId: uuid('8', detail % 4),
        name: `Certificate ${number}`,
        renews: null,
        kind: 'selfSigned',
        ...plainRequest,
        subject: { commonName: 'Random' },
        ...validity,
      },
      key: fold(keyDecider, keyRequested),
      renewed: null,
    },
    {
      type: 'RecordIssued',
      issued: {
        ...issuedFacts('CN=Random', validity.notBefore, validity.notAfter),
        thumbprint: digest(detail),
      },
    },
    { type: 'RequestRenewal' },
    { type: 'ChangeRestrictions', restrictions: { ...unrestricted, minimumApprovals: detail % 3 }, policies: [] },
    { type: 'DisableCertificate', reason: null },
    { type: 'EnableCertificate', reason: null },
    { type: 'RecordExpiry', at: detail % 2 === 0 ? '2089-12-31T12:00:00.000Z' : '2090-01-01T00:00:00.000Z' },
  ]
}

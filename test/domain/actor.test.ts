import { describe, expect, it } from 'vitest'
import {
  type Actor,
  type ApiTokenId,
  type Authentication,
  actingUser,
  credentialOf,
  eventMetadata,
  isFromOutside,
  isKnownActorKind,
  metadataSchemaVersion,
  type OrganizationId,
  refusalKind,
  type SessionId,
  type TrustedBuildSystemId,
  type TrustedBuildSystemTokenId,
  type UserActor,
  type UserId,
  type WebSession,
} from '../../domain/index.ts'
import { fixedUuid } from '../support/submission.ts'

const userId = fixedUuid<UserId>('1')
const session: WebSession = {
  sessionId: fixedUuid<SessionId>('2'),
  signIn: { method: 'openIdConnect', issuer: 'https://login.example', amr: ['pwd', 'otp'] },
  authenticatedAt: '2026-01-31T09:30:00.000Z',
}
const authentications: readonly Authentication[] = [
  { method: 'apiToken', tokenId: fixedUuid<ApiTokenId>('7') },
  { method: 'session', ...session },
  { method: 'session', ...session, sessionId: fixedUuid<SessionId>('3'), signIn: { method: 'invitation' } },
  { method: 'passkeyAssertion', credentialId: 'q83vEjRWeJA', session },
  { method: 'identityToken', issuer: 'https://builds.example', tokenId: 'job-1' },
]
const node = { subject: 'CN=node-7', issuer: 'CN=Builds', serialNumber: '0a', template: null, rule: 'windows' }
const actors: readonly UserActor[] = authentications.flatMap((authentication) => [
  { kind: 'user', userId, authentication },
  {
    kind: 'user',
    userId,
    authentication,
    vouchedBy: {
      trustedBuildSystemId: fixedUuid<TrustedBuildSystemId>('4'),
      proof: { method: 'token', tokenId: fixedUuid<TrustedBuildSystemTokenId>('5') },
      node,
    },
  },
])
/** What a later release might write. */
const later = { kind: 'robot', serial: 7 } as unknown as Actor
const laterWay = { kind: 'user', userId, authentication: { method: 'smartCard', card: 'x' } } as unknown as UserActor

describe('an actor', () => {
  it('who is a user acts as that user, however they proved it and whoever vouches for the call', () => {
    for (const actor of [...actors, laterWay]) expect(actingUser(actor)).toBe(userId)
    for (const actor of [{ kind: 'system', component: 'signer' }, { kind: 'anonymous' }, later] as Actor[])
      expect(actingUser(actor)).toBeNull()
  })

  it('is from outside unless it is a part of the service: only their calls can be sent again', () => {
    for (const actor of [...actors, laterWay, later, { kind: 'anonymous' } as const])
      expect(isFromOutside(actor)).toBe(true)
    expect(isFromOutside({ kind: 'system', component: 'workflow' })).toBe(false)
  })

  it('may be of a kind that only a later release knows', () => {
    for (const kind of ['user', 'system', 'anonymous']) expect(isKnownActorKind(kind)).toBe(true)
    for (const kind of [later.kind, '', 'toString']) expect(isKnownActorKind(kind)).toBe(false)
  })

  it('is written as JSON and read as it was', () => {
    for (const actor of actors) expect(JSON.parse(JSON.stringify(actor))).toEqual(actor)
  })

  it('has one credential for each token, session and passkey, and one for all identity tokens of an issuer', () => {
    const credentials = authentications.map(credentialOf)
    expect(new Set(credentials).size).toBe(authentications.length)
    const next = { method: 'identityToken', issuer: 'https://builds.example', tokenId: 'job-2' } as const
    expect(credentialOf(next)).toBe(credentials.at(-1))
    expect(credentialOf(laterWay.authentication)).toBeUndefined()
  })
})

describe('a source of refusals', () => {
  const kindOf = (actor: Actor) => refusalKind({ actor, code: 'FORBIDDEN', remoteAddress: '192.0.2.1' })

  it('is the credential that was used, whoever vouches for the call', () => {
    const kinds = actors.map(kindOf)
    for (const index of authentications.keys()) expect(kinds[2 * index]).toBe(kinds[2 * index + 1])
    expect(new Set(kinds).size).toBe(authentications.length)
  })

  it('is the address, of kinds of actors that are not known', () => {
    expect(kindOf(later)).toBe(kindOf({ kind: 'anonymous' }))
  })
})

describe('the metadata of an event', () => {
  const organizationId = fixedUuid<OrganizationId>('9')
  const about = { organizationId, occurredAt: '2026-01-31T09:30:00.000Z' }

  it('says in which form it is, who acted from where by which call, and what it belongs to', () => {
    const [actor] = actors as [UserActor]
    const initiator = { actor, callId: 'call', remoteAddress: '192.0.2.1' }
    expect(eventMetadata(initiator, { ...about, correlationId: 'request' })).toEqual({
      schemaVersion: metadataSchemaVersion,
      actor,
      remoteAddress: '192.0.2.1',
      correlationId: 'request',
      causationId: 'call',
      ...about,
    })
  })

  it('belongs to the call by default, and names no address where nobody called', () => {
    const metadata = eventMetadata({ actor: { kind: 'system', component: 'signer' }, callId: 'call' }, about)
    expect(metadata.correlationId).toBe('call')
    expect(metadata).not.toHaveProperty('remoteAddress')
  })
})

import { describe, expect, it } from 'vitest'
import {
  type ApiTokenId,
  defaultPreferences,
  fold,
  type InvitationId,
  type NotificationPreferences,
  type OrganizationId,
  type UserEvent,
  type UserId,
  usableToken,
  userDecider as user,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const at = '2026-03-01T12:00:00.000Z'
const later = '2026-03-01T12:00:00.001Z'
const tokenId = fixedUuid<ApiTokenId>('7')
const facts = {
  userId: fixedUuid<UserId>('1'),
  organizationId: fixedUuid<OrganizationId>('3'),
  kind: 'ci',
  name: { algorithm: 'A256GCM', nonce: 'AAAAAAAAAAAAAAAA', ciphertext: 'bmFtZQ==' },
  email: null,
} as const
const token = { tokenId, name: 'pipeline', tokenHash: 'ab'.repeat(32), prefix: 'cs_1234', expiresAt: null }
const create = { type: 'CreateUser', ...facts } as const
const issue = { type: 'IssueApiToken', ...token, at } as const
const created = event<UserEvent, 'UserCreated'>('UserCreated', facts)
const deactivated = event<UserEvent, 'UserDeactivated'>('UserDeactivated', { reason: null })
const reactivated = event<UserEvent, 'UserReactivated'>('UserReactivated', {})
const erased = event<UserEvent, 'UserErased'>('UserErased', {})
const invitation = {
  invitationId: fixedUuid<InvitationId>('4'),
  tokenHash: 'cd'.repeat(32),
  expiresAt: later,
  delivery: 'shown',
} as const
const next = { ...invitation, invitationId: fixedUuid<InvitationId>('5'), tokenHash: 'ef'.repeat(32) }
const invited = event<UserEvent, 'InvitationIssued'>('InvitationIssued', invitation)
const invitedAgain = event<UserEvent, 'InvitationIssued'>('InvitationIssued', next)
const accepted = event<UserEvent, 'InvitationAccepted'>('InvitationAccepted', { invitationId: next.invitationId })
const invitationRevoked = event<UserEvent, 'InvitationRevoked'>('InvitationRevoked', {
  invitationId: invitation.invitationId,
})
const acceptance = { type: 'AcceptInvitation', tokenHash: invitation.tokenHash, at, apiToken: token } as const
const acceptanceOfFirst = event<UserEvent, 'InvitationAccepted'>('InvitationAccepted', {
  invitationId: invitation.invitationId,
})
const proved = event<UserEvent, 'EmailAddressProved'>('EmailAddressProved', { method: 'operator' })
const granted = event<UserEvent, 'GlobalRoleGranted'>('GlobalRoleGranted', { role: 'globalReader' })
const withdrawn = event<UserEvent, 'GlobalRoleWithdrawn'>('GlobalRoleWithdrawn', { role: 'globalReader' })
const issued = event<UserEvent, 'ApiTokenIssued'>('ApiTokenIssued', token)
const actor = { system: 'https://api.github.com', actorId: '583231' }
const linked = event<UserEvent, 'BuildActorLinked'>('BuildActorLinked', actor)
const unlinked = event<UserEvent, 'BuildActorUnlinked'>('BuildActorUnlinked', actor)
const revoked = event<UserEvent, 'ApiTokenRevoked'>('ApiTokenRevoked', { tokenId })

describe('user', () => {
  it('is linked with actors of build systems, whatever way their address is written', () => {
    const link = { type: 'LinkBuildActor', system: ' HTTPS://API.GitHub.com// ', actorId: '583231' } as const
    given(user, created).when(link).thenEvents(linked)
    given(user, created, linked)
      .when({ ...link, type: 'UnlinkBuildActor' })
      .thenEvents(unlinked)
    given(user, created, linked)
      .when({ ...link, actorId: '583232' })
      .thenEvents({
        ...linked,
        data: { ...linked.data, actorId: '583232' },
      })
    expect(fold(user, [created, linked])).toMatchObject({ buildActors: [actor] })
    expect(fold(user, [created, linked, unlinked])).not.toHaveProperty('buildActors')
  })

  it('is created, deactivated and reactivated', () => {
    given(user).when(create).thenEvents(created)
    given(user, created).when({ type: 'DeactivateUser', reason: null }).thenEvents(deactivated)
    given(user, created, deactivated).when({ type: 'ReactivateUser' }).thenEvents(reactivated)
  })

  it('has tokens issued in the lowest form that says what they are limited to', () => {
    const unlimited = { access: 'full', projects: null, networks: null } as const
    given(user, created)
      .when({ ...issue, scope: unlimited })
      .thenEvents(issued)
    const scope = { ...unlimited, access: 'read' } as const
    given(user, created)
      .when({ ...issue, scope })
      .thenEvents({ ...issued, data: { ...issued.data, schemaVersion: 2, scope } })
  })

  it('of a CI is recorded with who answers for it, in a form that nobody overlooks', () => {
    const responsible = fixedUuid<UserId>('2')
    given(user)
      .when({ ...create, responsible })
      .thenEvents({ ...created, data: { ...created.data, schemaVersion: 2, responsible } })
  })

  it('receives and loses global roles', () => {
    given(user, created)
      .when({ type: 'GrantGlobalRoles', roles: ['globalReader'] })
      .thenEvents(granted)
    given(user, created, granted).when({ type: 'WithdrawGlobalRole', role: 'globalReader' }).thenEvents(withdrawn)
    expect(fold(user, [created, granted])).toMatchObject({ roles: ['globalReader'] })
    expect(fold(user, [created, granted, withdrawn])).toMatchObject({ roles: [] })
  })

  it('is invited, once more, and accepts with their first token, until when they can do nothing', () => {
    const { kind: _, ...person } = facts
    const who = { ...person, kind: 'interactive' } as const
    const added = event<UserEvent, 'UserCreated'>('UserCreated', who)
    given(user)
      .when({ type: 'InviteUser', ...who, invitation })
      .thenEvents(added, invited)
    expect(fold(user, [added, invited])).toMatchObject({ status: 'invited' })
    given(user, added, invited).when({ type: 'IssueInvitation', invitation: next }).thenEvents(invitedAgain)
    given(user, added, invited)
      .when({ type: 'GrantGlobalRoles', roles: ['globalReader'] })
      .thenEvents(granted)
    const accept = { type: 'AcceptInvitation', at, apiToken: token } as const
    const open = given(user, added, invited, invitedAgain)
    open.when({ ...accept, tokenHash: next.tokenHash }).thenEvents(accepted, issued)
    open.when({ ...accept, tokenHash: invitation.tokenHash }).thenRefused('INVITATION_REVOKED')
    expect(fold(user, [added, invited, invitedAgain, accepted, issued])).toMatchObject({ status: 'active' })
    given(user, added, invited).when({ type: 'RevokeInvitation' }).thenEvents(invitationRevoked)
    given(user, added, invited, invitedAgain, accepted, issued)
      .when({ type: 'ProveEmailAddress', method: 'operator' })
      .thenEvents(event<UserEvent, 'EmailAddressProved'>('EmailAddressProved', { method: 'operator' }))
  })

  it('who accepts an invitation that was mailed has proved the address, and the operator has nothing to prove', () => {
    const mailed = event<UserEvent, 'InvitationIssued'>('InvitationIssued', { ...next, delivery: 'mailed' })
    expect(fold(user, [created, mailed])).toMatchObject({ addressProved: false })
    expect(fold(user, [created, mailed, accepted])).toMatchObject({ status: 'active', addressProved: true })
    expect(fold(user, [created, invited, acceptanceOfFirst])).toMatchObject({ addressProved: false })
    given(user, created, mailed, accepted)
      .when({ type: 'ProveEmailAddress', method: 'operator' })
      .thenRefused('EMAIL_ADDRESS_PROVED')
  })

  it('of a person says what they are told of, all of it in one event', () => {
    const person = { ...created, data: { ...created.data, kind: 'interactive' as const } }
    const change = (preferences: Partial<NotificationPreferences>) =>
      ({ type: 'ChangeNotificationPreferences', preferences }) as const
    const chosen = (preferences: Partial<NotificationPreferences>) =>
      event<UserEvent, 'NotificationPreferencesChanged'>('NotificationPreferencesChanged', {
        preferences: { ...defaultPreferences, ...preferences },
      })
    given(user, person)
      .when(change({ unusualActivity: 'daily' }))
      .thenEvents(chosen({ unusualActivity: 'daily' }))
    given(user, person, chosen({ unusualActivity: 'daily' }))
      .when(change({ requestOutcome: 'never' }))
      .thenEvents(chosen({ unusualActivity: 'daily', requestOutcome: 'never' }))
    given(user, created).when(change({})).thenRefused('NOTIFICATION_NEEDS_PERSON')
    given(user, person, deactivated).when(change({})).thenRefused('USER_DEACTIVATED')
  })

  it('who was invited is still so after deactivation and reactivation, and erased with the invitation', () => {
    const withdrawnThen = [created, invited, deactivated, reactivated]
    expect(fold(user, withdrawnThen)).toMatchObject({ status: 'invited' })
    expect(fold(user, [created, invited, deactivated, invitedAgain])).toMatchObject({ status: 'deactivated' })
    expect(fold(user, [created, invited, acceptanceOfFirst, deactivated, reactivated])).toMatchObject({
      status: 'active',
    })
    given(user, created, invited).when({ type: 'EraseUser' }).thenEvents(invitationRevoked, deactivated, erased)
  })

  it('loses a role even when deactivated, so that reactivation does not bring it back unseen', () => {
    given(user, created, granted, deactivated)
      .when({ type: 'WithdrawGlobalRole', role: 'globalReader' })
      .thenEvents(withdrawn)
  })

  it('has tokens issued and revoked', () => {
    given(user, created).when(issue).thenEvents(issued)
    given(user, created)
      .when({ ...issue, expiresAt: later })
      .thenEvents({ ...issued, data: { ...issued.data, expiresAt: later } })
    given(user, created, issued).when({ type: 'RevokeApiToken', tokenId }).thenEvents(revoked)
  })

  it('can have a token revoked when deactivated', () => {
    given(user, created, issued, deactivated).when({ type: 'RevokeApiToken', tokenId }).thenEvents(revoked)
  })

  it('is erased with all that they could do, each ended by its own event, and keeps the id', () => {
    const other = { ...issued, data: { ...issued.data, tokenId: fixedUuid<ApiTokenId>('8') } }
    const history = [created, granted, issued, other, revoked]
    const ended = { ...revoked, data: { ...revoked.data, tokenId: other.data.tokenId } }
    given(user, ...history)
      .when({ type: 'EraseUser' })
      .thenEvents(ended, deactivated, erased)
    given(user, ...history, ended, deactivated)
      .when({ type: 'EraseUser' })
      .thenEvents(erased)
    expect(fold(user, [...history, ended, deactivated, erased])).toMatchObject({
      userId: facts.userId,
      status: 'deactivated',
      erased: true,
      tokens: [{ revoked: true }, { revoked: true }],
    })
  })

  it('is named by the id alone in every refusal', () => {
    const states = [
      [created, issued],
      [created, deactivated],
      [created, deactivated, erased],
    ].map((events) => fold(user, events))
    const commands = [
      issue,
      { type: 'ReactivateUser' },
      { type: 'DeactivateUser', reason: null },
      { type: 'RevokeApiToken', tokenId: fixedUuid<ApiTokenId>('9') },
      { type: 'WithdrawGlobalRole', role: 'globalReader' },
    ] as const
    const refused = states.flatMap((state) =>
      commands.flatMap((command) => {
        try {
          user.decide(command, state)
          return []
        } catch (error) {
          return [String(error)]
        }
      }),
    )
    expect(refused.length).toBeGreaterThan(8)
    expect(refused.filter((message) => !message.includes(facts.userId))).toEqual([])
  })

  itRefuses(user, { source: 'user/decider.ts', before: 'export const userDecider' }, [
    ['USER_EXISTS', 'a second creation', [created], create],
    ['USER_NOT_FOUND', 'a token before creation', [], issue],
    ['USER_DEACTIVATED', 'a second deactivation', [created, deactivated], { type: 'DeactivateUser', reason: null }],
    [
      'USER_DEACTIVATED',
      'a role for one deactivated',
      [created, deactivated],
      { type: 'GrantGlobalRoles', roles: ['globalReader'] },
    ],
    ['USER_DEACTIVATED', 'a token for one deactivated', [created, deactivated], issue],
    ['USER_ACTIVE', 'reactivation of an active one', [created], { type: 'ReactivateUser' }],
    ['USER_ERASED', 'a second erasure', [created, deactivated, erased], { type: 'EraseUser' }],
    ['USER_ERASED', 'reactivation of an erased one', [created, deactivated, erased], { type: 'ReactivateUser' }],
    ['USER_ERASED', 'a token for an erased one', [created, deactivated, erased], issue],
    ['USER_NOT_FOUND', 'erasure of nobody', [], { type: 'EraseUser' }],
    [
      'NOTIFICATION_NEEDS_PERSON',
      'what a CI user is told of',
      [created],
      { type: 'ChangeNotificationPreferences', preferences: {} },
    ],
    ['ROLE_HELD', 'a role twice', [created, granted], { type: 'GrantGlobalRoles', roles: ['globalReader'] }],
    [
      'ROLE_NEEDS_PERSON',
      'a CI administrator',
      [created],
      { type: 'GrantGlobalRoles', roles: ['globalAdministrator'] },
    ],
    ['ROLE_NOT_HELD', 'withdrawal of a role not held', [created], { type: 'WithdrawGlobalRole', role: 'globalReader' }],
    [
      'API_TOKEN_SCOPE_MALFORMED',
      'a token for no project at all',
      [created],
      { ...issue, scope: { access: 'full', projects: [], networks: null } },
    ],
    [
      'NETWORK_MALFORMED',
      'a token for what is no network',
      [created],
      { ...issue, scope: { access: 'full', projects: null, networks: ['192.0.2.1/24'] } },
    ],
    ['BUILD_ACTOR_LINKED', 'a link twice', [created, linked], { type: 'LinkBuildActor', ...actor }],
    ['BUILD_ACTOR_NOT_LINKED', 'the end of no link', [created], { type: 'UnlinkBuildActor', ...actor }],
    [
      'BUILD_ACTOR_NOT_LINKED',
      'the end of a link with somebody else',
      [created, linked],
      { type: 'UnlinkBuildActor', ...actor, system: 'https://github.example.org/api/v3' },
    ],
    [
      'BUILD_ACTORS_TOO_MANY',
      'more links than there may be',
      [
        created,
        ...Array.from({ length: 100 }, (_, index) => ({ ...linked, data: { ...linked.data, actorId: `a${index}` } })),
      ],
      { type: 'LinkBuildActor', ...actor },
    ],
    ...(
      [
        ['no address', { ...actor, system: 'github.com' }],
        ['an address with a password', { ...actor, system: 'https://ada:secret@api.github.com' }],
        ['an address with a query', { ...actor, system: 'https://api.github.com/?user=1' }],
        ['no id', { ...actor, actorId: ' ' }],
        ['an id with a control of text direction', { ...actor, actorId: '58\u202e3231' }],
        ['an id that is too long', { ...actor, actorId: '5'.repeat(201) }],
      ] as const
    ).map(
      ([what, named]) =>
        ['BUILD_ACTOR_MALFORMED', `a link with ${what}`, [created], { type: 'LinkBuildActor', ...named }] as const,
    ),
    ['API_TOKEN_NOT_FOUND', 'revocation of no token', [created], { type: 'RevokeApiToken', tokenId }],
    ['API_TOKEN_NOT_FOUND', 'a second revocation', [created, issued, revoked], { type: 'RevokeApiToken', tokenId }],
    ['API_TOKEN_EXPIRY_PAST', 'a token that has expired', [created], { ...issue, expiresAt: at }],
    ['USER_INVITED', 'a token for one who has not accepted', [created, invited], issue],
    [
      'USER_INVITED',
      'a proof for one who has not accepted',
      [created, invited],
      { type: 'ProveEmailAddress', method: 'operator' },
    ],
    ['USER_ACTIVE', 'an invitation of one who acts', [created], { type: 'IssueInvitation', invitation }],
    [
      'USER_ACTIVE',
      'an invitation of one who has accepted',
      [created, invited, acceptanceOfFirst],
      { type: 'IssueInvitation', invitation: next },
    ],
    [
      'USER_DEACTIVATED',
      'an invitation of one deactivated',
      [created, invited, deactivated],
      { type: 'IssueInvitation', invitation: next },
    ],
    ['USER_DEACTIVATED', 'acceptance by one deactivated', [created, invited, deactivated], acceptance],
    ['INVITATION_NOT_FOUND', 'revocation of no invitation', [created], { type: 'RevokeInvitation' }],
    [
      'INVITATION_NOT_FOUND',
      'revocation of an accepted one',
      [created, invited, acceptanceOfFirst],
      { type: 'RevokeInvitation' },
    ],
    ['INVITATION_INVALID', 'another token', [created, invited], { ...acceptance, tokenHash: next.tokenHash }],
    ['INVITATION_INVALID', 'a token of who was never invited', [created], acceptance],
    ['INVITATION_ACCEPTED', 'a second acceptance', [created, invited, acceptanceOfFirst], acceptance],
    ['INVITATION_REVOKED', 'a revoked one', [created, invited, invitationRevoked], acceptance],
    ['INVITATION_REVOKED', 'one that another replaced', [created, invited, invitedAgain], acceptance],
    ['INVITATION_EXPIRED', 'one whose time is over', [created, invited], { ...acceptance, at: later }],
    [
      'EMAIL_ADDRESS_PROVED',
      'a second proof',
      [created, invited, acceptanceOfFirst, proved],
      { type: 'ProveEmailAddress', method: 'operator' },
    ],
    [
      'EMAIL_ADDRESS_PROVED',
      'a proof for one who was never invited',
      [created],
      { type: 'ProveEmailAddress', method: 'operator' },
    ],
    ['NAME_MALFORMED', "a token's name", [created], { ...issue, name: '\n' }],
    ['TEXT_TOO_LONG', 'a reason', [created], { type: 'DeactivateUser', reason: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a reason', [created], { type: 'DeactivateUser', reason: '\0' }],
  ])
})

describe('usableToken', () => {
  const expiring = { ...issued, data: { ...issued.data, expiresAt: later } }
  const refusal = (events: readonly UserEvent[], hash = token.tokenHash, moment = at) =>
    refusalOf(() => usableToken(fold(user, events), hash, moment)).code

  it('finds the token by its hash, until the moment of its expiry', () => {
    expect(usableToken(fold(user, [created, issued]), token.tokenHash, at)).toEqual({ ...token, revoked: false })
    expect(usableToken(fold(user, [created, expiring]), token.tokenHash, at).expiresAt).toBe(later)
    expect(refusal([created, expiring], token.tokenHash, later)).toBe('TOKEN_EXPIRED')
  })

  it('refuses what does not work, each with its code', () => {
    expect(refusal([])).toBe('TOKEN_INVALID')
    expect(refusal([created, issued], 'cd'.repeat(32))).toBe('TOKEN_INVALID')
    expect(refusal([created, issued, revoked])).toBe('TOKEN_REVOKED')
    expect(refusal([created, issued, deactivated])).toBe('USER_DEACTIVATED')
    expect(refusal([created, issued, revoked, deactivated, erased])).toBe('TOKEN_REVOKED')
    expect(usableToken(fold(user, [created, issued, deactivated, reactivated]), token.tokenHash, at).tokenId).toBe(
      tokenId,
    )
  })
})

import {
  type ApiTokenId,
  defaultPreferences,
  type InvitationFacts,
  type InvitationId,
  streams,
} from '../../../domain/index.ts'
import { fixedUuid } from '../submission.ts'
import {
  byInvitation,
  byOperator,
  bySession,
  bySetup,
  byToken,
  digest,
  id,
  inForm,
  plannedDeadline,
  sealed,
} from './facts.ts'
import type { EventHistory } from './request-histories.ts'

const invitation = (invitationId: InvitationId, hash: string): InvitationFacts => ({
  invitationId,
  tokenHash: digest(hash),
  expiresAt: '2026-03-15T12:00:00.000Z',
  delivery: 'shown',
})

/** The histories of users. */
export function peopleHistories(): readonly EventHistory[] {
  return [
    {
      streamId: streams.user(id.user),
      events: [
        bySetup('UserCreated', {
          userId: id.user,
          organizationId: id.organization,
          kind: 'interactive',
          name: sealed(1),
          email: sealed(2),
        }),
        bySetup('AdministratorAppointed', {}),
        bySession('GlobalRoleWithdrawn', { role: 'globalAdministrator' }),
        bySetup('GlobalRoleGranted', { role: 'globalAdministrator' }),
        bySetup('GlobalRoleGranted', { role: 'userAdministrator' }),
        bySession('GlobalRoleWithdrawn', { role: 'userAdministrator' }),
        bySession('ApiTokenIssued', {
          tokenId: id.token,
          name: 'Build',
          tokenHash: digest('12'),
          prefix: 'abcdef',
          expiresAt: null,
        }),
      ],
    },
    {
      streamId: streams.buildActor(fixedUuid('b')),
      events: [bySession('BuildActorUserListed', { userId: id.linkedUser })],
    },
    {
      streamId: streams.user(id.linkedUser),
      events: [
        bySetup('UserCreated', {
          userId: id.linkedUser,
          organizationId: id.organization,
          kind: 'interactive',
          name: sealed(7),
          email: sealed(8),
        }),
        bySession('BuildActorLinked', { system: 'https://api.github.com', actorId: '583231' }),
        bySession('BuildActorLinked', { system: 'https://jenkins.example.org/ci', actorId: 'ada' }),
        bySession('BuildActorUnlinked', { system: 'https://jenkins.example.org/ci', actorId: 'ada' }),
      ],
    },
    {
      streamId: streams.user(id.approver),
      events: [
        byToken('UserCreated', {
          userId: id.approver,
          organizationId: id.organization,
          kind: 'ci',
          name: sealed(3),
          email: null,
        }),
        byToken('ApiTokenIssued', {
          tokenId: id.session as string as ApiTokenId,
          name: 'Tool',
          tokenHash: digest('34'),
          prefix: 'ghijkl',
          expiresAt: plannedDeadline,
        }),
        byToken('UserDeactivated', { reason: 'On leave' }),
        byToken('UserReactivated', {}),
        byToken('ApiTokenRevoked', { tokenId: id.session as string as ApiTokenId }),
        byToken('UserDeactivated', { reason: null }),
        byToken('UserErased', {}),
      ],
    },
    {
      streamId: streams.apiTokenUse(id.token),
      events: [
        byToken('ApiTokenUsed', { userId: id.user, tokenId: id.token, day: '2026-03-01' }),
        byToken('ApiTokenUsed', { userId: id.user, tokenId: id.token, day: '2026-03-02' }),
      ],
    },
    {
      streamId: streams.user(id.invited),
      events: [
        byToken('UserCreated', {
          userId: id.invited,
          organizationId: id.organization,
          kind: 'interactive',
          name: sealed(5),
          email: sealed(6),
        }),
        byToken('InvitationIssued', invitation(id.invitation, '78')),
        byToken('InvitationRevoked', { invitationId: id.invitation }),
        byToken('InvitationIssued', invitation(id.nextInvitation, '9a')),
        byInvitation('InvitationAccepted', { invitationId: id.nextInvitation }),
        byInvitation('ApiTokenIssued', {
          tokenId: id.invited as string as ApiTokenId,
          name: 'first token',
          tokenHash: digest('bc'),
          prefix: 'mnopqr',
          expiresAt: null,
        }),
        byOperator('EmailAddressProved', { method: 'operator' }),
        byToken('NotificationPreferencesChanged', { preferences: { ...defaultPreferences, unusualActivity: 'daily' } }),
      ],
    },
    {
      streamId: streams.user(id.ciUser),
      events: [
        inForm(
          2,
          byToken('UserCreated', {
            userId: id.ciUser,
            organizationId: id.organization,
            kind: 'ci',
            name: sealed(4),
            email: null,
            responsible: id.user,
          }),
        ),
        inForm(
          2,
          byToken('ApiTokenIssued', {
            tokenId: id.change as string as ApiTokenId,
            name: 'Pipeline',
            tokenHash: digest('78'),
            prefix: 'mnopqr',
            expiresAt: null,
            scope: { access: 'submit', projects: [id.project], networks: ['192.0.2.0/24'] },
          }),
        ),
      ],
    },
  ]
}

import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { withAttribution } from '../../activities/attribution.ts'
import { authoriseSigning } from '../../activities/authorise-signing.ts'
import { acceptInvitation } from '../../application/accept-invitation.ts'
import { newApiToken } from '../../application/api-token.ts'
import type { Caller } from '../../application/caller.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { inviteUser, proveEmailAddress, revokeInvitation } from '../../application/invite-user.ts'
import { Setup } from '../../application/setup.ts'
import {
  type Actor,
  type ApiTokenId,
  type DomainEvent,
  eventMetadata,
  groupDecider,
  type SessionId,
  type SigningRequest,
  streams,
  type UserId,
} from '../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { sealedNobody } from '../support/persons.ts'
import { shownInvitation } from '../support/shown-invitation.ts'
import { administratorsInLog } from '../support/submitters-in-log.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

const refusals = { record: async () => undefined, close: async () => undefined }
const room = { require: async () => undefined }

/** Anna is an administrator, and approves through a group, as do Bert and who is added to it. */
async function world() {
  const organization = await testOrganization({ throughGroups: true, timestamp: 'none' })
  const { signer, persons, setup, groups, approvers, tokenIds, log } = organization
  const dependencies = { ...signer, persons, refusals, room, administrators: administratorsInLog(log) }
  const [anna, bert] = approvers
  const caller: Caller = {
    organizationId: setup.organizationId,
    userId: anna,
    kind: 'interactive',
    roles: ['globalAdministrator'],
    scope: null,
    person: sealedNobody,
    authentication: { method: 'apiToken', tokenId: tokenIds.get(anna) as ApiTokenId },
    remoteAddress: undefined,
    callId: randomUUID(),
  }
  const by = groups === undefined ? [] : [groups.approvers]
  return {
    organization,
    dependencies,
    anna,
    bert,
    caller,
    async joins(userId: UserId, tokenId: ApiTokenId) {
      ;(tokenIds as Map<UserId, ApiTokenId>).set(userId, tokenId)
      const command = { type: 'ChangeGroupMembers', add: [userId], remove: [] } as const
      if (groups !== undefined)
        await handleCommand(signer, setup, streams.group(groups.approvers), groupDecider, command)
    },
    approve: ({ signingRequestId, plan }: SigningRequest, approver: UserId, peopleBehind: UserId[] = []) =>
      organization.tell(
        signingRequestId,
        {
          type: 'Approve',
          approver,
          groups: by,
          ...(peopleBehind.length === 0 ? {} : { peopleBehind }),
          planDigest: plan?.digest as NonNullable<typeof plan>['digest'],
          comment: null,
        },
        approver,
      ),
    /** What the signer says, which holds every actor against the log. */
    authorise: ({ signingRequestId }: SigningRequest) =>
      authoriseSigning({ ...signer, log: withAttribution(log) }, signingRequestId),
  }
}

/** Events as an API process could write them that asks nobody. */
async function forge({ log, setup }: TestOrganization, streamId: string, events: readonly DomainEvent[], actor: Actor) {
  const { revision } = await readWholeStream(log, streamId)
  const occurredAt = new Date().toISOString()
  const metadata = eventMetadata({ actor, callId: randomUUID() }, { ...setup, occurredAt })
  await log.append(streamId, prepareEvents(streamId, revision, events, metadata), revision)
}

const tokenOf = (userId: UserId) => {
  const { hash: tokenHash, prefix } = newApiToken(userId)
  const tokenId = randomUUID() as ApiTokenId
  const facts = { tokenId, name: 'forged', tokenHash, prefix, expiresAt: null }
  return { tokenId, event: { type: 'ApiTokenIssued', data: { schemaVersion: 1, ...facts } } as DomainEvent }
}

const byInvitation = (userId: UserId): Actor => ({
  kind: 'user',
  userId,
  authentication: {
    method: 'session',
    sessionId: randomUUID() as SessionId,
    signIn: { method: 'invitation' },
    authenticatedAt: new Date().toISOString(),
  },
})

describe('an administrator who invites somebody and accepts it', () => {
  it('is one person with that account, until the operator has asked whose it is', async () => {
    const { organization, dependencies, anna, bert, caller, joins, approve, authorise } = await world()
    const address = { email: 'ivy@example.org', name: null, roles: [] }
    const { userId: ivy, token } = await shownInvitation(inviteUser(dependencies, caller, address))
    const { tokenId } = await acceptInvitation(dependencies, { invitation: token, tokenName: 'x' }, undefined)
    await joins(ivy, tokenId)

    // As a worker could write it that says nothing of Anna.
    const silent = await organization.planned()
    await approve(silent, ivy)
    await approve(silent, anna)
    await expect(authorise(silent)).rejects.toMatchObject({ code: 'APPROVAL_NOT_BY_APPROVER' })

    const honest = await organization.planned()
    await approve(honest, ivy, [anna])
    await expect(approve(honest, anna)).rejects.toMatchObject({ code: 'ALREADY_APPROVED' })
    await approve(honest, bert)
    await expect(authorise(honest)).resolves.toMatchObject({ kind: 'authorised' })

    // Anna herself cannot say whose the account is.
    const proof = { type: 'EmailAddressProved', data: { schemaVersion: 1, method: 'operator' } } as DomainEvent
    const { authentication } = caller
    await forge(organization, streams.user(ivy), [proof], { kind: 'user', userId: anna, authentication })
    await expect(authorise(silent)).rejects.toMatchObject({ code: 'APPROVAL_NOT_BY_APPROVER' })
    const operator = new Setup(caller.organizationId, { component: 'operator' })
    await expect(proveEmailAddress(dependencies, operator, ivy)).rejects.toMatchObject({ code: 'EMAIL_ADDRESS_PROVED' })
    await forge(organization, streams.user(ivy), [proof], { kind: 'system', component: 'operator' })
    await expect(authorise(silent)).resolves.toMatchObject({ kind: 'authorised' })
  })
})

describe('the signer believes nobody', () => {
  const untrusted = { code: 'EVENT_LOG_UNTRUSTED' }

  it('who was invited and has not accepted', async () => {
    const { organization, dependencies, anna, caller, joins, approve, authorise } = await world()
    const { userId: ivy } = await inviteUser(dependencies, caller, { email: 'ivy@example.org', name: null, roles: [] })
    const { tokenId, event } = tokenOf(ivy)
    await forge(organization, streams.user(ivy), [event], { kind: 'system', component: 'setup' })
    await joins(ivy, tokenId)
    const request = await organization.planned()
    await approve(request, ivy)
    await approve(request, anna)
    await expect(authorise(request)).rejects.toMatchObject(untrusted)
    // Also where nobody holds actors against the log.
    await expect(authoriseSigning(organization.signer, request.signingRequestId)).rejects.toMatchObject({
      code: 'APPROVER_UNKNOWN',
    })
  })

  it('whom a user added without an invitation', async () => {
    const { organization, anna, caller, joins, approve, authorise } = await world()
    const ivy = randomUUID() as UserId
    const { authentication, organizationId } = caller
    const byAnna: Actor = { kind: 'user', userId: anna, authentication }
    const facts = { userId: ivy, organizationId, kind: 'interactive', ...sealedNobody }
    const created = { type: 'UserCreated', data: { schemaVersion: 1, ...facts } } as DomainEvent
    const { tokenId, event } = tokenOf(ivy)
    await forge(organization, streams.user(ivy), [created], byAnna)
    await forge(organization, streams.user(ivy), [event], { kind: 'system', component: 'setup' })
    await joins(ivy, tokenId)
    const request = await organization.planned()
    await approve(request, ivy)
    await approve(request, anna)
    await expect(authorise(request)).rejects.toMatchObject(untrusted)
  })

  it.each(['revoked', 'of another id', 'expired', 'followed by a token of another session'] as const)(
    'who accepted an invitation that is %s',
    async (what) => {
      const { organization, dependencies, anna, caller, joins, approve, authorise } = await world()
      const long = new Date(Date.now() - 30 * 86_400_000).toISOString()
      const then = what === 'expired' ? { ...dependencies, now: () => long } : dependencies
      const address = { email: 'ivy@example.org', name: null, roles: [] }
      const invited = await inviteUser(then, caller, address)
      const ivy = invited.userId
      if (what === 'revoked') await revokeInvitation(dependencies, caller, { userId: ivy })
      const invitationId = what === 'of another id' ? randomUUID() : invited.invitationId
      const accepted = { type: 'InvitationAccepted', data: { schemaVersion: 1, invitationId } } as DomainEvent
      const { tokenId, event } = tokenOf(ivy)
      const actor = byInvitation(ivy)
      await forge(organization, streams.user(ivy), [accepted], actor)
      const isOther = what === 'followed by a token of another session'
      await forge(organization, streams.user(ivy), [event], isOther ? byInvitation(ivy) : actor)
      await joins(ivy, tokenId)
      const request = await organization.planned()
      await approve(request, ivy, [anna])
      await approve(request, organization.approvers[1])
      await expect(authorise(request)).rejects.toMatchObject(untrusted)
    },
  )

  it('who acts otherwise by the session of an invitation', async () => {
    const { organization, dependencies, anna, caller, joins, authorise, approve } = await world()
    const address = { email: 'ivy@example.org', name: null, roles: [] }
    const { userId: ivy, token } = await shownInvitation(inviteUser(dependencies, caller, address))
    const { tokenId } = await acceptInvitation(dependencies, { invitation: token, tokenName: 'x' }, undefined)
    await joins(ivy, tokenId)
    const request = await organization.planned()
    const { signingRequestId, plan } = request
    const through = [{ group: organization.groups?.approvers }]
    const facts = { approver: ivy, through, planDigest: plan?.digest, comment: null, peopleBehind: [anna] }
    const granted = { type: 'ApprovalGranted', data: { schemaVersion: 2, ...facts } } as unknown as DomainEvent
    const { events } = await readWholeStream(organization.log, streams.user(ivy))
    const session = events.at(-1)?.metadata.actor as Actor
    await forge(organization, streams.signingRequest(signingRequestId), [granted], session)
    await approve(request, organization.approvers[1])
    await expect(authorise(request)).rejects.toMatchObject(untrusted)
  })
})

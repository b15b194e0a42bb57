import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, it } from 'vitest'
import { authoriseSigning } from '../../activities/authorise-signing.ts'
import { collectGrounds } from '../../activities/grounds.ts'
import { checkPeopleOfBuild } from '../../activities/people-of-build.ts'
import { verifyOrigin } from '../../activities/verify-origin.ts'
import { issueApiToken } from '../../application/api-tokens.ts'
import { linkBuildActor } from '../../application/build-actors.ts'
import { createCiUser } from '../../application/create-user.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type BuildActor,
  type DomainEvent,
  groupDecider,
  originOfClaim,
  type SigningRequest,
  type SigningRequestId,
  streams,
  type UserId,
  type VerifiedOrigin,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import type { Origins } from '../../origin/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { allowedBranches, claimedBy, demandedOrigin } from '../support/origins.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

/** A CI user among the approvers, for whom somebody is responsible. */
async function ciApprover({ signer, persons, setup, groups, tokenIds }: TestOrganization, responsible: UserId) {
  const dependencies = { ...signer, persons }
  const { userId } = await createCiUser(dependencies, setup, { name: 'Tool', responsible })
  const { tokenId } = await issueApiToken(signer, setup, { userId, name: 'test', expiresAt: null })
  ;(tokenIds as Map<UserId, typeof tokenId>).set(userId, tokenId)
  if (groups === undefined) throw new Error('There are no groups.')
  await handleCommand(signer, setup, streams.group(groups.approvers), groupDecider, {
    type: 'ChangeGroupMembers',
    add: [userId],
    remove: [],
  })
  return userId
}

describe('the signer', () => {
  it('counts no approval that does not name who is behind the account, and one that does as theirs', async () => {
    const organization = await testOrganization({ throughGroups: true, timestamp: 'none' })
    const { signer, groups, approvers, tell } = organization
    const [anna, bert] = approvers
    const tool = await ciApprover(organization, anna)
    const by = groups === undefined ? [] : [groups.approvers]
    const approve = async (id: Awaited<ReturnType<typeof organization.planned>>, who: UserId, behind: UserId[] = []) =>
      tell(
        id.signingRequestId,
        {
          type: 'Approve',
          approver: who,
          groups: by,
          ...(behind.length === 0 ? {} : { peopleBehind: behind }),
          planDigest: id.plan?.digest as NonNullable<typeof id.plan>['digest'],
          comment: null,
        },
        who,
      )
    // As a worker could write it that says nothing of Anna.
    const forged = await organization.planned()
    await approve(forged, anna)
    await approve(forged, tool)
    await expect(authoriseSigning(signer, forged.signingRequestId)).rejects.toMatchObject({
      code: 'APPROVAL_NOT_BY_APPROVER',
    })
    const honest = await organization.planned()
    await approve(honest, tool, [anna])
    await expect(approve(honest, anna)).rejects.toMatchObject({ code: 'ALREADY_APPROVED' })
    await approve(honest, bert)
    await expect(authoriseSigning(signer, honest.signingRequestId)).resolves.toMatchObject({ kind: 'authorised' })
  })
})

describe('a request whose origin was verified', () => {
  const actor = { system: 'https://api.github.com', actorId: '583231' }
  const pushedBy: BuildActor = { role: 'pusher', system: 'https://API.GitHub.com/', id: '583231', name: 'ada' }

  it('names whom administrators linked with the actors of its build, and who is behind them, or is not signed', async () => {
    const organization = await testOrganization({
      buildSystem: true,
      allowedBranches,
      approval: null,
      timestamp: 'none',
    })
    const { signer, setup, persons, store, log, submitter } = organization
    const [anna, bert] = organization.approvers
    const earlier = { ...signer, persons, now: () => new Date(Date.now() - 3_600_000).toISOString() }
    const { userId: tool } = await createCiUser(earlier, setup, { name: 'Tool', responsible: bert })
    for (const userId of [anna, tool]) await linkBuildActor(earlier, setup, { userId, ...actor })
    const claimedOrigin = claimedBy(organization)
    const origin = { ...originOfClaim(claimedOrigin).origin, actors: [pushedBy] } as VerifiedOrigin
    const facts = { kind: 'custom', proof: 'claim', checks: [], evidence: [] } as const
    const { trustedBuildSystemId } = claimedOrigin
    const recorded = { type: 'RecordOrigin', trustedBuildSystemId, ...facts, origin, peopleBehind: [anna] } as const
    const verified = async (peopleBehind: readonly UserId[]) =>
      organization.planned(undefined, undefined, {
        changes: { claimedOrigin, originVerification: demandedOrigin },
        origin: { ...recorded, peopleBehind },
      })
    const eventsOf = async (id: SigningRequestId) => (await readWholeStream(log, streams.signingRequest(id))).events
    const checked = async ({ signingRequestId }: Pick<SigningRequest, 'signingRequestId'>) => {
      const request = await organization.request(signingRequestId)
      const { log: grounds } = collectGrounds(signer.log)
      return checkPeopleOfBuild(grounds, request, await eventsOf(signingRequestId)).then(
        () => 'allowed',
        ({ code }: { code: string }) => code,
      )
    }
    const forged = await verified([anna])
    expect(await checked(forged)).toBe('POLICY_MISMATCH')

    // What the worker writes.
    const changes = { claimedOrigin, originVerification: demandedOrigin }
    const signingRequestId = await organization.retrievedRequest(undefined, undefined, { changes })
    const origins: Pick<Origins, 'verify'> = {
      verify: async () => ({ origin, proof: 'claim', checks: [], evidence: [] }),
    }
    const { asking } = organization
    const step = verifyOrigin({ ...asking, log: signer.log, store, origins, now: signer.now })
    await new MockActivityEnvironment().run(step, { signingRequestId, fromRevision: 0 })
    const expected = [anna, bert, tool].filter((person) => person !== submitter).sort()
    expect((await organization.request(signingRequestId)).peopleBehind).toEqual(expected)
    expect(await checked({ signingRequestId })).toBe('allowed')

    // A link that was ended before counts no more; ended under change control it must have been approved.
    const happens = async (stream: string, event: DomainEvent) =>
      appendRaw(log, stream, [event], (await readWholeStream(log, stream)).revision, setup.organizationId)
    const changeControl = { requiredApprovals: 1, lifetimeSeconds: 86_400 }
    const controlled = { type: 'ChangeControlChanged', data: { schemaVersion: 1, changeControl } } as const
    await happens(streams.organization(setup.organizationId), controlled)
    await happens(streams.user(anna), { type: 'BuildActorUnlinked', data: { schemaVersion: 1, ...actor } })
    expect(await checked(await verified([bert, tool]))).toBe('RULE_CHANGE_NOT_APPROVED')
    expect(await checked({ signingRequestId })).toBe('allowed')
  })
})

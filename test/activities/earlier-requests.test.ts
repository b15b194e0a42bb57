import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { recordResubmission } from '../../activities/record-resubmission.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { type Actor, groupDecider, type SigningRequest, type Source, streams, type UserId } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { seededProgram } from '../support/seeded-source.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const installation = testInstallation()

/** `signed`, or the code of what the signer says. */
async function sign({ signer }: TestOrganization, { signingRequestId }: SigningRequest): Promise<string> {
  const { sign: signIt } = signerActivities({ ...signer, recordRefusal: async () => undefined })
  return new MockActivityEnvironment().run(signIt, { signingRequestId, fromRevision: 0 }).then(
    () => 'signed',
    (error: { type?: string; message: string }) => error.type ?? error.message,
  )
}

/** The source of a request that takes the artifact of another again, as events have it. */
function takenFrom({ signingRequestId, source }: SigningRequest): Source {
  return { ...source, kind: 'earlierRequest', details: { signingRequestId } }
}

/** A person's call by their token. */
function callOf({ tokenIds }: TestOrganization, userId: UserId): Actor {
  const tokenId = tokenIds.get(userId)
  if (tokenId === undefined) throw new Error('There is no token.')
  return { kind: 'user', userId, authentication: { method: 'apiToken', tokenId } }
}

describe('a request that takes the artifact of an earlier one', () => {
  test('is signed when that one is completed, and not before, nor with another artifact, nor with other choices', async () => {
    const organization = await testOrganization({ approval: null, timestamp: 'none', installation })
    const original = await organization.planned()
    const changes = { source: takenFrom(original) }
    // The signer asks what was there when it was submitted.
    const early = await organization.planned(undefined, undefined, { changes })
    expect(await sign(organization, original)).toBe('signed')
    expect(await sign(organization, early)).toBe('EARLIER_REQUEST_NOT_USABLE')
    const resubmission = await organization.planned(undefined, undefined, { changes })
    expect(await sign(organization, resubmission)).toBe('signed')
    const other = seededProgram('another')
    const { sha256, size } = await organization.store.put(Readable.from([other]))
    const otherArtifact = { source: { ...takenFrom(original), sha256, size } }
    expect(await sign(organization, await organization.planned(other, undefined, { changes: otherArtifact }))).toBe(
      'EARLIER_REQUEST_NOT_USABLE',
    )
    expect(await sign(organization, await organization.planned(undefined, 'append', { changes }))).toBe(
      'EARLIER_REQUEST_NOT_USABLE',
    )
    const version = { ...changes, version: '9.9' }
    expect(await sign(organization, await organization.planned(undefined, undefined, { changes: version }))).toBe(
      'EARLIER_REQUEST_NOT_USABLE',
    )
    const nowhere = { source: { ...takenFrom(original), details: { signingRequestId: randomUUID() } } }
    expect(await sign(organization, await organization.planned(undefined, undefined, { changes: nowhere }))).toBe(
      'EVENT_LOG_CORRUPT',
    )
  })

  test('is not signed when it does not name whoever submitted that one, whose approval must not count', async () => {
    const organization = await testOrganization({
      approval: null,
      timestamp: 'none',
      throughGroups: true,
      installation,
    })
    const { submitter, approvers, groups } = organization
    const [anna] = approvers
    const original = await organization.planned()
    expect(await sign(organization, original)).toBe('signed')
    const source = takenFrom(original)
    const by = { submitter: anna, actor: callOf(organization, anna) }
    if (groups === undefined) throw new Error('There are no groups.')
    const added = { type: 'ChangeGroupMembers', add: [anna], remove: [] } as const
    await handleCommand(organization.signer, organization.setup, streams.group(groups.submitters), groupDecider, added)
    const forged = await organization.planned(undefined, undefined, { ...by, changes: { source } })
    expect(await sign(organization, forged)).toBe('POLICY_MISMATCH')
    const changes = { source, peopleBehind: [submitter] }
    expect(await sign(organization, await organization.planned(undefined, undefined, { ...by, changes }))).toBe(
      'signed',
    )
  })

  test('rests on the trusted build system that vouched for the first, and not on one that vouches for it itself', async () => {
    const organization = await testOrganization({ buildSystem: true, approval: null, timestamp: 'none', installation })
    const { vouched, submitter } = organization
    if (vouched === undefined) throw new Error('There is no build system')
    const original = await organization.planned()
    expect(await sign(organization, original)).toBe('signed')
    const alone = callOf(organization, submitter)
    const changes = { source: takenFrom(original) }
    const resubmission = await organization.planned(undefined, undefined, { actor: alone, changes })
    expect(await sign(organization, resubmission)).toBe('signed')
    // Once over again: it goes back to the same origin.
    const third = { source: takenFrom(await organization.request(resubmission.signingRequestId)) }
    expect(
      await sign(organization, await organization.planned(undefined, undefined, { actor: alone, changes: third })),
    ).toBe('signed')
  })
})

describe('the original of a resubmission', () => {
  test('names it once, however often that is recorded', async () => {
    const organization = await testOrganization({ approval: null, timestamp: 'none' })
    const original = await organization.planned()
    await sign(organization, original)
    const resubmission = await organization.planned(undefined, undefined, { changes: { source: takenFrom(original) } })
    const { signer } = organization
    await Promise.all([1, 2, 3].map(() => recordResubmission(signer, resubmission)))
    await recordResubmission(signer, resubmission)
    const { events } = await readWholeStream(organization.log, streams.signingRequest(original.signingRequestId))
    expect(events.filter(({ type }) => type === 'SigningRequestResubmitted').map(({ data }) => data)).toEqual([
      {
        schemaVersion: 1,
        resubmittedAs: resubmission.signingRequestId,
        signingPolicyId: resubmission.signingPolicyId,
        resubmittedBy: resubmission.submitter,
      },
    ])
    expect((await organization.request(original.signingRequestId)).resubmissions).toEqual([
      resubmission.signingRequestId,
    ])
  })
})

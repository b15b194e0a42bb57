import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { authoriseSigning } from '../../activities/authorise-signing.ts'
import { withAttribution } from '../../activities/index.ts'
import { type ApiTokenId, type DomainEvent, eventMetadata, streams, type UserId } from '../../domain/index.ts'
import {
  type EventLog,
  openSqliteEventLog,
  prepareEvents,
  type ReadStreamOptions,
  readWholeStream,
} from '../../event-log/index.ts'
import { testInstallation } from '../support/event-keys.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

/** A log, and the streams that were read in it, one for each read. */
function countingReads(): { readonly stored: EventLog; readonly read: string[] } {
  const log = openSqliteEventLog({ path: join(temporaryFolder(), 'event-log.db') })
  const read: string[] = []
  return {
    read,
    stored: {
      ...log,
      readStream(streamId, options) {
        read.push(streamId)
        return log.readStream(streamId, options)
      },
    },
  }
}

/** Appends an event that a user caused by their own token. */
async function appendAs(
  { log, tokenIds, setup }: TestOrganization,
  userId: UserId,
  { streamId, event, occurredAt }: { readonly streamId: string; readonly event: unknown; readonly occurredAt: Date },
): Promise<void> {
  const authentication = { method: 'apiToken', tokenId: tokenIds.get(userId) as ApiTokenId } as const
  const metadata = eventMetadata(
    { actor: { kind: 'user', userId, authentication }, callId: randomUUID() },
    { organizationId: setup.organizationId, occurredAt: occurredAt.toISOString() },
  )
  const { revision } = await readWholeStream(log, streamId)
  await log.append(streamId, prepareEvents(streamId, revision, [event as DomainEvent], metadata), revision)
}

const described = { type: 'Described', data: { schemaVersion: 1 } }

test('a decision reads the keys of processes once', async () => {
  const { stored, read } = countingReads()
  const organization = await testOrganization({ installation: testInstallation(), approval: null, stored })
  const { signingRequestId } = await organization.planned()
  read.length = 0
  expect(await authoriseSigning(organization.signer, signingRequestId)).toMatchObject({ kind: 'authorised' })
  expect(read.filter((streamId) => streamId.startsWith('processKey-'))).toHaveLength(1)
})

test('a decision reads once who acted in several streams', async () => {
  const { stored, read } = countingReads()
  const organization = await testOrganization({ stored })
  const { submitter, projectId, signingPolicyId } = organization
  const caused = [streams.project(projectId), streams.signingPolicy(signingPolicyId)]
  for (const streamId of caused)
    await appendAs(organization, submitter, { streamId, event: described, occurredAt: new Date() })
  const log = withAttribution(organization.log)
  const readsOfSubmitter = async (options: ReadStreamOptions) => {
    read.length = 0
    // The newest first: what is read for it stands before the other, too.
    for (const streamId of caused.toReversed()) for await (const _ of log.readStream(streamId, options));
    return read.filter((streamId) => streamId === streams.user(submitter)).length
  }
  expect(await readsOfSubmitter({ decision: {} })).toBe(1)
  expect(await readsOfSubmitter({})).toBe(2)
})

test('a user who was deactivated while a decision is made is not believed for what stands behind that', async () => {
  const organization = await testOrganization({})
  const { submitter, projectId, signingPolicyId } = organization
  const log = withAttribution(organization.log)
  const policy = streams.signingPolicy(signingPolicyId)
  await appendAs(organization, submitter, { streamId: policy, event: described, occurredAt: new Date() })
  const decision = {}
  const readAgain = async (streamId: string) => {
    for await (const _ of log.readStream(streamId, { decision }));
  }
  await readAgain(policy)

  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)
  const deactivated = { type: 'UserDeactivated', data: { schemaVersion: 1, reason: null } }
  const user = streams.user(submitter)
  await appendAs(organization, organization.approvers[0], {
    streamId: user,
    event: deactivated,
    occurredAt: minutesAgo(10),
  })
  const project = streams.project(projectId)
  await appendAs(organization, submitter, { streamId: project, event: described, occurredAt: new Date() })
  // What was read before stays believed; what was appended since is held against what stands before it.
  await readAgain(policy)
  await expect(readAgain(project)).rejects.toMatchObject({
    code: 'EVENT_LOG_UNTRUSTED',
    message: expect.stringContaining('who was deactivated'),
  })
})

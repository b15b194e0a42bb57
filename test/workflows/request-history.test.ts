import { randomUUID } from 'node:crypto'
import { setImmediate as nextTick } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ShortActivities } from '../../activities/contract.ts'
import { type DomainEvent, fold, type Sha256Digest, signingRequestDecider, type UserId } from '../../domain/index.ts'
import type { LogPosition } from '../../event-log/index.ts'
import { requestHistory } from '../../workflows/request-history.ts'
import { anArtifact, aPlan, aSubmission, people } from '../support/submission.ts'

const planDigest = 'cd'.repeat(32) as Sha256Digest
const submission = aSubmission()
const position = '0' as LogPosition
const initiator = (userId: UserId) => ({
  actor: { kind: 'user', userId, authentication: { method: 'apiToken', tokenId: randomUUID() as never } } as const,
  callId: randomUUID(),
})

/** A stream of a request that waits for approval. */
function waitingRequest(): DomainEvent[] {
  const stream: DomainEvent[] = []
  for (const command of [
    { type: 'SubmitSigningRequest', submission },
    { type: 'RecordRetrieval', artifact: anArtifact },
    { type: 'RecordPlan', planDigest, ...aPlan, at: '2026-03-01T12:00:00.000Z' },
  ] as const)
    stream.push(...signingRequestDecider.decide(command, fold(signingRequestDecider, stream)))
  return stream
}

/**
 * The activities over an array. They answer what was there when they were called, and all that are under way answer at
 * the same moment, as in one activation of a workflow.
 */
function activitiesOn(stream: DomainEvent[], afterRead: () => void) {
  let activation: Promise<void> | undefined
  function answers(): Promise<void> {
    activation ??= nextTick().then(() => {
      activation = undefined
    })
    return activation
  }
  const activities: Pick<ShortActivities, 'readSigningRequest' | 'appendEvents' | 'appendSubmission'> = {
    async readSigningRequest({ fromRevision }) {
      const events = stream.slice(fromRevision)
      afterRead()
      await answers()
      return { events, calls: {} }
    },
    async appendEvents({ expectedRevision, events }) {
      const fits = stream.length === (expectedRevision === 'noStream' ? 0 : expectedRevision + 1)
      if (fits) stream.push(...events)
      await answers()
      return fits ? { kind: 'appended', position } : { kind: 'conflict' }
    },
    appendSubmission: (input) => activities.appendEvents(input),
  }
  return activities
}

test('calls that wait side by side decide one after the other, on what the stream has become', async () => {
  const stream = waitingRequest()
  let later: readonly DomainEvent[] = []
  const activities = activitiesOn(stream, () => {
    stream.push(...later)
    later = []
  })
  const history = requestHistory(submission.signingRequestId, activities, { isNew: false })
  await history.refresh()

  // Others write: at once, so that both calls have to read again, and between those two readings.
  const decided = (command: Parameters<typeof signingRequestDecider.decide>[0]) =>
    signingRequestDecider.decide(command, fold(signingRequestDecider, stream))
  stream.push(...decided({ type: 'Approve', groups: [], approver: people.cora, planDigest, comment: null }))
  later = decided({ type: 'Deny', groups: [], approver: people.bert, comment: 'no' })
  const outcomes = await Promise.allSettled([
    history.apply(
      { type: 'Approve', groups: [], approver: people.anna, planDigest, comment: null },
      initiator(people.anna),
    ),
    history.apply({ type: 'Cancel', canceledBy: people.submitter, reason: null }, initiator(people.submitter)),
  ])
  expect(outcomes).toMatchObject([
    { status: 'rejected', reason: { code: 'SIGNING_REQUEST_FINAL' } },
    { status: 'rejected', reason: { code: 'SIGNING_REQUEST_FINAL' } },
  ])
  expect(stream.map(({ type }) => type)).toEqual([
    'SigningRequestSubmitted',
    'ArtifactRetrieved',
    'SigningPlanned',
    'ApprovalGranted',
    'ApprovalDenied',
  ])
})

test('a call that is made again is answered as before and not done twice', async () => {
  const stream = waitingRequest()
  const history = requestHistory(
    submission.signingRequestId,
    activitiesOn(stream, () => undefined),
    { isNew: false },
  )
  const by = initiator(people.anna)
  const command = { type: 'Approve', groups: [], approver: people.anna, planDigest, comment: null } as const
  const first = await history.apply(command, by)
  expect(await history.apply(command, by)).toEqual(first)
  expect(stream).toHaveLength(4)
})

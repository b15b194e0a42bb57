import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, test, vi } from 'vitest'
import { type AppendOutcome, workerActivities } from '../../activities/index.ts'
import { eventMetadata, signingRequestDecider, streams } from '../../domain/index.ts'
import { EventLogError, readWholeStream } from '../../event-log/index.ts'
import { hashSubmission } from '../support/hash-requests.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { initiator, submission, typesOf } from '../support/workflow-requests.ts'

silenceWorkers()

/** An organization, a submission to it, of a program by default, and the activity that appends it. */
async function prepared(program?: Uint8Array, ofHashes = false) {
  const organization = await testOrganization(ofHashes ? { hashSigning: true, approval: null } : {})
  const made = await (ofHashes ? hashSubmission(organization) : submission(organization, program))
  const { signingRequestId, organizationId } = made
  const command = { type: 'SubmitSigningRequest', submission: made } as const
  const input = {
    signingRequestId,
    expectedRevision: 'noStream',
    events: signingRequestDecider.decide(command, signingRequestDecider.initialState()),
    metadata: eventMetadata(initiator(made.submitter), { organizationId, occurredAt: new Date().toISOString() }),
  } as const
  const { appendSubmission } = workerActivities({
    ...organization.signer,
    sources: organization.sources,
    ...organization.asking,
    estServers: new Map(),
  })
  const write = organization.log.append
  const append = vi.spyOn(organization.log, 'append')
  const readStream = vi.spyOn(organization.log, 'readStream')
  const stream = streams.signingRequest(signingRequestId)
  return {
    organization,
    signingRequestId,
    run: () => new MockActivityEnvironment().run(appendSubmission, input) as Promise<AppendOutcome>,
    write,
    append,
    appended: () =>
      append.mock.calls.filter(([to]) => to === stream).map(([, events]) => events.map(({ type }) => type)),
    reads: () => readStream.mock.calls.filter(([from]) => from === stream).length,
  }
}

test('a submission is recorded by itself, what follows from it at once in one append, and nothing is read for that', async () => {
  const { run, appended, reads, organization, signingRequestId } = await prepared()
  const outcome = await run()
  expect(appended()).toEqual([['SigningRequestSubmitted'], ['ArtifactRetrieved', 'SigningPlanned']])
  expect(outcome).toMatchObject({ later: [{ type: 'ArtifactRetrieved' }, { type: 'SigningPlanned' }] })
  expect(reads()).toBe(0)
  expect(await organization.request(signingRequestId)).toMatchObject({ workflowStatus: 'WaitingForApproval' })
})

test('a submission that cannot be planned stands by itself; its next step says why', async () => {
  const { run, organization, signingRequestId } = await prepared(Buffer.from('no program'))
  expect(await run()).toEqual({ kind: 'appended', position: expect.any(String) })
  expect(await typesOf(organization, signingRequestId)).toEqual(['SigningRequestSubmitted'])
})

test('a submission that somebody was faster to go on with stands by itself', async () => {
  const { run, write, append, organization, signingRequestId } = await prepared()
  const overtaken = new EventLogError('EVENT_LOG_WRONG_EXPECTED_REVISION', 'Somebody was faster.')
  append.mockImplementation(async (stream, events, revision) => {
    if (events.some(({ type }) => type === 'ArtifactRetrieved')) throw overtaken
    return write(stream, events, revision)
  })
  expect(await run()).toEqual({ kind: 'appended', position: expect.any(String) })
  expect(await typesOf(organization, signingRequestId)).toEqual(['SigningRequestSubmitted'])
})

test('tried again after its answer was lost, it writes nothing twice', async () => {
  const { run, organization, signingRequestId } = await prepared()
  const first = await run()
  expect(await run()).toMatchObject({ position: first.kind === 'appended' ? first.position : '' })
  expect(await typesOf(organization, signingRequestId)).toEqual([
    'SigningRequestSubmitted',
    'ArtifactRetrieved',
    'SigningPlanned',
  ])
})

const planned = ['SigningRequestSubmitted', 'ArtifactRetrieved', 'SigningPlanned']

test('a submission of hashes and what follows from it are one append, which names who caused which of them', async () => {
  const { run, appended, organization, signingRequestId } = await prepared(undefined, true)
  const first = await run()
  expect(first).toMatchObject({ later: [{ type: 'ArtifactRetrieved' }, { type: 'SigningPlanned' }] })
  expect(appended()).toEqual([planned])
  const { events } = await readWholeStream(organization.log, streams.signingRequest(signingRequestId))
  expect(events.map(({ metadata: { actor } }) => actor.kind)).toEqual(['user', 'system', 'system'])
  // Tried again after its answer was lost.
  expect(await run()).toMatchObject({ position: first.kind === 'appended' ? first.position : '' })
  expect(await typesOf(organization, signingRequestId)).toEqual(planned)
})

test('a submission of hashes that cannot be planned now stands by itself, and is read by whoever tries again', async () => {
  const { run, organization, signingRequestId } = await prepared(undefined, true)
  vi.spyOn(organization.store, 'put').mockRejectedValueOnce(new Error('The disk is full.'))
  expect(await run()).toEqual({ kind: 'appended', position: expect.any(String) })
  expect(await typesOf(organization, signingRequestId)).toEqual(['SigningRequestSubmitted'])
  expect(await run()).toEqual({ kind: 'conflict' })
  expect(await typesOf(organization, signingRequestId)).toEqual(['SigningRequestSubmitted'])
})

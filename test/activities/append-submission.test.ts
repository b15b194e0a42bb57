import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, test, vi } from 'vitest'
import { type AppendOutcome, workerActivities } from '../../activities/index.ts'
import { eventMetadata, signingRequestDecider, streams } from '../../domain/index.ts'
import { EventLogError } from '../../event-log/index.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { initiator, submission, typesOf } from '../support/workflow-requests.ts'

silenceWorkers()

/** An organization, a submission of a program to it, and the activity that appends it. */
async function prepared(program?: Uint8Array) {
  const organization = await testOrganization()
  const made = await submission(organization, program)
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

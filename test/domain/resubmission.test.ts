import { describe, expect, it } from 'vitest'
import {
  earlierRequests,
  fold,
  type OrganizationId,
  type ProjectId,
  peopleBehindResubmission,
  signingRequestDecider as request,
  type SigningRequestCommand,
  type SigningRequestEvent,
  type SigningRequestId,
} from '../../domain/index.ts'
import { given, refusalOf } from '../support/decider-spec.ts'
import {
  canceled,
  completed,
  event,
  filesSigned,
  otherRequest,
  recordResubmission,
  resubmission,
  resubmitted,
  retrieved,
  signing,
  submitted,
  takenFrom,
} from '../support/signing-request-history.ts'
import { aSubmission, fixedUuid, people } from '../support/submission.ts'

const { submitter, anna, bert, cora } = people
const original = aSubmission()
const done = [...signing, filesSigned(1), completed(1)]

describe('a completed request whose artifact is submitted again', () => {
  it('learns which request takes it, once, and nothing else of it changes', () => {
    given(request, ...done)
      .when(recordResubmission)
      .thenEvents(resubmitted)
    given(request, ...done, resubmitted)
      .when(recordResubmission)
      .thenRefused('SIGNING_REQUEST_STATE')
    expect(fold(request, [...done, resubmitted])).toEqual({
      ...fold(request, done),
      resubmissions: [otherRequest],
    })
  })

  it('must be there, completed, and of the same organization and project', () => {
    const refused = (command: SigningRequestCommand, ...history: SigningRequestEvent[]) =>
      refusalOf(() => request.decide(command, fold(request, history))).code
    const by = (changes: Partial<typeof resubmission>): SigningRequestCommand => ({
      type: 'RecordResubmission',
      resubmission: { ...resubmission, ...changes },
    })
    expect(refused(recordResubmission)).toBe('SIGNING_REQUEST_NOT_FOUND')
    expect(refused(by({ organizationId: fixedUuid<OrganizationId>('f') }), ...done)).toBe('SIGNING_REQUEST_NOT_FOUND')
    expect(refused(by({ projectId: fixedUuid<ProjectId>('f') }), ...done)).toBe('EARLIER_REQUEST_NOT_USABLE')
    expect(refused(recordResubmission, ...signing)).toBe('EARLIER_REQUEST_NOT_USABLE')
    expect(refused(recordResubmission, submitted, retrieved, canceled)).toBe('EARLIER_REQUEST_NOT_USABLE')
  })
})

describe('what a resubmission goes back to', () => {
  /** Completed requests by their ids, each with what its submission says. */
  const history = (changes: Partial<typeof original>): readonly SigningRequestEvent[] => [
    event('SigningRequestSubmitted', { ...original, ...changes }),
    ...done.slice(1),
  ]
  const third = fixedUuid<SigningRequestId>('f')

  it('is the original, and the first of all, with which the artifact came', async () => {
    const histories = new Map([
      [original.signingRequestId, history({})],
      [otherRequest, history({ ...resubmission })],
    ])
    const historyOf = async (id: SigningRequestId) => histories.get(id) ?? []
    const found = await earlierRequests({ ...original, source: takenFrom(otherRequest) }, historyOf)
    expect(found?.original.request.signingRequestId).toBe(otherRequest)
    expect(found?.first.request.signingRequestId).toBe(original.signingRequestId)
    expect(found?.first.submission).toEqual(submitted)
    expect(await earlierRequests(original, historyOf)).toBeUndefined()
  })

  it('is refused where requests lead in a circle, as only forged ones can', async () => {
    const historyOf = async (id: SigningRequestId) =>
      history({ signingRequestId: id, source: takenFrom(id === third ? otherRequest : third) })
    await expect(earlierRequests({ ...original, source: takenFrom(third) }, historyOf)).rejects.toMatchObject({
      code: 'EARLIER_REQUEST_NOT_USABLE',
    })
  })

  it('names as people behind it whoever brought the artifact in, besides those behind who submits again', async () => {
    const historyOf = async () => history({ peopleBehind: [bert] })
    const earlier = await earlierRequests(resubmission, historyOf)
    if (earlier === undefined) throw new Error('It takes no artifact of another.')
    expect(peopleBehindResubmission(anna, [cora], earlier)).toEqual([submitter, bert, cora].sort())
    expect(peopleBehindResubmission(submitter, [cora], earlier)).toEqual([bert, cora].sort())
  })
})

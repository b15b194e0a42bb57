import { describe, expect, it } from 'vitest'
import { fold, isArtifactRetrieved, isUploadAwaited, signingRequestDecider as request } from '../../domain/index.ts'
import { given } from '../support/decider-spec.ts'
import { canceled, event, retrieved } from '../support/signing-request-history.ts'
import { aSubmission } from '../support/submission.ts'

const cancelAt = '2026-03-01T13:00:00.000Z'
const submitted = event('SigningRequestSubmitted', aSubmission({ cancelAt }))
const overdue = { type: 'CancelOverdue', cancelAt } as const

describe('a request that is to be canceled at a moment', () => {
  it('is canceled by the service, which names nobody, and says why in the second form', () => {
    const reason = `It was not final by ${cancelAt}, as its submission demanded.`
    const over = { type: 'SigningRequestCanceled', data: { schemaVersion: 2, canceledBy: null, reason } } as const
    given(request, submitted, retrieved).when(overdue).thenEvents(over)
    expect(fold(request, [submitted, retrieved, over])).toMatchObject({
      workflowStatus: 'Canceled',
      cancellation: { canceledBy: null, reason },
    })
  })

  it('is not canceled at another moment, nor one that names none, nor one that is over', () => {
    const earlier = { ...overdue, cancelAt: '2026-03-01T12:59:59.999Z' }
    given(request, submitted).when(earlier).thenRefused('SIGNING_REQUEST_STATE')
    const without = event('SigningRequestSubmitted', aSubmission())
    given(request, without).when(overdue).thenRefused('SIGNING_REQUEST_STATE')
    given(request, submitted, canceled).when(overdue).thenRefused('SIGNING_REQUEST_FINAL')
  })
})

describe('what is known of the artifact of a request', () => {
  const source = { ...aSubmission().source, kind: 'announcedUpload', isAtHand: false }
  const announced = event('SigningRequestSubmitted', aSubmission({ source }))
  it('says whether it was retrieved, and whether its upload is awaited', () => {
    const facts = (...events: readonly (typeof announced | typeof retrieved | typeof canceled)[]) => {
      const state = fold(request, events)
      if (state.workflowStatus === 'none') throw new Error('There is no request.')
      return [isArtifactRetrieved(state), isUploadAwaited(state)]
    }
    expect(facts(announced)).toEqual([false, true])
    expect(facts(announced, retrieved)).toEqual([true, false])
    expect(facts(announced, canceled)).toEqual([false, false])
    expect(facts(submitted)).toEqual([false, false])
  })
})

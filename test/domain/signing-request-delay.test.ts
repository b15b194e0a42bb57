import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Delay,
  fold,
  type KeyId,
  nextTry,
  nextTryOf,
  type SigningRequestCommand,
  type SigningRequestState,
  signingRequestDecider,
} from '../../domain/index.ts'
import { anArtifact, aPlan, aSubmission, fixedUuid } from '../support/submission.ts'

const start = Date.parse('2026-03-01T12:00:00.000Z')
const seconds = 1000
const minutes = 60 * seconds
const away = { code: 'TIMESTAMP_UNAVAILABLE', message: 'Nobody answers.', path: null }

function happen(state: SigningRequestState, command: SigningRequestCommand): SigningRequestState {
  return fold(signingRequestDecider, signingRequestDecider.decide(command, state), state)
}

function retrieved(): SigningRequestState {
  const submitted = happen(signingRequestDecider.initialState(), {
    type: 'SubmitSigningRequest',
    submission: aSubmission({ approval: null }),
  })
  return happen(submitted, { type: 'RecordRetrieval', artifact: anArtifact })
}

/** Fails again and again, each try taking `tryMs`, until `untilMs` have passed. */
function outage(
  codes: readonly string[],
  { tryMs, untilMs, retryAfterMs = 0 }: { tryMs: number; untilMs: number; retryAfterMs?: number },
) {
  let delay: Delay | null = null
  let now = start
  const tries: number[] = []
  const records: Delay[] = []
  for (let failures = 1; now < start + untilMs; failures += 1) {
    tries.push(now)
    now += tryMs
    const code = codes[failures % codes.length] ?? ''
    const { at, record } = nextTry(delay, { code, failures, retryAfterMs, now })
    if (record !== undefined) {
      delay = { failure: { ...away, code }, since: new Date(now).toISOString(), ...record }
      records.push(delay)
    }
    expect(at).toBeGreaterThan(now)
    if (delay !== null) expect(nextTryOf(delay, now)).toBe(at)
    now = at
  }
  return { tries, records }
}

describe('a step that fails for a passing reason', () => {
  it('is tried again ever more slowly, and no event is spent on a fault of a moment', () => {
    const { tries, records } = outage(['A'], { tryMs: 0, untilMs: 4 * seconds })
    expect(tries.map((at) => at - start)).toEqual([0, 500, 1500, 3500])
    expect(records).toHaveLength(1)
  })

  it('is tried at least every ten minutes, however long the outage is, and one event tells of all of it', () => {
    const { tries, records } = outage(['A'], { tryMs: 20 * seconds, untilMs: 90 * 24 * 60 * minutes })
    expect(records).toHaveLength(1)
    const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0))
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10 * minutes)
    expect(pauses.at(-1)).toBe(10 * minutes)
  })

  it('goes on ever more slowly when the reasons are others each time', () => {
    const { tries } = outage(['A', 'B', 'C'], { tryMs: seconds, untilMs: 24 * 60 * minutes })
    expect(tries.length).toBeLessThan(6 * 24 + 20)
  })

  it('leaves alone for as long as is asked who asks for it', () => {
    const { tries, records } = outage(['A'], { tryMs: 0, untilMs: 20 * minutes, retryAfterMs: 5 * minutes })
    const pauses = tries.slice(1).map((at, index) => at - (tries[index] ?? 0))
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(5 * minutes)
    expect(records[0]?.nextTryAt).toBe(new Date(start + 5 * minutes).toISOString())
  })

  it('has its next try told rightly at any moment', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.nat(10_000_000), (pauseSeconds, later) => {
        const delay = { failure: away, since: '', nextTryAt: new Date(start).toISOString(), pauseSeconds }
        const now = start + later * seconds
        const at = nextTryOf(delay, now) ?? 0
        expect(at).toBeGreaterThan(now)
        expect(at - now).toBeLessThanOrEqual(10 * minutes)
        expect(nextTryOf(delay, at - 1)).toBe(at)
      }),
    )
  })
})

describe('a request that cannot go on for a passing reason', () => {
  const at = new Date(start).toISOString()
  const record = (failure = away, more: Partial<Delay> = {}): SigningRequestCommand => ({
    type: 'RecordDelay',
    failure,
    at: new Date(start + 5 * minutes).toISOString(),
    nextTryAt: at,
    pauseSeconds: 4,
    ...more,
  })

  it('says why and since when, for as long as the reason stays', () => {
    const first = happen(retrieved(), { ...record(), at } as SigningRequestCommand)
    expect(first).toMatchObject({ workflowStatus: 'QueuedForProcessing', waitingFor: { failure: away, since: at } })
    expect(happen(first, record())).toMatchObject({ waitingFor: { since: at } })
    const other = { ...away, code: 'KEY_NOT_FOUND' }
    expect(happen(first, record(other))).toMatchObject({
      waitingFor: { failure: other, since: '2026-03-01T12:05:00.000Z' },
    })
  })

  it('says so no longer when it goes on, or is over', () => {
    const waiting = happen(retrieved(), record())
    const planned = happen(waiting, { type: 'RecordPlan', planDigest: anArtifact.sha256, ...aPlan, at })
    expect(planned).toMatchObject({ waitingFor: null })
    const canceled = happen(waiting, { type: 'Cancel', canceledBy: aSubmission().submitter, reason: null })
    expect(canceled).toMatchObject({ workflowStatus: 'Canceled', waitingFor: null })
    expect(() => happen(canceled, record())).toThrow('is over')
  })

  it('still says so while another attempt is made, unless it waited for somebody to make one', () => {
    const planned = happen(retrieved(), { type: 'RecordPlan', planDigest: anArtifact.sha256, ...aPlan, at })
    const { certificateId } = aSubmission()
    const begin = {
      type: 'StartSigning',
      planDigest: anArtifact.sha256,
      certificateId,
      certificateThumbprint: 'x',
      keyId: fixedUuid<KeyId>('7'),
    } as const
    expect(happen(happen(planned, record()), begin)).toMatchObject({ waitingFor: { failure: away }, attempts: 1 })
    expect(happen(happen(planned, record(away, { nextTryAt: null })), begin)).toMatchObject({ waitingFor: null })
  })
})

import { describe, expect, it } from 'vitest'
import {
  fold,
  isBuildDataDue,
  passedCheck,
  type RecordBuildData,
  signingRequestDecider as request,
  type Sha256Digest,
  type SigningRequest,
  type SigningRequestEvent,
  type TrustedBuildSystemId,
} from '../../domain/index.ts'
import { given } from '../support/decider-spec.ts'
import { event, plan, planDigest, start, takenFrom } from '../support/signing-request-history.ts'
import { anArtifact, aPlan, aSubmission, fixedUuid, anOrigin as origin } from '../support/submission.ts'

const trustedBuildSystemId = fixedUuid<TrustedBuildSystemId>('d')
const digest = (pair: string) => pair.repeat(32) as Sha256Digest
const built = { ...anArtifact, fileName: 'Library.1.0.3.nupkg' }
const withData = { ...built, sha256: digest('bd'), size: built.size + 100 }
const settings = { name: 'settings', mediaType: 'application/json', sha256: digest('5e'), size: 10 }
const submission = aSubmission({
  approval: null,
  originVerification: { repositoryUrl: 'https://git.example.org/team/program', allowedBranches: ['release/*'] },
})
const submitted = (changes: object = {}) =>
  event('SigningRequestSubmitted', { ...submission, ...changes } as typeof submission)
const verified = (changes: object = {}) =>
  event('OriginVerified', {
    ...{ trustedBuildSystemId, kind: 'appVeyor', proof: 'api', origin },
    ...{ checks: [passedCheck('build', {})], evidence: [settings] },
    ...changes,
  } as never)
const before = [submitted(), event('ArtifactRetrieved', built), verified()]
const command = (changes: object = {}) =>
  ({
    type: 'RecordBuildData',
    artifact: withData,
    repository: { type: 'git', url: origin.repository.url, commitId: origin.commitId },
    settings: { fileName: 'AppVeyorSettings.json', sha256: settings.sha256 },
    ...changes,
  }) as RecordBuildData
const added = (changes: object = {}) => {
  const { type: _, ...facts } = command()
  return event('BuildDataAdded', { ...facts, builtSha256: built.sha256, ...changes })
}
const planned = event('SigningPlanned', { planDigest, ...aPlan, approvalDeadline: null })
const stateOf = (...events: readonly SigningRequestEvent[]) => fold(request, events) as SigningRequest

describe('a NuGet package out of an AppVeyor build', () => {
  it('gets the data of its build once its origin is verified, and is planned with it', () => {
    expect(isBuildDataDue(stateOf(...before.slice(0, 2)))).toBe(false)
    expect(isBuildDataDue(stateOf(...before))).toBe(true)
    given(request, ...before)
      .when(plan)
      .thenRefused('BUILD_DATA_NOT_ADDED')
    given(request, ...before)
      .when(command())
      .thenEvents(added())
    const state = stateOf(...before, added())
    expect(state).toMatchObject({ artifact: withData, addedBuildData: { builtArtifact: built } })
    expect(isBuildDataDue(state)).toBe(false)
    expect(request.decide(plan, state)).toHaveLength(1)
  })

  it('gets it once, before it is planned, and never before its origin is verified', () => {
    given(request, ...before, added())
      .when(command())
      .thenRefused('SIGNING_REQUEST_STATE')
    given(request, ...before, planned)
      .when(command())
      .thenRefused('SIGNING_REQUEST_STATE')
    given(request, ...before.slice(0, 2))
      .when(command())
      .thenRefused('SIGNING_REQUEST_STATE')
  })

  it.each([
    ['another repository', { repository: { ...command().repository, url: 'https://git.example.org/eve/program' } }],
    ['another commit', { repository: { ...command().repository, commitId: 'cd'.repeat(20) } }],
    ['other settings', { settings: { ...command().settings, sha256: digest('00') } }],
    ['another file name', { artifact: { ...withData, fileName: 'Other.nupkg' } }],
    ['the package as it was', { artifact: built }],
  ])('gets no data that was not verified: %s', (_what, changes) => {
    given(request, ...before)
      .when(command(changes))
      .thenRefused('BUILD_DATA_NOT_ADDED')
    given(request, ...before, added(changes), planned)
      .when(start)
      .thenRefused('BUILD_DATA_NOT_ADDED')
  })

  it('is not signed without it, or with data that stand in the log for another package', () => {
    given(request, ...before, planned)
      .when(start)
      .thenRefused('BUILD_DATA_NOT_ADDED')
    given(request, ...before, added({ builtSha256: digest('ff') }), planned)
      .when(start)
      .thenRefused('BUILD_DATA_NOT_ADDED')
    expect(request.decide(start, stateOf(...before, added(), planned))).toHaveLength(1)
    // What is added behind the plan changes nothing of what is signed.
    expect(stateOf(...before, planned, added())).toMatchObject({ artifact: built })
  })

  it.each([
    ['another kind of file', [before[0], event('ArtifactRetrieved', anArtifact), before[2]]],
    ['another build system', [...before.slice(0, 2), verified({ kind: 'custom', proof: 'claim' })]],
    [
      'the package of an earlier request',
      [submitted({ source: takenFrom(submission.signingRequestId) }), ...before.slice(1)],
    ],
  ] as readonly (readonly [string, readonly SigningRequestEvent[]])[])('nothing is added to %s', (_what, history) => {
    const state = stateOf(...history)
    expect(isBuildDataDue(state)).toBe(false)
    expect(request.decide(plan, state)).toHaveLength(1)
    // Nobody slips another artifact in by it.
    const { artifact } = state
    const forged = added({ builtSha256: artifact?.sha256, artifact: { ...artifact, sha256: digest('bd') } })
    given(request, ...history, forged, planned)
      .when(start)
      .thenRefused('BUILD_DATA_NOT_ADDED')
  })
})

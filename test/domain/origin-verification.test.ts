import { describe, expect, it } from 'vitest'
import {
  type BuildReference,
  type BuildSecretId,
  type CertificateId,
  checkedOriginVerification,
  countedApprovals,
  type DemandedOrigin,
  failedCheck,
  failedChecks,
  fold,
  type GroupId,
  judgeOrigin,
  type OrganizationId,
  type ProjectId,
  passedCheck,
  signingPolicyDecider as policy,
  recordedChecks,
  signingRequestDecider as request,
  requireRestrictionsMet,
  requireVerifiedOrigin,
  type SigningPolicyId,
  type SigningPolicySettings,
  type SigningRequestCommand,
  type SigningRequestEvent,
  type TrustedBuildSystemId,
  type UserId,
  unrestricted,
} from '../../domain/index.ts'
import { event, given, refusalOf } from '../support/decider-spec.ts'
import {
  completed,
  filesSigned,
  plan,
  planDigest,
  provenance,
  provenanceSigned,
  record,
  retrieved,
  signing,
  start,
} from '../support/signing-request-history.ts'
import { aSubmission, fixedUuid, anOrigin as origin, people, references } from '../support/submission.ts'

const demanded: DemandedOrigin = {
  repositoryUrl: 'https://git.example.org/team/program',
  allowedBranches: ['main', 'release/*'],
}
const codesOf = (other: object, by: DemandedOrigin = demanded) =>
  failedChecks(judgeOrigin({ ...origin, ...other }, by)).map(({ code }) => code)

describe('what policy and project demand of an origin', () => {
  it('is met by the repository of the project, a branch that is allowed and a commit', () => {
    const checks = judgeOrigin(origin, demanded)
    expect(checks.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['repository', 'passed'],
      ['branch', 'passed'],
      ['commit', 'passed'],
    ])
    expect(checks[1]?.inputs).toContainEqual({ name: 'allowed', value: 'main, release/*' })
  })

  it.each([
    [
      'ORIGIN_REPOSITORY_MISMATCH',
      { repository: { ...origin.repository, url: 'https://git.example.org/eve/program' } },
    ],
    ['ORIGIN_REPOSITORY_MISMATCH', { repository: { ...origin.repository, url: 'no address' } }],
    ['ORIGIN_NOT_A_BRANCH', { ref: { kind: 'tag', name: 'main' } }],
    ['ORIGIN_NOT_A_BRANCH', { ref: { kind: 'branch', name: 'refs/pull/7/merge' } }],
    ['ORIGIN_NOT_A_BRANCH', { ref: { kind: 'branch', name: 'refs/heads/main' } }],
    ['ORIGIN_BRANCH_NOT_ALLOWED', { ref: { kind: 'branch', name: 'feature' } }],
    ['ORIGIN_BRANCH_NOT_ALLOWED', { ref: { kind: 'branch', name: 'Main' } }],
    ['ORIGIN_BRANCH_NOT_ALLOWED', { ref: { kind: 'branch', name: 'release/2/1' } }],
    ['ORIGIN_COMMIT_MALFORMED', { commitId: 'abcdef1' }],
    ['ORIGIN_COMMIT_MALFORMED', { commitId: 'AB'.repeat(20) }],
  ])('fails with %s for %j', (code, other) => {
    expect(codesOf(other)).toEqual([code])
  })

  it('takes no other ref for a branch however wide the globs are, and says everything that is wrong', () => {
    const anything = { ...demanded, allowedBranches: ['**'] }
    expect(codesOf({ ref: { kind: 'branch', name: 'feature/x' } }, anything)).toEqual([])
    expect(codesOf({ ref: { kind: 'branch', name: 'refs/pull/7/merge' } }, anything)).toEqual(['ORIGIN_NOT_A_BRANCH'])
    const wrong = { repository: { url: 'x', id: null, ownerId: null }, ref: { kind: 'tag', name: 'v1' }, commitId: '' }
    expect(codesOf(wrong)).toHaveLength(3)
  })
})

describe('a policy that verifies origins', () => {
  const certificateId = fixedUuid<CertificateId>('6')
  const settings: SigningPolicySettings = {
    name: 'Release',
    certificateId,
    submitters: references(people.submitter),
    approval: null,
    timestamp: 'none',
    release: false,
    existingSignatures: ['replace'],
    trustedBuildSystemRequired: true,
    originVerification: { allowedBranches: ['main', 'release/*'] },
  }
  const certificate = {
    certificateId,
    kind: 'selfSigned',
    keyAlgorithm: 'ec-p256',
    name: 'Test',
    restrictions: { ...unrestricted, originVerification: true },
    issued: null,
  } as const
  const create = (changes: object, repositoryUrl: string | null = demanded.repositoryUrl) => ({
    type: 'CreateSigningPolicy' as const,
    signingPolicyId: fixedUuid<SigningPolicyId>('5'),
    organizationId: fixedUuid<OrganizationId>('3'),
    projectId: fixedUuid<ProjectId>('4'),
    slug: 'release',
    settings: { ...settings, ...changes } as SigningPolicySettings,
    certificate,
    people: { submitters: [people.submitter], approvers: [] },
    repositoryUrl,
  })
  const none = policy.initialState()

  it('says so in the fifth form of its events, and meets what its certificate demands', () => {
    expect(policy.decide(create({}), none)).toMatchObject([
      { type: 'SigningPolicyCreated', data: { schemaVersion: 5, settings } },
    ])
    const { originVerification: _, ...without } = settings
    const unmet = refusalOf(() => requireRestrictionsMet(certificate, without, 'it'))
    expect(unmet.code).toBe('CERTIFICATE_RESTRICTIONS_UNMET')
    expect(unmet.message).toContain('verification of the origin')
  })

  it.each([
    ['ORIGIN_VERIFICATION_NEEDS_BUILD_SYSTEM', { trustedBuildSystemRequired: undefined }],
    ['ORIGIN_VERIFICATION_WITH_HASHES', { hashSigningAllowed: true }],
    ['ORIGIN_BRANCHES_INVALID', { originVerification: { allowedBranches: [] } }],
    ['ORIGIN_BRANCHES_INVALID', { originVerification: { allowedBranches: ['main', 'main'] } }],
    ['ORIGIN_BRANCHES_INVALID', { originVerification: { allowedBranches: ['refs/heads/main'] } }],
    [
      'ORIGIN_BRANCHES_INVALID',
      { originVerification: { allowedBranches: Array.from({ length: 51 }, (_, index) => `release/${index}`) } },
    ],
    ['GLOB_MALFORMED', { originVerification: { allowedBranches: [' main'] } }],
    ['CERTIFICATE_RESTRICTIONS_UNMET', { originVerification: undefined }],
  ])('is refused with %s: %j', (code, changes) => {
    expect(refusalOf(() => policy.decide(create(changes), none)).code).toBe(code)
  })

  it('is refused where its project has no repository, when it is made and when it is put into use again', () => {
    expect(refusalOf(() => policy.decide(create({}, null), none)).code).toBe('PROJECT_REPOSITORY_NEEDED')
    const inactive = fold(policy, [
      ...policy.decide(create({}), none),
      { type: 'SigningPolicyDeactivated', data: { schemaVersion: 1, reason: null } } as const,
    ])
    const reactivate = { type: 'ReactivateSigningPolicy', certificate, people: create({}).people } as const
    expect(refusalOf(() => policy.decide({ ...reactivate, repositoryUrl: null }, inactive)).code).toBe(
      'PROJECT_REPOSITORY_NEEDED',
    )
    const { repositoryUrl } = demanded
    expect(policy.decide({ ...reactivate, repositoryUrl }, inactive)).toHaveLength(1)
  })

  it('has its globs in Normalization Form C, as branches are compared', () => {
    const decomposed = { originVerification: { allowedBranches: ['re\u0301lease'] } }
    const context = { ...decomposed, trustedBuildSystemRequired: true as const, repositoryUrl: 'https://a.example/b' }
    expect(checkedOriginVerification(context)).toEqual({ allowedBranches: ['r\u00e9lease'] })
    expect(
      codesOf({ ref: { kind: 'branch', name: 're\u0301lease' } }, { ...demanded, allowedBranches: ['r\u00e9lease'] }),
    ).toEqual([])
  })
})

describe('a request whose origin is verified', () => {
  const { submitter, anna, bert } = people
  const trustedBuildSystemId = fixedUuid<TrustedBuildSystemId>('d')
  const approval = { ...(aSubmission().approval as NonNullable<ReturnType<typeof aSubmission>['approval']>) }
  const submission = aSubmission({ originVerification: demanded, approval })
  const [submitted] = request.decide({ type: 'SubmitSigningRequest', submission }, request.initialState())
  const before = [submitted as SigningRequestEvent, retrieved]
  const command = (changes: object = {}) =>
    ({
      type: 'RecordOrigin',
      trustedBuildSystemId,
      kind: 'custom',
      proof: 'claim',
      origin,
      checks: [passedCheck('claim', {})],
      evidence: [],
      peopleBehind: [],
      ...changes,
    }) as SigningRequestCommand
  const verifiedBy = (changes: object = {}) => request.decide(command(changes), fold(request, before))
  const stateAfter = (...events: readonly SigningRequestEvent[]) => fold(request, [...before, ...events])

  it('says in the third form of its submission what is demanded', () => {
    expect(submitted?.data).toMatchObject({ schemaVersion: 3, originVerification: demanded })
    const other = request.decide(
      { type: 'SubmitSigningRequest', submission: { ...submission, peopleBehind: [anna] } },
      request.initialState(),
    )
    expect(other[0]?.data).toMatchObject({ schemaVersion: 3, peopleBehind: [anna] })
  })

  it('says in the fourth form which build it is, within bounds, and its secrets by name, each once', () => {
    const submit = (build: BuildReference) =>
      request.decide({ type: 'SubmitSigningRequest', submission: { ...submission, build } }, request.initialState())
    const secret = (name: string) => ({ name, secretId: fixedUuid<BuildSecretId>('5') })
    const named = { fields: { runId: '4711' }, secrets: [secret('identityToken'), secret('accessToken')] }
    const [made] = submit(named)
    expect(made?.data).toMatchObject({
      schemaVersion: 4,
      build: { fields: { runId: '4711' }, secrets: [{ name: 'accessToken' }, { name: 'identityToken' }] },
    })
    expect(() => submit({ ...named, fields: { runId: '4'.repeat(16_384) } })).toThrow(/16384 characters/)
    expect(() => submit({ ...named, secrets: [secret('accessToken'), secret('accessToken')] })).toThrow(/each once/)
  })

  it('is planned once it was verified, and records every check, its own among them', () => {
    given(request, ...before)
      .when(plan)
      .thenRefused('ORIGIN_NOT_VERIFIED')
    const [verified] = verifiedBy()
    expect(verified).toMatchObject({ type: 'OriginVerified', data: { origin, proof: 'claim', kind: 'custom' } })
    expect(stateAfter(...verifiedBy())).toMatchObject({
      workflowStatus: 'QueuedForProcessing',
      origin: {
        verified: { origin },
        checks: [{ name: 'claim' }, { name: 'repository' }, { name: 'branch' }, { name: 'commit' }],
      },
    })
    expect(request.decide(plan, stateAfter(...verifiedBy()))).toHaveLength(1)
  })

  it.each([
    [
      'ORIGIN_BRANCH_NOT_ALLOWED',
      'a rule of the policy',
      { origin: { ...origin, ref: { kind: 'branch', name: 'x' } } },
    ],
    [
      'ORIGIN_REPOSITORY_MISMATCH',
      'a check of the build system',
      {
        checks: [failedCheck('run', { code: 'ORIGIN_REPOSITORY_MISMATCH', message: 'The run is of another one.' }, {})],
      },
    ],
    ['ORIGIN_NOT_VERIFIED', 'nothing that could be said', { origin: null, checks: [] }],
  ])('ends with %s by %s', (code, _, changes) => {
    const events = verifiedBy(changes)
    expect(events.map(({ type }) => type)).toEqual(['OriginRejected'])
    expect(stateAfter(...events)).toMatchObject({
      workflowStatus: 'OriginVerificationFailed',
      failure: { code },
      origin: { verified: null },
    })
    given(request, ...before, ...events)
      .when(plan)
      .thenRefused('SIGNING_REQUEST_FINAL')
  })

  it('goes on where a check only tells', () => {
    const told = failedCheck(
      'runners',
      { code: 'ORIGIN_NOT_A_BRANCH', message: 'Own.', isLogged: true },
      { group: null },
    )
    expect(verifiedBy({ checks: [told] }).map(({ type }) => type)).toEqual(['OriginVerified'])
  })

  it('is verified once, after retrieval, and only where that is demanded', () => {
    given(request, submitted as SigningRequestEvent)
      .when(command())
      .thenRefused('SIGNING_REQUEST_STATE')
    given(request, ...before, ...verifiedBy())
      .when(command())
      .thenRefused('SIGNING_REQUEST_STATE')
    const undemanded = event<SigningRequestEvent, 'SigningRequestSubmitted'>('SigningRequestSubmitted', aSubmission())
    given(request, undemanded, retrieved).when(command()).thenRefused('SIGNING_REQUEST_STATE')
  })

  it('is not signed by what the log says of its origin when that does not meet what is demanded', () => {
    const planned = event<SigningRequestEvent, 'SigningPlanned'>('SigningPlanned', {
      planDigest,
      planDocument: planDigest,
      certificateThumbprint: '12'.repeat(32),
      plannerVersion: 1,
      nodeCount: 1,
      fileCount: 1,
      approvalDeadline: null,
    })
    const forged = (other: object) =>
      event<SigningRequestEvent, 'OriginVerified'>('OriginVerified', {
        trustedBuildSystemId,
        kind: 'custom',
        checks: [],
        evidence: [],
        proof: 'claim',
        origin: { ...origin, ...other },
      })
    const unapproved = { ...submission, approval: null }
    const [begun] = request.decide({ type: 'SubmitSigningRequest', submission: unapproved }, request.initialState())
    const history = (...events: readonly SigningRequestEvent[]) =>
      given(request, begun as SigningRequestEvent, retrieved, ...events, planned)
    history().when(start).thenRefused('ORIGIN_NOT_VERIFIED')
    history(forged({ ref: { kind: 'tag', name: 'main' } }))
      .when(start)
      .thenRefused('ORIGIN_NOT_VERIFIED')
    const { state } = history(forged({}))
    expect(state.workflowStatus !== 'none' && requireVerifiedOrigin(state)).toBeUndefined()
    expect(request.decide(start, state)).toHaveLength(1)
  })

  it('counts who is behind the build as its submitter', () => {
    const events = verifiedBy({ peopleBehind: [anna, submitter, anna] })
    expect(events[0]?.data).toMatchObject({ peopleBehind: [submitter, anna].sort() })
    const state = stateAfter(...events, ...request.decide(plan, stateAfter(...events)))
    expect(state).toMatchObject({ peopleBehind: [anna], workflowStatus: 'WaitingForApproval' })
    const approve = (approver: UserId) =>
      ({ type: 'Approve', approver, groups: [] as GroupId[], planDigest, comment: null }) as const
    expect(refusalOf(() => request.decide(approve(anna), state)).code).toBe('SUBMITTER_MAY_NOT_APPROVE')
    const approved = fold(request, request.decide(approve(bert), state), state)
    expect(approved.workflowStatus !== 'none' && countedApprovals(approved)).toHaveLength(1)
  })

  it('is completed with its provenance, between its files and its end', () => {
    given(request, ...signing)
      .when({ ...record(1), provenance } as SigningRequestCommand)
      .thenEvents(filesSigned(1), provenanceSigned(1), completed(1))
    expect(fold(request, [...signing, filesSigned(1), provenanceSigned(1), completed(1)])).toMatchObject({ provenance })
    expect(fold(request, [...signing, filesSigned(1), completed(1)])).toMatchObject({ provenance: null })
  })

  it('fails with the status of its own where the build system could not be asked', () => {
    const failure = { code: 'ORIGIN_NOT_VERIFIED', message: 'It was gone.', path: null }
    const fail = { type: 'Fail', workflowStatus: 'OriginVerificationFailed', failure } as const
    expect(request.decide(fail, fold(request, before))).toMatchObject([{ data: { schemaVersion: 2 } }])
  })
})

describe('checks in an event', () => {
  it('are kept small, and those that failed before those that passed', () => {
    const long = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`input${index}`, 'x'.repeat(600)]))
    const many = Array.from({ length: 200 }, () => passedCheck('much', long))
    const failed = failedCheck('last', { code: 'ORIGIN_NOT_A_BRANCH', message: 'y'.repeat(2_000) }, long)
    const kept = recordedChecks([...many, failed])
    expect(kept[0]).toMatchObject({ name: 'last' })
    expect(kept).toHaveLength(100)
    expect(JSON.stringify(kept).length).toBeLessThan(300_000)
    expect(recordedChecks([failed])[0]?.inputs[0]?.value).toHaveLength(500)
  })
})

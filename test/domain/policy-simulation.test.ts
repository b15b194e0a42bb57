import { describe, expect, it } from 'vitest'
import {
  type GroupId,
  type PastRequest,
  type SigningPolicySettings,
  type SigningQuestion,
  simulateSigning,
  type TrustedBuildSystemState,
  treatedOtherwise,
  type UserId,
  unrestricted,
} from '../../domain/index.ts'

const at = '2026-06-01T12:00:00.000Z'
const [sam, anna, bert] = ['sam', 'anna', 'bert'] as unknown as readonly [UserId, UserId, UserId]
const leads = 'leads' as GroupId

const settings = {
  name: 'Release',
  certificateId: 'certificate',
  submitters: [{ user: sam }],
  approval: {
    approvers: [{ group: leads }],
    requiredApprovals: 2,
    submitterMayApprove: false,
    deadlineSeconds: null,
  },
  timestamp: 'required',
  release: false,
  existingSignatures: ['replace'],
} as unknown as SigningPolicySettings

/** A release that every rule lets through. */
const good = {
  at,
  project: { status: 'valid', slug: 'demo' },
  policy: { status: 'active', slug: 'release' },
  settings,
  certificate: {
    status: 'active',
    certificateId: 'certificate',
    name: 'Release',
    kind: 'authority',
    restrictions: unrestricted,
    issued: { notBefore: '2026-01-01T00:00:00.000Z', notAfter: '2027-01-01T00:00:00.000Z' },
  },
  key: { status: 'active', name: 'Key', algorithm: 'rsa-3072', publicKey: 'AA==', deletion: null },
  user: { status: 'active', userId: sam },
  groups: [],
  trustedBuildSystems: [],
  approvers: [anna, bert],
  branch: 'main',
  sourceLevel: null,
  artifact: null,
} as unknown as SigningQuestion

/** What a policy takes that demands a trusted build system. */
const vouched = {
  settings: { ...settings, trustedBuildSystemRequired: true },
  user: { status: 'active', kind: 'ci', userId: sam },
  trustedBuildSystems: ['jenkins'],
}

/** What a policy takes that verifies origins. */
const verified = {
  ...vouched,
  settings: { ...vouched.settings, originVerification: { allowedBranches: ['main', 'release/*'] } },
  project: { status: 'valid', slug: 'demo', repositoryUrl: 'https://git.example.org/demo' },
}

/** The same, but for something. */
const but = (other: { readonly [Name in keyof SigningQuestion]?: unknown }) =>
  simulateSigning({ ...good, ...other } as SigningQuestion)

describe('a simulation says that something would be signed', () => {
  it('where every rule is met, with what each looked at', () => {
    const { wouldBeSigned, rules } = simulateSigning(good)
    expect(wouldBeSigned).toBe(true)
    expect(rules.map(({ rule, outcome }) => [rule, outcome])).toEqual([
      ['projectInUse', 'met'],
      ['policyInUse', 'met'],
      ['settingsAllowed', 'met'],
      ['userActive', 'met'],
      ['submitter', 'met'],
      ['trustedBuildSystem', 'notAsked'],
      ['certificateUsable', 'met'],
      ['certificateRestrictions', 'met'],
      ['keyUsable', 'met'],
      ['approvals', 'met'],
      ['branch', 'notAsked'],
      ['sourceSummary', 'notAsked'],
      ['artifact', 'notAsked'],
    ])
    expect(rules.find(({ rule }) => rule === 'approvals')).toMatchObject({ input: '2 of 2' })
    expect(rules.find(({ rule }) => rule === 'branch')).toMatchObject({ input: 'main' })
  })
})

it('a simulation says which branches a policy allows that verifies origins', () => {
  const branchOf = (other: object) => but({ ...verified, ...other }).rules.find(({ rule }) => rule === 'branch')
  expect(but(verified).wouldBeSigned).toBe(true)
  expect(branchOf({})).toMatchObject({ outcome: 'met', input: 'main' })
  expect(branchOf({ branch: null })).toMatchObject({
    outcome: 'notAsked',
    message: expect.stringContaining('release/*'),
  })
})

it('a simulation says which level of the source a policy demands, and whether one is enough', () => {
  const sourceSummary = {
    level: 3,
    verifiers: [{ id: 'https://verifier.example', publicKeys: [] }],
    maximumAgeSeconds: null,
  }
  const originVerification = { ...verified.settings.originVerification, sourceSummary }
  const of = (sourceLevel: number | null, settings: object = { ...verified.settings, originVerification }) =>
    but({ ...verified, settings, sourceLevel }).rules.find(({ rule }) => rule === 'sourceSummary')
  expect(of(null)).toMatchObject({ outcome: 'notAsked', message: expect.stringContaining('SLSA_SOURCE_LEVEL_3') })
  expect([of(4), of(3), of(2)]).toMatchObject([
    { outcome: 'met', input: '4' },
    { outcome: 'met' },
    { outcome: 'unmet', code: 'SOURCE_SUMMARY_REFUSED' },
  ])
  expect(of(1, verified.settings)).toMatchObject({ outcome: 'notAsked', input: '1' })
})

it('a simulation says which build systems could vouch', () => {
  const { wouldBeSigned, rules } = but(vouched)
  expect(wouldBeSigned).toBe(true)
  expect(rules).toContainEqual(
    expect.objectContaining({ rule: 'trustedBuildSystem', outcome: 'met', input: 'jenkins' }),
  )
})

describe('a simulation says that something would not be signed, by which rule and with which code', () => {
  it.each([
    ['projectInUse', 'PROJECT_INACTIVE', { project: { status: 'inactive', slug: 'demo' } }],
    ['policyInUse', 'SIGNING_POLICY_INACTIVE', { policy: { status: 'inactive', slug: 'release' } }],
    ['userActive', 'USER_DEACTIVATED', { user: { status: 'deactivated', userId: sam } }],
    ['submitter', 'FORBIDDEN', { user: { status: 'active', userId: bert } }],
    [
      'trustedBuildSystem',
      'SUBMITTER_NOT_CI_USER',
      { ...vouched, user: { status: 'active', kind: 'interactive', userId: sam } },
    ],
    ['trustedBuildSystem', 'TRUSTED_BUILD_SYSTEM_NOT_LINKED', { ...vouched, trustedBuildSystems: [] }],
    ['branch', 'ORIGIN_BRANCH_NOT_ALLOWED', { ...verified, branch: 'feature' }],
    [
      'settingsAllowed',
      'PROJECT_REPOSITORY_NEEDED',
      { ...verified, project: { ...good.project, repositoryUrl: null } },
    ],
    ['certificateUsable', 'CERTIFICATE_EXPIRED', { at: '2027-06-01T00:00:00.000Z' }],
    [
      'certificateRestrictions',
      'CERTIFICATE_RESTRICTIONS_UNMET',
      { certificate: { ...good.certificate, restrictions: { ...unrestricted, minimumApprovals: 3 } } },
    ],
    ['keyUsable', 'KEY_DISABLED', { key: { ...good.key, status: 'disabled' } }],
    ['approvals', 'APPROVAL_QUORUM_UNREACHABLE', { approvers: [sam, anna] }],
    // One person with two accounts, and a CI user of whoever would approve.
    ['approvals', 'APPROVAL_QUORUM_UNREACHABLE', { responsible: { [bert]: anna } }],
    ['approvals', 'APPROVAL_QUORUM_UNREACHABLE', { user: { status: 'active', userId: sam, responsible: anna } }],
    ['settingsAllowed', 'RELEASE_NEEDS_TIMESTAMP', { settings: { ...settings, release: true, timestamp: 'none' } }],
  ])('%s: %s', (rule, code, other) => {
    const { wouldBeSigned, rules } = but(other)
    expect(wouldBeSigned).toBe(false)
    expect(rules.filter(({ outcome }) => outcome === 'unmet')).toContainEqual(expect.objectContaining({ rule, code }))
  })

  it('of several at once, all', () => {
    const { rules } = but({ project: { status: 'inactive', slug: 'demo' }, key: { status: 'none' } })
    expect(rules.filter(({ outcome }) => outcome === 'unmet').map(({ rule }) => rule)).toEqual([
      'projectInUse',
      'keyUsable',
    ])
  })

  it('through groups as well as by name', () => {
    const byGroup = { ...settings, submitters: [{ group: leads }] }
    expect(but({ settings: byGroup, groups: [leads] }).wouldBeSigned).toBe(true)
    expect(but({ settings: byGroup, groups: [] }).wouldBeSigned).toBe(false)
  })
})

describe('of past requests, other settings would have treated otherwise', () => {
  const digest = 'd'
  const request = {
    signingRequestId: 'request',
    projectId: 'project',
    submitter: sam,
    vouchedBy: null,
    approval: settings.approval,
    plan: { digest },
    approvals: [
      { approver: anna, through: [{ group: leads }], planDigest: digest },
      { approver: bert, through: [{ group: leads }], planDigest: digest },
    ],
    certificateId: settings.certificateId,
    timestamp: 'required',
    existingSignatures: 'replace',
    source: { kind: 'uploadedFile' },
  } as unknown as PastRequest
  const jenkins = {
    status: 'enabled',
    slug: 'jenkins',
    links: [{ projectId: 'project' }],
  } as unknown as TrustedBuildSystemState
  const known = (buildSystem: object, kind: 'ci' | 'interactive' = 'ci') => ({
    groupsOf: (user: UserId) => (user === sam ? [] : [leads]),
    kindOf: () => kind,
    buildSystem: () => ({ ...jenkins, ...buildSystem }),
  })
  const otherwise = (other: object, by: object = {}, now = known({})) =>
    treatedOtherwise([{ ...request, ...by }], { ...settings, ...other } as SigningPolicySettings, now)[0]?.differences

  it('none by the same', () => {
    expect(otherwise({})).toBeUndefined()
    expect(otherwise({ name: 'Another name' })).toBeUndefined()
  })

  it.each([
    ['submitter', { submitters: [{ user: bert }] }, 'accepted', 'refused'],
    ['approvals', { approval: { ...settings.approval, requiredApprovals: 3 } }, '2 of 2', '2 of 3'],
    ['approvals', { approval: { ...settings.approval, approvers: [{ user: anna }] } }, '2 of 2', '1 of 2'],
    ['approvals', { approval: null }, '2 of 2', 'none needed'],
    ['certificate', { certificateId: 'other' }, 'certificate', 'other'],
    ['timestamp', { timestamp: 'none' }, 'required', 'none'],
    ['existingSignatures', { existingSignatures: ['refuse'] }, 'replace', 'refused'],
  ])('by %s: %j', (rule, other, before, after) => {
    expect(otherwise(other)).toEqual([{ rule, before, after }])
  })

  it('by approvals of the people behind the submission, where they may approve it or may not any more', () => {
    const ownApprovals = { ...settings.approval, submitterMayApprove: true }
    const ofBert = { peopleBehind: [bert] }
    expect(otherwise({ approval: ownApprovals }, ofBert)).toEqual([
      { rule: 'approvals', before: '1 of 2', after: '2 of 2' },
    ])
    expect(otherwise({}, { ...ofBert, approval: ownApprovals })).toEqual([
      { rule: 'approvals', before: '2 of 2', after: '1 of 2' },
    ])
  })

  it('by hash signing, of requests that brought hashes', () => {
    const hashes = { source: { kind: 'hashPayload' } }
    const refused = { rule: 'hashSigning', before: 'signed', after: 'refused' }
    expect(otherwise({}, hashes)).toEqual([refused])
    expect(otherwise({ hashSigningAllowed: true }, hashes)).toBeUndefined()
  })

  const vouchedBy = { trustedBuildSystemId: 'jenkins', proof: { method: 'token', tokenId: 'token' }, node: null }
  const demanding = { trustedBuildSystemRequired: true }

  it('none that a trusted build system vouched for, by settings that demand one', () => {
    expect(otherwise(demanding, { vouchedBy })).toBeUndefined()
  })

  it.each([
    ['TRUSTED_BUILD_SYSTEM_REQUIRED', {}, known({})],
    ['SUBMITTER_NOT_CI_USER', { vouchedBy }, known({}, 'interactive')],
    ['TRUSTED_BUILD_SYSTEM_NOT_LINKED', { vouchedBy }, known({ links: [{ projectId: 'other' }] })],
    ['TRUSTED_BUILD_SYSTEM_DISABLED', { vouchedBy }, known({ status: 'disabled' })],
    ['TRUSTED_BUILD_SYSTEM_NOT_FOUND', { vouchedBy }, known({ status: 'none' })],
  ])('by settings that demand a trusted build system: %s', (code, by, now) => {
    const difference = { rule: 'trustedBuildSystem', before: 'accepted', after: `refused: ${code}` }
    expect(otherwise(demanding, by, now)).toEqual([difference])
    expect(otherwise({}, by, now)).toBeUndefined()
  })
})

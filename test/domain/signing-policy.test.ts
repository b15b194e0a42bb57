import { describe, expect, it } from 'vitest'
import {
  activeSigningPolicy,
  type CertificateId,
  currentVersion,
  fold,
  type GroupId,
  type OrganizationId,
  type PolicyCertificate,
  type PolicyPeople,
  type ProjectId,
  signingPolicyDecider as policy,
  type SigningPolicyEvent,
  type SigningPolicyId,
  type SigningPolicySettings,
  unrestricted,
  usersNamed,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { issuedFacts } from '../support/issued-facts.ts'
import { refusedVerifications } from '../support/origins.ts'
import { fixedUuid, people, references } from '../support/submission.ts'

const certificateId = fixedUuid<CertificateId>('6')
const selfSigned: PolicyCertificate = {
  certificateId,
  kind: 'selfSigned',
  keyAlgorithm: 'ec-p256',
  name: 'Test',
  restrictions: unrestricted,
  issued: issuedFacts('CN=Test', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'),
}
const { submitter, anna, bert, cora } = people
const approval = {
  approvers: references(anna, bert, cora),
  requiredApprovals: 2,
  submitterMayApprove: false,
  deadlineSeconds: 60,
}
const settings: SigningPolicySettings = {
  name: 'Release signing',
  certificateId,
  submitters: references(submitter),
  approval,
  timestamp: 'required',
  release: false,
  existingSignatures: ['replace', 'append', 'refuse'],
}
const ids = {
  signingPolicyId: fixedUuid<SigningPolicyId>('5'),
  organizationId: fixedUuid<OrganizationId>('3'),
  projectId: fixedUuid<ProjectId>('4'),
}
const groupReferences = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    group: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}` as GroupId,
  }))
/** The people that references to users name: what a use case finds in the log when no group is among them. */
const peopleOf = ({ submitters, approval: process }: SigningPolicySettings): PolicyPeople => ({
  submitters: usersNamed(submitters),
  approvers: usersNamed(process?.approvers ?? []),
})
const change = (changes: Partial<SigningPolicySettings>) => {
  const changed = { ...settings, ...changes }
  return {
    type: 'ChangeSigningPolicy',
    settings: changed,
    certificate: selfSigned,
    replaced: null,
    people: peopleOf(changed),
  } as const
}
/** The same where its submitters are people. */
const peopleSubmit = (command: ReturnType<typeof change>) => ({
  ...command,
  people: { ...command.people, interactiveSubmitters: command.people.submitters },
})
const create = (changes: Partial<SigningPolicySettings> = {}, certificate = selfSigned, people?: PolicyPeople) => {
  const created = { ...settings, ...changes }
  return {
    type: 'CreateSigningPolicy',
    ...ids,
    slug: 'Release',
    settings: created,
    certificate,
    people: people ?? peopleOf(created),
  } as const
}
const reactivate = { type: 'ReactivateSigningPolicy', certificate: selfSigned, people: peopleOf(settings) } as const
const created = event<SigningPolicyEvent, 'SigningPolicyCreated'>('SigningPolicyCreated', {
  ...ids,
  slug: 'release',
  settings,
})
const changed = (version: number, name: string) =>
  event<SigningPolicyEvent, 'SigningPolicyChanged'>('SigningPolicyChanged', {
    version,
    settings: { ...settings, name },
  })
const deactivated = event<SigningPolicyEvent, 'SigningPolicyDeactivated'>('SigningPolicyDeactivated', { reason: null })
const reactivated = event<SigningPolicyEvent, 'SigningPolicyReactivated'>('SigningPolicyReactivated', {})

/** Another certificate, of another authority. */
const heir: PolicyCertificate = {
  ...selfSigned,
  certificateId: fixedUuid<CertificateId>('8'),
  issued:
    selfSigned.issued?.format === 'x509'
      ? {
          ...selfSigned.issued,
          identity: { ...selfSigned.issued.identity, issuingKey: '22'.repeat(32) },
        }
      : null,
}
const succeed = (certificate: PolicyCertificate) => ({
  ...change({ certificateId: certificate.certificateId }),
  certificate,
  replaced: selfSigned,
})

describe('signing policy', () => {
  it('records what others see changed when it changes to another certificate', () => {
    const [changed] = policy.decide(succeed(heir), fold(policy, [created]))
    expect(changed).toMatchObject({
      type: 'SigningPolicyChanged',
      data: { version: 2, continuity: [{ aspect: 'issuingAuthority', severity: 'alarm' }] },
    })
    const [same] = policy.decide(succeed({ ...heir, issued: selfSigned.issued }), fold(policy, [created]))
    expect(same).toMatchObject({ data: { continuity: [] } })
    const neverIssued = { ...succeed(heir), replaced: { ...selfSigned, issued: null } }
    expect(policy.decide(neverIssued, fold(policy, [created]))[0]?.data).not.toHaveProperty('continuity')
  })

  it('is created with its slug in lower case and its name trimmed', () => {
    given(policy)
      .when(create({ name: ' Release signing ' }))
      .thenEvents(created)
  })

  it('needs no approval process, and takes every quorum from one to all', () => {
    for (const each of [null, ...[1, 2, 3].map((requiredApprovals) => ({ ...approval, requiredApprovals }))])
      given(policy)
        .when(create({ approval: each }))
        .thenEvents({ ...created, data: { ...created.data, settings: { ...settings, approval: each } } })
  })

  it('names those whose requests could never be approved, and takes settings under which everyone can', () => {
    const withSubmitters = (changes: Partial<typeof approval>) =>
      create({ submitters: references(submitter, anna, cora), approval: { ...approval, ...changes } })
    const unreachable = refusalOf(() => policy.decide(withSubmitters({ requiredApprovals: 3 }), policy.initialState()))
    expect(unreachable.details).toEqual({ submitters: [anna, cora], approvers: 2, requiredApprovals: 3 })
    expect(unreachable.message).toContain(anna)
    expect(unreachable.message).not.toContain(submitter)
    for (const changes of [{ requiredApprovals: 2 }, { requiredApprovals: 3, submitterMayApprove: true }])
      expect(policy.decide(withSubmitters(changes), policy.initialState())).toHaveLength(1)
  })

  it('counts the people of groups, each once, as who can approve', () => {
    const approvers = [{ group: fixedUuid<GroupId>('d') }, { user: cora }]
    const named = { approval: { ...approval, approvers } }
    const [submitters, two] = [[submitter], [anna, cora]]
    expect(
      policy.decide(create(named, selfSigned, { submitters, approvers: two }), policy.initialState()),
    ).toHaveLength(1)
    for (const people of [[], [cora]])
      given(policy)
        .when(create(named, selfSigned, { submitters, approvers: people }))
        .thenRefused('APPROVAL_QUORUM')
    // Whoever submits through a group can be among the last approvers, too.
    given(policy)
      .when(create(named, selfSigned, { submitters: [submitter, anna], approvers: two }))
      .thenRefused('APPROVAL_QUORUM_UNREACHABLE')
  })

  it('names a hundred submitters and a hundred approvers', () => {
    const largest = { submitters: groupReferences(100), approval: { ...approval, approvers: groupReferences(100) } }
    const people = { submitters: [submitter], approvers: [anna, bert] }
    expect(policy.decide(create(largest, selfSigned, people), policy.initialState())).toHaveLength(1)
  })

  it('gets a new version with every change, and the last is in force', () => {
    given(policy, created)
      .when(change({ name: 'Two' }))
      .thenEvents(changed(2, 'Two'))
    given(policy, created, changed(2, 'Two'))
      .when(change({ name: 'Three' }))
      .thenEvents(changed(3, 'Three'))
    const state = activeSigningPolicy(fold(policy, [created, changed(2, 'Two'), changed(3, 'Three')]))
    expect(currentVersion(state)).toMatchObject({ version: 3, settings: { name: 'Three' } })
    expect(state.versions.map(({ name }) => name)).toEqual(['Release signing', 'Two', 'Three'])
  })

  it('can be deactivated and reactivated, and signs only while active', () => {
    given(policy, created).when({ type: 'DeactivateSigningPolicy', reason: null }).thenEvents(deactivated)
    given(policy, created, deactivated).when(reactivate).thenEvents(reactivated)
    expect(activeSigningPolicy(fold(policy, [created, deactivated, reactivated]))).toMatchObject({ status: 'active' })
    const refusal = (events: readonly SigningPolicyEvent[]) =>
      refusalOf(() => activeSigningPolicy(fold(policy, events)))
    expect(refusal([created, deactivated]).code).toBe('SIGNING_POLICY_INACTIVE')
    expect(refusal([]).code).toBe('SIGNING_POLICY_NOT_FOUND')
  })

  it('says by a later form of its events that its changes are controlled, which a release before must not overlook', () => {
    const changeControl = { requiredApprovals: 2, lifetimeSeconds: 86_400 }
    const controlled = change({ changeControl })
    const withAdministrators = { ...controlled, people: { ...controlled.people, administrators: 3 } }
    given(policy, created)
      .when(withAdministrators)
      .thenEvents({
        type: 'SigningPolicyChanged',
        data: { schemaVersion: 2, version: 2, settings: { ...settings, changeControl } },
      })
    const first = create({ changeControl })
    expect(
      policy.decide({ ...first, people: { ...first.people, administrators: 3 } }, policy.initialState())[0]?.data,
    ).toMatchObject({ schemaVersion: 2, settings: { changeControl } })
  })

  it('says by a later form of its events that a trusted build system must vouch, and takes people as submitters else', () => {
    const vouched = { ...settings, trustedBuildSystemRequired: true } as const
    given(policy, created)
      .when(change({ trustedBuildSystemRequired: true }))
      .thenEvents({ type: 'SigningPolicyChanged', data: { schemaVersion: 3, version: 2, settings: vouched } })
    expect(policy.decide(create({ trustedBuildSystemRequired: true }), policy.initialState())[0]?.data).toMatchObject({
      schemaVersion: 3,
      settings: vouched,
    })
    given(policy, created)
      .when(peopleSubmit(change({ name: 'Other' })))
      .thenEvents({
        type: 'SigningPolicyChanged',
        data: { schemaVersion: 1, version: 2, settings: { ...settings, name: 'Other' } },
      })
  })

  it('says by a later form of its events that hashes are signed', () => {
    const hashes = { ...settings, timestamp: 'none', release: false, hashSigningAllowed: true } as const
    const demands = { timestamp: 'none', release: false, hashSigningAllowed: true } as const
    given(policy, created)
      .when(change(demands))
      .thenEvents({ type: 'SigningPolicyChanged', data: { schemaVersion: 4, version: 2, settings: hashes } })
    expect(policy.decide(create(demands), policy.initialState())[0]?.data).toMatchObject({ schemaVersion: 4 })
  })

  itRefuses(policy, { source: 'signing-policy/decider.ts', before: 'export const signingPolicyDecider' }, [
    ['SIGNING_POLICY_EXISTS', 'a second creation', [created], create()],
    ['SIGNING_POLICY_NOT_FOUND', 'deactivation before creation', [], { type: 'DeactivateSigningPolicy', reason: null }],
    [
      'SIGNING_POLICY_INACTIVE',
      'a second deactivation',
      [created, deactivated],
      { type: 'DeactivateSigningPolicy', reason: null },
    ],
    ['SIGNING_POLICY_UNCHANGED', 'to the settings that it has', [created], change({})],
    ['SIGNING_POLICY_ACTIVE', 'reactivation of an active one', [created], reactivate],
    ...[0, -1, 4, 1.5, Number.NaN].map(
      (requiredApprovals) =>
        [
          'APPROVAL_QUORUM',
          `${requiredApprovals} of 3`,
          [],
          create({ approval: { ...approval, requiredApprovals } }),
        ] as const,
    ),
    [
      'APPROVAL_QUORUM',
      'nobody to approve',
      [],
      create({ approval: { ...approval, approvers: [], requiredApprovals: 0 } }),
    ],
    [
      'APPROVAL_QUORUM_UNREACHABLE',
      'a submitter among as many approvers as must approve',
      [],
      create({ submitters: references(submitter, anna), approval: { ...approval, requiredApprovals: 3 } }),
    ],
    [
      'APPROVAL_QUORUM_UNREACHABLE',
      'a change that leaves the submitter alone',
      [created],
      change({
        submitters: references(anna),
        approval: { ...approval, approvers: references(anna), requiredApprovals: 1 },
      }),
    ],
    ...[0, -5, 0.5, 1e12].map(
      (deadlineSeconds) =>
        [
          'APPROVAL_DEADLINE',
          `${deadlineSeconds} s`,
          [],
          create({ approval: { ...approval, deadlineSeconds } }),
        ] as const,
    ),
    [
      'MEMBERS_REPEATED',
      'an approver twice',
      [],
      create({ approval: { ...approval, approvers: references(anna, bert, anna) } }),
    ],
    [
      'MEMBERS_REPEATED',
      'a group twice',
      [],
      create({ submitters: [{ group: fixedUuid('d') }, { group: fixedUuid('d') }] }),
    ],
    ['SIGNING_POLICY_TOO_LARGE', '101 submitters', [], create({ submitters: groupReferences(101) })],
    [
      'SIGNING_POLICY_TOO_LARGE',
      '101 approvers',
      [created],
      change({ approval: { ...approval, approvers: groupReferences(101) } }),
    ],
    ['MEMBERS_REPEATED', 'a submitter twice', [], create({ submitters: references(anna, anna) })],
    ['EXISTING_SIGNATURES_INVALID', 'nothing allowed for signed files', [], create({ existingSignatures: [] })],
    [
      'EXISTING_SIGNATURES_INVALID',
      'something twice for signed files',
      [],
      create({ existingSignatures: ['append', 'append'] }),
    ],
    [
      'EXISTING_SIGNATURES_INVALID',
      'something unknown for signed files',
      [],
      create({ existingSignatures: ['keep' as 'append'] }),
    ],
    ['RELEASE_NEEDS_TIMESTAMP', 'a release without', [], create({ release: true, timestamp: 'none' })],
    [
      'RELEASE_NEEDS_STRONG_KEY',
      'a release with RSA 2048',
      [],
      create({ release: true }, { ...selfSigned, keyAlgorithm: 'rsa-2048' }),
    ],
    [
      'CERTIFICATE_NOT_ISSUED',
      'another certificate that is not issued yet',
      [created],
      succeed({ ...heir, issued: null }),
    ],
    [
      'CERTIFICATE_MISMATCH',
      'another certificate in the place of none',
      [created],
      { ...succeed(heir), replaced: null },
    ],
    ['RELEASE_NEEDS_ISSUED_CERTIFICATE', 'a release with a self-signed one', [], create({ release: true })],
    [
      'CERTIFICATE_RESTRICTIONS_UNMET',
      'fewer approvals than the certificate wants',
      [],
      create({}, { ...selfSigned, restrictions: { ...unrestricted, minimumApprovals: 9 } }),
    ],
    [
      'CERTIFICATE_MISMATCH',
      'settings that name another',
      [],
      create({}, { ...selfSigned, certificateId: fixedUuid('8') }),
    ],
    [
      'CERTIFICATE_RESTRICTIONS_UNMET',
      'reactivation when the certificate was restricted meanwhile',
      [created, deactivated],
      { ...reactivate, certificate: { ...selfSigned, restrictions: { ...unrestricted, minimumApprovals: 3 } } },
    ],
    [
      'APPROVAL_QUORUM',
      'reactivation when too few approvers are left',
      [created, deactivated],
      { ...reactivate, people: { ...reactivate.people, approvers: [anna] } },
    ],
    [
      'CHANGE_CONTROL_INVALID',
      'no approvals of changes',
      [created],
      change({ changeControl: { requiredApprovals: 0, lifetimeSeconds: 86_400 } }),
    ],
    [
      'CHANGE_CONTROL_UNREACHABLE',
      'more approvals of changes than there are administrators',
      [created],
      change({ changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } }),
    ],
    [
      'SUBMITTER_NOT_CI_USER',
      'a person who submits where a trusted build system must vouch',
      [created],
      peopleSubmit(change({ trustedBuildSystemRequired: true })),
    ],
    [
      'HASH_SIGNING_WITH_TIMESTAMP',
      'hashes to be signed with time-stamps, which they cannot carry',
      [created],
      change({ timestamp: 'required', hashSigningAllowed: true }),
    ],
    [
      'OPENPGP_POLICY_INVALID',
      'time-stamps, which signatures of an OpenPGP key cannot carry',
      [created],
      { ...change({ release: true }), certificate: { ...selfSigned, kind: 'openPgp' } },
    ],
    ...refusedVerifications.map(([code, what, changes]) => [code, what, [created], change(changes)] as const),
    ['SLUG_MALFORMED', 'a space', [], { ...create(), slug: 'a b' }],
    ['NAME_MALFORMED', 'no name', [], create({ name: '' })],
    ['TEXT_TOO_LONG', 'a reason', [created], { type: 'DeactivateSigningPolicy', reason: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a reason', [created], { type: 'DeactivateSigningPolicy', reason: '\u2066' }],
  ])
})

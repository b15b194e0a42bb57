import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  fold,
  type GrantCommand,
  type GrantEvent,
  type GrantFacts,
  type GrantListCommand,
  type GrantListEvent,
  type GrantState,
  grantDecider as grant,
  grantFault,
  grantListDecider as list,
  type SigningPolicySettings,
  type SigningRequest,
  type SigningRequestId,
  signingRequestDecider,
} from '../../domain/index.ts'
import { event, given, itRefuses } from '../support/decider-spec.ts'
import { aGrant, grantedPolicy, grantedSettings, grantedSubmission, grantGiven } from '../support/grants.ts'
import { anArtifact, aPlan, fixedUuid, people } from '../support/submission.ts'

const { anna, stranger } = people
const at = '2026-01-10T12:00:00.000Z'
const request = (number: number) => `request ${number}` as SigningRequestId
const { grantId, fileNames, versions, branches, maximumRequests, from, until } = aGrant
const terms = { fileNames, versions, branches, maximumRequests, from, until }
const by = { giver: anna, groups: [], certificateThumbprint: aPlan.certificateThumbprint, policy: grantedPolicy() }
const give = { type: 'GiveGrant', grantId, ...by, ...terms, comment: null, at: '2025-12-31T00:00:00.000Z' } as const
const reserve = (number: number, moment = at) =>
  ({ type: 'ReserveGrantUse', signingRequestId: request(number), at: moment }) as const
const revoke = { type: 'RevokeGrant', revokedBy: anna, reason: null } as const
const reserved = (number: number) =>
  event<GrantEvent, 'GrantUseReserved'>('GrantUseReserved', { signingRequestId: request(number) })
const revoked = event<GrantEvent, 'GrantRevoked'>('GrantRevoked', { revokedBy: anna, reason: null })

describe('a grant', () => {
  it('is given by an approver, for the policy as it is', () => {
    given(grant).when(give).thenEvents(grantGiven())
  })

  it('is used for a request once, in its window and not more often than it says', () => {
    given(grant, grantGiven()).when(reserve(1)).thenEvents(reserved(1))
    given(grant, grantGiven(), reserved(1), reserved(2)).when(reserve(3)).thenEvents(reserved(3))
    given(grant, grantGiven()).when(reserve(1, from)).thenEvents(reserved(1))
    given(grant, grantGiven()).when(reserve(1, until)).thenRefused('GRANT_NOT_IN_FORCE')
  })

  it('is revoked at any time', () => {
    given(grant, grantGiven(), reserved(1)).when(revoke).thenEvents(revoked)
  })

  it('has never more uses than it says, each for another request and in its window, whatever is asked of it', () => {
    const moments = fc.date({ min: new Date('2025-12-25'), max: new Date('2026-02-05'), noInvalidDate: true })
    const command = fc.oneof(
      { weight: 8, arbitrary: fc.record({ type: fc.constant('ReserveGrantUse'), of: fc.nat(6), at: moments }) },
      { weight: 1, arbitrary: fc.constant(revoke) },
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), (commands, most) => {
        let state: GrantState = fold(grant, [grantGiven({ maximumRequests: most })])
        let isRevoked = false
        for (const each of commands) {
          const asked: GrantCommand = 'of' in each ? reserve(each.of, each.at.toISOString()) : revoke
          let happened: readonly GrantEvent[] = []
          try {
            happened = grant.decide(asked, state)
          } catch {
            continue
          }
          state = fold(grant, happened, state)
          expect(isRevoked).toBe(false)
          isRevoked = asked.type === 'RevokeGrant'
          if (asked.type === 'ReserveGrantUse') expect(asked.at >= from && asked.at < until).toBe(true)
        }
        if (state.status === 'none') throw new Error('It was given.')
        expect(state.uses.length).toBeLessThanOrEqual(most)
        expect(new Set(state.uses).size).toBe(state.uses.length)
      }),
    )
  })

  const refusedTerms = (code: string, what: string, changes: Partial<GrantFacts>) =>
    [code, what, [], { ...give, ...changes }] as const
  const with_ = (settings: Partial<SigningPolicySettings>) => grantedPolicy({ ...grantedSettings, ...settings })
  itRefuses(grant, { source: 'grant/decider.ts', before: 'export const grantDecider' }, [
    ['GRANT_EXISTS', 'a second gift', [grantGiven()], give],
    ['GRANT_NOT_FOUND', 'a use before it was given', [], reserve(1)],
    ['GRANT_REVOKED', 'a use of one that was revoked', [grantGiven(), revoked], reserve(1)],
    ['GRANT_REVOKED', 'a second revocation', [grantGiven(), revoked], revoke],
    ['GRANT_NOT_IN_FORCE', 'a use before its window', [grantGiven()], reserve(1, '2025-12-31T23:59:59.999Z')],
    ['GRANT_EXHAUSTED', 'a fourth use', [grantGiven(), reserved(1), reserved(2), reserved(3)], reserve(4)],
    ['GRANT_USED_BEFORE', 'the same use again', [grantGiven(), reserved(1)], reserve(1)],
    refusedTerms('GRANT_WINDOW_INVALID', 'an end before the beginning', { until: from }),
    refusedTerms('GRANT_WINDOW_INVALID', 'an end that has passed', {
      from: '2025-11-01T00:00:00.000Z',
      until: '2025-12-01T00:00:00.000Z',
    }),
    refusedTerms('GRANT_WINDOW_INVALID', 'a longer window', { until: '2026-04-02T00:00:00.000Z' }),
    refusedTerms('GRANT_WINDOW_INVALID', 'a window far ahead', {
      from: '2027-01-01T00:00:00.000Z',
      until: '2027-01-02T00:00:00.000Z',
    }),
    refusedTerms('GRANT_WINDOW_INVALID', 'no moment', { until: 'tomorrow' }),
    ...[0, -1, 1.5, 1_001, Number.NaN].map((most) =>
      refusedTerms('GRANT_REQUESTS_INVALID', `${most} requests`, { maximumRequests: most }),
    ),
    refusedTerms('GRANT_GLOBS_INVALID', 'no file names', { fileNames: [] }),
    refusedTerms('GRANT_GLOBS_INVALID', 'one twice', { branches: ['main', 'main'] }),
    refusedTerms('GRANT_GLOBS_INVALID', 'too many', { versions: Array.from({ length: 21 }, (_, each) => `${each}`) }),
    refusedTerms('GLOB_MALFORMED', 'an empty one', { fileNames: [''] }),
    ['GRANT_WITHOUT_APPROVAL', 'no approval process', [], { ...give, policy: with_({ approval: null }) }],
    ['NOT_AN_APPROVER', 'somebody else', [], { ...give, giver: stranger }],
    ['SIGNING_POLICY_NOT_FOUND', 'no policy', [], { ...give, policy: { status: 'none' } }],
    ['SIGNING_POLICY_INACTIVE', 'one out of use', [], { ...give, policy: { ...activePolicy(), status: 'inactive' } }],
    ['TEXT_TOO_LONG', 'a comment', [], { ...give, comment: 'x'.repeat(4_001) }],
    ['TEXT_MALFORMED', 'a reason', [grantGiven()], { ...revoke, reason: 'a\0b' }],
  ])
})

function activePolicy() {
  const policy = grantedPolicy()
  if (policy.status === 'none') throw new Error('There is a policy.')
  return policy
}

describe('what a grant is for', () => {
  const state = (changes: Partial<GrantFacts> = {}) => fold(grant, [grantGiven(changes)])
  const waiting = (changes: Partial<SigningRequest> = {}): SigningRequest => {
    const submitted = signingRequestDecider.decide(
      { type: 'SubmitSigningRequest', submission: grantedSubmission },
      signingRequestDecider.initialState(),
    )
    const request = fold(signingRequestDecider, submitted)
    if (request.workflowStatus === 'none') throw new Error('It was submitted.')
    const plan = { digest: anArtifact.sha256, document: anArtifact.sha256, approvalDeadline: null, ...aPlan }
    return { ...request, artifact: anArtifact, plan, ...changes }
  }
  const faultOf = (
    changes: Partial<GrantFacts> = {},
    ofRequest: Partial<SigningRequest> = {},
    policy = grantedPolicy(),
    moment = at,
  ) => grantFault(state(changes), { request: waiting(ofRequest), policy, at: moment })

  it('covers a request that its terms say', () => {
    expect(faultOf()).toBeUndefined()
    expect(faultOf({ versions: [] }, { version: '9' })).toBeUndefined()
    expect(faultOf({ fileNames: ['tool.exe', '*'] })).toBeUndefined()
  })

  it.each<readonly [string, string, Parameters<typeof faultOf>]>([
    ['another file name', 'file names', [{ fileNames: ['tool.exe'] }]],
    ['another version', 'versions', [{}, { version: '3.0' }]],
    ['no branch where one is asked for', 'branches', [{ branches: ['**'] }]],
    ['another organization', 'another', [{ organizationId: fixedUuid('e') }]],
    ['another project', 'another', [{ projectId: fixedUuid('e') }]],
    ['another policy', 'another', [{ signingPolicyId: fixedUuid('e') }]],
    ['another certificate', 'certificate', [{ certificateThumbprint: 'cd'.repeat(32) }]],
    ['a request without a plan', 'certificate', [{}, { plan: null }]],
    ['a moment before its window', 'in force', [{}, {}, grantedPolicy(), '2025-12-31T23:59:59.999Z']],
    ['the moment of its end', 'in force', [{}, {}, grantedPolicy(), until]],
  ])('does not cover %s', (_, why, question) => {
    expect(faultOf(...question)).toContain(why)
  })

  it('does not cover a request that says no version where one is asked for', () => {
    const { version: _, ...silent } = waiting()
    expect(grantFault(state(), { request: silent, policy: grantedPolicy(), at })).toContain('versions')
  })

  it('covers nothing when it was revoked, or never given', () => {
    const use = { request: waiting(), policy: grantedPolicy(), at }
    expect(grantFault(fold(grant, [grantGiven(), revoked]), use)).toContain('revoked')
    expect(grantFault(grant.initialState(), use)).toContain('never given')
  })

  it('outlives another name of the policy, and no other change of it, also one that was taken back', () => {
    const renamed = { ...grantedSettings, name: 'Releases' }
    expect(faultOf({}, { signingPolicyVersion: 2 }, grantedPolicy(grantedSettings, renamed))).toBeUndefined()
    const others: readonly Partial<SigningPolicySettings>[] = [
      { timestamp: 'none' },
      { certificateId: fixedUuid('e') },
      { existingSignatures: ['replace', 'append'] },
      { submitters: [] },
      { approval: null },
      { release: true },
      { changeControl: { requiredApprovals: 1, lifetimeSeconds: 60 } },
    ]
    for (const change of others) {
      const changed = { ...grantedSettings, ...change }
      // Of the version before, of the new one, and of the one in which it was taken back.
      for (const [version, policy] of [
        [1, grantedPolicy(grantedSettings, changed)],
        [2, grantedPolicy(grantedSettings, changed)],
        [3, grantedPolicy(grantedSettings, changed, grantedSettings)],
      ] as const)
        expect(faultOf({}, { signingPolicyVersion: version }, policy), JSON.stringify(change)).toContain('changed')
    }
    // Given for the newest version, and the request is of one before.
    const changed = grantedPolicy({ ...grantedSettings, timestamp: 'none' }, grantedSettings)
    expect(faultOf({ signingPolicyVersion: 2 }, { signingPolicyVersion: 1 }, changed)).toContain('changed')
    expect(faultOf({ signingPolicyVersion: 2 }, { signingPolicyVersion: 2 }, changed)).toBeUndefined()
  })

  it('covers nothing while the policy is out of use', () => {
    expect(faultOf({}, {}, { ...activePolicy(), status: 'inactive' })).toBeDefined()
  })
})

describe('the list of the grants for a policy', () => {
  const listGrant = (spent: readonly string[] = []): GrantListCommand => ({
    type: 'ListGrant',
    grantId,
    until,
    spent: spent as GrantListCommand['spent'],
  })
  const listed = (id: string) =>
    event<GrantListEvent, 'GrantListed'>('GrantListed', { grantId: id as typeof grantId, until })
  const many = Array.from({ length: 200 }, (_, index) => listed(`grant ${index}`))

  it('has what was listed, in that order, without what was taken off', () => {
    given(list)
      .when(listGrant(['nobody']))
      .thenEvents(listed(grantId))
    const delisted = event<GrantListEvent, 'GrantDelisted'>('GrantDelisted', { grantId: 'grant 1' as typeof grantId })
    given(list, ...many)
      .when(listGrant(['grant 1']))
      .thenEvents(delisted, listed(grantId))
    expect(fold(list, [...many.slice(0, 3), delisted]).grants.map((each) => each.grantId)).toEqual([
      'grant 0',
      'grant 2',
    ])
  })

  itRefuses(list, { source: 'grant/list.ts', before: 'export const grantListDecider' }, [
    ['GRANTS_TOO_MANY', 'one more than can be looked at', many, listGrant()],
  ])
})

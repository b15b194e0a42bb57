import { describe, expect, it } from 'vitest'
import {
  type Actor,
  type ApiTokenId,
  countedApprovals,
  type EventMetadata,
  type FoldedEvent,
  peopleBehind,
  quorumReached,
  signingRequestDecider as request,
  type UserId,
} from '../../domain/index.ts'
import { given, refusalOf } from '../support/decider-spec.ts'
import { planDigest, planned, policy, retrieved, submitted } from '../support/signing-request-history.ts'
import { fixedUuid, people, references } from '../support/submission.ts'

const { submitter, anna, bert, cora } = people
const [ci, maker, operatorsMaker] = [fixedUuid<UserId>('8'), fixedUuid<UserId>('9'), fixedUuid<UserId>('d')]
const tokenOf = (user: UserId) => `token of ${user}` as ApiTokenId
const by = (userId: UserId): Actor => ({
  kind: 'user',
  userId,
  authentication: { method: 'apiToken', tokenId: tokenOf(userId) },
})
const setup: Actor = { kind: 'system', component: 'setup' }

/** A user with a token that somebody made, and for a CI user who is responsible. */
function account(userId: UserId, made: Actor, responsible?: UserId): readonly FoldedEvent[] {
  const metadata = { schemaVersion: 1, actor: made } as EventMetadata
  const kind = responsible === undefined ? 'interactive' : 'ci'
  const facts = { userId, kind, name: null, email: null, ...(responsible === undefined ? {} : { responsible }) }
  const token = { tokenId: tokenOf(userId), name: 'x', tokenHash: 'x', prefix: 'x', expiresAt: null }
  return [
    { type: 'UserCreated', data: { schemaVersion: responsible === undefined ? 1 : 2, ...facts }, metadata },
    { type: 'ApiTokenIssued', data: { schemaVersion: 1, ...token }, metadata },
  ]
}

const histories = new Map<UserId, readonly FoldedEvent[]>([
  [anna, account(anna, by(anna))],
  [bert, account(bert, setup)],
  [ci, account(ci, by(maker), anna)],
  [maker, account(maker, by(operatorsMaker), bert)],
  [operatorsMaker, account(operatorsMaker, setup)],
])
const behind = (userId: UserId, actor: Actor) => peopleBehind(userId, actor, async (id) => histories.get(id) ?? [])

const approve = (approver: UserId, ...peopleBehind: readonly UserId[]) => {
  const named = peopleBehind.length === 0 ? {} : { peopleBehind }
  return { type: 'Approve', approver, groups: [], ...named, planDigest, comment: null } as const
}

describe('behind what an account does', () => {
  it('is nobody else, when a person acts by a token that they or the set-up made', async () => {
    expect(await behind(anna, by(anna))).toEqual([])
    expect(await behind(bert, by(bert))).toEqual([])
  })

  it('are whoever is responsible for a CI user, whoever made its token, and who is behind them in turn', async () => {
    expect(await behind(ci, by(ci))).toEqual([anna, bert, maker, operatorsMaker].sort())
  })

  it('are also those who made the token by which an account made itself another one', async () => {
    const own = { tokenId: 'made by itself' as ApiTokenId, name: 'x', tokenHash: 'x', prefix: 'x', expiresAt: null }
    const issued = { type: 'ApiTokenIssued', data: { schemaVersion: 1, ...own } }
    const metadata = { schemaVersion: 1, actor: by(ci) } as EventMetadata
    const history = [...account(ci, by(maker), anna), { ...issued, metadata }]
    const byOwn: Actor = { kind: 'user', userId: ci, authentication: { method: 'apiToken', tokenId: own.tokenId } }
    const found = await peopleBehind(ci, byOwn, async (id) => (id === ci ? history : (histories.get(id) ?? [])))
    expect(found).toEqual([anna, bert, maker, operatorsMaker].sort())
  })

  it('is whoever is responsible, whatever part of the service or way to authenticate the log names', async () => {
    expect(await behind(ci, setup)).toEqual([anna])
    const identity = { method: 'identityToken', issuer: 'https://x.example', tokenId: 'x' } as const
    expect(await behind(ci, { kind: 'user', userId: ci, authentication: identity })).toEqual([anna])
  })
})

describe('one person', () => {
  const question = (
    approvals: readonly { readonly approver: UserId; readonly peopleBehind?: readonly UserId[] }[],
  ) => ({
    approval: { ...policy, approvers: references(anna, bert, cora, ci) },
    submitter,
    peopleBehind: [cora],
    plan: { digest: planDigest },
    approvals: approvals.map((each) => ({ ...each, through: references(each.approver), planDigest })),
  })

  it('is one approval, by however many accounts', () => {
    expect(quorumReached(question([{ approver: anna }, { approver: bert }]))).toBe(true)
    for (const second of [
      { approver: ci, peopleBehind: [anna] },
      { approver: bert, peopleBehind: [anna] },
    ]) {
      expect(quorumReached(question([{ approver: anna }, second]))).toBe(false)
      expect(quorumReached(question([second, { approver: anna }]))).toBe(false)
    }
    const shared = [
      { approver: bert, peopleBehind: [maker] },
      { approver: ci, peopleBehind: [maker] },
    ]
    expect(countedApprovals(question(shared)).map(({ approver }) => approver)).toEqual([bert])
  })

  it('who is behind the submission does not approve it, unless the policy lets the submitter', () => {
    for (const approval of [{ approver: cora }, { approver: bert, peopleBehind: [cora] }]) {
      const asked = question([{ approver: anna }, approval])
      expect(quorumReached(asked)).toBe(false)
      expect(quorumReached({ ...asked, approval: { ...asked.approval, submitterMayApprove: true } })).toBe(true)
    }
  })

  it('is refused a second approval, and one of what they submitted, by whatever account', () => {
    const submission = { ...submitted, data: { ...submitted.data, schemaVersion: 2, peopleBehind: [cora] } }
    const waiting = given(request, submission, retrieved, planned)
    const [first] = request.decide(approve(anna, maker), waiting.state)
    if (first === undefined) throw new Error('Nothing happened.')
    expect(first.data).toMatchObject({ schemaVersion: 2, approver: anna, peopleBehind: [maker] })
    given(request, submission, retrieved, planned, first).when(approve(bert, maker)).thenRefused('ALREADY_APPROVED')
    waiting.when(approve(cora)).thenRefused('SUBMITTER_MAY_NOT_APPROVE')
    waiting.when(approve(bert, cora)).thenRefused('SUBMITTER_MAY_NOT_APPROVE')
    waiting.when(approve(bert, submitter)).thenRefused('SUBMITTER_MAY_NOT_APPROVE')
  })

  it('is named when an approval is refused because of somebody behind the account', () => {
    const submission = { ...submitted, data: { ...submitted.data, schemaVersion: 2, peopleBehind: [cora] } }
    const { state } = given(request, submission, retrieved, planned)
    const indirect = refusalOf(() => request.decide(approve(bert, cora), state))
    expect(indirect.message).toContain(`behind the submission is the user ${cora}`)
    expect(indirect.details).toEqual({ people: [cora] })
    // Who submitted it knows it by themselves.
    expect(refusalOf(() => request.decide(approve(cora), state)).message).not.toContain(cora)
    const [first] = request.decide(approve(anna, maker), state)
    if (first === undefined) throw new Error('Nothing happened.')
    const again = given(request, submission, retrieved, planned, first).state
    expect(refusalOf(() => request.decide(approve(bert, maker), again)).message).toContain(`is the user ${maker}`)
  })

  it('is named by the later form of events, and nobody by the first', () => {
    expect(request.decide(approve(anna), given(request, submitted, retrieved, planned).state)).toEqual([
      expect.objectContaining({ data: expect.not.objectContaining({ peopleBehind: expect.anything() }) }),
    ])
    const { schemaVersion: _, ...submission } = submitted.data
    const submit = { type: 'SubmitSigningRequest', submission: { ...submission, peopleBehind: [cora] } } as const
    expect(request.decide(submit, request.initialState())[0]?.data).toMatchObject({
      schemaVersion: 2,
      peopleBehind: [cora],
    })
    const alone = { ...submit, submission: { ...submission, peopleBehind: [] } }
    expect(request.decide(alone, request.initialState())[0]?.data).toEqual(submitted.data)
  })
})

import { describe, expect, it } from 'vitest'
import type { Caller } from '../../application/index.ts'
import { type Sha256Digest, streams } from '../../domain/index.ts'
import { aPlan } from '../support/submission.ts'
import { testApplication } from '../support/test-application.ts'

const planDigest = 'cd'.repeat(32) as Sha256Digest

/** A request that waits for two of three approvers, of whom its submitter is one and Anna has approved. */
async function waiting() {
  const test = await testApplication()
  const [submitter, anna, bert, stranger] = [
    await test.user('Submitter'),
    await test.user('Anna'),
    await test.user('Bert'),
    await test.user('Stranger', 'globalAdministrator'),
  ]
  const approval = { approvers: [anna, bert, submitter], requiredApprovals: 2 }
  const { projectId } = await test.policy({ submitters: [submitter], approval })
  const signingRequestId = await test.submit(submitter)
  const artifact = await test.application.openArtifact(submitter, { signingRequestId, which: 'unsigned' })
  await test.tell(signingRequestId, { type: 'RecordRetrieval', artifact })
  await test.tell(signingRequestId, { type: 'RecordPlan', planDigest, ...aPlan, at: test.clock.now })
  await test.application.approveSigningRequest(anna, { signingRequestId, planDigest, comment: null })
  return { test, submitter, anna, bert, stranger, projectId, signingRequestId }
}

type Waiting = Awaited<ReturnType<typeof waiting>>

describe('an approval by the wrong person', () => {
  it.each<readonly [what: string, code: string, who: (all: Waiting) => Caller]>([
    ['who is no approver, whatever their role', 'NOT_AN_APPROVER', ({ stranger }) => stranger],
    ['of their own submission', 'SUBMITTER_MAY_NOT_APPROVE', ({ submitter }) => submitter],
    ['a second time', 'ALREADY_APPROVED', ({ anna }) => anna],
    ['with a token for reading', 'API_TOKEN_SCOPE_EXCEEDED', ({ bert }) => limited(bert, { access: 'read' })],
    ['with a token for submitting', 'API_TOKEN_SCOPE_EXCEEDED', ({ bert }) => limited(bert, { access: 'submit' })],
    [
      'with a token for another project',
      'API_TOKEN_SCOPE_EXCEEDED',
      ({ bert, signingRequestId }) => limited(bert, { access: 'full', projects: [signingRequestId as never] }),
    ],
  ])(
    '%s is refused with %s, and recorded with who it was, by which token, from where and about what',
    async (_, code, who) => {
      const all = await waiting()
      const { test, signingRequestId } = all
      const caller = { ...who(all), remoteAddress: '192.0.2.7' }
      const before = await test.dependencies.log.lastRevisions([streams.signingRequest(signingRequestId)])
      const approval = { signingRequestId, planDigest, comment: null }
      await expect(test.application.approveSigningRequest(caller, approval)).rejects.toMatchObject({ code })
      expect(await test.dependencies.log.lastRevisions([streams.signingRequest(signingRequestId)])).toEqual(before)
      const { userId, authentication } = caller
      expect(await test.securityEvents()).toMatchObject([
        {
          type: 'CommandRefused',
          data: { code, commands: ['approveSigningRequest'], subject: signingRequestId, count: 1 },
          metadata: { actor: { kind: 'user', userId, authentication }, remoteAddress: '192.0.2.7' },
        },
      ])
    },
  )

  it('tried a hundred times is two records, of which the second counts', async () => {
    const { test, stranger, signingRequestId } = await waiting()
    const approval = { signingRequestId, planDigest, comment: null }
    for (let each = 0; each < 100; each += 1)
      await expect(test.application.approveSigningRequest(stranger, approval)).rejects.toThrow()
    await test.dependencies.refusals.close()
    const counts = (await test.refusals()).map(({ code, count }) => [code, count])
    expect(counts).toEqual([
      ['NOT_AN_APPROVER', 1],
      ['NOT_AN_APPROVER', 99],
    ])
  })
})

function limited(caller: Caller, scope: Partial<NonNullable<Caller['scope']>>): Caller {
  return { ...caller, scope: { access: 'full', projects: null, networks: null, ...scope } }
}

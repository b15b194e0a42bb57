import { describe, expect, it } from 'vitest'
import { useCommandLine } from '../support/command-line.ts'
import { sha256 } from '../support/stand-in-answers.ts'
import { forgedHead, forgedPage, plan, plannedFile, type ShownPlan } from '../support/stand-in-plan.ts'

const at = useCommandLine('token-of-approver-1')
const { countersign } = at

describe('countersign request approve', () => {
  it('shows the plan, asks, and approves the digest that was shown', async () => {
    const request = at.service.add()
    const digest = plan(at.service, request)
    const args = ['request', 'approve', request.signingRequestId, '--comment', 'fine']
    const ran = await countersign(args, {
      answers: ['y'],
      isTTY: true,
      environment: { ...at.environment, NO_COLOR: '1' },
    })
    expect(ran.code).toBe(0)
    expect(ran.stdout).toContain(sha256('content of setup.exe'))
    expect(ran.stderr).toContain('Approve this plan? [y/N]')
    expect(at.service.approvals).toEqual([
      { signingRequestId: request.signingRequestId, planDigest: digest, comment: 'fine', by: 'approver-1' },
    ])
  })

  it.each(['', 'n', 'no', 'yesterday'])('approves nothing when the answer is %j', async (answer) => {
    const request = at.service.add()
    plan(at.service, request)
    const ran = await countersign(['request', 'approve', request.signingRequestId], { answers: [answer] })
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('NOT_APPROVED')
    expect(at.service.approvals).toEqual([])
  })

  it('never offers a plan that is not what its digest stands for, or that is about another request', async () => {
    const forgeries = [
      forgedHead({ certificateThumbprint: sha256('other') }),
      forgedHead({ pages: [] }),
      forgedPage(() => null),
      forgedPage(() => ''),
      forgedPage(() => `${JSON.stringify(plannedFile('other.exe'))}\n`),
    ]
    for (const forge of forgeries) {
      const request = at.service.add()
      plan(at.service, request, forge)
      const ran = await countersign(['request', 'approve', request.signingRequestId, '--yes'])
      expect(ran.code).toBe(1)
      expect(ran.stderr).toContain('error: PLAN_DAMAGED: ')
    }
    const request = at.service.add()
    const other = at.service.add()
    plan(at.service, other)
    Object.assign(request, { plan: other.plan })
    expect((await countersign(['request', 'approve', request.signingRequestId, '--yes'])).stderr).toContain(
      'PLAN_DAMAGED',
    )
    expect(at.service.approvals).toEqual([])
  })

  it('never offers a plan that is none, or that signs other files than its head counts, whatever its digest is', async () => {
    const miscounted = (signed: number) => (document: string) => {
      const head = JSON.parse(document)
      return JSON.stringify({ ...head, pages: head.pages.map((page: object) => ({ ...page, signed })) })
    }
    const forgeries = [
      () => 'no JSON',
      () => 'null',
      (document: string) => JSON.stringify({ ...JSON.parse(document), pages: null }),
      miscounted(1),
      miscounted(3),
    ]
    for (const forge of forgeries) {
      const request = at.service.add()
      const forged = (shown: ShownPlan) => ({ document: forge(shown.document), digest: sha256(forge(shown.document)) })
      plan(at.service, request, forged, [[plannedFile('seen.exe'), plannedFile('unseen.exe')]])
      const ran = await countersign(['request', 'approve', request.signingRequestId, '--yes'])
      expect(ran.code).toBe(1)
      expect(ran.stderr).toContain('error: PLAN_DAMAGED: ')
    }
    expect(at.service.approvals).toEqual([])
  })

  it('needs --plan-digest or --yes where nobody can be asked', async () => {
    const request = at.service.add()
    const digest = plan(at.service, request)
    expect(await countersign(['request', 'approve', request.signingRequestId])).toMatchObject({ code: 2 })
    expect(
      await countersign(['request', 'approve', request.signingRequestId, '--json'], { answers: ['y'] }),
    ).toMatchObject({ code: 2 })
    expect(at.service.approvals).toEqual([])
    await countersign(['request', 'approve', request.signingRequestId, '--yes'])
    const given = sha256('looked at elsewhere')
    const ran = await countersign(['request', 'approve', request.signingRequestId, '--plan-digest', given, '--json'])
    expect(JSON.parse(ran.stdout)).toMatchObject({ planDigest: given, position: 'p2' })
    expect(at.service.approvals.map(({ planDigest }) => planDigest)).toEqual([digest, given])
  })

  it('says when there is no plan yet', async () => {
    const { signingRequestId } = at.service.add()
    const ran = await countersign(['request', 'approve', signingRequestId, '--yes'])
    expect(ran.code).toBe(6)
    expect(ran.stderr).toContain('error: NOT_PLANNED_YET: ')
  })
})

describe('countersign request approve, of several requests,', () => {
  it('shows all plans before the first is approved, and approves each by its own digest', async () => {
    const requests = [at.service.add('x64.exe'), at.service.add('arm64.exe')]
    const ids = requests.map(({ signingRequestId }) => signingRequestId)
    const digests = requests.map((request) => plan(at.service, request))
    const broken = await countersign(['request', 'approve', ...ids], { answers: ['y', 'n'] })
    expect(broken.code).toBe(2)
    expect(at.service.approvals).toEqual([])

    const ran = await countersign(['request', 'approve', ...ids, '--comment', 'tested'], { answers: ['y', 'y'] })
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.stdout).toContain(`Approved ${ids[0]}.\nApproved ${ids[1]}.\n`)
    expect(at.service.approvals).toEqual(
      ids.map((signingRequestId, index) => ({
        signingRequestId,
        planDigest: digests[index],
        comment: 'tested',
        by: 'approver-1',
      })),
    )
  })

  it('says of each that is refused why, by an exit code, and keeps the others', async () => {
    const requests = [at.service.add(), at.service.add()]
    const [first, second] = requests.map(({ signingRequestId }) => signingRequestId)
    for (const request of requests) plan(at.service, request)
    at.service.behaviour.approval = (id) => (id === first ? { code: 'ALREADY_APPROVED', message: 'Before.' } : null)
    const args = ['request', 'approve', String(first), String(second), '--yes']
    const ran = await countersign([...args, '--json'])
    expect(ran.code).toBe(6)
    expect(JSON.parse(ran.stdout)).toMatchObject({
      answers: [
        { signingRequestId: first, position: null, refusal: { code: 'ALREADY_APPROVED' } },
        { signingRequestId: second, position: 'p2', refusal: null },
      ],
    })
    expect((await countersign(args)).stdout).toContain(`Not approved: ${first}: ALREADY_APPROVED: Before.`)
  })

  it('takes no digest for several, and no request twice', async () => {
    const [one, two] = [at.service.add().signingRequestId, at.service.add().signingRequestId]
    for (const wrong of [
      [one, two, '--plan-digest', sha256('plan'), '--yes'],
      [one, two, '--plan-digest', sha256('plan')],
      [one, one, '--yes'],
      [one, 'x', '--yes'],
      [...Array.from({ length: 101 }, () => crypto.randomUUID()), '--yes'],
    ])
      expect([wrong, (await countersign(['request', 'approve', ...wrong])).code]).toEqual([wrong, 2])
    expect(at.service.calls).toEqual([])
  })
})

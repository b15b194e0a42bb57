import { describe, expect, it } from 'vitest'
import {
  signingRequestDecider as decider,
  fold,
  isFinalStatus,
  Refusal,
  type SigningRequestEvent,
  type UserId,
} from '../../domain/index.ts'
import { everyone, holds, isNamed, ofType, states } from '../support/signing-request-stories.ts'
import { people } from '../support/submission.ts'

describe('whatever is asked of a signing request, in whatever order', () => {
  it('the stories reach every kind of end, or the tests below would prove nothing', () => {
    const ends = new Set<string>()
    const counted = { quorums: 0 }
    holds(({ approval, log }) => {
      ends.add(fold(decider, log).workflowStatus)
      if (approval !== null && ofType(log, 'SigningStarted').length > 0) counted.quorums += 1
    })
    expect([...ends]).toEqual(
      expect.arrayContaining(['Completed', 'Denied', 'Canceled', 'ProcessingFailed', 'WaitingForApproval']),
    )
    expect(counted.quorums).toBeGreaterThan(20)
  })

  it('nothing happens after an end, and a request is completed at most once', () => {
    holds(({ log }) => {
      const all = states(log)
      const end = all.findIndex((state) => state.workflowStatus !== 'none' && isFinalStatus(state.workflowStatus))
      if (end >= 0) expect(end).toBe(log.length)
      expect(ofType(log, 'SigningRequestCompleted').length).toBeLessThanOrEqual(1)
    })
  })

  it('signing begins only with enough distinct approvers of the plan, none of them the submitter or a stranger', () => {
    holds(({ approval, log }) => {
      log.forEach((event, index) => {
        if (event.type !== 'SigningStarted' || approval === null) return
        const before = log.slice(0, index)
        const taken = (approver: UserId) =>
          before.findLast(
            (each) =>
              (each.type === 'ApprovalGranted' || each.type === 'ApprovalInvalidated') &&
              each.data.approver === approver,
          )
        const counted = everyone.filter((approver) => {
          const last = taken(approver)
          return (
            last?.type === 'ApprovalGranted' &&
            last.data.planDigest === event.data.planDigest &&
            last.data.through.some(
              (each) => isNamed(approval, each) && (!('user' in each) || each.user === approver),
            ) &&
            (approver !== people.submitter || approval.submitterMayApprove)
          )
        })
        expect(counted.length).toBeGreaterThanOrEqual(approval.requiredApprovals)
        expect(ofType(before, 'SigningPlanned').map(({ data }) => data.planDigest)).toEqual([event.data.planDigest])
      })
    })
  })

  it('no approval is recorded of who may not give it, for another plan, or twice by one person', () => {
    holds(({ approval, log }) => {
      const standing = new Set<UserId>()
      const planned = ofType(log, 'SigningPlanned')[0]?.data.planDigest
      for (const event of log) {
        if (event.type === 'ApprovalInvalidated') standing.delete(event.data.approver)
        if (event.type !== 'ApprovalGranted') continue
        const { approver, planDigest } = event.data
        expect(standing.has(approver)).toBe(false)
        standing.add(approver)
        expect(event.data.through.length).toBeGreaterThan(0)
        for (const reference of event.data.through) {
          expect(isNamed(approval, reference)).toBe(true)
          if ('user' in reference) expect(reference.user).toBe(approver)
        }
        expect(planDigest).toBe(planned)
        if (approver === people.submitter) expect(approval?.submitterMayApprove).toBe(true)
      }
    })
  })

  it('an approval or denial is recorded through all approvers of the policy that name the person then, and no other', () => {
    let throughGroups = 0
    holds(({ approval, steps }) => {
      for (const { command, events } of steps) {
        if (command.type !== 'Approve' && command.type !== 'Deny') continue
        const named = (approval?.approvers ?? []).filter((each) =>
          'user' in each ? each.user === command.approver : command.groups.includes(each.group),
        )
        for (const event of events) {
          expect(event.data).toMatchObject({ approver: command.approver, through: named })
          if (named.every((each) => 'group' in each)) throughGroups += 1
        }
      }
    })
    expect(throughGroups).toBeGreaterThan(100)
  })

  it('attempts are counted without gaps, and only the last one completes', () => {
    holds(({ log }) => {
      const attempts = ofType(log, 'SigningStarted').map(({ data }) => data.attempt)
      expect(attempts).toEqual(attempts.map((_, index) => index + 1))
      for (const { data } of ofType(log, 'SigningRequestCompleted')) expect(data.attempt).toBe(attempts.length)
      const signed = ofType(log, 'FilesSigned')
      for (const { data } of signed) expect(data.attempt).toBe(attempts.length)
      expect(signed.length).toBe(ofType(log, 'SigningRequestCompleted').length)
    })
  })

  it('the log alone gives the state again, however it is cut and taken up', () => {
    holds(({ log }) => {
      const whole = fold(decider, log)
      expect(fold(decider, structuredClone(log))).toEqual(whole)
      expect(fold(decider, JSON.parse(JSON.stringify(log)))).toEqual(whole)
      const cut = Math.floor(log.length / 2)
      expect(fold(decider, log.slice(cut), fold(decider, log.slice(0, cut)))).toEqual(whole)
    })
  })

  it('a command that is told again, because its answer was lost, does not do its work twice', () => {
    holds(({ steps }) => {
      const done: SigningRequestEvent[] = []
      for (const { command, events } of steps) {
        done.push(...events)
        // A new attempt is what a signer asks for after a crash, so this one may be repeated.
        if (events.length === 0 || command.type === 'StartSigning') continue
        expect(() => decider.decide(command, fold(decider, done))).toThrow(Refusal)
      }
    })
  })
})

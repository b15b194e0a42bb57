import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createApplication } from '../../application/index.ts'
import { fold, streams, type UserId, userDecider } from '../../domain/index.ts'
import { openSqliteEventLog, readWholeStream } from '../../event-log/index.ts'
import { shownInvitation } from '../support/shown-invitation.ts'
import { testApplication } from '../support/test-application.ts'

const addresses = ['ivy@example.org', 'IVY@example.org', 'jan@example.org']
const moves = ['invite', 'accept', 'acceptAgain', 'resend', 'revoke', 'deactivate', 'reactivate', 'erase'] as const

/** What two processes do at once: each of several commands on one of the users there are. */
const anyRounds = fc.array(
  fc.array(fc.record({ move: fc.constantFrom(...moves), who: fc.nat(20), process: fc.nat(1) }), {
    minLength: 2,
    maxLength: 5,
  }),
  { minLength: 4, maxLength: 10 },
)

it('whatever two processes do at once with invitations, none is used twice, and each address is one user’s', async () => {
  const reached = new Set<string>()
  await fc.assert(
    fc.asyncProperty(anyRounds, async (rounds) => {
      const test = await testApplication()
      const other = openSqliteEventLog({ path: test.logPath })
      const { dependencies, setup } = test
      const applications = [test.application, createApplication({ ...dependencies, log: other })] as const
      /** Every token that was shown, and whose it is. */
      const shown: { readonly userId: UserId; readonly token: string }[] = []
      const accepted: string[] = []
      const refused = (error: unknown) => void reached.add((error as { readonly code?: string }).code ?? String(error))
      for (const round of rounds)
        await Promise.all(
          round.map(async ({ move, who, process }) => {
            const application = applications[process === 0 ? 0 : 1]
            const one = shown[who % Math.max(1, shown.length)]
            const change = { userId: one?.userId as UserId, reason: null }
            const invitation = { email: addresses[who % addresses.length] as string, name: 'X', roles: [] }
            if (move !== 'invite' && one === undefined) return
            const made =
              move === 'invite'
                ? application.inviteUser(setup, invitation)
                : move === 'resend'
                  ? application.resendInvitation(setup, change)
                  : undefined
            if (made !== undefined) return shownInvitation(made).then((each) => void shown.push(each), refused)
            if (move === 'accept' || move === 'acceptAgain') {
              const token = one?.token ?? ''
              const input = { invitation: token, tokenName: 'x' }
              return application.acceptInvitation(input, undefined).then(() => void accepted.push(token), refused)
            }
            const useCases = {
              revoke: application.revokeInvitation,
              deactivate: application.deactivateUser,
              reactivate: application.reactivateUser,
              erase: application.eraseUser,
            }
            return (useCases[move as keyof typeof useCases](setup, change) as Promise<unknown>).then(
              () => void reached.add(move),
              refused,
            )
          }),
        )
      for (const token of accepted) reached.add(token === '' ? 'nothing' : 'accepted')

      expect(new Set(accepted).size).toBe(accepted.length)
      const owners = new Map<string, UserId>()
      for (const userId of new Set(shown.map((each) => each.userId))) {
        const { events } = await readWholeStream(other, streams.user(userId))
        const types = events.map(({ type }) => type)
        const count = (type: string) => types.filter((each) => each === type).length
        // One acceptance a user, each with the first token beside it, and a beginning that is the only one.
        expect([count('UserCreated'), count('ApiTokenIssued')]).toEqual([1, count('InvitationAccepted')])
        expect(count('InvitationAccepted')).toBeLessThanOrEqual(1)
        const state = fold(userDecider, events)
        const inParts = events.reduce((before, event) => fold(userDecider, [event], before), userDecider.initialState())
        expect(inParts).toEqual(state)
        if (state.status === 'none' || state.erased) continue
        const { organizationId, name, email } = state
        const [read] = await test.persons.read([{ organizationId, userId, name, email, erased: false }])
        const address = read?.status === 'readable' ? String(read.email).toLowerCase() : `unreadable ${userId}`
        expect(owners.get(address) ?? userId).toBe(userId)
        owners.set(address, userId)
      }
      await other.close()
    }),
    { numRuns: 12 },
  )
  // What the rounds are about came about.
  for (const each of ['accepted', 'USER_EMAIL_TAKEN', 'INVITATION_ACCEPTED', 'erase', 'deactivate', 'revoke'])
    expect(reached).toContain(each)
})

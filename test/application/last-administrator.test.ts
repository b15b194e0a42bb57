import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import { createApplication, type Requester } from '../../application/index.ts'
import {
  changeProposalDecider,
  fold,
  isActiveAdministrator,
  streams,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog, readWholeStream } from '../../event-log/index.ts'
import { administratorsInLog } from '../support/submitters-in-log.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

type People = TestApplication['application']

/** Every way to end that somebody is an active Global Administrator. */
const ways = {
  demote: (people: People, by: Requester, userId: UserId) =>
    people.withdrawGlobalRole(by, { userId, role: 'globalAdministrator' }),
  deactivate: (people: People, by: Requester, userId: UserId) => people.deactivateUser(by, { userId, reason: null }),
  erase: (people: People, by: Requester, userId: UserId) => people.eraseUser(by, { userId }),
} as const

const waysBack = {
  promote: (people: People, by: Requester, userId: UserId) =>
    people.grantGlobalRole(by, { userId, role: 'globalAdministrator' }),
  reactivate: (people: People, by: Requester, userId: UserId) => people.reactivateUser(by, { userId }),
} as const

const everything = { ...ways, ...waysBack }

async function activeAdministrators(log: EventLog, users: readonly TestCaller[]): Promise<number> {
  let count = 0
  for (const { userId } of users) {
    const { events } = await readWholeStream(log, streams.user(userId))
    if (isActiveAdministrator(fold(userDecider, events))) count += 1
  }
  return count
}

/** The same organization in another process: a log of its own over the same file. */
function secondProcess({ dependencies, logPath }: TestApplication): People {
  const log = openSqliteEventLog({ path: logPath })
  onTestFinished(() => log.close())
  return createApplication({ ...dependencies, log, administrators: administratorsInLog(log) })
}

const code = (answer: Promise<unknown>) =>
  answer.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  )

describe('the last active Global Administrator', () => {
  it.each(Object.keys(ways) as (keyof typeof ways)[])('stays: %s is refused, and changes nothing', async (way) => {
    const test = await testApplication()
    const ada = await test.user('Ada', 'globalAdministrator')
    const bea = await test.user('Bea', 'globalAdministrator')
    const { log } = test.dependencies
    await ways.deactivate(test.application, ada, bea.userId)
    const { revision } = await readWholeStream(log, streams.user(ada.userId))
    for (const by of [ada, test.setup])
      expect(await code(ways[way](test.application, by, ada.userId))).toBe('LAST_ADMINISTRATOR')
    expect((await readWholeStream(log, streams.user(ada.userId))).revision).toBe(revision)
    await waysBack.reactivate(test.application, ada, bea.userId)
    expect(await code(ways[way](test.application, ada, ada.userId))).toBe('done')
    expect(await activeAdministrators(log, [ada, bea])).toBe(1)
  })

  it('stays when those who change them are no administrators themselves: others are looked for', async () => {
    const test = await testApplication()
    const ada = await test.user('Ada', 'globalAdministrator')
    const bea = await test.user('Bea', 'globalAdministrator')
    expect(await code(ways.demote(test.application, test.setup, ada.userId))).toBe('done')
    expect(await code(ways.demote(test.application, test.setup, bea.userId))).toBe('LAST_ADMINISTRATOR')
  })

  it('stays when a change that was approved takes the role, which lapses then', async () => {
    const test = await testApplication()
    const [ada, bea] = [await test.user('Ada', 'globalAdministrator'), await test.user('Bea', 'globalAdministrator')]
    const { application, dependencies } = test
    const { log } = dependencies
    await application.changeChangeControl(ada, { changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } })
    const { changeProposalId } = await ways.demote(application, ada, ada.userId)
    if (changeProposalId === undefined) throw new Error('It was not proposed.')
    const stream = streams.changeProposal(changeProposalId)
    // As an approval does it whose process ends before it applies the change.
    await handleCommand(dependencies, bea, stream, changeProposalDecider, {
      type: 'ApproveChange',
      approver: { userId: bea.userId, kind: 'interactive' },
      samePersonAs: [],
      comment: null,
      noLongerAllowed: [],
      at: test.clock.now,
    })
    await ways.deactivate(application, ada, bea.userId)
    const again = () => code(application.approveChange(ada, { changeProposalId, comment: null }))
    expect(await again()).toBe('LAST_ADMINISTRATOR')
    expect(await activeAdministrators(log, [ada, bea])).toBe(1)
    // When there is another one again, nobody expects it to happen.
    const { events } = await readWholeStream(log, stream)
    expect(fold(changeProposalDecider, events)).toMatchObject({ status: 'lapsed', lapsed: 'lastAdministrator' })
    expect(await again()).toBe('CHANGE_PROPOSAL_FINAL')
  })

  it('stays, whatever administrators do to each other at the same moment in two processes', async () => {
    const step = fc.record({
      way: fc.constantFrom(...(Object.keys(everything) as (keyof typeof everything)[])),
      by: fc.nat(2),
      to: fc.nat(2),
      process: fc.nat(1),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 2, maxLength: 5 }), { maxLength: 4 }), async (rounds) => {
        const test = await testApplication()
        const processes = [test.application, secondProcess(test)]
        const all: TestCaller[] = []
        for (const name of ['Ada', 'Bea', 'Cleo']) all.push(await test.user(name, 'globalAdministrator'))
        for (const round of rounds) {
          await Promise.all(
            round.map(({ way, by, to, process }) =>
              code(
                everything[way](processes[process] as People, all[by] as TestCaller, (all[to] as TestCaller).userId),
              ),
            ),
          )
          expect(await activeAdministrators(test.dependencies.log, all)).toBeGreaterThan(0)
        }
      }),
      {
        numRuns: 10,
        // Each ends the next one at the same moment: without the rule nobody is left.
        examples: [
          [
            [
              [
                { way: 'demote', by: 0, to: 1, process: 0 },
                { way: 'deactivate', by: 1, to: 2, process: 1 },
                { way: 'erase', by: 2, to: 0, process: 0 },
              ],
            ],
          ],
        ],
      },
    )
  }, 60_000)
})

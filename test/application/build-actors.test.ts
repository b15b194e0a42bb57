import { describe, expect, it } from 'vitest'
import { streams, type UserId } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { codeOf } from '../support/code-of.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

const actor = { system: 'https://api.github.com', actorId: '583231' }

async function typesOf({ dependencies: { log } }: TestApplication, userId: UserId): Promise<readonly string[]> {
  return (await readWholeStream(log, streams.user(userId))).events.map(({ type }) => type)
}

describe('links of users with actors of build systems', () => {
  it('are made and ended by administrators of users, of users that the organization has', async () => {
    const test = await testApplication()
    const [anna, bert, uma] = [
      await test.user('Anna'),
      await test.user('Bert', 'projectAdministrator'),
      await test.user('Uma', 'userAdministrator'),
    ]
    const link = (by: TestCaller, { userId }: Pick<TestCaller, 'userId'>) =>
      codeOf(test.application.linkBuildActor(by, { userId, ...actor }))
    expect(await link(bert, anna)).toBe('FORBIDDEN')
    expect(await link(uma, anna)).toBe('done')
    expect(await link(uma, anna)).toBe('BUILD_ACTOR_LINKED')
    // Several users can be the same actor: somebody who has two accounts here.
    expect(await link(uma, bert)).toBe('done')
    const other = await testApplication()
    expect(await link(uma, await other.user('Nobody here'))).toBe('USER_NOT_FOUND')
    // A Global Administrator is for Global Administrators to decide about.
    expect(await link(uma, await test.user('Gina', 'globalAdministrator'))).toBe('FORBIDDEN')
  })

  it('are ended by nobody who is behind the account', async () => {
    const test = await testApplication()
    const [uma, vera] = [await test.user('Uma', 'userAdministrator'), await test.user('Vera', 'userAdministrator')]
    const { userId: ci } = await test.application.createCiUser(test.setup, { name: 'CI', responsible: uma.userId })
    for (const userId of [uma.userId, ci]) await test.application.linkBuildActor(uma, { userId, ...actor })
    const unlink = (by: TestCaller, userId: UserId) =>
      codeOf(test.application.unlinkBuildActor(by, { userId, ...actor }))
    for (const userId of [uma.userId, ci]) expect(await unlink(uma, userId)).toBe('BUILD_ACTOR_OWN')
    for (const userId of [uma.userId, ci]) expect(await unlink(vera, userId)).toBe('done')
  })

  it('hold at once under change control, and end when others have approved it', async () => {
    const test = await testApplication()
    const [anna, uma] = [await test.user('Anna'), await test.user('Uma', 'userAdministrator')]
    const vera = await test.user('Vera', 'userAdministrator')
    for (const name of ['Ada', 'Bea']) await test.user(name, 'globalAdministrator')
    await test.application.changeChangeControl(test.setup, {
      changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 },
    })
    const { userId } = anna
    expect(await test.application.linkBuildActor(uma, { userId, ...actor })).not.toHaveProperty('changeProposalId')
    const { changeProposalId } = await test.application.unlinkBuildActor(uma, { userId, ...actor })
    if (changeProposalId === undefined) throw new Error('It was not proposed.')
    expect(await typesOf(test, userId)).not.toContain('BuildActorUnlinked')
    await test.application.approveChange(vera, { changeProposalId, comment: null })
    expect((await typesOf(test, userId)).at(-1)).toBe('BuildActorUnlinked')
  })
})

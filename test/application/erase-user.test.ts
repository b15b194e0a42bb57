import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fold, globalRoles, type OrganizationId, streams, type UserId, userDecider } from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'

async function userOf({ dependencies }: TestApplication, userId: UserId) {
  return fold(userDecider, (await readWholeStream(dependencies.log, streams.user(userId))).events)
}

const codeOf = (answer: Promise<unknown>) =>
  answer.then(
    () => 'done',
    ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
  )

describe('erasing a user', () => {
  it('belongs to administrators of users, and is recorded when refused', async () => {
    const test = await testApplication()
    const callers = [await test.user('Regular')]
    for (const role of globalRoles) callers.push(await test.user(role, role))
    for (const caller of callers) {
      const { userId } = await test.user('Anna')
      const may = caller.roles.some((role) => role === 'globalAdministrator' || role === 'userAdministrator')
      const answer = await codeOf(test.application.eraseUser(caller, { userId }))
      expect(answer.split(' ')[0]).toBe(may ? 'done' : 'FORBIDDEN')
      expect(await userOf(test, userId)).toMatchObject({ erased: may, status: may ? 'deactivated' : 'active' })
    }
    expect((await test.refusals()).map(({ code, commands }) => `${commands} ${code}`)).toEqual(
      Array(4).fill('eraseUser FORBIDDEN'),
    )
  })

  it('answers a stranger about a user of another organization as about an id that nobody has', async () => {
    const test = await testApplication()
    const { userId } = await test.user('Anna')
    const stranger = {
      ...(await test.user('Eve', 'globalAdministrator')),
      organizationId: randomUUID() as OrganizationId,
    }
    const ofAnother = await codeOf(test.application.eraseUser(stranger, { userId }))
    const ofNobody = await codeOf(test.application.eraseUser(stranger, { userId: randomUUID() as UserId }))
    expect(ofAnother).toMatch(/^USER_NOT_FOUND /)
    expect(ofAnother).toBe(ofNobody)
    expect(await userOf(test, userId)).toMatchObject({ erased: false, status: 'active' })
  })

  it('twice is as once: one event, and a key that was not at hand the first time is destroyed', async () => {
    const test = await testApplication()
    const ada = await test.user('Ada', 'userAdministrator')
    const { userId } = await test.user('Anna')
    expect(await test.application.eraseUser(ada, { userId })).toMatchObject({ keyDestroyed: true })
    const { revision } = await readWholeStream(test.dependencies.log, streams.user(userId))
    expect(await test.application.eraseUser(ada, { userId })).toMatchObject({ keyDestroyed: true })
    expect((await readWholeStream(test.dependencies.log, streams.user(userId))).revision).toBe(revision)
  })

  it('of a Global Administrator is for another one to do', async () => {
    const test = await testApplication()
    const [ada, bea] = [await test.user('Ada', 'globalAdministrator'), await test.user('Bea', 'globalAdministrator')]
    const users = await test.user('Uma', 'userAdministrator')
    const erase = (by: TestCaller | typeof test.setup, { userId }: TestCaller) =>
      codeOf(test.application.eraseUser(by, { userId }))
    expect(await erase(users, ada)).toMatch(/^FORBIDDEN /)
    expect(await erase(ada, bea)).toBe('done')
    expect(await userOf(test, bea.userId)).toMatchObject({ status: 'deactivated', erased: true })
    expect(await erase(test.setup, ada)).toMatch(/^LAST_ADMINISTRATOR /)
  })

  it('leaves a log that is away unchanged, and is done when it is tried again', async () => {
    const test = await testApplication()
    const { userId } = await test.user('Anna')
    const away: Pick<EventLog, 'append'> = { append: () => Promise.reject(new Error('away')) }
    const { eraseUser } = await import('../../application/erase-user.ts')
    const without = {
      ...test.dependencies,
      log: {
        ...test.dependencies.log,
        readStream: test.dependencies.log.readStream.bind(test.dependencies.log),
        ...away,
      },
    }
    await expect(eraseUser(without, test.setup, { userId })).rejects.toThrow('away')
    expect(await userOf(test, userId)).toMatchObject({ erased: false })
    expect(await eraseUser(test.dependencies, test.setup, { userId })).toMatchObject({ keyDestroyed: true })
  })
})

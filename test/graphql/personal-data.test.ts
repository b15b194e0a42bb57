import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PersonKeysError, type Persons } from '../../persons/index.ts'
import { readSettings } from '../../server/configuration.ts'
import { keepMasterKey, noticeOfPersons, openPersons } from '../../server/persons.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { testPersons } from '../support/persons.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Keys whose database can be taken away, and put there again. */
function keys() {
  const real = testPersons()
  const state = { away: false }
  const unlessAway = async <Result>(use: () => Promise<Result>): Promise<Result> => {
    if (state.away) throw new PersonKeysError('PERSON_KEYS_UNAVAILABLE', 'away')
    return use()
  }
  const persons: typeof real = {
    ...real,
    seal: (...given) => unlessAway(() => real.seal(...given)),
    erase: (...given) => unlessAway(() => real.erase(...given)),
    read: (people) =>
      state.away
        ? Promise.resolve(people.map(({ erased }) => ({ status: erased ? 'erased' : 'unavailable' }) as const))
        : real.read(people),
  }
  return { persons, state, real }
}

/** Keys in the database of a data directory, as a service opens them that is started again when its database was lost. */
async function losableKeys() {
  const data = temporaryFolder()
  await keepMasterKey(data)
  const settings = readSettings({ environment: { COUNTERSIGN_DATA: data } })
  const open = () => openPersons(settings, pino({ level: 'silent' }))
  let current = await open()
  onTestFinished(() => current.close())
  const persons = new Proxy({} as Persons, { get: (_, name: keyof Persons) => current[name] })
  async function lose() {
    await current.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(data, `person-keys.db${suffix}`), { force: suffix !== '' })
    current = await open()
  }
  return { persons, lose }
}

const document = `query ($id: ID!) {
  viewer { name }
  signingRequest(id: $id) {
    approvals { approver { name email } }
    approvalProcess { approvers { user { name } } }
    events(first: 20) { nodes { type actor { user { name } } } }
  }
}`

describe('names', () => {
  it('of an erased person are "erased user" and the id wherever they stood: user, approvals, history', async () => {
    const server = await startGraphQLServer()
    const [anna] = server.approvers
    const id = await server.submit()
    const planDigest = await server.plan(id)
    const approval = await server.ask(
      anna,
      'mutation ($id: ID!, $digest: String!) { approveSigningRequest(input: { signingRequestId: $id, planDigest: $digest }) { position } }',
      { id, digest: planDigest },
    )
    expect(approval.errors).toBeUndefined()
    const query = document
    await server.caughtUp()
    const before = await server.ask(server.administrator, query, { id })
    expect(before.errors).toBeUndefined()
    expect(before.text).toContain('"Anna"')
    await server.application.eraseUser(server.setup, { userId: anna.userId })
    await server.caughtUp()
    const { data, errors, text } = await server.ask(server.administrator, query, { id })
    expect(errors).toBeUndefined()
    const name = `erased user ${anna.userId}`
    expect(text).not.toContain('Anna')
    expect(text).not.toContain('anna@')
    expect(data.signingRequest.approvals).toEqual([{ approver: { name, email: null } }])
    expect(data.signingRequest.approvalProcess.approvers[0]).toEqual({ user: { name } })
    const acted = data.signingRequest.events.nodes.filter(({ type }: { type: string }) => type === 'ApprovalGranted')
    expect(acted).toMatchObject([{ actor: { user: { name } } }])
    // The same from a read model that is built anew: replay gives the same decisions.
    await server.rebuild()
    expect((await server.ask(server.administrator, query, { id })).text).toBe(text)
    // Their token is nobody's.
    expect((await server.ask(anna, '{ viewer { name } }')).errors?.[0]?.extensions.code).toBe('TOKEN_REVOKED')
  })

  it('are said to be not available while the keys are away; requests and approvals go on, only users are not added', async () => {
    const { persons, state } = keys()
    const server = await startGraphQLServer({ persons })
    const [anna] = server.approvers
    state.away = true
    const id = await server.submit()
    const planDigest = await server.plan(id)
    const approval = await server.ask(
      anna,
      'mutation ($id: ID!, $digest: String!) { approveSigningRequest(input: { signingRequestId: $id, planDigest: $digest }) { signingRequest { approvals { approver { name personalData } } } } }',
      { id, digest: planDigest },
    )
    expect(approval.errors).toBeUndefined()
    expect(approval.data.approveSigningRequest.signingRequest.approvals).toEqual([
      { approver: { name: `user ${anna.userId} (name not available)`, personalData: 'unavailable' } },
    ])
    expect((await server.ask(anna, '{ viewer { name } }')).data.viewer.name).toBe(
      `user ${anna.userId} (name not available)`,
    )
    await expect(
      server.application.createUser(server.setup, { kind: 'interactive', name: 'New', email: null, roles: [] }),
    ).rejects.toMatchObject({ code: 'PERSON_KEYS_UNAVAILABLE' })
    // Who is erased meanwhile is erased at once; the key follows.
    expect(await server.application.eraseUser(server.setup, { userId: anna.userId })).toMatchObject({
      keyDestroyed: false,
    })
    await server.caughtUp()
    state.away = false
    const { text } = await server.ask(server.administrator, document, { id })
    expect(text).toContain(`erased user ${anna.userId}`)
    expect(text).not.toContain('Anna')
    expect(text).toContain('"Bert"')
  })

  it('are not available for good when the database of the keys is lost; the service starts, and all else goes on', async () => {
    const { persons, lose } = await losableKeys()
    const server = await startGraphQLServer({ persons })
    const [anna, bert] = server.approvers
    expect((await server.ask(anna, '{ viewer { name } }')).data.viewer.name).toBe('Anna')
    await lose()
    expect(await noticeOfPersons(persons)).toBeUndefined()
    const id = await server.submit()
    const planDigest = await server.plan(id)
    for (const by of [anna, bert]) {
      const { errors } = await server.ask(
        by,
        'mutation ($id: ID!, $digest: String!) { approveSigningRequest(input: { signingRequestId: $id, planDigest: $digest }) { position } }',
        { id, digest: planDigest },
      )
      expect(errors).toBeUndefined()
    }
    await server.complete(id, planDigest)
    const added = await server.addUser('Nina')
    await server.caughtUp()
    const { data, errors, text } = await server.ask(
      added,
      `query ($id: ID!) { viewer { name } signingRequest(id: $id) { status approvals { approver { name email } } } }`,
      { id },
    )
    expect(errors).toBeUndefined()
    expect(data.viewer.name).toBe('Nina')
    expect(data.signingRequest).toEqual({
      status: 'Completed',
      approvals: [anna, bert].map(({ userId }) => ({
        approver: { name: `user ${userId} (name not available)`, email: null },
      })),
    })
    expect(text).not.toContain('Anna')
    // Who is erased then is erased like anybody.
    await server.application.eraseUser(server.setup, { userId: anna.userId })
    await server.caughtUp()
    expect((await server.ask(added, document, { id })).text).toContain(`erased user ${anna.userId}`)
  })
})

import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Requester } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import { type OrganizationId, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { collect } from '../support/event-log/events.ts'
import { testApplication } from '../support/test-application.ts'

const administrator = {
  kind: 'interactive',
  name: 'Mallory',
  email: null,
  roles: ['globalAdministrator'],
} as const

describe('the set-up of an organization', () => {
  it('may do everything in it, and is recorded as the part of the service that it was given to', async () => {
    const { application, dependencies, setup } = await testApplication()
    const operator = new Setup(setup.organizationId, { component: 'operator' })
    for (const [requester, component] of [
      [setup, 'setup'],
      [setup.anotherCall(), 'setup'],
      [operator.anotherCall(), 'operator'],
    ] as const) {
      const { userId } = await application.createUser(requester, administrator)
      const { events } = await readWholeStream(dependencies.log, streams.user(userId))
      expect(events[0]?.metadata).toMatchObject({
        actor: { kind: 'system', component },
        causationId: requester.callId,
      })
    }
  })

  it.each<[string, (setup: Setup) => object]>([
    ['an object with its fields', ({ organizationId }) => ({ organizationId, setup: true, callId: randomUUID() })],
    ['a copy of it', (setup) => ({ ...setup })],
    ['what JSON makes of it', (setup) => JSON.parse(JSON.stringify(setup)) as object],
    ['a structured clone', (setup) => structuredClone(setup)],
    ['an object with its prototype', (setup) => Object.assign(Object.create(Setup.prototype) as object, setup)],
    ['a proxy of it', (setup) => new Proxy(setup, {})],
  ])('is not %s', async (_, forge) => {
    const { application, dependencies, setup } = await testApplication()
    const after = await dependencies.log.head()
    const forged = forge(setup) as Requester
    await expect(application.createUser(forged, administrator)).rejects.toThrow()
    const asCaller = Object.assign(forge(setup), { roles: [], userId: randomUUID() }) as unknown as Requester
    await expect(application.createUser(asCaller, administrator)).rejects.toThrow()
    const since = await collect(dependencies.log.readAll(after === undefined ? {} : { after }))
    expect(since.map(({ type }) => type)).not.toContain('UserCreated')
  })

  it('holds for its own organization', async () => {
    const { application, dependencies } = await testApplication()
    const elsewhere = new Setup(randomUUID() as OrganizationId)
    const { userId } = await application.createUser(elsewhere, administrator)
    const { events } = await readWholeStream(dependencies.log, streams.user(userId))
    expect(events.every(({ metadata }) => metadata.organizationId === elsewhere.organizationId)).toBe(true)
  })
})

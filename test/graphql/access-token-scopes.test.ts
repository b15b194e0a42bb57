import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Permission, type ProjectId, scopeAllows } from '../../domain/index.ts'
import { accessOfFields } from '../../graphql/enforce-permissions.ts'
import { createSchema } from '../../graphql/schema.ts'
import { askAs } from '../support/access/ask.ts'
import { asked } from '../support/access/asked.ts'
import { everyCaller } from '../support/access/callers.ts'
import { limitedCallers, scopes } from '../support/access/limited.ts'
import { openAccessServer } from '../support/access/organization.ts'
import { unchanging } from '../support/access/unchanging.ts'

const access = accessOfFields(createSchema())
const permissionOf = (name: string): Permission => {
  const permission = asked[name]?.permission ?? access.find(({ field }) => field === name.split(' ')[0])?.permission
  if (permission === undefined) throw new Error(`${name} is no field.`)
  return permission
}

describe('a token reaches what its scope and its user allow, and nothing else', { timeout: 240_000 }, () => {
  let world: Awaited<ReturnType<typeof openAccessServer>>
  let limited: ReturnType<typeof limitedCallers>
  /** Things that refused calls name: nothing becomes of them. */
  let untouched: Awaited<ReturnType<typeof openAccessServer>>['own']
  beforeAll(async () => {
    world = await openAccessServer()
    limited = limitedCallers(world, await everyCaller(world), (await world.own.project()) as ProjectId)
    untouched = unchanging(world.own)
  }, 240_000)
  afterAll(() => world.close())

  describe.each(Object.entries(scopes))('%s', (_, scopeOf) => {
    it.each(Object.keys(asked))('%s', async (name) => {
      const { caller, isRefused } = await limited(permissionOf(name), scopeOf)
      const call = await askAs(world, caller, name, isRefused ? { ...caller.things, ...untouched } : caller.things)
      const before = isRefused ? await world.eventsOfRules() : 0
      const { code, text } = await call.send()
      expect([code, text]).toEqual([isRefused ? 'API_TOKEN_SCOPE_EXCEEDED' : asked[name]?.answeredWith, text])
      if (isRefused) expect(await world.eventsOfRules()).toBe(before)
    })
  })

  it.each(Object.entries(scopes))('%s sees of itself what its permissions show', async (_, scopeOf) => {
    const { caller, scope } = await limited('readPrivateUserData', scopeOf)
    const { data, errors } = await world.server.ask(caller.user, '{ viewer { user { email apiTokens { name } } } }')
    expect(errors).toBeUndefined()
    const { email, apiTokens } = data.viewer.user
    const isShown = scopeAllows(scope, 'readPrivateUserData')
    expect([email !== null, apiTokens !== null]).toEqual([isShown, isShown])
  })
})

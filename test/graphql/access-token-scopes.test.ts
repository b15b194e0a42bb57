import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueApiToken } from '../../application/api-tokens.ts'
import { type ApiTokenScope, type Permission, type ProjectId, scopeAllows } from '../../domain/index.ts'
import { accessOfFields } from '../../graphql/enforce-permissions.ts'
import { createSchema } from '../../graphql/schema.ts'
import { askAs } from '../support/access/ask.ts'
import { asked } from '../support/access/asked.ts'
import { type AccessCaller, everyCaller, isNamedBy } from '../support/access/callers.ts'
import { openAccessServer } from '../support/access/organization.ts'
import { unchanging } from '../support/access/unchanging.ts'

const access = accessOfFields(createSchema())
const permissionOf = (name: string): Permission => {
  const permission = asked[name]?.permission ?? access.find(({ field }) => field === name.split(' ')[0])?.permission
  if (permission === undefined) throw new Error(`${name} is no field.`)
  return permission
}

/** Every kind of scope, about the project of the policies and requests, and another one. */
const scopes: Readonly<Record<string, (own: ProjectId, other: ProjectId) => Partial<ApiTokenScope>>> = {
  'limited to reading': () => ({ access: 'read' }),
  'limited to submitting': () => ({ access: 'submit' }),
  'limited to the project': (own) => ({ projects: [own] }),
  'limited to another project': (_, other) => ({ projects: [other] }),
}

describe('a token reaches what its scope and its user allow, and nothing else', { timeout: 240_000 }, () => {
  let world: Awaited<ReturnType<typeof openAccessServer>>
  let callers: readonly AccessCaller[]
  let other: ProjectId
  /** Things that refused calls name: nothing becomes of them. */
  let untouched: Awaited<ReturnType<typeof openAccessServer>>['own']
  beforeAll(async () => {
    world = await openAccessServer()
    callers = await everyCaller(world)
    other = (await world.own.project()) as ProjectId
    untouched = unchanging(world.own)
  }, 240_000)
  afterAll(() => world.close())

  /** Somebody with the permission, by a new token. */
  async function limited(permission: Permission, limits: Partial<ApiTokenScope>): Promise<AccessCaller> {
    const caller = callers.find((each) => isNamedBy(permission, each))
    if (caller === undefined) throw new Error(`Nobody has the permission ${permission}.`)
    const { server } = world
    const { userId } = caller.user
    const scope = { access: 'full', projects: null, networks: null, ...limits } as const
    const token = { userId, name: 'limited', expiresAt: null, scope }
    return { ...caller, user: { ...(await issueApiToken(server.dependencies, server.setup, token)), userId } }
  }

  describe.each(Object.entries(scopes))('%s', (_, scopeOf) => {
    it.each(Object.keys(asked))('%s', async (name) => {
      const permission = permissionOf(name)
      const limits = scopeOf(world.server.projectId, other)
      const scope = { access: 'full', projects: null, networks: null, ...limits } as const
      const caller = await limited(permission, limits)
      const isElsewhere =
        scope.projects?.includes(world.server.projectId) === false && permission !== 'readOrganization'
      const isRefused = isElsewhere || !scopeAllows(scope, permission)
      const call = await askAs(world, caller, name, isRefused ? { ...caller.things, ...untouched } : caller.things)
      const before = await world.eventsOfRules()
      const { code, text } = await call.send()
      expect([code, text]).toEqual([isRefused ? 'API_TOKEN_SCOPE_EXCEEDED' : asked[name]?.answeredWith, text])
      if (isRefused) expect(await world.eventsOfRules()).toBe(before)
    })
  })

  it.each(Object.entries(scopes))('%s sees of itself what its permissions show', async (_, scopeOf) => {
    const limits = scopeOf(world.server.projectId, other)
    const scope = { access: 'full', projects: null, networks: null, ...limits } as const
    const caller = await limited('readPrivateUserData', limits)
    const { data, errors } = await world.server.ask(caller.user, '{ viewer { user { email apiTokens { name } } } }')
    expect(errors).toBeUndefined()
    const { email, apiTokens } = data.viewer.user
    const isShown = scopeAllows(scope, 'readPrivateUserData')
    expect([email !== null, apiTokens !== null]).toEqual([isShown, isShown])
  })
})

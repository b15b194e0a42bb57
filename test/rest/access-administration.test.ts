import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Permission, ProjectId } from '../../domain/index.ts'
import { differentOnlyInIds } from '../support/access/ask.ts'
import { askedAdministration } from '../support/access/asked-rest.ts'
import { type AccessCaller, everyCaller, isNamedBy } from '../support/access/callers.ts'
import { limitedCallers, scopes } from '../support/access/limited.ts'
import { openAccessServer } from '../support/access/organization.ts'
import { nobodysThings, type Things } from '../support/access/things.ts'
import { unchanging } from '../support/access/unchanging.ts'
import { restClient } from '../support/rest-document.ts'

const names = Object.keys(askedAdministration)

describe('every route of the administration', { timeout: 240_000 }, () => {
  let world: Awaited<ReturnType<typeof openAccessServer>>
  let callers: readonly AccessCaller[]
  let limited: ReturnType<typeof limitedCallers>
  /** Things that refused calls name: nothing becomes of them. */
  let untouched: Things
  /** The same of each caller, for calls that change nothing. */
  let unchanged: ReadonlyMap<Things, Things>
  // Every answer is held against the OpenAPI document.
  let call: ReturnType<typeof restClient>
  beforeAll(async () => {
    world = await openAccessServer()
    callers = await everyCaller(world)
    untouched = unchanging(world.own)
    unchanged = new Map(callers.map(({ things }) => [things, things === world.own ? untouched : unchanging(things)]))
    limited = limitedCallers(world, callers, (await world.own.project()) as ProjectId)
    call = restClient(world.server)
  }, 240_000)
  afterAll(() => world.close())

  /** Who is refused need not see what was just made. */
  async function send(name: string, token: string | undefined, things: Things, isRefused = false) {
    const { path, body, headers } = askedAdministration[name] ?? { path: async () => '/' }
    const [url, text] = [await path(things), typeof body === 'function' ? await body(things) : body]
    if (!isRefused) await world.server.caughtUp()
    const method = name.split(' ')[0] ?? 'GET'
    const options = { ...(headers === undefined ? {} : { headers }), ...(token === undefined ? {} : { token }) }
    const answer = await call(method, url, { ...options, body: text ?? null })
    return { status: answer.status, code: answer.body.code as string | undefined, text: JSON.stringify(answer.body) }
  }

  /** What a call names: something new only where it may become of it what is asked for. */
  function thingsFor(name: string, isNamed: boolean, { things }: AccessCaller): Things {
    if (!isNamed) return untouched
    return name.startsWith('GET') ? (unchanged.get(things) ?? things) : things
  }

  const permissionOf = (name: string): Permission => {
    const access = world.routes.find(({ method, url }) => `${method} ${url}` === name)?.access
    if (access === undefined || access === 'everybody' || access === 'fieldByField')
      throw new Error(`${name} is for whoever has a permission.`)
    return askedAdministration[name]?.permission ?? access
  }
  const isAnswered = (name: string, status: number) =>
    status === (askedAdministration[name]?.status ?? (status < 300 ? status : undefined))

  // Before anything is proposed: tokens are issued at once.
  it.each(names)('%s is for tokens whose scope it is in', async (name) => {
    const answers = Object.entries(scopes).map(async ([limits, scopeOf]) => {
      const { caller, isRefused } = await limited(permissionOf(name), scopeOf)
      const things = thingsFor(name, !isRefused, caller)
      const { status, code, text } = await send(name, caller.user.token, things, isRefused)
      expect([limits, isRefused ? code : isAnswered(name, status), text]).toEqual([
        limits,
        isRefused ? 'API_TOKEN_SCOPE_EXCEEDED' : true,
        text,
      ])
    })
    await Promise.all(answers)
  })

  it('changes nothing by tokens whose scope it is beyond', async () => {
    const refused: { readonly name: string; readonly token: string }[] = []
    for (const name of names.filter((each) => !each.startsWith('GET'))) {
      const { path, body } = askedAdministration[name] ?? {}
      await Promise.all([path?.(untouched), typeof body === 'function' ? body(untouched) : undefined])
      for (const scopeOf of Object.values(scopes)) {
        const { caller, isRefused } = await limited(permissionOf(name), scopeOf)
        if (isRefused) refused.push({ name, token: caller.user.token })
      }
    }
    const before = await world.eventsOfRules()
    await Promise.all(refused.map(({ name, token }) => send(name, token, untouched, true)))
    expect([refused.length > 100, await world.eventsOfRules()]).toEqual([true, before])
  })

  it.each(names)('%s is for those whom its permission names', async (name) => {
    const answers = callers.map(async (caller) => {
      const isNamed = isNamedBy(permissionOf(name), caller)
      const { status, text } = await send(name, caller.user.token, thingsFor(name, isNamed, caller), !isNamed)
      expect([caller.name, isNamed ? isAnswered(name, status) : status, text]).toEqual([
        caller.name,
        isNamed ? true : 403,
        text,
      ])
    })
    await Promise.all(answers)
  })

  it.each(names)('%s is for users', async (name) => {
    expect((await send(name, undefined, nobodysThings)).status).toBe(401)
  })

  it.each(names.filter((name) => name.split(':').length > 2))(
    '%s answers alike for what is of another organization and for what is nobody’s',
    async (name) => {
      const { token } = world.server.administrator
      const own = { ...nobodysThings, organizationId: world.own.organizationId }
      const foreign = { ...world.others, organizationId: world.own.organizationId }
      const [theirs, nobodys] = [await send(name, token, foreign), await send(name, token, own)]
      expect([theirs.status, differentOnlyInIds(theirs.text)]).toEqual([
        nobodys.status,
        differentOnlyInIds(nobodys.text),
      ])
      expect(theirs.status).toBe(404)
    },
  )
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { differentOnlyInIds } from '../support/access/ask.ts'
import { askedAdministration } from '../support/access/asked-rest.ts'
import { type AccessCaller, everyCaller, isNamedBy } from '../support/access/callers.ts'
import { openAccessServer } from '../support/access/organization.ts'
import { nobodysThings, type Things } from '../support/access/things.ts'
import { restClient } from '../support/rest-document.ts'

const names = Object.keys(askedAdministration)

describe('every route of the administration', { timeout: 240_000 }, () => {
  let world: Awaited<ReturnType<typeof openAccessServer>>
  let callers: readonly AccessCaller[]
  // Every answer is held against the OpenAPI document.
  let call: ReturnType<typeof restClient>
  beforeAll(async () => {
    world = await openAccessServer()
    callers = await everyCaller(world)
    call = restClient(world.server)
  }, 240_000)
  afterAll(() => world.close())

  async function send(name: string, token: string | undefined, things: Things) {
    const { path, body, headers } = askedAdministration[name] ?? { path: async () => '/' }
    const [url, text] = [await path(things), typeof body === 'function' ? await body(things) : body]
    await world.server.caughtUp()
    const method = name.split(' ')[0] ?? 'GET'
    const options = { ...(headers === undefined ? {} : { headers }), ...(token === undefined ? {} : { token }) }
    const answer = await call(method, url, { ...options, body: text ?? null })
    return { status: answer.status, text: JSON.stringify(answer.body) }
  }

  const accessOf = (name: string) =>
    world.routes.find(({ method, url }) => `${method} ${url}` === name)?.access ?? 'everybody'

  it.each(names)('%s is for those whom its permission names', async (name) => {
    const access = accessOf(name)
    const expected = askedAdministration[name]?.status
    const answers = callers.map(async (caller) => {
      const isNamed = access !== 'everybody' && access !== 'fieldByField' && isNamedBy(access, caller)
      // Who is refused changes nothing of what others are refused, too.
      const things = isNamed ? caller.things : world.untouched(caller.things)
      const { status, text } = await send(name, caller.user.token, things)
      const isAnswered = expected === undefined ? status < 300 : status === expected
      expect([caller.name, isNamed ? isAnswered : status, isNamed && !isAnswered ? text : '']).toEqual([
        caller.name,
        isNamed ? true : 403,
        '',
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

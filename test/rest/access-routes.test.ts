import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProjectId, scopeAllows } from '../../domain/index.ts'
import { differentOnlyInIds, kindsAskedOf } from '../support/access/ask.ts'
import { askedAdministration } from '../support/access/asked-rest.ts'
import { askedRoutes } from '../support/access/asked-routes.ts'
import { type AccessCaller, everyCaller, isNamedBy } from '../support/access/callers.ts'
import { limitedCallers, scopes } from '../support/access/limited.ts'
import { openAccessServer } from '../support/access/organization.ts'
import { nobodysThings, type Things } from '../support/access/things.ts'
import { unchanging } from '../support/access/unchanging.ts'
import { answerChecker } from '../support/rest-document.ts'

const names = Object.keys(askedRoutes)

/** What a route may name that is of another organization, or of nobody. */
const foreignKinds = [
  'organizationId',
  'request',
  'signedRequest',
  'requestOfBuild',
  'announcedRequest',
  'namedPolicy',
] as const

/** An answer, whole, or until it says what the end of it is here. */
async function textOf(response: Response, end: string | undefined): Promise<string> {
  if (end === undefined) return response.text()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes(end)) break
  }
  return text
}

describe('every route', { timeout: 240_000 }, () => {
  let world: Awaited<ReturnType<typeof openAccessServer>>
  let callers: readonly AccessCaller[]
  let limited: ReturnType<typeof limitedCallers>
  let check: ReturnType<typeof answerChecker>
  beforeAll(async () => {
    const opened = await openAccessServer()
    world = { ...opened, own: unchanging(opened.own, ['request']), others: unchanging(opened.others) }
    callers = await everyCaller(world)
    check = answerChecker(world.server)
    limited = limitedCallers(world, callers, (await opened.own.project()) as ProjectId)
  }, 240_000)
  afterAll(() => world.close())

  /** HEAD is answered like GET, without a body; an upload may be sent by two names. */
  const documentedMethod = (method: string) => (method === 'HEAD' ? 'GET' : method)
  const otherPath = (url: string) => url.replace('UploadUnsignedArtifact', 'UnsignedArtifact')

  async function send(name: string, token: string | undefined, things: Things) {
    const { path, body, headers, endsWith, isRefusedIn } = askedRoutes[name] ?? { path: async () => '/' }
    const response = await fetch(`${world.server.url}${await path(things)}`, {
      method: name.split(' ')[0] ?? 'GET',
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : await body(things) }),
    })
    const text = await textOf(response, response.ok ? endsWith : undefined)
    const [method = 'GET', url = ''] = name.split(' ')
    const mediaType = response.headers.get('content-type')?.split(';')[0] ?? ''
    const described = { status: response.status, mediaType, text }
    if (/^\/(?:Api\/v1\/(?::|Meta)|Connectors|uploads)/.test(url))
      await check(documentedMethod(method), otherPath(url), described)
    return { status: response.ok && isRefusedIn?.(text) === true ? 403 : response.status, text }
  }

  const accessOf = (name: string) =>
    world.routes.find(({ method, url }) => `${method} ${url}` === name)?.access ?? 'everybody'

  it('is asked by a line of asked.ts', () => {
    const served = world.routes.map(({ method, url }) => `${method} ${url}`)
    expect([...served].sort()).toEqual([...names, ...Object.keys(askedAdministration)].sort())
  })

  it.each(names)('%s is for those whom its permission names', async (name) => {
    const access = accessOf(name)
    for (const caller of callers) {
      const isNamed = access === 'everybody' || access === 'fieldByField' || isNamedBy(access, caller)
      const { status } = await send(name, caller.user.token, isNamed ? caller.things : world.untouched(caller.things))
      const isAnswered = status < 300 || status === askedRoutes[name]?.status
      expect([caller.name, isNamed ? isAnswered : status]).toEqual([caller.name, isNamed ? true : 403])
    }
  })

  const needing = names.filter((name) => /^\w+ \/(?:Api\/v1\/:|Connectors|uploads|audit-log)/.test(name))
  describe.each(Object.entries(scopes))('by a token %s', (_, scopeOf) => {
    it.each(needing)('%s', async (name) => {
      const access = accessOf(name)
      if (access === 'everybody' || access === 'fieldByField') throw new Error(`${name} needs no permission.`)
      const { caller, scope, ...limits } = await limited(access, scopeOf)
      const isRefused = askedRoutes[name]?.isOfNoProject ? !scopeAllows(scope, access) : limits.isRefused
      const { status, text } = await send(
        name,
        caller.user.token,
        isRefused ? world.untouched(caller.things) : caller.things,
      )
      const isAnswered = status < 300 || status === askedRoutes[name]?.status
      expect([isRefused ? status : isAnswered, text]).toEqual([isRefused ? 403 : true, text])
      if (isRefused && !name.startsWith('HEAD')) expect(text).toContain('"API_TOKEN_SCOPE_EXCEEDED"')
    })
  })

  it.each(names)('%s is for users, unless it is for everybody', async (name) => {
    const { status } = await send(name, undefined, world.own)
    expect(status).toBe(accessOf(name) === 'everybody' ? 200 : 401)
  })

  // What stands in a route's URL is what it names.
  it.each(names.filter((name) => name.includes(':')))(
    '%s answers alike for what is of another organization and for what is nobody’s',
    async (name) => {
      const { path = async () => '/', body } = askedRoutes[name] ?? {}
      const named = await kindsAskedOf(nobodysThings, async (things) => [
        await path(things),
        typeof body === 'function' ? await body(things) : body,
      ])
      const own = world.untouched(world.own)
      for (const caller of callers)
        for (const kind of foreignKinds.filter((each) => named.includes(each))) {
          const ask = (foreign: Things) => send(name, caller.user.token, { ...own, [kind]: foreign[kind] })
          const [theirs, nobodys] = [await ask(world.others), await ask(nobodysThings)]
          expect([caller.name, kind, theirs.status, differentOnlyInIds(theirs.text)]).toEqual([
            caller.name,
            kind,
            nobodys.status,
            differentOnlyInIds(nobodys.text),
          ])
        }
    },
  )
})

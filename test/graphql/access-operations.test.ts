import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asked } from '../support/access/asked.ts'
import { type AccessCaller, everyCaller } from '../support/access/callers.ts'
import { rootFields } from '../support/access/documents.ts'
import { expectPermission } from '../support/access/expect-permission.ts'
import { openAccessServer, startAccessServer } from '../support/access/organization.ts'
import { unchanging } from '../support/access/unchanging.ts'

const names = Object.keys(asked)
const mutations = names.filter((name) => name.startsWith('Mutation.'))
const queries = names.filter((name) => !mutations.includes(name))

describe('every query, mutation and subscription', { timeout: 240_000 }, () => {
  it('is asked by a line of asked.ts', () => {
    const lines = new Set(names.map((name) => name.split(' ')[0] ?? name))
    expect(rootFields.filter((field) => !lines.has(field))).toEqual([])
    expect([...lines].filter((field) => !rootFields.includes(field))).toEqual([])
  })
})

describe('a query is answered to those whom its permission names, and refused to all others', {
  timeout: 240_000,
}, () => {
  let world: Awaited<ReturnType<typeof openAccessServer>>
  let callers: readonly AccessCaller[]
  beforeAll(async () => {
    const opened = await openAccessServer()
    world = { ...opened, own: unchanging(opened.own) }
    callers = await everyCaller(world)
  }, 240_000)
  afterAll(() => world.close())

  it.each(queries)('%s', async (name) => {
    await expectPermission(world, callers, name)
  })
})

/** What changes the rules of the whole organization, and with them what other mutations do there. */
const ofTheWholeOrganization = new Set(['Mutation.changeChangeControl'])

describe('a mutation succeeds for those whom its permission names, is refused to all others and changes nothing then', {
  timeout: 240_000,
}, () => {
  let world: Awaited<ReturnType<typeof openAccessServer>>
  let callers: readonly AccessCaller[]
  beforeAll(async () => {
    world = await openAccessServer()
    callers = await everyCaller(world)
  }, 240_000)
  afterAll(() => world.close())

  // Whoever may is asked about things that nothing else is asked about.
  it.each(mutations.filter((name) => !ofTheWholeOrganization.has(name)))('%s', async (name) => {
    await expectPermission(world, callers, name)
  })

  it.each([...ofTheWholeOrganization])('%s', async (name) => {
    const own = await startAccessServer()
    await expectPermission(own, await everyCaller(own), name)
  })
})

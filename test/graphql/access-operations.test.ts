import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unchanging } from '../support/access/ask.ts'
import { asked } from '../support/access/asked.ts'
import { type AccessCaller, everyCaller } from '../support/access/callers.ts'
import { rootFields } from '../support/access/documents.ts'
import { expectPermission } from '../support/access/expect-permission.ts'
import { openAccessServer, startAccessServer } from '../support/access/organization.ts'

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

describe('a mutation succeeds for those whom its permission names, is refused to all others and changes nothing then', {
  timeout: 240_000,
}, () => {
  it.each(mutations)('%s', async (name) => {
    const world = await startAccessServer()
    await expectPermission(world, await everyCaller(world), name)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { differentOnlyInIds, foreignVariants } from '../support/access/ask.ts'
import { asked } from '../support/access/asked.ts'
import { type AccessCaller, everyCaller } from '../support/access/callers.ts'
import { openAccessServer } from '../support/access/organization.ts'
import { nobodysThings } from '../support/access/things.ts'
import { unchanging } from '../support/access/unchanging.ts'

describe('what is of another organization is answered as what there is not', { timeout: 240_000 }, () => {
  let world: Awaited<ReturnType<typeof openAccessServer>>
  let callers: readonly AccessCaller[]
  beforeAll(async () => {
    const opened = await openAccessServer()
    world = { ...opened, own: unchanging(opened.own), others: unchanging(opened.others) }
    callers = await everyCaller(world)
  }, 240_000)
  afterAll(() => world.close())

  it.each(Object.keys(asked))('%s', async (name) => {
    for (const caller of callers) {
      const theirs = await foreignVariants(world, caller, name, world.others)
      const nobodys = await foreignVariants(world, caller, name, nobodysThings)
      for (const [index, { foreign, send }] of theirs.entries()) {
        const before = await world.eventsOfRules()
        const [their, none] = [await send(), await nobodys[index]?.send()]
        const answer = { caller: caller.name, foreign, status: their.status, text: differentOnlyInIds(their.text) }
        expect(answer).toEqual({ ...answer, status: none?.status, text: differentOnlyInIds(none?.text ?? '') })
        expect({ ...answer, events: await world.eventsOfRules() }).toEqual({ ...answer, events: before })
      }
    }
  })
})

import { expect } from 'vitest'
import { accessOfFields } from '../../../graphql/enforce-permissions.ts'
import { createSchema } from '../../../graphql/schema.ts'
import { askAs } from './ask.ts'
import { asked } from './asked.ts'
import { type AccessCaller, isNamedBy } from './callers.ts'
import type { AccessServer } from './organization.ts'

const permissions = new Map(accessOfFields(createSchema()).map(({ field, permission }) => [field, permission]))

/** Asks a line of the table as everybody, about things of their own organization, and expects what its permission says. */
export async function expectPermission(
  world: AccessServer,
  callers: readonly AccessCaller[],
  name: string,
): Promise<void> {
  const {
    permission = permissions.get(name.split(' ')[0] ?? name),
    refusedWith = ['FORBIDDEN'],
    answeredWith,
  } = asked[name] ?? {}
  if (permission === undefined) throw new Error(`${name} is no field.`)
  const named = callers.filter((caller) => isNamedBy(permission, caller))
  const others = callers.filter((caller) => !isNamedBy(permission, caller))
  expect(named.length).toBeGreaterThan(0)

  const refused = await Promise.all(others.map((caller) => askAs(world, caller, name, world.untouched(caller.things))))
  const before = await world.eventsOfRules()
  const wronglyAnswered: Record<string, string> = {}
  for (const { caller, send } of refused) {
    const { code, text } = await send()
    if (code === undefined || !refusedWith.includes(code)) wronglyAnswered[caller.name] = text
  }
  expect(wronglyAnswered).toEqual({})
  expect(await world.eventsOfRules()).toBe(before)

  const wronglyRefused: Record<string, string> = {}
  for (const { caller, send } of await Promise.all(named.map((caller) => askAs(world, caller, name, caller.things)))) {
    const { code, isAnswered, text } = await send()
    if (answeredWith === undefined ? code !== undefined || !isAnswered : code !== answeredWith)
      wronglyRefused[caller.name] = text
  }
  expect(wronglyRefused).toEqual({})
}

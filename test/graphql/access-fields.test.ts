import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessOfFields, type FieldAccess } from '../../graphql/enforce-permissions.ts'
import { createSchema } from '../../graphql/schema.ts'
import { asked } from '../support/access/asked.ts'
import { aboutWhom, nothingOf } from '../support/access/asked-fields.ts'
import { type AccessCaller, everyCaller, isNamedBy } from '../support/access/callers.ts'
import { below, everyField, objectsAt, operation, type Path } from '../support/access/documents.ts'
import { openAccessServer } from '../support/access/organization.ts'
import { answeredByMutations, placesOfTypes } from '../support/access/places.ts'
import { unchanging } from '../support/access/unchanging.ts'

const access = accessOfFields(createSchema())
const typeOf = ({ field }: FieldAccess) => field.split('.')[0] ?? ''
const nameOf = ({ field }: FieldAccess) => field.split('.')[1] ?? ''
const isRoot = (type: string) => /^(Query|Mutation|Subscription)$/.test(type)
const types = [...new Set(access.map(typeOf))].filter(
  (type) => !isRoot(type) && !answeredByMutations.has(type) && !Object.hasOwn(nothingOf, type),
)

describe('every field of the API', { timeout: 240_000 }, () => {
  let world: Awaited<ReturnType<typeof openAccessServer>>
  let callers: readonly AccessCaller[]
  let places: ReadonlyMap<string, { readonly root: string; readonly path: Path }>

  beforeAll(async () => {
    const opened = await openAccessServer()
    world = { ...opened, own: unchanging(opened.own) }
    callers = await everyCaller(world)
    const administrator = callers.find(({ name }) => name === 'globalAdministrator')
    if (administrator === undefined) throw new Error('There is no Global Administrator.')
    await world.somethingOfEveryKind()
    places = await placesOfTypes(types, (root, selection) => answerTo(administrator, root, selection))
  }, 240_000)
  afterAll(() => world.close())

  async function answerTo(caller: AccessCaller, root: string, selection: string) {
    const by = { user: caller.user, upload: async () => '' }
    const variables = (await asked[root]?.arguments?.(caller.things, by)) ?? {}
    await world.server.caughtUp()
    return world.server.ask(caller.user, operation(root, Object.keys(variables), selection), variables)
  }

  it('stands somewhere in the answers about an organization with something of every kind', () => {
    expect(types.filter((type) => !places.has(type))).toEqual([])
    expect(Object.keys(nothingOf).filter((type) => places.has(type))).toEqual([])
  })

  it.each(types)('of %s shows itself to those whom its permission names, and to nobody else', async (type) => {
    const place = places.get(type)
    if (place === undefined) throw new Error(`Nothing of ${type} was found.`)
    const { root, path } = place
    const fields = access.filter((each) => typeOf(each) === type)
    const abouts = fields.flatMap(({ field }, index) => aboutWhom[field]?.replace('about', `about${index}`) ?? [])
    const rootPermission = access.find(({ field }) => field === root)?.permission
    for (const caller of callers) {
      const {
        data,
        errors = [],
        text,
      } = await answerTo(caller, root, below(path, `${everyField(type)} ${abouts.join(' ')}`))
      const isAnswer = asked[root]?.refusalIn !== undefined
      if (!isAnswer && rootPermission !== undefined && !isNamedBy(rootPermission, caller)) {
        expect([caller.name, errors[0]?.extensions.code, data]).toEqual([caller.name, 'FORBIDDEN', null])
        continue
      }
      // Whose field may not be null takes what it stands in with it.
      const refused = errors.map(({ extensions, path }) => [path?.at(-1), extensions.code])
      const objects = objectsAt(data, path)
      for (const [index, each] of fields.entries()) {
        if (isNamedBy(each.permission, caller)) {
          expect([caller.name, each.field, refused.filter(([name]) => name === nameOf(each))]).toEqual([
            caller.name,
            each.field,
            [],
          ])
          continue
        }
        const isShown = (object: Readonly<Record<string, unknown>>) => {
          const about = object[`about${index}`] as string | { readonly userId: string } | undefined
          const whom = typeof about === 'object' ? about?.userId : about
          return object[nameOf(each)] !== null && whom !== caller.user.userId
        }
        expect([caller.name, each.field, objects.filter(isShown)]).toEqual([caller.name, each.field, []])
      }
      expect(text).not.toContain('INTERNAL')
    }
  })

  it('of a user says who may see it: themselves and administrators of users', async () => {
    const seen: Record<string, boolean> = {}
    for (const caller of callers) {
      const { data } = await answerTo(caller, 'Query.user', ' { email apiTokens { name } }')
      expect(data.user.email === null).toBe(data.user.apiTokens === null)
      seen[caller.name] = data.user.email !== null
    }
    expect(Object.keys(seen).filter((name) => seen[name])).toEqual(
      callers.filter((caller) => isNamedBy('readPrivateUserData', caller)).map(({ name }) => name),
    )
  })
})

import { isObjectType } from 'graphql'
import { permissionRule } from '../../../domain/index.ts'
import { accessOfFields } from '../../../graphql/enforce-permissions.ts'
import { createSchema } from '../../../graphql/schema.ts'
import type { Answer } from '../ask-graphql.ts'
import { answeredType, below, compositeFields, objectsAt, type Path, rootField, rootFields } from './documents.ts'

const schema = createSchema()

/** Types that only mutations answer: the matrix of operations asks for all that they have. */
export const answeredByMutations: ReadonlySet<string> = new Set(
  rootFields.filter((name) => name.startsWith('Mutation.')).map((name) => answeredType(rootField(name)).name),
)

/** Where something of a type stands. */
export type Place = {
  /** The query that it is below. */
  readonly root: string
  readonly path: Path
}

/**
 * Finds out where in the answers about an organization something of each type stands, by asking: from the queries on, level by
 * level, and first where everybody may look.
 */
export async function placesOfTypes(
  wanted: readonly string[],
  ask: (root: string, selection: string) => Promise<Answer>,
): Promise<ReadonlyMap<string, Place>> {
  const places = new Map<string, Place>()
  const permissions = new Map(accessOfFields(schema).map(({ field, permission }) => [field, permission]))
  const isForEverybody = (root: string) => permissionRule(permissions.get(root) ?? 'readAuditLog').everyUser === true
  const queries = rootFields.filter((name) => name.startsWith('Query.'))
  const waiting: Place[] = []
  // From each query on anew: one request has been denied, and another one was signed.
  let seen = new Set<string>()
  const found = (type: string | undefined, place: Place) => {
    if (type === undefined || seen.has(type) || !isObjectType(schema.getType(type))) return
    seen.add(type)
    if (!places.has(type)) places.set(type, place)
    waiting.push(place)
  }
  const goOn = async () => {
    for (let place = waiting.shift(); place !== undefined; place = waiting.shift()) {
      const { root, path } = place
      const on = path.at(-1)?.on ?? ''
      const fields = compositeFields(on)
      if (fields.length === 0) continue
      const { data } = await ask(root, below(path, fields.map(({ asked }) => asked).join(' ')))
      for (const object of objectsAt(data, path))
        for (const { name } of fields)
          for (const each of [object[name] as object[]].flat())
            found(typeNameOf(each), { root, path: [...path, { field: name, on: typeNameOf(each) ?? '' }] })
    }
  }
  for (const root of [...queries.filter(isForEverybody), ...queries.filter((query) => !isForEverybody(query))]) {
    if (wanted.every((type) => places.has(type))) break
    seen = new Set()
    const field = root.split('.')[1] ?? ''
    const { data } = await ask(root, ' { __typename }')
    for (const each of [data?.[field]].flat())
      found(typeNameOf(each), { root, path: [{ field, on: typeNameOf(each) ?? '' }] })
    await goOn()
  }
  return places
}

function typeNameOf(object: unknown): string | undefined {
  return (object as { readonly __typename?: string } | null | undefined)?.__typename
}

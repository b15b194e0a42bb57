import { displayName, hasPermission, isSealedText, type SealedText, type UserId } from '../domain/index.ts'
import type { FieldDifference } from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { readPerson } from './person.ts'
import { UserRef } from './refs.ts'

const FieldDifferenceKindRef = builder.enumType('FieldDifferenceKind', {
  description: 'What became of a field.',
  values: { added: { value: 'added' }, removed: { value: 'removed' }, changed: { value: 'changed' } } as const,
})

/** A field that two states differ in. */
export const FieldDifferenceRef = builder.objectRef<FieldDifference>('FieldDifference').implement({
  description: 'A field that two states of an entity differ in.',
  fields: (t) => ({
    path: t.exposeString('path', {
      description:
        'Names of fields from the outermost on, such as `settings.approval.requiredApprovals`. An element of a list that has an id stands behind the list, as `tokens[<id>]`; others come to the list, or go.',
    }),
    kind: t.expose('kind', { type: FieldDifferenceKindRef }),
    before: t.field({ type: 'JSON', nullable: true, resolve: ({ before }) => before ?? null }),
    after: t.field({ type: 'JSON', nullable: true, resolve: ({ after }) => after ?? null }),
  }),
})

/** Parts of a user's state that not everybody who sees the rest may see. */
const privateParts = /^(email|tokens)\b/

/**
 * Differences as the caller may see them: without what is private to another user, and with what is sealed as it can be read
 * now.
 *
 * @param ofUser the user that they are of; `null` where they are of something else
 */
export async function visibleDifferences(
  differences: readonly FieldDifference[],
  ofUser: UserId | null,
  context: GraphQLContext,
): Promise<FieldDifference[]> {
  const { caller } = context
  const maySeeAll =
    ofUser === null || hasPermission(caller, 'readPrivateUserData', ofUser === caller.userId ? ['self'] : [])
  const visible = maySeeAll ? differences : differences.filter(({ path }) => !privateParts.test(path))
  const shown = (value: unknown, path: string) => readable(value, path, ofUser, context)
  return Promise.all(
    visible.map(async ({ path, kind, before, after }) => ({
      path,
      kind,
      before: await shown(before, path),
      after: await shown(after, path),
    })),
  )
}

/** A part of a state without what is sealed: in its place stands what can be read of it now. */
async function readable(
  value: unknown,
  path: string,
  ofUser: UserId | null,
  context: GraphQLContext,
): Promise<unknown> {
  if (isSealedText(value)) return ofUser === null ? null : opened(value, path, ofUser, context)
  if (Array.isArray(value)) return Promise.all(value.map((each) => readable(each, path, ofUser, context)))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(async ([name, each]) => [name, await readable(each, name, ofUser, context)])
  return Object.fromEntries(await Promise.all(members))
}

async function opened(text: SealedText, path: string, userId: UserId, context: GraphQLContext): Promise<string | null> {
  const { organizationId } = context.caller
  const user = await UserRef.getDataloader(context).load(userId)
  if (user === null) return null
  const sealed = path === 'email' ? { name: user.name, email: text } : { name: text, email: null }
  const person = await readPerson({ organizationId, userId, ...sealed, erased: user.erased }, context)
  if (path !== 'email') return displayName(userId, person)
  return person.status === 'readable' ? person.email : null
}

import {
  displayName,
  hasPermission,
  isSealedText,
  type OrganizationId,
  type ReadPerson,
  type SealedDetails,
  type SealedPerson,
  type SealedText,
  type UserCreated,
  type UserId,
} from '../domain/index.ts'
import type { Caller } from './caller.ts'

/** How what is known of people is looked up for an answer. Both may be asked many times over: it is theirs to ask once for many. */
export type PersonLookUps = {
  /** A user of the caller's organization as the read model has them; nothing where it has none. */
  readonly findUser: (userId: UserId) => Promise<(SealedDetails & { readonly erased: boolean }) | undefined>
  /** What can be read of a person now. */
  readonly readPerson: (person: SealedPerson) => Promise<ReadPerson>
}

/** A part of an entity's state in which it is another than before. */
type Change = { readonly path: string; readonly before?: unknown; readonly after?: unknown }

/** Parts of a user's state that not everybody who sees the rest may see. */
const privateParts = /^(email|tokens)\b/

/**
 * Changes of an entity's state as the caller may see them: without what is private to another user, and with what is sealed as it can
 * be read now.
 *
 * @param ofUser the user that they are of; `null` where they are of something else
 */
export async function visibleChanges<Of extends Change>(
  changes: readonly Of[],
  ofUser: UserId | null,
  caller: Caller,
  people: PersonLookUps,
): Promise<(Omit<Of, 'before' | 'after'> & { readonly before: unknown; readonly after: unknown })[]> {
  const maySeeAll = ofUser === null || maySeePrivateDataOf(ofUser, caller)
  const visible = maySeeAll ? changes : changes.filter(({ path }) => !privateParts.test(path))
  const person = ofUser === null ? null : { organizationId: caller.organizationId, userId: ofUser }
  return Promise.all(
    visible.map(async ({ before, after, ...change }) => ({
      ...change,
      before: await withoutSeals(before, change.path, person, people),
      after: await withoutSeals(after, change.path, person, people),
    })),
  )
}

/**
 * What an event says, without what the caller may not see of other users. What is sealed is given as it can be read now:
 * no event has the name of somebody who was erased since.
 */
export async function visibleEventData(
  { type, data }: { readonly type: string; readonly data: Readonly<Record<string, unknown>> },
  caller: Caller,
  { findUser, readPerson }: PersonLookUps,
): Promise<Readonly<Record<string, unknown>>> {
  if (type !== 'UserCreated') return data
  const { name, email, userId, ...rest } = data as unknown as UserCreated['data']
  const erased = (await findUser(userId))?.erased ?? false
  const person = await readPerson({ organizationId: caller.organizationId, userId, name, email, erased })
  const shown = { ...rest, userId, name: displayName(userId, person) }
  if (!maySeePrivateDataOf(userId, caller)) return shown
  return { ...shown, email: person.status === 'readable' ? person.email : null }
}

function maySeePrivateDataOf(userId: UserId, caller: Caller): boolean {
  return hasPermission(caller, 'readPrivateUserData', userId === caller.userId ? ['self'] : [])
}

type Sealed = { readonly organizationId: OrganizationId; readonly userId: UserId }

/** A part of a state without what is sealed: in its place stands what can be read of it now. */
async function withoutSeals(
  value: unknown,
  path: string,
  person: Sealed | null,
  people: PersonLookUps,
): Promise<unknown> {
  if (isSealedText(value)) return person === null ? null : opened(value, path, person, people)
  if (Array.isArray(value)) return Promise.all(value.map((each) => withoutSeals(each, path, person, people)))
  if (typeof value !== 'object' || value === null) return value ?? null
  const members = Object.entries(value).map(
    async ([name, each]) => [name, await withoutSeals(each, name, person, people)] as const,
  )
  return Object.fromEntries(await Promise.all(members))
}

async function opened(
  text: SealedText,
  path: string,
  { organizationId, userId }: Sealed,
  { findUser, readPerson }: PersonLookUps,
): Promise<string | null> {
  const user = await findUser(userId)
  if (user === undefined) return null
  const sealed = path === 'email' ? { name: user.name, email: text } : { name: text, email: null }
  const person = await readPerson({ organizationId, userId, ...sealed, erased: user.erased })
  if (path !== 'email') return displayName(userId, person)
  return person.status === 'readable' ? person.email : null
}

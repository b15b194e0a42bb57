import { createContextCache } from '@pothos/core'
import DataLoader from 'dataloader'
import type { PersonLookUps } from '../application/index.ts'
import { displayName, type ReadPerson, type SealedPerson } from '../domain/index.ts'
import type { GraphQLContext } from './context.ts'
import { UserRef } from './refs.ts'

// Whatever asks for names in an operation shares a query of the keys with all others of the same level. Nothing is kept:
// a subscription lasts, and a name that can be read now may be erased in a minute.
const readerOf = createContextCache(
  ({ persons }: GraphQLContext) =>
    new DataLoader<SealedPerson, ReadPerson>((people) => persons.read(people), { cache: false, maxBatchSize: 1_000 }),
)

/** What can be read now of what is known of a user. */
export function readPerson(person: SealedPerson, context: GraphQLContext): Promise<ReadPerson> {
  return readerOf(context).load(person)
}

/** What people see for a user's name: what to call them is known even when their name is not. */
export async function nameOf(person: SealedPerson, context: GraphQLContext): Promise<string> {
  return displayName(person.userId, await readPerson(person, context))
}

/** How answers of an operation look up people: in one query with all others of the same level. */
export function personLookUps(context: GraphQLContext): PersonLookUps {
  return {
    findUser: async (userId) => (await UserRef.getDataloader(context).load(userId)) ?? undefined,
    readPerson: (person) => readPerson(person, context),
  }
}

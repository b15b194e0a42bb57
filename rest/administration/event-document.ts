import DataLoader from 'dataloader'
import { z } from 'zod'
import { type Caller, type PersonLookUps, type PersonReader, visibleEventData } from '../../application/index.ts'
import { actingUser, hasPermission, type ReadPerson, type SealedPerson, type UserId } from '../../domain/index.ts'
import type { EventView, ReadModel, UserView } from '../../projections/index.ts'

/** An event, in answers. */
export const eventSchema = z.object({
  eventId: z.uuid(),
  type: z.string(),
  position: z.string(),
  streamId: z.string(),
  revision: z.int(),
  occurredAt: z.string(),
  actor: z.record(z.string(), z.unknown()),
  remoteAddress: z.string().nullable().meta({
    description: "The caller's address. Null for everyone but that caller, Global Readers and administrators.",
  }),
  correlationId: z.string(),
  causationId: z.string(),
  changeProposalId: z.uuid().nullable(),
  data: z.record(z.string(), z.unknown()).meta({
    description:
      'What happened. Names are as they can be read now; hashes of tokens are left out, and e-mail addresses unless you may see them.',
  }),
})

/** How the answer of one call looks up people: in one query for all of a page. */
export function personLookUps(
  { readModel, persons }: { readonly readModel: Pick<ReadModel, 'usersByIds'>; readonly persons: PersonReader },
  { organizationId }: Pick<Caller, 'organizationId'>,
): PersonLookUps {
  const users = new DataLoader<UserId, UserView | undefined>((ids) => readModel.usersByIds(organizationId, ids), {
    maxBatchSize: 1_000,
  })
  const people = new DataLoader<SealedPerson, ReadPerson>((sealed) => persons.read(sealed), {
    cache: false,
    maxBatchSize: 1_000,
  })
  return { findUser: (userId) => users.load(userId), readPerson: (person) => people.load(person) }
}

/** An event for an answer, without what the caller may not see. */
export async function shownEvent(
  event: EventView,
  caller: Caller,
  people: PersonLookUps,
): Promise<z.input<typeof eventSchema>> {
  const { id: eventId, type, metadata, position, streamId, revision } = event
  const { actor, remoteAddress = null, correlationId, causationId, occurredAt, changeProposalId = null } = metadata
  const isOwn = actingUser(actor) === caller.userId
  return {
    ...{ eventId, type, position, streamId, revision, occurredAt, correlationId, causationId, changeProposalId },
    actor: { ...actor },
    remoteAddress: hasPermission(caller, 'readAddresses', isOwn ? ['self'] : []) ? remoteAddress : null,
    data: await visibleEventData(event, caller, people),
  }
}

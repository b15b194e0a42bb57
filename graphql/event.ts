import { visibleEventData } from '../application/index.ts'
import { parseStreamName } from '../domain/index.ts'
import type { EventView } from '../projections/index.ts'
import { ActorRef } from './actor.ts'
import { builder } from './builder.ts'
import { personLookUps } from './person.ts'

/** A fact of the audit log. */
export const EventRef = builder.objectRef<EventView>('Event').implement({
  description: 'A fact of the audit log.',
  fields: (t) => ({
    eventId: t.exposeID('id', { description: 'UUID.' }),
    type: t.exposeString('type', { description: 'Past tense, such as `ApprovalGranted`.' }),
    occurredAt: t.field({ type: 'DateTime', resolve: ({ metadata }) => metadata.occurredAt }),
    actor: t.field({ type: ActorRef, resolve: ({ metadata }) => metadata.actor }),
    data: t.field({
      type: 'JSON',
      description:
        'What the event says. Names are as they can be read now; hashes of tokens are left out, and e-mail addresses unless you may see them.',
      resolve: (event, _, context) => visibleEventData(event, context.caller, personLookUps(context)),
    }),
    streamId: t.exposeString('streamId', { description: 'The entity: its kind, a hyphen, its UUID.' }),
    entityId: t.id({
      nullable: true,
      description: 'What stands behind the kind in the name of the stream.',
      resolve: ({ streamId }) => parseStreamName(streamId)?.id ?? null,
    }),
    revision: t.exposeInt('revision', { description: 'Place in its stream, from 0 and without gaps.' }),
    position: t.expose('position', { type: 'LogPosition', description: 'Place in the whole log.' }),
    correlationId: t.string({ resolve: ({ metadata }) => metadata.correlationId }),
    causationId: t.string({ resolve: ({ metadata }) => metadata.causationId }),
    remoteAddress: t.string({
      nullable: true,
      description: "The caller's address. Null for everyone but that caller, Global Readers and administrators.",
      resolve: ({ metadata: { remoteAddress } }) => remoteAddress ?? null,
    }),
  }),
})

/** A page of events. */
export const EventConnectionRef = builder.connectionObject({ type: EventRef, name: 'EventConnection' })

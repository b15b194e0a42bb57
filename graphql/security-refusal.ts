import type { SecurityRefusalView } from '../projections/index.ts'
import { builder } from './builder.ts'
import { ActorRef } from './event.ts'

/** Refusals of one kind. */
export const SecurityRefusalRef = builder.objectRef<SecurityRefusalView>('SecurityRefusal').implement({
  description: 'A security-relevant command was refused, once or several times in a row.',
  fields: (t) => ({
    eventId: t.exposeID('id', { description: 'UUID of the event.' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    actor: t.expose('actor', { type: ActorRef }),
    remoteAddress: t.exposeString('remoteAddress', { nullable: true }),
    command: t.exposeString('command', { description: 'What was asked, such as `approveSigningRequest`.' }),
    code: t.exposeString('code'),
    message: t.exposeString('message'),
    subject: t.exposeString('subject', { nullable: true, description: 'The entity that it was about, where known.' }),
    count: t.exposeInt('count', { description: 'How many refusals this stands for.' }),
    firstAt: t.expose('firstAt', { type: 'DateTime' }),
    lastAt: t.expose('lastAt', { type: 'DateTime' }),
    position: t.expose('position', { type: 'LogPosition' }),
  }),
})

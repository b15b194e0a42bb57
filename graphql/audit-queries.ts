import { parsePageRequest } from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { EventConnectionRef, EventRef } from './event.ts'
import { minimumPosition } from './minimum-position.ts'
import { SecurityRefusalRef } from './security-refusal.ts'

builder.queryFields((t) => ({
  events: t.connection(
    {
      type: EventRef,
      description: 'The audit log, newest first. Open to Global Readers and administrators.',
      args: {
        streamId: t.arg.string({ description: 'Only of one entity: its kind, a hyphen, its UUID.' }),
        types: t.arg.stringList({ description: 'Only of these types.' }),
        occurredFrom: t.arg({ type: 'DateTime', description: 'At this moment or later.' }),
        occurredBefore: t.arg({ type: 'DateTime', description: 'Before this moment.' }),
        minimumPosition: minimumPosition(t),
      },
      resolve: async (_root, { streamId, types, occurredFrom, occurredBefore, ...args }, { readModel, caller }) => {
        const filter = {
          ...(streamId == null ? {} : { streamId }),
          ...(types == null ? {} : { types }),
          ...(occurredFrom == null ? {} : { occurredFrom }),
          ...(occurredBefore == null ? {} : { occurredBefore }),
        }
        return asConnection(await readModel.listEvents(caller.organizationId, filter, parsePageRequest(args)))
      },
    },
    EventConnectionRef,
  ),
  securityRefusals: t.connection(
    {
      type: SecurityRefusalRef,
      description: 'Refused commands, newest first. Open to Global Readers and administrators.',
      args: { minimumPosition: minimumPosition(t) },
      resolve: async (_root, args, { readModel, caller }) =>
        asConnection(await readModel.listSecurityRefusals(caller.organizationId, parsePageRequest(args))),
    },
    { name: 'SecurityRefusalConnection' },
  ),
}))

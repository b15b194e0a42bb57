import type { UserId } from '../domain/index.ts'
import {
  type EntityKind,
  entityKinds,
  type HistoryEntry,
  numberedPage,
  parsePageRequest,
  readEntityHistory,
} from '../projections/index.ts'
import { builder, pageSizeOf } from './builder.ts'
import { asConnection } from './connection.ts'
import { EventRef } from './event.ts'
import { FieldDifferenceRef, visibleDifferences } from './field-difference.ts'
import { entityIdOf } from './global-id.ts'
import { minimumPosition } from './minimum-position.ts'
import { foldingListCost } from './query-cost.ts'

const EntityKindRef = builder.enumType('EntityKind', {
  description: 'Everything that has a history.',
  values: Object.fromEntries(entityKinds.map((kind) => [kind, { value: kind }])) as Record<
    EntityKind,
    { value: EntityKind }
  >,
})

/** An entry, and the user whose history it is in. */
type ShownEntry = HistoryEntry & { readonly ofUser: UserId | null }

const HistoryEntryRef = builder.objectRef<ShownEntry>('HistoryEntry').implement({
  description: 'Something that happened to an entity: who did it, when and from where, and what is another since.',
  fields: (t) => ({
    event: t.expose('event', { type: EventRef }),
    changes: t.field({
      type: [FieldDifferenceRef],
      description:
        'Names are as they can be read now. E-mail addresses and API tokens of users are left out unless you may see them.',
      resolve: ({ changes, ofUser }, _, context) => visibleDifferences(changes, ofUser, context),
    }),
  }),
})

builder.queryFields((t) => ({
  history: t.connection(
    {
      type: HistoryEntryRef,
      nullable: true,
      description:
        'Everything that happened to an entity, oldest first, with what it changed. The history of a user is open to that user and to who may read the audit log. Null where the organization has no such entity.',
      complexity: (args) => foldingListCost({ asOf: 'then' }, pageSizeOf(args)),
      args: {
        kind: t.arg({ type: EntityKindRef, required: true }),
        id: t.arg.id({ required: true, description: 'UUID or node id.' }),
        asOf: t.arg({
          type: 'DateTime',
          description: 'Only what had happened at this moment: up to the first event that says it occurred later.',
        }),
        minimumPosition: minimumPosition(t),
      },
      resolve: async (_root, { kind, id, asOf: _asOf, ...args }, context) => {
        const page = parsePageRequest(args)
        const { readModel, log, caller, application } = context
        const entityId = entityIdOf(id, kind)
        const ofUser = kind === 'user' ? (entityId as UserId) : null
        if (ofUser !== null && ofUser !== caller.userId)
          await application.authorizeQuery(caller, { query: 'history', permission: 'readAuditLog' })
        const recorded = await readModel.recorded(caller.organizationId, kind, entityId)
        if (recorded === undefined) return null
        const { streamId, revision } = recorded
        const read = (from: number, to: number) => readEntityHistory(log, { kind, id: entityId }, { from, to })
        const { items, ...rest } = await numberedPage({ list: streamId, count: revision + 1, read }, page)
        return asConnection({
          items: items.map(({ cursor, item }) => ({ cursor, item: { ...item, ofUser } })),
          ...rest,
        })
      },
    },
    { name: 'HistoryConnection' },
  ),
}))

import { parsePageRequest, type Recorded } from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { EventConnectionRef, EventRef } from './event.ts'
import { historyPage } from './history.ts'

/** What has a time line that every user of the organization may read. */
export const EntityRef = builder.interfaceRef<Recorded>('Entity').implement({
  description: 'Something with a history.',
  fields: (t) => ({
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When its first event happened.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When its newest event happened.' }),
    revision: t.exposeInt('revision', {
      description: 'Of its newest event, from 0. Changes name the revision that they were made from.',
    }),
    events: t.connection(
      {
        type: EventRef,
        description: 'The time line, oldest first.',
        resolve: async ({ streamId, revision }, args, context) =>
          asConnection(await historyPage({ streamId, revision, page: parsePageRequest(args) }, context)),
      },
      EventConnectionRef,
    ),
  }),
})

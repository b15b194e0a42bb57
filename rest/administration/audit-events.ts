import { z } from 'zod'
import type { PersonLookUps } from '../../application/index.ts'
import type { EventView } from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'
import type { Operation } from '../operation.ts'
import { eventSchema, personLookUps, shownEvent } from './event-document.ts'
import { list, type Reading } from './read.ts'
import type { UserReading } from './user-document.ts'

type Shown = { readonly event: EventView; readonly people: PersonLookUps }

/** `GET …/AuditEvents`: the audit log of the organization in pages; whole it is `GET /audit-log/export`. */
export function auditEventOperations(reading: Reading & UserReading): readonly Operation[] {
  return [
    list(reading, {
      operationId: 'events',
      path: '/AuditEvents',
      tag: 'Audit log',
      summary: 'List events of the audit log, newest first',
      permission: 'readAuditLog',
      schema: eventSchema,
      show: ({ event, people }: Shown, caller) => shownEvent(event, caller, people),
      query: {
        streamId: z.string().optional().meta({ description: 'Of one thing: its kind, a hyphen and its id.' }),
        types: z.array(z.string()).optional(),
        occurredFrom: momentSchema.optional(),
        occurredBefore: momentSchema.optional(),
      },
      async read(caller, page, filter) {
        const people = personLookUps(reading, caller)
        const { items, ...rest } = await reading.readModel.listEvents(caller.organizationId, defined(filter), page)
        return { items: items.map(({ cursor, item }) => ({ cursor, item: { event: item, people } })), ...rest }
      },
    }),
  ]
}

/** Without what was left out. */
function defined<Filter extends object>(filter: Filter) {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Filter]: Exclude<Filter[Name], undefined>
  }
}

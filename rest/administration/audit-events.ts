import { z } from 'zod'
import type { EventView } from '../../projections/index.ts'
import type { Operation } from '../operation.ts'
import { list, type Reading } from './read.ts'

const eventSchema = z.object({
  eventId: z.uuid(),
  type: z.string(),
  position: z.string(),
  streamId: z.string(),
  revision: z.int(),
  occurredAt: z.string(),
  actor: z.record(z.string(), z.unknown()),
  remoteAddress: z.string().nullable(),
  correlationId: z.string(),
  causationId: z.string(),
  changeProposalId: z.uuid().nullable(),
  data: z
    .record(z.string(), z.unknown())
    .meta({ description: 'What happened. Names and addresses of people are not in it: Users has them.' }),
})

/** `GET …/AuditEvents`: the audit log of the organization in pages; whole it is `GET /audit-log/export`. */
export function auditEventOperations(reading: Reading): readonly Operation[] {
  return [
    list(reading, {
      operationId: 'events',
      path: '/AuditEvents',
      tag: 'Audit log',
      summary: 'List events of the audit log, newest first',
      permission: 'readAuditLog',
      schema: eventSchema,
      show: shown,
      query: {
        streamId: z.string().optional().meta({ description: 'Of one thing: its kind, a hyphen and its id.' }),
        types: z.array(z.string()).optional(),
        occurredFrom: z.iso.datetime().optional(),
        occurredBefore: z.iso.datetime().optional(),
      },
      read: ({ organizationId }, page, filter) => reading.readModel.listEvents(organizationId, defined(filter), page),
    }),
  ]
}

/** Without what was left out. */
function defined<Filter extends object>(filter: Filter) {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Filter]: Exclude<Filter[Name], undefined>
  }
}

function shown({ id, type, data, metadata, position, streamId, revision }: EventView): z.input<typeof eventSchema> {
  const { actor, remoteAddress = null, correlationId, causationId, occurredAt, changeProposalId = null } = metadata
  // Sealed texts tell nothing to whoever reads them here.
  const { name: _, email: __, ...rest } = data
  return {
    ...{ eventId: id, type, position, streamId, revision, occurredAt, remoteAddress, correlationId, causationId },
    actor: { ...actor },
    changeProposalId,
    data: type === 'UserCreated' ? rest : data,
  }
}

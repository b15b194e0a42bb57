import type { UserId } from '../domain/index.ts'
import { parsePageRequest, type SecurityRecordFilter } from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { EventConnectionRef, EventRef } from './event.ts'
import { parseEntityId } from './global-id.ts'
import { minimumPosition } from './minimum-position.ts'
import { SecurityRefusalRef } from './security-refusal.ts'
import { UnusualActivityRef, UnusualActivityRuleRef } from './unusual-activity.ts'

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
      args: {
        code: t.arg.string({ description: 'Only with this code; of several kinds, one of them.' }),
        user: t.arg.id({ description: 'Only of this user: UUID or node id.' }),
        occurredFrom: t.arg({ type: 'DateTime', description: 'Recorded at this moment or later.' }),
        occurredBefore: t.arg({ type: 'DateTime', description: 'Recorded before this moment.' }),
        minimumPosition: minimumPosition(t),
      },
      resolve: async (_root, { code, user, ...args }, { readModel, caller }) => {
        const filter = recordFilter(code, user, args)
        return asConnection(await readModel.listSecurityRefusals(caller.organizationId, filter, parsePageRequest(args)))
      },
    },
    { name: 'SecurityRefusalConnection' },
  ),
  unusualActivity: t.connection(
    {
      type: UnusualActivityRef,
      description: 'Unusual activity that was found, newest first. Open to Global Readers and administrators.',
      args: {
        rule: t.arg({ type: UnusualActivityRuleRef, description: 'Only found by this rule.' }),
        user: t.arg.id({ description: 'Only what names this user: UUID or node id.' }),
        occurredFrom: t.arg({ type: 'DateTime', description: 'Recorded at this moment or later.' }),
        occurredBefore: t.arg({ type: 'DateTime', description: 'Recorded before this moment.' }),
        minimumPosition: minimumPosition(t),
      },
      resolve: async (_root, { rule, user, ...args }, { readModel, caller }) => {
        const filter = recordFilter(rule, user, args)
        return asConnection(await readModel.listUnusualActivity(caller.organizationId, filter, parsePageRequest(args)))
      },
    },
    { name: 'UnusualActivityConnection' },
  ),
}))

function recordFilter(
  code: string | null | undefined,
  user: string | null | undefined,
  when: { readonly occurredFrom?: string | null | undefined; readonly occurredBefore?: string | null | undefined },
): SecurityRecordFilter {
  const { occurredFrom, occurredBefore } = when
  return {
    ...(code == null ? {} : { code }),
    ...(user == null ? {} : { userId: parseEntityId<UserId>(user, 'User') }),
    ...(occurredFrom == null ? {} : { occurredFrom }),
    ...(occurredBefore == null ? {} : { occurredBefore }),
  }
}

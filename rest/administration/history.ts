import { z } from 'zod'
import { type PersonLookUps, visibleChanges } from '../../application/index.ts'
import { Refusal, type UserId } from '../../domain/index.ts'
import type { EventLog } from '../../event-log/index.ts'
import {
  type EntityKind,
  entityKinds,
  type HistoryEntry,
  numberedPage,
  readEntityHistory,
  readModelAsOf,
} from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'
import type { Operation } from '../operation.ts'
import { idSchema } from './change.ts'
import { eventSchema, personLookUps, shownEvent } from './event-document.ts'
import { list, type Reading } from './read.ts'
import type { UserReading } from './user-document.ts'

const permission = 'readOrganization'

const entrySchema = z.object({
  event: eventSchema,
  changes: z
    .array(
      z.object({
        path: z.string().meta({
          description:
            'Names of fields from the outermost on, such as `settings.approval.requiredApprovals`. An element of a list that has an id stands behind the list, as `tokens[<id>]`; others come to the list, or go.',
        }),
        kind: z.enum(['added', 'removed', 'changed']),
        before: z.unknown().meta({ description: 'Null for what was added.' }),
        after: z.unknown().meta({ description: 'Null for what was removed.' }),
      }),
    )
    .meta({
      description:
        'What is another since. Names are as they can be read now. E-mail addresses and API tokens of users are left out unless you may see them.',
    }),
})

/** The codes of what is not there, by its kind, and what people call it. */
const missing: Readonly<Record<EntityKind, readonly [code: string, what: string]>> = {
  organization: ['ORGANIZATION_NOT_FOUND', 'organization'],
  user: ['USER_NOT_FOUND', 'user'],
  key: ['KEY_NOT_FOUND', 'key'],
  group: ['GROUP_NOT_FOUND', 'group'],
  certificate: ['CERTIFICATE_NOT_FOUND', 'certificate'],
  project: ['PROJECT_NOT_FOUND', 'project'],
  artifactConfiguration: ['ARTIFACT_CONFIGURATION_NOT_FOUND', 'artifact configuration'],
  signingPolicy: ['SIGNING_POLICY_NOT_FOUND', 'signing policy'],
  trustedBuildSystem: ['TRUSTED_BUILD_SYSTEM_NOT_FOUND', 'trusted build system'],
  changeProposal: ['CHANGE_PROPOSAL_NOT_FOUND', 'proposed change'],
  grant: ['GRANT_NOT_FOUND', 'grant'],
  webHook: ['WEB_HOOK_NOT_FOUND', 'web hook'],
  signingRequest: ['SIGNING_REQUEST_NOT_FOUND', 'signing request'],
}

/** An entry, the user whose history it is in, and how people in it are looked up. */
type ShownEntry = HistoryEntry & { readonly ofUser: UserId | null; readonly people: PersonLookUps }

/** `GET …/History/{kind}/{id}`: who did what to an entity, and what is another since. */
export function historyOperations(
  reading: Reading & UserReading & { readonly log: Pick<EventLog, 'readStream'> },
): readonly Operation[] {
  const { application, log, readModel } = reading
  return [
    list(reading, {
      operationId: 'history',
      path: '/History/{kind}/{id}',
      tag: 'Audit log',
      summary: 'List everything that happened to something, oldest first, with what it changed',
      description:
        'The history of a user is open to that user and to who may read the audit log; every other one to every user of the organization.',
      permission,
      // To who asks for the history of somebody else.
      refusals: ['FORBIDDEN'],
      parameters: z.object({
        kind: z.enum(entityKinds).meta({ description: 'Everything that has a history.' }),
        id: idSchema<string>(),
      }),
      query: {
        asOf: momentSchema.optional().meta({
          description: 'Only what had happened at this moment: up to the first event that says it occurred later.',
        }),
      },
      schema: entrySchema,
      async show({ event, changes, ofUser, people }: ShownEntry, caller) {
        return {
          event: await shownEvent(event, caller, people),
          changes: await visibleChanges(changes, ofUser, caller, people),
        }
      },
      async read(caller, page, { asOf }, { kind, id }) {
        const ofUser = kind === 'user' ? (id as UserId) : null
        if (ofUser !== null && ofUser !== caller.userId)
          await application.authorizeQuery(caller, { query: 'history', permission: 'readAuditLog' })
        const known = asOf === undefined ? readModel : readModelAsOf(log, readModel, asOf)
        const recorded = await known.recorded(caller.organizationId, kind, id)
        if (recorded === undefined) throw new Refusal(missing[kind][0], `There is no ${missing[kind][1]} of this id.`)
        const { streamId, revision } = recorded
        const read = (from: number, to: number) => readEntityHistory(log, { kind, id }, { from, to })
        const { items, ...rest } = await numberedPage({ list: streamId, count: revision + 1, read }, page)
        const people = personLookUps(reading, caller)
        return { items: items.map(({ cursor, item }) => ({ cursor, item: { ...item, ofUser, people } })), ...rest }
      },
    }),
  ]
}

import { z } from 'zod'
import {
  furtherUnusualActivityText,
  type UserId,
  unusualActivityRules,
  unusualActivityText,
} from '../../domain/index.ts'
import type { SecurityRefusalView, UnusualActivityView } from '../../projections/index.ts'
import { momentSchema } from '../forms/moment.ts'
import type { Operation } from '../operation.ts'
import { idSchema } from './change.ts'
import { list, type Reading } from './read.ts'

const tag = 'Audit log'

const actor = z.record(z.string(), z.unknown())
const presented = z
  .object({ userId: z.uuid(), tokenId: z.uuid() })
  .nullable()
  .meta({ description: 'The API token that was presented and does not work, where the organization knows it.' })

const refusalSchema = z.object({
  eventId: z.uuid(),
  position: z.string(),
  occurredAt: z.string(),
  actor,
  remoteAddress: z.string().nullable(),
  code: z.string().nullable().meta({ description: 'Null for several kinds.' }),
  commands: z
    .array(z.string())
    .meta({ description: 'What was asked: each once, the first ten; none for several kinds.' }),
  subject: z.string().nullable(),
  count: z.int().meta({ description: 'How many refusals this stands for.' }),
  firstAt: z.string(),
  lastAt: z.string(),
  presented,
  kinds: z.array(
    z.object({
      actor,
      remoteAddress: z.string().nullable(),
      commands: z.array(z.string()),
      code: z.string(),
      count: z.int(),
      presented,
    }),
  ),
  unnamed: z.int().meta({ description: 'How many of count are of none of kinds.' }),
})

const numbers = z
  .record(z.string(), z.unknown())
  .nullable()
  .meta({ description: 'By their names; null where findings were recorded together.' })

const activitySchema = z.object({
  eventId: z.uuid(),
  position: z.string(),
  occurredAt: z.string(),
  rule: z.enum(unusualActivityRules),
  description: z.string().meta({ description: 'What was found, as a sentence.' }),
  count: z.int().meta({ description: 'How many findings of the same kind this stands for.' }),
  firstAt: z.string(),
  lastAt: z.string(),
  subjects: z.array(
    z.object({
      about: z.enum(['user', 'signingPolicy']),
      userId: z.uuid().nullable(),
      signingPolicyId: z.uuid().nullable(),
    }),
  ),
  unnamed: z.int().meta({ description: 'How many of count are about others.' }),
  apiTokenId: z.uuid().nullable(),
  signingRequestId: z.uuid().nullable(),
  seen: numbers,
  usual: numbers,
  evidence: z
    .array(z.object({ eventId: z.uuid(), streamId: z.string() }))
    .meta({ description: 'Events that it rests on, the newest last.' }),
  remoteAddress: z.string().nullable(),
})

const when = {
  user: idSchema<UserId>().optional().meta({ description: 'Only what names this user.' }),
  occurredFrom: momentSchema.optional(),
  occurredBefore: momentSchema.optional(),
}

/** Refused commands and unusual activity: what GraphQL calls by the same names. */
export function securityOperations(reading: Reading): readonly Operation[] {
  const { readModel } = reading
  return [
    list(reading, {
      operationId: 'securityRefusals',
      path: '/SecurityRefusals',
      tag,
      summary: 'List refused commands, newest first',
      permission: 'readRefusals',
      schema: refusalSchema,
      show: shownRefusal,
      query: { code: z.string().optional(), ...when },
      read: ({ organizationId }, page, filter) =>
        readModel.listSecurityRefusals(organizationId, filterOf(filter.code, filter), page),
    }),
    list(reading, {
      operationId: 'unusualActivity',
      path: '/UnusualActivity',
      tag,
      summary: 'List unusual activity that was found, newest first',
      permission: 'readUnusualActivity',
      schema: activitySchema,
      show: shownActivity,
      query: { rule: z.enum(unusualActivityRules).optional(), ...when },
      read: ({ organizationId }, page, filter) =>
        readModel.listUnusualActivity(organizationId, filterOf(filter.rule, filter), page),
    }),
  ]
}

function filterOf(
  code: string | undefined,
  { user, occurredFrom, occurredBefore }: z.output<z.ZodObject<typeof when>>,
) {
  return {
    ...(code === undefined ? {} : { code }),
    ...(user === undefined ? {} : { userId: user }),
    ...(occurredFrom === undefined ? {} : { occurredFrom }),
    ...(occurredBefore === undefined ? {} : { occurredBefore }),
  }
}

function shownRefusal(view: SecurityRefusalView): z.input<typeof refusalSchema> {
  const { id: eventId, position, occurredAt, actor: by, remoteAddress, code, commands, subject, count } = view
  const { firstAt, lastAt, presented: token, kinds, unnamed } = view
  return {
    ...{ eventId, position, occurredAt, remoteAddress, code, subject, count, firstAt, lastAt, unnamed },
    actor: { ...by },
    commands: [...commands],
    presented: token && { ...token },
    kinds: kinds.map((kind) => ({
      actor: { ...kind.actor },
      remoteAddress: kind.remoteAddress ?? null,
      commands: [...kind.commands],
      code: kind.code,
      count: kind.count,
      presented: kind.presented ? { ...kind.presented } : null,
    })),
  }
}

function shownActivity(view: UnusualActivityView): z.input<typeof activitySchema> {
  const { id: eventId, position, occurredAt, remoteAddress, rule, count, firstAt, lastAt, subjects, unnamed } = view
  const { finding } = view
  return {
    ...{ eventId, position, occurredAt, remoteAddress, rule, count, firstAt, lastAt, unnamed },
    description:
      finding === null ? furtherUnusualActivityText(rule, count) : unusualActivityText(finding, finding.about),
    subjects: subjects.map(({ about, userId, signingPolicyId }) => ({ about, userId, signingPolicyId })),
    apiTokenId: finding?.tokenId ?? null,
    signingRequestId: finding?.signingRequestId ?? null,
    seen: finding === null ? null : { ...finding.seen },
    usual: finding === null ? null : { ...finding.usual },
    evidence: (finding?.evidence ?? []).map((each) => ({ ...each })),
  }
}

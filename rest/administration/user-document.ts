import { z } from 'zod'
import type { Caller, PersonReader } from '../../application/index.ts'
import {
  displayName,
  globalRoles,
  hasPermission,
  type NotificationPreferences,
  notificationDeliveries,
  notificationKinds,
  preferencesOf,
  streams,
  tokenAccesses,
} from '../../domain/index.ts'
import type { EventView, ReadModel, UserView } from '../../projections/index.ts'
import { recordedShape } from './read.ts'

const ofPrivate = 'Null for everyone but the user and administrators of users'

/** What an API token is limited to. */
export const scopeShape = {
  access: z.enum(tokenAccesses),
  projects: z.array(z.uuid()).nullable().meta({ description: 'What it is limited to; null: every project.' }),
  networks: z
    .array(z.string())
    .nullable()
    .meta({ description: 'Where calls must come from, in CIDR notation; null: anywhere.' }),
}

const tokenSchema = z.object({
  apiTokenId: z.uuid(),
  name: z.string(),
  prefix: z.string().meta({ description: 'The first characters of the secret, to recognise it by.' }),
  status: z.enum(['active', 'revoked', 'expired']),
  issuedAt: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  lastUsedAt: z.string().nullable().meta({ description: 'To the day: the first use of the last day. Null: never.' }),
  lastUsedFrom: z.string().nullable(),
  ...scopeShape,
})

const delivery = z.enum(notificationDeliveries)
const preferencesShape = Object.fromEntries(notificationKinds.map((kind) => [kind, delivery] as const)) as Record<
  keyof NotificationPreferences,
  typeof delivery
>

/** A user, in answers. */
export const userSchema = z.object({
  userId: z.uuid(),
  kind: z.enum(['interactive', 'ci']),
  status: z.enum(['invited', 'active', 'deactivated']),
  name: z.string(),
  personalData: z
    .enum(['readable', 'erased', 'unavailable'])
    .meta({ description: 'Whether name and e-mail address can be read.' }),
  email: z
    .string()
    .nullable()
    .meta({ description: `Null when there is none or it cannot be read. ${ofPrivate}.` }),
  roles: z.array(z.enum(globalRoles)),
  responsible: z.uuid().nullable().meta({ description: 'Who answers for a CI user.' }),
  apiTokens: z
    .array(tokenSchema)
    .nullable()
    .meta({ description: `${ofPrivate}.` }),
  invitation: z
    .object({
      invitationId: z.uuid(),
      status: z.string(),
      invitedAt: z.string(),
      expiresAt: z.string(),
      addressProved: z.boolean(),
    })
    .nullable()
    .meta({ description: `The last one. Null for who was never invited. ${ofPrivate}.` }),
  notificationPreferences: z
    .object(preferencesShape)
    .nullable()
    .meta({ description: `What they are told of by e-mail. Null for CI users. ${ofPrivate}.` }),
  buildActors: z
    .array(z.object({ system: z.string(), actorId: z.string() }))
    .nullable()
    .meta({ description: `The actors of build systems that are this user. ${ofPrivate}.` }),
  ...recordedShape,
})

/** What users are shown with. */
export type UserReading = { readonly readModel: ReadModel; readonly persons: PersonReader }

/** A user for an answer, without what the caller may not see. */
export async function shownUser(
  { readModel, persons }: UserReading,
  view: UserView,
  caller: Caller,
): Promise<z.input<typeof userSchema>> {
  const { userId, kind, status, roles, responsible = null, tokens, invitation, revision, createdAt, updatedAt } = view
  const [person = { status: 'unavailable' } as const] = await persons.read([view])
  const maySee = hasPermission(caller, 'readPrivateUserData', caller.userId === userId ? ['self'] : [])
  const uses = maySee
    ? await readModel.newestOfStreams(
        caller.organizationId,
        tokens.map(({ tokenId }) => streams.apiTokenUse(tokenId)),
      )
    : []
  return {
    ...{ userId, kind, status, name: displayName(userId, person), personalData: person.status },
    email: maySee && person.status === 'readable' ? person.email : null,
    ...{ roles: [...roles], responsible },
    apiTokens: maySee ? tokens.map((token, index) => shownToken(token, uses[index])) : null,
    invitation: maySee && invitation ? shownInvitation(invitation) : null,
    notificationPreferences: maySee && kind !== 'ci' ? { ...preferencesOf(view.notificationPreferences) } : null,
    buildActors: maySee ? (view.buildActors ?? []).map(({ system, actorId }) => ({ system, actorId })) : null,
    ...{ revision, createdAt, updatedAt },
  }
}

function shownToken(
  { tokenId: apiTokenId, name, prefix, status, issuedAt, expiresAt, revokedAt, scope }: UserView['tokens'][number],
  use: EventView | undefined,
): z.input<typeof tokenSchema> {
  const { access, projects, networks } = scope
  return {
    ...{ apiTokenId, name, prefix, status, issuedAt, expiresAt, revokedAt, access },
    lastUsedAt: use?.metadata.occurredAt ?? null,
    lastUsedFrom: use?.metadata.remoteAddress ?? null,
    projects: projects && [...projects],
    networks: networks && [...networks],
  }
}

function shownInvitation({
  invitationId,
  status,
  invitedAt,
  expiresAt,
  addressProved,
}: NonNullable<UserView['invitation']>) {
  return { invitationId, status, invitedAt, expiresAt, addressProved }
}

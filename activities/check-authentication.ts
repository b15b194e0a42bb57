import {
  type ApiTokenScope,
  type Authentication,
  canonicalJson,
  hasAccepted,
  parseStreamName,
  streams,
  type User,
} from '../domain/index.ts'
import type { RecordedEvent } from '../event-log/index.ts'
import { latest, wasOver } from './call-delay.ts'
import { type EventsBefore, unknownActor } from './check-voucher.ts'

/** What is known of the user when the way in which they authenticated is checked: they were active. */
export type UserBefore = { readonly user: User; readonly events: readonly RecordedEvent[] }

/** Holds the way in which a user authenticated against the log; answers as {@link ActorCheck}. */
export type AuthenticationCheck<Checked = never> = (
  authentication: Checked,
  event: RecordedEvent,
  before: UserBefore,
  eventsBefore: EventsBefore,
) => Promise<string | undefined>

/** The check of each way to authenticate a user, by its `method`. What has none is not believed. */
export type AuthenticationChecks = Readonly<Record<string, AuthenticationCheck>>

/** How users may have authenticated: of the other methods the log holds nothing by which they could be checked. */
export const authenticationChecks = {
  apiToken: checkApiToken,
  session: checkSession,
} satisfies Partial<Record<Authentication['method'], AuthenticationCheck>>

/** People whom people added must have accepted an invitation; whom the set-up added may act at once. */
export function mayActAlready({ kind, status, invitations }: User, [created]: readonly RecordedEvent[]): boolean {
  if (status === 'invited') return false
  return kind === 'ci' || hasAccepted(invitations) || created?.metadata.actor.kind === 'system'
}

/**
 * Of sessions only that of an invitation is known, which is for one call: the user accepts it, while it can be accepted, and
 * gets their first token with it.
 */
async function checkSession(
  session: Extract<Authentication, { readonly method: 'session' }>,
  event: RecordedEvent,
  { user, events }: UserBefore,
): Promise<string | undefined> {
  if (session.signIn.method !== 'invitation') throw unknownActor('sessions that begin by', session.signIn.method)
  const before = events.at(-1)
  if (event.streamId !== streams.user(user.userId)) return 'who had accepted an invitation and nothing else'
  if (event.type === 'ApiTokenIssued') {
    const by = before?.metadata.actor
    const isSame = canonicalJson(by ?? null) === canonicalJson(event.metadata.actor)
    return before?.type === 'InvitationAccepted' && isSame ? undefined : 'who had not just accepted an invitation'
  }
  const open = user.invitations.find(({ invitationId }) => invitationId === event.data.invitationId)
  if (event.type !== 'InvitationAccepted' || open?.status !== 'open') return 'who had no such invitation'
  return Date.parse(open.expiresAt) <= latest(event) ? 'whose invitation had expired' : undefined
}

async function checkApiToken(
  { tokenId }: Extract<Authentication, { readonly method: 'apiToken' }>,
  event: RecordedEvent,
  { user, events }: UserBefore,
  eventsBefore: EventsBefore,
): Promise<string | undefined> {
  const token = user.tokens.find((each) => each.tokenId === tokenId)
  if (token === undefined) return 'to whom the token was not issued'
  if (token.expiresAt !== null && Date.parse(token.expiresAt) <= latest(event)) return 'whose token had expired'
  const revocation = events.find(({ type, data }) => type === 'ApiTokenRevoked' && data.tokenId === tokenId)
  if (token.revoked && wasOver(revocation, event)) return 'whose token was revoked'
  return token.scope === undefined ? undefined : exceeded(token.scope, event, eventsBefore)
}

/** What a token that may submit can cause. */
const submitting = ['SigningRequestSubmitted', 'SigningRequestCanceled']

/** What a limited token could not cause, as the end of a sentence. */
async function exceeded(
  { access, projects }: ApiTokenScope,
  { type, data, streamId }: RecordedEvent,
  eventsBefore: EventsBefore,
): Promise<string | undefined> {
  if (access !== 'full' && !(access === 'submit' && submitting.includes(type)))
    return `whose token is limited to the access ${access}`
  if (projects === null) return undefined
  const { kind } = parseStreamName(streamId) ?? {}
  // A list says nothing of a grant but that there may be one: what it is, and who gave it, its own stream says.
  if (kind === 'policyGrants') return undefined
  const first = type === 'SigningRequestSubmitted' || type === 'GrantGiven'
  const { projectId } = first ? data : ((await eventsBefore(streamId))[0]?.data ?? {})
  return (kind === 'signingRequest' || kind === 'grant') && projects.some((each) => each === projectId)
    ? undefined
    : 'whose token is limited to other projects'
}

import {
  type ApiTokenScope,
  type Authentication,
  canonicalJson,
  fold,
  hasAccepted,
  jobSubmitterOf,
  parseStreamName,
  streams,
  trustedBuildSystemDecider,
  type User,
} from '../domain/index.ts'
import type { RecordedEvent } from '../event-log/index.ts'
import { buildSystemForms } from '../origin/index.ts'
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
  identityToken: checkIdentityToken,
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

/**
 * The token of a job is known by what stands in the log: the same token must vouch for the call, and the build system's link with the
 * project have named the user as whom its jobs submit. It could submit, and cancel, and nothing else.
 */
async function checkIdentityToken(
  { issuer, tokenId }: Extract<Authentication, { readonly method: 'identityToken' }>,
  event: RecordedEvent,
  { user }: UserBefore,
  eventsBefore: EventsBefore,
): Promise<string | undefined> {
  const { actor } = event.metadata
  const voucher = actor.kind === 'user' ? actor.vouchedBy : undefined
  const proof = voucher?.proof
  if (voucher === undefined || proof?.method !== 'identityToken') return 'whose token vouched for no build system'
  if (proof.issuer !== issuer || proof.tokenId !== tokenId) return 'whose token is not the one of the build system'
  if (user.kind !== 'ci') return 'who is no CI user'
  const stream = streams.trustedBuildSystem(voucher.trustedBuildSystemId)
  const system = fold(trustedBuildSystemDecider, await eventsBefore(stream))
  if (system.status === 'none') return 'as whom no jobs submitted'
  const projects = system.links
    .filter((link) => jobSubmitterOf(link) === user.userId)
    .filter(({ settings }) => buildSystemForms.linkAddresses(system.kind, settings).includes(issuer))
    .map(({ projectId }) => projectId)
  if (projects.length === 0) return 'as whom no jobs submitted by tokens of the issuer'
  return exceeded({ access: 'submit', projects, networks: null }, event, eventsBefore)
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

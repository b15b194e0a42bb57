import {
  type Instant,
  type NotificationKind,
  preferencesOf,
  type ReadPerson,
  type SealedPerson,
  streams,
  type User,
  userDecider,
} from '../../domain/index.ts'
import { pause } from '../../retry/index.ts'
import {
  type AfterAttempt,
  type AttemptKey,
  type finalStatuses,
  isFinal,
  type Notification,
  type NotificationStore,
} from '../notification-store.ts'
import { isReachable } from './collect.ts'
import { digestContents } from './digest-content.ts'
import { digestGraceMs } from './digest-time.ts'
import { eventContent } from './event-content.ts'
import { type FindInvitationToken, invitationContent } from './invitation-content.ts'
import { type RenderedMail, renderMail } from './mail-content.ts'
import { type MailSources, stateOf } from './mail-sources.ts'
import type { MailAnswer, MailTransport } from './mail-transport.ts'
import { type DigestEvents, type MailNotice, noticeOf } from './notice.ts'

/** What sending mails needs. */
export type MailDependencies = {
  readonly store: NotificationStore
  readonly sources: MailSources
  /** Who is read for an address: only where a mail is sent, each time anew. */
  readonly read: (people: readonly SealedPerson[]) => Promise<readonly ReadPerson[]>
  readonly transport: MailTransport
  readonly findInvitationToken: FindInvitationToken
  /** The address at which a POST turns mails of a kind off for somebody. */
  readonly unsubscribeUrl: (user: User, kind: NotificationKind | 'daily') => string
  readonly now: () => Instant
  /** Called with what became of each attempt: for the log, and for who looks after the service. */
  readonly onAnswer?: (answer: KeptAnswer, key: AttemptKey) => void
}

/** What is kept of an attempt; no address, and nothing of what the mail says. */
export type KeptAnswer =
  | MailAnswer
  /** The keys of names and addresses are away. */
  | { readonly outcome: 'waits'; readonly code: 'MAIL_ADDRESS_UNREADABLE'; readonly reply: null }

/** What follows from an attempt: nothing more, or another one after a pause; `notYet` was none. */
export type AfterMail =
  | { readonly next: 'nothing'; readonly end: (typeof finalStatuses)[number] }
  | { readonly next: 'attempt'; readonly pauseMs: number }
  /** `isUnknown`: the store does not know the mail. */
  | { readonly next: 'notYet'; readonly pauseMs: number; readonly isUnknown?: true }

/** The first pauses are as greylisting wants them; a server that is away for long is asked every half hour. */
const pauses = { first: 60_000, longest: 30 * 60_000 }
/** So often it is tried: for five days (RFC 5321 §4.5.4.1). */
export const mostMailAttempts = 245
/** How often it is tried to keep that a mail was taken: what is not kept would be sent again. */
const keptTries = 40

/**
 * Makes one attempt to send a mail, and keeps it with what follows. Whom it goes to and what it says is read now: who was erased,
 * deactivated or wants no such mails any more gets none. A mail whose acceptance is kept is not sent again, whoever asks for it.
 *
 * @param givenUp ends the attempt, which is then as if it had not been made
 * @throws the signal's reason; what the store and the log fail with
 */
export async function attemptMail(
  dependencies: MailDependencies,
  key: AttemptKey,
  givenUp?: AbortSignal,
): Promise<AfterMail> {
  const { store, now } = dependencies
  const notification = await store.find(key.id)
  if (notification === undefined) return { next: 'notYet', pauseMs: pauses.first, isUnknown: true }
  if (notification.round !== key.round) return { next: 'nothing', end: 'canceled' }
  if (isFinal(notification.status)) return { next: 'nothing', end: notification.status }
  if ((await store.attempt(key)) !== undefined) return { next: 'attempt', pauseMs: pauseOf(key) }
  const notice = noticeOf(notification.content)
  const waitMs = notice.about === 'digest' ? Date.parse(notice.dueAt) + digestGraceMs - Date.parse(now()) : 0
  if (waitMs > 0) return { next: 'notYet', pauseMs: waitMs }
  const at = now()
  const begun = performance.now()
  const answer = await send(dependencies, notification, notice, givenUp)
  if (answer === 'nobody') {
    await store.finish(key, 'canceled', now())
    return { next: 'nothing', end: 'canceled' }
  }
  const after = followingFrom(answer, key, now())
  const durationMs = Math.round(performance.now() - begun)
  const { round, attempt } = key
  await kept(() => store.record(key.id, { round, attempt, at, durationMs, facts: JSON.stringify(answer) }, after))
  dependencies.onAnswer?.(answer, key)
  return after.status === 'underWay'
    ? { next: 'attempt', pauseMs: pauseOf(key) }
    : { next: 'nothing', end: after.status }
}

function followingFrom(answer: KeptAnswer, key: AttemptKey, at: Instant): AfterAttempt {
  if (answer.outcome === 'accepted') return { status: 'delivered', finishedAt: at }
  if (answer.outcome === 'refused' || key.attempt >= mostMailAttempts) return { status: 'abandoned', finishedAt: at }
  return { status: 'underWay', nextAttemptAt: new Date(Date.parse(at) + pauseOf(key)).toISOString() }
}

function pauseOf({ attempt }: AttemptKey): number {
  return Math.min(pauses.first * 2 ** (attempt - 1), pauses.longest)
}

async function send(
  dependencies: MailDependencies,
  notification: Notification,
  notice: MailNotice,
  givenUp: AbortSignal | undefined,
): Promise<KeptAnswer | 'nobody'> {
  const { sources, read, transport, unsubscribeUrl } = dependencies
  const { id, createdAt, organizationId } = notification
  const user = await stateOf(sources, streams.user(notice.recipient), userDecider)
  if (user.status === 'none' || user.organizationId !== organizationId) return 'nobody'
  const made = await contentFor(dependencies, notice, user)
  if (made === undefined) return 'nobody'
  const [person] = await read([user])
  if (person?.status === 'unavailable') return { outcome: 'waits', code: 'MAIL_ADDRESS_UNREADABLE', reply: null }
  if (person?.status !== 'readable' || person.email === null) return 'nobody'
  const { thread, kind, render } = made
  const unsubscribe = kind === null ? null : unsubscribeUrl(user, kind)
  const mail = { id, to: person.email, date: new Date(createdAt), thread, unsubscribe, ...render(unsubscribe) }
  return transport.send(mail, givenUp)
}

/** What a mail says, and what it is to its receiver. */
type Made = {
  readonly thread: string | null
  /** What turning mails off turns off; `null` for what nobody turns off. */
  readonly kind: NotificationKind | 'daily' | null
  readonly render: (unsubscribe: string | null) => RenderedMail
}

/** `undefined` when this user is not to get it, or there is nothing to say any more. */
async function contentFor(
  { store, sources, findInvitationToken, now }: MailDependencies,
  notice: MailNotice,
  user: User,
): Promise<Made | undefined> {
  if (notice.about === 'invitation') {
    if (user.erased || user.email === null) return undefined
    const { invitationId } = notice
    const content = await invitationContent(sources, user, { invitationId, findToken: findInvitationToken, now: now() })
    if (content === undefined) return undefined
    const footer = { reason: 'You get this mail because somebody invited this address. Nothing else is sent to it.' }
    return { thread: null, kind: null, render: () => renderMail(content.subject, [content], footer) }
  }
  if (!isReachable(user, user.organizationId)) return undefined
  const footerTo = (reason: string) => (unsubscribe: string | null) => ({
    reason,
    ...(unsubscribe === null ? {} : { unsubscribe }),
  })
  if (notice.about === 'event') {
    if (preferencesOf(user.notificationPreferences)[notice.kind] === 'never') return undefined
    const told = await eventContent(sources, notice)
    if (told === undefined) return undefined
    const { content, thread } = told
    const footer = footerTo('You get this mail because of what you do here, or look after.')
    return { thread, kind: notice.kind, render: (link) => renderMail(content.subject, [content], footer(link)) }
  }
  const kept = (await store.recall('mail', [notice.key])).get(notice.key)
  const digest = kept === undefined ? undefined : (JSON.parse(kept) as DigestEvents)
  if (digest?.period !== notice.period) return undefined
  const contents = await digestContents(sources, digest, user.notificationPreferences)
  if (contents.length === 0) return undefined
  const subject = `What happened until ${notice.dueAt.slice(0, 10)}`
  const footer = footerTo('You get this mail once a day, because you asked for it.')
  return { thread: null, kind: 'daily', render: (link) => renderMail(subject, contents, footer(link)) }
}

/** Keeps what must not be lost: that a mail was taken. The store may be away for a moment. */
async function kept(keep: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1)
    try {
      return await keep()
    } catch (error) {
      if (tries >= keptTries) throw error
      await pause(250 * Math.min(tries, 8))
    }
}

import type { Instant, InvitationId, NotificationKind, UserId } from '../../domain/index.ts'

/** An event of the log, as far as it needs naming to be read again. */
export type EventPlace = { readonly streamId: string; readonly revision: number }

/** Somebody is to be told of an event. */
export type EventNotice = EventPlace & { readonly kind: NotificationKind }

/**
 * What a mail is to say to whom: the content of its notification. Ids and places in the log, and nothing else: what it says is
 * read where it is sent, so that no queue holds texts, names or addresses.
 */
export type MailNotice = { readonly recipient: UserId } & (
  | ({ readonly about: 'event' } & EventNotice)
  | { readonly about: 'invitation'; readonly invitationId: InvitationId }
  | {
      readonly about: 'digest'
      /** What the channel remembers the digest's events under. */
      readonly key: string
      readonly period: string
      /** When it is sent. */
      readonly dueAt: Instant
    }
)

/** What a digest is made of, as the channel remembers it. */
export type DigestEvents = {
  /** Which digest: the day on which it is due. */
  readonly period: string
  readonly events: readonly EventNotice[]
  /** Events beyond those. */
  readonly further: number
}

/** The text of a notice, as the store keeps it. */
export function noticeText(notice: MailNotice): string {
  return JSON.stringify(notice)
}

/** The notice of a text that {@link noticeText} made. */
export function noticeOf(text: string): MailNotice {
  return JSON.parse(text) as MailNotice
}

/** A mail that can be sent: all of it is text, to one mailbox. */
export type ComposedMail = {
  /** Stable over tries: the mail's `Message-ID` and the name of its file are made of it. A UUID. */
  readonly id: string
  /** One mailbox, as `parseEmailAddress` reads it. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly date: Date
  /** Names what all mails of one thread belong to, in characters of a `Message-ID`'s left part; `null` for one that stands alone. */
  readonly thread: string | null
  /** Where a POST turns mails of this kind off (RFC 8058); `null` for one that nobody can turn off. */
  readonly unsubscribe: string | null
}

/** Why a mail cannot be sent now, though it may be later. */
export type MailWaitCode =
  /** There is no answer at the address of the mail server, or it ended in the middle. */
  | 'MAIL_SERVER_UNREACHABLE'
  /** The mail server offers no TLS, or a certificate that is not trusted: nothing was sent to it, no credentials either. */
  | 'MAIL_TLS_UNAVAILABLE'
  /** The mail server does not take user and password. */
  | 'MAIL_LOGIN_REFUSED'
  /** The mail server said to try again later (a 4xx reply), as greylisting does. */
  | 'MAIL_DEFERRED'
  /** The folder for mails cannot be written. */
  | 'MAIL_FOLDER_UNWRITABLE'

/** What became of an attempt to hand a mail over. Nothing in it repeats an address: it is kept and logged. */
export type MailAnswer =
  | { readonly outcome: 'accepted' }
  /** A 5xx reply: trying again would not help. */
  | { readonly outcome: 'refused'; readonly code: 'MAIL_REFUSED'; readonly reply: string }
  | { readonly outcome: 'waits'; readonly code: MailWaitCode; readonly reply: string | null }

/** What mails are handed to. */
export type MailTransport = {
  /**
   * Hands one mail over. What goes wrong is its answer.
   *
   * @param givenUp ends it: nothing is sent from then on
   * @throws the signal's reason
   */
  readonly send: (mail: ComposedMail, givenUp?: AbortSignal) => Promise<MailAnswer>
  readonly close: () => void
}

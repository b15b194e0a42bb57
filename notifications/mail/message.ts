import type { SendMailOptions } from 'nodemailer'
import { isPlainLine, parseEmailAddress } from '../../domain/index.ts'
import type { ComposedMail } from './mail-transport.ts'

/** Who mails come from. */
export type MailSender = { readonly name: string; readonly address: string }

/**
 * The message (RFC 5322) of a mail. The receiver is one mailbox and has no display name: names are chosen by people, and
 * parsers of addresses do not agree on what belongs to which part. All of a thread refers to one id that no mail has, so that
 * readers put mails together whichever of them they have.
 *
 * @throws Refusal `EMAIL_MALFORMED`; an error when a header would have more than a line
 */
export function messageOf(mail: ComposedMail, from: MailSender): SendMailOptions {
  const to = parseEmailAddress(mail.to)
  const domain = from.address.slice(from.address.indexOf('@') + 1)
  for (const header of [mail.subject, mail.id, mail.thread ?? '', mail.unsubscribe ?? ''])
    if (!isPlainLine(header)) throw new Error(`A header of the mail ${mail.id} holds a character that it may not.`)
  const thread = mail.thread === null ? null : `<${mail.thread}@${domain}>`
  return {
    envelope: { from: from.address, to: [to] },
    from: { name: from.name, address: from.address },
    to: { name: '', address: to },
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    date: mail.date,
    messageId: `<${mail.id}@${domain}>`,
    ...(thread === null ? {} : { inReplyTo: thread, references: [thread] }),
    headers: {
      // Nobody's out-of-office answers to it (RFC 3834 §5).
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      ...(mail.unsubscribe === null
        ? {}
        : {
            'List-Unsubscribe': { prepared: true, value: `<${mail.unsubscribe}>` },
            'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
          }),
    },
    // Texts only: nothing in a message makes the library read a file or fetch an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

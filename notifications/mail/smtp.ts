import { createTransport } from 'nodemailer'
import type { ComposedMail, MailAnswer, MailTransport, MailWaitCode } from './mail-transport.ts'
import { type MailSender, messageOf } from './message.ts'

/** How mails go to a mail server. */
export type SmtpSettings = {
  readonly host: string
  readonly port: number
  /** `tls`: from the beginning (RFC 8314 §3); `starttls`: nothing is sent before it; `optional`: where the server offers it. */
  readonly security: 'tls' | 'starttls' | 'optional'
  /** Not with `optional`: they would be sent in plain text. */
  readonly credentials?: { readonly user: string; readonly password: string }
  /** PEM certificates of the authorities that the server's must lead to; without them those of the system. */
  readonly authorities?: string
  readonly sender: MailSender
  /** How long each step of the server may take, in milliseconds: connecting, its greeting, and each silence. */
  readonly stepMs?: number
  /** How long all of it may take, in milliseconds: a server that sends a byte now and then is never silent. */
  readonly wholeMs?: number
}

/** A slow server gets this for each step, in milliseconds (less than RFC 5321 §4.5.3.2 grants, which nobody waits for). */
const defaultStepMs = 60_000
/** And all steps together this. Whoever asks for an attempt waits longer, so that there is one attempt at a time. */
const defaultWholeMs = 5 * 60_000

/** Sends mails by SMTP (RFC 5321), a connection for each. */
export function smtpTransport(settings: SmtpSettings): MailTransport {
  const { host, port, security, credentials, authorities, sender } = settings
  const { stepMs = defaultStepMs, wholeMs = defaultWholeMs } = settings
  if (security === 'optional' && credentials !== undefined)
    throw new Error('Credentials are never sent where TLS is not required.')
  const transporter = createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    tls: { minVersion: 'TLSv1.2', ...(authorities === undefined ? {} : { ca: authorities }) },
    ...(credentials === undefined ? {} : { auth: { user: credentials.user, pass: credentials.password } }),
    // What follows EHLO is the sender's domain, and not the name of this machine.
    name: sender.address.slice(sender.address.indexOf('@') + 1),
    connectionTimeout: stepMs,
    greetingTimeout: stepMs,
    socketTimeout: stepMs,
    dnsTimeout: stepMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })

  return {
    async send(mail: ComposedMail, givenUp?: AbortSignal): Promise<MailAnswer> {
      const message = messageOf(mail, sender)
      const late = AbortSignal.timeout(wholeMs)
      try {
        // The connection is closed with the signal: what was given up is not taken later.
        await transporter.sendMail({
          ...message,
          signal: givenUp === undefined ? late : AbortSignal.any([givenUp, late]),
        })
        return { outcome: 'accepted' }
      } catch (error) {
        givenUp?.throwIfAborted()
        return answerOf(error)
      }
    },
    close: () => transporter.close(),
  }
}

type SmtpError = Error & {
  readonly code?: string
  readonly command?: string
  readonly responseCode?: number
  readonly response?: string
}

/** What a failure of the library means. Its text is not repeated: servers quote addresses in theirs. */
function answerOf(error: unknown): MailAnswer {
  const { code = '', command = '', responseCode, response = '' } = error as SmtpError
  const reply = replyOf(responseCode, response)
  if (code === 'EAUTH' || code === 'ENOAUTH' || command.startsWith('AUTH'))
    return { outcome: 'waits', code: 'MAIL_LOGIN_REFUSED', reply }
  if (code === 'ETLS' || code === 'EREQUIRETLS' || command === 'STARTTLS' || isCertificateFault(error))
    return { outcome: 'waits', code: 'MAIL_TLS_UNAVAILABLE', reply }
  const isOfMail = ['MAIL FROM', 'RCPT TO', 'DATA'].includes(command)
  if (responseCode !== undefined && responseCode >= 500 && isOfMail)
    return { outcome: 'refused', code: 'MAIL_REFUSED', reply: reply ?? '' }
  // An address that the server cannot take (SMTPUTF8, RFC 6531), which the library knows before it asks.
  if (responseCode === undefined && code === 'EENVELOPE')
    return { outcome: 'refused', code: 'MAIL_REFUSED', reply: '553 5.6.7' }
  const waits: MailWaitCode = responseCode !== undefined && isOfMail ? 'MAIL_DEFERRED' : 'MAIL_SERVER_UNREACHABLE'
  return { outcome: 'waits', code: waits, reply }
}

/** The code of a reply and its enhanced code (RFC 3463), such as `550 5.1.1`; nothing of its text. */
function replyOf(code: number | undefined, response: string): string | null {
  if (code === undefined) return null
  const [, enhanced] = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response) ?? []
  return enhanced === undefined ? String(code) : `${code} ${enhanced}`
}

/** OpenSSL's verification errors, and Node's own for names: the library gives them as errors of the socket. */
function isCertificateFault(error: unknown): boolean {
  const { code, cause, message } = error as Error & { readonly code?: string }
  const text = `${code ?? ''} ${(cause as { readonly code?: string } | undefined)?.code ?? ''} ${message}`
  return /CERT_|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS|ERR_SSL|certificate/i.test(text)
}

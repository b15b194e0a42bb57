import { emlFolder, type MailTransport, smtpTransport } from '../notifications/mail/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import { readPem } from './tls.ts'

/** Where mails of an embedded service come from that was told no address. */
const embeddedSender = 'countersign@localhost'
/** The ports of RFC 6409 and RFC 8314. */
const defaultPorts = { 'smtp:': 587, 'smtps:': 465 } as const

/** What hands mails over, and whether they reach people: a folder does not. */
export type ConfiguredTransport = { readonly transport: MailTransport; readonly reachesPeople: boolean }

/**
 * The mail server that the settings name; in embedded mode, without one, the folder `mail` of the data directory.
 *
 * @returns `undefined` when no mail is to be sent
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`
 */
export function configuredTransport(settings: Settings, embedded: boolean): ConfiguredTransport | undefined {
  const { mailServer, mailFrom, mailFromName: name, mailUser, mailPassword, mailRequireTls, mailTlsCa } = settings
  if (mailServer === undefined) {
    if (!embedded) return undefined
    const sender = { name, address: mailFrom ?? embeddedSender }
    return { transport: emlFolder(dataPath(settings, 'mail'), sender), reachesPeople: false }
  }
  if (mailFrom === undefined)
    throw invalid('COUNTERSIGN_MAIL_SERVER needs COUNTERSIGN_MAIL_FROM, the address that mails come from.')
  if ((mailUser === undefined) !== (mailPassword === undefined))
    throw invalid('COUNTERSIGN_MAIL_USER and COUNTERSIGN_MAIL_PASSWORD belong together: name both, or neither.')
  const url = new URL(mailServer)
  const protocol = url.protocol as keyof typeof defaultPorts
  if (!mailRequireTls && mailUser !== undefined && protocol === 'smtp:')
    throw invalid(
      'COUNTERSIGN_MAIL_REQUIRE_TLS is false, and user and password would be sent in plain text. Leave out one of them.',
    )
  const transport = smtpTransport({
    // Brackets around an IPv6 address are the address's form in a URL only.
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: url.port === '' ? defaultPorts[protocol] : Number(url.port),
    security: protocol === 'smtps:' ? 'tls' : mailRequireTls ? 'starttls' : 'optional',
    ...(mailUser === undefined || mailPassword === undefined
      ? {}
      : { credentials: { user: mailUser, password: mailPassword } }),
    ...(mailTlsCa === undefined
      ? {}
      : { authorities: readPem(mailTlsCa, 'COUNTERSIGN_MAIL_TLS_CA', 'CERTIFICATE').toString() }),
    sender: { name, address: mailFrom },
  })
  return { transport, reachesPeople: true }
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('CONFIGURATION_INVALID', message)
}

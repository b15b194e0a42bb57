import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'
import { makeTlsAuthority } from './tls-authority.ts'

/** A mail as the server took it. */
export type TakenMail = { readonly from: string; readonly to: readonly string[]; readonly message: string }

/** A real SMTP server of a test. */
export type TestMailServer = {
  readonly port: number
  /** PEM of the authority that its certificate leads to. */
  readonly authorities: string
  /** What it took, in order. */
  readonly mails: readonly TakenMail[]
  /** What it was asked, in order: `connect`, `auth <user>`, `mail <address>`, `rcpt <address>`, `data`. */
  readonly asked: readonly string[]
  /** Whether what came was encrypted, for each `auth` and `mail`. */
  readonly encrypted: readonly boolean[]
  /** Gives a reply in place of the server: `550 5.1.1 text`; `undefined`: it goes on. */
  reply: (command: string) => string | undefined | Promise<string | undefined>
}

/** How the server is. */
export type MailServerOptions = {
  readonly security?: 'tls' | 'starttls' | 'none'
  /** Who may send; nobody has to say who they are without it. */
  readonly login?: { readonly user: string; readonly password: string }
  readonly port?: number
  /** Names of the certificate, as openssl writes them. */
  readonly names?: string
}

/** Starts an SMTP server on 127.0.0.1, until the test is finished. */
export async function startMailServer(options: MailServerOptions = {}): Promise<TestMailServer> {
  const { security = 'starttls', login, port = 0, names = 'IP:127.0.0.1' } = options
  const tls = await makeTlsAuthority(temporaryFolder(), 'mail-tls')
  const { key, certificate } = await tls.issue('server', names)
  const mails: TakenMail[] = []
  const asked: string[] = []
  const encrypted: boolean[] = []
  const state = { reply: (_: string): string | undefined | Promise<string | undefined> => undefined }
  const handled = async (command: string, callback: (error?: Error | null, value?: never) => void) => {
    asked.push(command)
    const reply = await state.reply(command)
    if (reply === undefined) return callback(null)
    callback(Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) }))
  }
  const settings: SMTPServerOptions = {
    secure: security === 'tls',
    key,
    cert: certificate,
    disabledCommands: [...(security === 'none' ? ['STARTTLS'] : []), ...(login === undefined ? ['AUTH'] : [])],
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect: (_session, callback) => void handled('connect', callback),
    onAuth({ username = '', password }, session, callback) {
      encrypted.push(session.secure)
      asked.push(`auth ${username}`)
      if (username === login?.user && password === login?.password) callback(null, { user: username })
      else callback(Object.assign(new Error('5.7.8 wrong'), { responseCode: 535 }))
    },
    onMailFrom({ address }, session, callback) {
      encrypted.push(session.secure)
      void handled(`mail ${address}`, callback)
    },
    onRcptTo: ({ address }, _session, callback) => void handled(`rcpt ${address}`, callback),
    onData(stream, { envelope }, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        void handled('data', (error) => {
          if (error) return callback(error)
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
          mails.push({
            from,
            to: envelope.rcptTo.map(({ address }) => address),
            message: Buffer.concat(chunks).toString(),
          })
          callback(null)
        })
      })
    },
  }
  const server = new SMTPServer(settings)
  // Clients that break off are what some tests are about.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)))
  return Object.assign(state, {
    port: (server.server.address() as AddressInfo).port,
    authorities: tls.certificate.toString(),
    mails,
    asked,
    encrypted,
  })
}

/** The headers of a message, by their names in small letters, unfolded. */
export function headersOf(message: string): ReadonlyMap<string, string> {
  const [head = ''] = message.split('\r\n\r\n')
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  )
}

/** The parts of a message's body by their media types, decoded. */
export function partsOf(message: string): ReadonlyMap<string, string> {
  const [, boundary = ''] = /boundary="([^"]+)"/.exec(message) ?? []
  const parts = message.split(`--${boundary}`).slice(1, -1)
  return new Map(
    parts.map((part) => {
      const [head = '', ...rest] = part.split('\r\n\r\n')
      const [, type = ''] = /content-type: ([a-z/]+)/i.exec(head) ?? []
      const body = rest.join('\r\n\r\n').replace(/\r\n$/, '')
      const [, encoding = ''] = /content-transfer-encoding: (\S+)/i.exec(head) ?? []
      return [type, encoding === 'base64' ? Buffer.from(body, 'base64').toString() : quotedPrintable(body, encoding)]
    }),
  )
}

function quotedPrintable(body: string, encoding: string): string {
  if (encoding !== 'quoted-printable') return body
  const joined = body.replaceAll('=\r\n', '')
  const bytes = joined.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}

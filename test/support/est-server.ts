import { readFile, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { EstServer } from '../../signing/est/index.ts'
import { toPem } from '../../signing/x509/index.ts'
import type { CertificateAuthority, Deviation } from './certificate-authority.ts'
import { openssl } from './openssl.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { makeTlsAuthority, type TlsIdentity } from './tls-authority.ts'

/** What the server is to do other than RFC 7030 says, until it is changed again. */
export type EstBehaviour = {
  /** Answers in place of the server. */
  readonly answer?: (operation: string, response: ServerResponse) => boolean
  /** What is issued deviates. */
  readonly deviation?: Deviation
  /** Certificates of `cacerts` besides the chain of the authority. */
  readonly furtherAuthorities?: readonly Uint8Array[]
  /** How base64 is broken into lines; 64 characters and CR LF by default. */
  readonly lines?: (base64: string) => string
}

/** An EST server of a test. */
export type TestEstServer = {
  readonly settings: EstServer
  /** What it was asked, in order. */
  readonly operations: readonly string[]
  behaviour: EstBehaviour
  /** Another authority issues from now on. */
  authority: CertificateAuthority
}

/**
 * A strict EST server (RFC 7030, RFC 8951) over TLS, behind which `openssl ca` issues. It wants HTTP basic authentication,
 * or a client certificate; the media types and base64 of the RFC; a request whose signature openssl verifies; and for a
 * re-enrolment subject and alternative names that it has issued for.
 */
export async function startEstServer(
  authority: CertificateAuthority,
  login: 'password' | 'certificate' = 'password',
): Promise<TestEstServer> {
  const folder = temporaryFolder()
  const tls = await makeTlsAuthority(folder, 'est-tls')
  const identity = await tls.issue('server', 'IP:127.0.0.1')
  const client = await tls.issue('client')
  const state = { operations: [] as string[], behaviour: {} as EstBehaviour, authority, issued: new Set<string>() }
  const server = createServer(
    {
      key: identity.key,
      cert: identity.certificate,
      ca: tls.certificate,
      requestCert: login === 'certificate',
      rejectUnauthorized: false,
    },
    (request, response) => {
      handle(request, response).catch((error) => send(response, 500, 'text/plain', String(error)))
    },
  )
  const address = await listening(server)

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = request.url?.replace('/.well-known/est/', '') ?? ''
    state.operations.push(operation)
    const body = await bodyOf(request)
    if (state.behaviour.answer?.(operation, response)) return
    const { furtherAuthorities = [] } = state.behaviour
    if (operation === 'cacerts' && request.method === 'GET')
      return sendCertificates(response, [...(await state.authority.chain()), ...furtherAuthorities])
    if (!isLetIn(request))
      return send(response, 401, 'text/plain', 'Who are you?', { 'www-authenticate': 'Basic realm="est"' })
    if (request.method !== 'POST' || !['simpleenroll', 'simplereenroll'].includes(operation))
      return send(response, 404, 'text/plain', 'There is no such operation.')
    if (request.headers['content-type'] !== 'application/pkcs10')
      return send(response, 415, 'text/plain', 'application/pkcs10 is expected.')
    if (!/^(?:[A-Za-z0-9+/]{1,76}={0,2}\r?\n)*[A-Za-z0-9+/]*={0,2}(?:\r?\n)?$/.test(body))
      return send(response, 400, 'text/plain', 'This is not base64.')
    const csr = Buffer.from(body, 'base64')
    const names = await namesOf(csr)
    if (names === undefined) return send(response, 400, 'text/plain', 'The signature of the request is wrong.')
    if (operation === 'simplereenroll' && !state.issued.has(names))
      return send(response, 400, 'text/plain', 'Subject and alternative names must be those of the certificate.')
    const leaf = await state.authority.issue(csr, state.behaviour.deviation)
    state.issued.add(names)
    await sendCertificates(response, [leaf])
  }

  function isLetIn(request: IncomingMessage): boolean {
    return login === 'certificate'
      ? (request.socket as TLSSocket).authorized
      : request.headers.authorization === `Basic ${Buffer.from('countersign:secret word').toString('base64')}`
  }

  /** What the request asks for, when its signature is right. */
  async function namesOf(csr: Buffer): Promise<string | undefined> {
    const path = join(folder, 'request.pem')
    await writeFile(path, toPem(csr, 'CERTIFICATE REQUEST'))
    const text = await openssl('req', '-in', path, '-verify', '-noout', '-text').catch(() => undefined)
    const [subject] = text?.match(/Subject: .*/) ?? []
    const [alternative] = text?.match(/Subject Alternative Name:.*\n.*/) ?? ['']
    return subject === undefined ? undefined : `${subject} ${alternative}`
  }

  async function sendCertificates(response: ServerResponse, certificates: readonly Uint8Array[]): Promise<void> {
    const [given, made] = [join(folder, 'certificates.pem'), join(folder, 'certificates.p7')]
    await writeFile(given, certificates.map((der) => toPem(der)).join(''))
    await openssl('crl2pkcs7', '-nocrl', '-certfile', given, '-outform', 'PEM', '-out', made)
    const base64 = (await readFile(made, 'latin1')).replaceAll(/-----.*?-----|\s/g, '')
    const { lines = (text) => `${text.match(/.{1,64}/g)?.join('\r\n')}\r\n` } = state.behaviour
    send(response, 200, 'application/pkcs7-mime; smime-type=certs-only', lines(base64), {
      'content-transfer-encoding': 'base64',
    })
  }

  return Object.assign(state, { settings: settingsOf(address, tls.certificate, login, client) })
}

function settingsOf(
  url: string,
  tlsAuthority: Buffer,
  login: 'password' | 'certificate',
  client: TlsIdentity,
): EstServer {
  return {
    name: 'corporate',
    url,
    tlsAuthorities: tlsAuthority.toString('latin1'),
    timeoutMs: 10_000,
    ...(login === 'password'
      ? { credentials: { user: 'countersign', password: 'secret word' } }
      : { clientCertificate: { certificate: client.certificate.toString(), key: client.key.toString() } }),
  }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  )
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString('latin1')
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': type, ...headers }).end(body)
}

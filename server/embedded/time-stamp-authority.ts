import { type KeyObject, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type MessageSigner, messageSignerOf } from '../../signing/cms/index.ts'
import type { SigningKey } from '../../signing/signing-key.ts'
import {
  createTimestampToken,
  encodeGranted,
  encodeRejection,
  type FailureInfo,
  parseTimestampRequest,
} from '../../signing/timestamp/index.ts'

/** What an authority signs with and where it listens. */
export interface TimeStampAuthorityOptions {
  readonly key: SigningKey | KeyObject
  /** DER certificates, leaf first; the leaf is the key's, with time-stamping as its only extended key usage. */
  readonly certificateChain: readonly Uint8Array[]
  /** The port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number
}

/** An authority that is listening. */
export interface TimeStampAuthority {
  /** Where to POST queries, such as `http://127.0.0.1:41234/`. */
  readonly url: string
  /** Stops listening and ends the open connections. */
  close(): Promise<void>
}

/** Under the arc that ITU-T X.660 keeps for examples: a time from here proves nothing to anybody else. */
const policy = '2.999.3161.1'
const queryLimit = 64 * 1024
const serialNumberLength = 16

const reasons: Readonly<Record<FailureInfo, string>> = {
  badAlg: 'The message imprint must be made with SHA-256, SHA-384 or SHA-512.',
  badRequest: 'Only requests of version 1 are understood.',
  badDataFormat: 'The query is not a well-formed DER TimeStampReq, or its digest has the wrong length.',
  timeNotAvailable: 'The time is not available.',
  unacceptedPolicy: `Only the policy ${policy} is offered.`,
  unacceptedExtension: 'No extensions are supported.',
  addInfoNotAvailable: 'The additional information is not available.',
  systemFailure: 'The authority could not sign.',
}

/**
 * Starts a time-stamp authority for test use (RFC 3161 over HTTP, §3.4) on 127.0.0.1.
 *
 * @throws SigningError `CMS_KEY_UNSUPPORTED`
 * @throws Error `EADDRINUSE` when the port is taken
 */
export async function startTimeStampAuthority(options: TimeStampAuthorityOptions): Promise<TimeStampAuthority> {
  const signer = messageSignerOf(options.key)
  const server = createServer((request, response) => {
    answer(request, response, signer, options.certificateChain).catch(() => response.destroy())
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, close: () => closeServer(server) }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  signer: MessageSigner,
  certificateChain: readonly Uint8Array[],
): Promise<void> {
  if (request.method !== 'POST') return refuse(response, 405, 'POST a time-stamp query here.', { allow: 'POST' })
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/timestamp-query')
    return refuse(response, 415, 'The content type must be application/timestamp-query.')
  const query = await readQuery(request)
  if (query === undefined)
    return refuse(response, 413, `A query has at most ${queryLimit} bytes.`, { connection: 'close' })
  const reply = await respond(query, signer, certificateChain)
  response.writeHead(200, { 'content-type': 'application/timestamp-reply', 'content-length': reply.length })
  response.end(reply)
}

async function respond(
  query: Uint8Array,
  signer: MessageSigner,
  certificateChain: readonly Uint8Array[],
): Promise<Uint8Array> {
  const request = parseTimestampRequest(query)
  if (typeof request === 'string') return encodeRejection(request, reasons[request])
  if (request.policy !== undefined && request.policy !== policy)
    return encodeRejection('unacceptedPolicy', reasons.unacceptedPolicy)
  try {
    return encodeGranted(
      await createTimestampToken({
        request,
        signer,
        certificateChain,
        hashAlgorithm: 'sha256',
        policy,
        // 128 random bits do not repeat, whatever was lost in a crash.
        serialNumber: randomBytes(serialNumberLength),
        time: new Date(),
      }),
    )
  } catch {
    return encodeRejection('systemFailure', reasons.systemFailure)
  }
}

/** The whole body, `undefined` when it is longer than any query. */
async function readQuery(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > queryLimit) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function refuse(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers })
  response.end(`${text}\n`)
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll } from 'vitest'
import type { HashAlgorithm } from '../../domain/index.ts'
import { startTimeStampAuthority, type TimeStampAuthority } from '../../server/embedded/time-stamp-authority.ts'
import { messageSignerOf } from '../../signing/cms/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import {
  createTimestampClient,
  createTimestampToken,
  encodeGranted,
  parseTimestampRequest,
  type TimestampClientOptions,
  type TimestampTokenInput,
} from '../../signing/timestamp/index.ts'
import { createSelfSignedCertificate } from '../../signing/x509/index.ts'
import { makeIdentity, type TestIdentity } from './openssl.ts'
import { type OpensslTimeStampAuthority, opensslTimeStampAuthority } from './openssl-time-stamp-authority/index.ts'
import { suiteFolder } from './suite-folder.ts'

const stamping = 'extendedKeyUsage=critical,timeStamping'
/** In seconds. */
export const day = 24 * 60 * 60
/** What is time-stamped. */
export const signature = Uint8Array.from({ length: 70 }, (_, index) => index)
/**
 * Time-stamp authorities of every kind, and clients that ask them, for the tests of a file. Call it at the file's top level.
 *
 * @returns among others `parts`, which gives the authorities that answer well, from within a test or a hook
 */
export function useTimeStampAuthorities() {
  const folder = suiteFolder()
  let tsa: TestIdentity
  let other: TestIdentity
  let good: TimeStampAuthority
  let openssl: OpensslTimeStampAuthority
  /** Valid from 30 days ago to 300 days from now. */
  let signerCertificate: Uint8Array
  const servers: { close(): unknown }[] = []

  beforeAll(async () => {
    tsa = await makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions: stamping })
    other = await makeIdentity(folder, 'ec-p256', { commonName: 'Other time', extensions: stamping })
    good = await startTimeStampAuthority({ key: tsa.key, certificateChain: tsa.chain })
    openssl = await opensslTimeStampAuthority(folder)
    signerCertificate = await createSelfSignedCertificate({
      key: other.key,
      subject: { commonName: 'Signer' },
      notBefore: new Date(Date.now() - 30 * day * 1000),
      notAfter: new Date(Date.now() + 300 * day * 1000),
    })
  })
  afterAll(async () => {
    await good.close()
    openssl.close()
    for (const server of servers) server.close()
  })

  /** An HTTP server that does as told; answers with its address. */
  async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(handle)
    servers.push({ close: () => server.close() && server.closeAllConnections() })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  /** A server that answers every query with what `reply` makes of it. */
  function answering(reply: (query: Buffer) => Uint8Array | Promise<Uint8Array>): Promise<string> {
    return serve(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      response.setHeader('content-type', 'application/timestamp-reply')
      response.end(await reply(Buffer.concat(parts)))
    })
  }

  /** A server whose tokens differ from right ones in the given fields. */
  function lying(change: (input: TimestampTokenInput) => Partial<TimestampTokenInput>): Promise<string> {
    return answering(async (query) => {
      const request = parseTimestampRequest(query)
      if (typeof request === 'string') throw new Error(request)
      const input: TimestampTokenInput = {
        request,
        signer: messageSignerOf(tsa.key),
        certificateChain: tsa.chain,
        hashAlgorithm: 'sha256',
        policy: '2.999.1',
        serialNumber: Uint8Array.of(1),
        time: new Date(),
      }
      return encodeGranted(await createTimestampToken({ ...input, ...change(input) }))
    })
  }

  function client(urls: readonly string[], change: Partial<TimestampClientOptions> = {}) {
    const asked = createTimestampClient({
      urls: urls as [string, ...string[]],
      transport: fetch,
      timeoutMs: 5000,
      maximumSkewMs: 60_000,
      trustedCertificates: [tsa.root],
      wait: async () => undefined,
      ...change,
    })
    return {
      timestamp: (signature: Uint8Array, hashAlgorithm: HashAlgorithm, signal?: AbortSignal) =>
        asked.timestamp({ signature, hashAlgorithm, signerCertificate, signal }),
    }
  }

  /** What the client says of these authorities. */
  async function failureOf(
    urls: readonly string[],
    change: Partial<TimestampClientOptions> = {},
  ): Promise<SigningError> {
    const outcome: unknown = await client(urls, change)
      .timestamp(signature, 'sha256')
      .catch((reason: unknown) => reason)
    if (!(outcome instanceof SigningError)) throw new Error(`No SigningError: ${String(outcome)}`)
    return outcome
  }

  /** A server that gives each of these answers once, and then the last one for ever; `asked` counts. */
  async function saying(...answers: readonly ((response: ServerResponse) => void)[]) {
    const counted = { asked: 0, url: '' }
    counted.url = await serve((_request, response) => {
      answers[Math.min(counted.asked++, answers.length - 1)]?.(response)
    })
    return counted
  }

  /** A server that hands each query on to the good authority, and changes its answer. */
  function passingOn(change: (answer: Buffer, response: ServerResponse) => Uint8Array): Promise<string> {
    return serve(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      const headers = { 'content-type': 'application/timestamp-query' }
      const answer = await fetch(good.url, { method: 'POST', headers, body: Buffer.concat(parts) })
      response.setHeader('content-type', 'application/timestamp-reply')
      response.end(change(Buffer.from(await answer.arrayBuffer()), response))
    })
  }

  /** The address of a server that is gone. */
  const refused = async () => {
    const url = await serve(() => undefined)
    servers.pop()?.close()
    return url
  }

  const parts = () => ({ tsa, other, good, openssl, signerCertificate })
  return { parts, serve, answering, lying, client, failureOf, saying, passingOn, refused }
}

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { SigningError } from '../signing-error.ts'
import { largestCertificateFile } from '../x509/index.ts'
import type { EstServer } from './est-server.ts'

/** What an EST server answered. */
export interface EstAnswer {
  readonly status: number
  /** The media type without parameters, lower case; empty when there is none. */
  readonly type: string
  readonly body: Uint8Array
  /** How long it wants to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** The beginning of what it says in plain text. */
  readonly quote: string
}

const quotedCharacters = 200

/**
 * Sends one request to an EST server over TLS: GET, or POST of a PKCS #10 request in base64 (RFC 8951 §3.1). Redirections are
 * not followed.
 *
 * @throws SigningError `EST_UNAVAILABLE`, passing, when it cannot be reached, is not who it should be, or takes too long;
 *   `EST_ANSWER_INVALID` when its answer is too long; the signal's reason when it is aborted
 */
export async function sendToServer(
  server: EstServer,
  url: string,
  signal: AbortSignal | undefined,
  request: Uint8Array | undefined,
): Promise<EstAnswer> {
  const timeout = AbortSignal.timeout(server.timeoutMs)
  const body = request === undefined ? undefined : Buffer.from(lines(Buffer.from(request).toString('base64')), 'latin1')
  const options: RequestOptions = {
    method: body === undefined ? 'GET' : 'POST',
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    agent: false,
    minVersion: 'TLSv1.2',
    headers: {
      accept: 'application/pkcs7-mime',
      // What is unpacked on the way could be of any size.
      'accept-encoding': 'identity',
      ...(body !== undefined && { 'content-type': 'application/pkcs10', 'content-length': body.length }),
      ...(server.credentials !== undefined && { authorization: basic(server.credentials) }),
    },
    ...(server.tlsAuthorities !== undefined && { ca: server.tlsAuthorities }),
    ...(server.clientCertificate !== undefined && {
      cert: server.clientCertificate.certificate,
      key: server.clientCertificate.key,
    }),
  }
  try {
    return await answerOf(server.name, url, options, body)
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof SigningError) throw cause
    const why = timeout.aborted
      ? `has not answered within ${server.timeoutMs} ms`
      : `cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new SigningError('EST_UNAVAILABLE', `The EST server ${server.name} ${why}.`, { transient: true, cause })
  }
}

function answerOf(name: string, url: string, options: RequestOptions, body: Buffer | undefined): Promise<EstAnswer> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, options, (response) => {
      readBody(name, response).then((content) => resolve(answer(response, content)), reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function readBody(name: string, response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length
    if (length > largestCertificateFile) {
      response.destroy()
      throw new SigningError(
        'EST_ANSWER_INVALID',
        `The EST server ${name} answered with more than ${largestCertificateFile} bytes.`,
      )
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function answer({ statusCode = 0, headers }: IncomingMessage, body: Buffer): EstAnswer {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase().slice(0, 100) ?? ''
  return { status: statusCode, type, body, retryAfterMs: retryAfter(headers), quote: quotation(type, body) }
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['retry-after']?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(date - Date.now(), 0)
}

/** RFC 7030 §4.2.3: the server can say why it refuses, in plain text. Shown to people, so that only plain characters stay. */
function quotation(type: string, body: Buffer): string {
  if (type !== 'text/plain') return ''
  return body
    .toString('latin1', 0, 4 * quotedCharacters)
    .replace(/[^\x21-\x7e]+/g, ' ')
    .trim()
    .slice(0, quotedCharacters)
}

function basic({ user, password }: { readonly user: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** Lines of 64 characters: RFC 8951 §3.1 allows any, and readers that want lines are older than it. */
function lines(base64: string): string {
  return `${(base64.match(/.{1,64}/g) ?? []).join('\r\n')}\r\n`
}
